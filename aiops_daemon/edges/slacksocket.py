"""Socket Mode of Slack: clicks and commands over a connection that the daemon opens, where Slack cannot reach it.

Enters: the app-level token, and what takes a document. Leaves: documents with their kind and the key of their
envelope, each acknowledged first (Slack waits three seconds). The one home of slack_sdk (extra `slack-socket`),
imported when it is used. Never lets a token, a ticket or a payload into the log: what the library logs is stripped.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import aiohttp

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.source import Secret
from aiops_daemon.errors import AiopsError, SocketError
from aiops_daemon.logs import fields

if TYPE_CHECKING:
    from slack_sdk.socket_mode.request import SocketModeRequest

log = logging.getLogger(__name__)

WEB_API = "https://slack.com/api"
OPEN_SECONDS = 20.0  # for the address and the connection
LOST_SECONDS = 60.0  # in which the library may find the connection again by itself
_LOOK_SECONDS = 5.0
_TELLTALES = re.compile(r"(?:wss?|https?)://\S+|x(?:app|oxb|oxp)-[\w-]+")
_WORD = re.compile(r"[a-z_]{1,60}")

Take = Callable[[str, Mapping[str, Any], str], None]
"""Takes a kind, a document and a key; must not block."""


def require() -> None:
    """Raise SocketError where the library is missing."""
    if find_spec("slack_sdk") is None:
        raise SocketError("Socket Mode needs slack_sdk: install aiops-daemon[slack-socket], or remove app_level_token")


class SlackSocket:
    """One connection to Slack, opened anew by whoever runs it when it is lost."""

    def __init__(self, token: Secret, take: Take, clock: Clock, *, web_api_url: str = WEB_API) -> None:
        self._token = token
        self._take = take
        self._clock = clock
        self._web_api_url = web_api_url

    async def run(self) -> None:
        """Serve until the connection is lost for good; raises SocketError with what to do."""
        require()
        client = self._client()
        try:
            await self._open(client)
            log.info("connected to Slack by Socket Mode")
            await self._watch(client)
        finally:
            await client.close()

    def _client(self) -> Any:
        from slack_sdk.socket_mode.aiohttp import SocketModeClient
        from slack_sdk.web.async_client import AsyncWebClient

        try:
            token = self._token().strip()
        except (OSError, ValueError, AiopsError) as error:
            raise SocketError(f"the app-level token cannot be read: {type(error).__name__}") from None
        quiet = _quiet_logger()
        web = AsyncWebClient(base_url=f"{self._web_api_url.rstrip('/')}/", timeout=int(OPEN_SECONDS), logger=quiet)
        client = SocketModeClient(app_token=token, web_client=web, logger=quiet)
        client.socket_mode_request_listeners.append(self._listen)
        return client

    async def _open(self, client: Any) -> None:
        from slack_sdk.errors import SlackApiError

        try:
            async with asyncio.timeout(OPEN_SECONDS):
                client.wss_uri = await client.issue_new_wss_url()
                await client.connect()
        except SlackApiError as error:
            word = str(error.response.get("error", ""))
            told = word if _WORD.fullmatch(word) else "no reason given"
            raise SocketError(
                f"Slack refuses Socket Mode ({told}): give an app-level token (xapp-...) with the scope "
                "connections:write, and switch Socket Mode on in the app"
            ) from None
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            raise SocketError(f"Slack cannot be reached for Socket Mode: {type(error).__name__}") from None

    async def _watch(self, client: Any) -> None:
        lost: float | None = None
        while True:
            await self._clock.sleep(_LOOK_SECONDS)
            now = self._clock.monotonic()
            lost = None if await client.is_connected() else now if lost is None else lost
            if lost is not None and now - lost >= LOST_SECONDS:
                raise SocketError(f"the connection of Socket Mode is lost since {now - lost:.0f} s")

    async def _listen(self, client: Any, request: SocketModeRequest) -> None:
        from slack_sdk.socket_mode.response import SocketModeResponse

        await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        try:
            self._take(request.type, request.payload, f"slack {request.envelope_id}")
        except ValueError as error:
            log.warning("left a document of Slack alone", extra=fields(reason=str(error)))


class _Discreet(logging.Filter):
    """Takes addresses, tokens and traces out of what the library logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Pass every record, changed."""
        record.msg, record.args = _TELLTALES.sub("<secret>", record.getMessage()), ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def _quiet_logger() -> logging.Logger:
    """Return the library's logger; at debug level it would log every payload."""
    quiet = logging.getLogger(f"{__name__}.client")
    quiet.setLevel(logging.WARNING)
    if not quiet.filters:
        quiet.addFilter(_Discreet())
    return quiet
