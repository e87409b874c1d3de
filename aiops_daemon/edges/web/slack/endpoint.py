"""The webhooks that Slack calls when somebody clicks a button or types a command.

Enters: POST requests signed by Slack. Leaves: 200 at once (Slack waits three seconds), the work goes on after it; 403
where the signature does not hold. Never logs what was presented, and never lets the work outlive the listener for long.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web

from aiops_daemon.edges.web.problem import ProblemError
from aiops_daemon.edges.web.slack.desk import COMMAND, INTERACTIVE, SlackDesk
from aiops_daemon.edges.web.slack.ports import SlackPorts
from aiops_daemon.edges.web.slack.signature import SIGNATURE, refusal
from aiops_daemon.errors import AiopsError
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

PATH = "/webhooks/slack"
_QUIET_SECONDS = 60.0
_MOST_FIELDS = 100


class SlackWebhooks:
    """Handlers under `/webhooks/slack`."""

    def __init__(self, ports: SlackPorts, desk: SlackDesk) -> None:
        self._ports = ports
        self._desk = desk
        self._told_at = float("-inf")

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        return [web.post(f"{PATH}/interactive", self.interactive), web.post(f"{PATH}/command", self.command)]

    async def interactive(self, request: web.Request) -> web.Response:
        """Take a click."""
        form = await self._form(request)
        try:
            payload = json.loads(form.get("payload", ""))
        except ValueError:
            payload = None
        if not isinstance(payload, dict):
            raise ProblemError(400, "The field payload must be one JSON object.")
        return self._taken(INTERACTIVE, payload, request)

    async def command(self, request: web.Request) -> web.Response:
        """Take a slash command."""
        return self._taken(COMMAND, await self._form(request), request)

    async def stop(self, _app: web.Application) -> None:
        """Let work in flight end, within a deadline."""
        await self._desk.stop()

    def _taken(self, kind: str, document: Mapping[str, Any], request: web.Request) -> web.Response:
        try:
            self._desk.begin(kind, document, f"slack {request.headers[SIGNATURE]}")
        except ValueError as error:
            raise ProblemError(400, f"This is not what Slack sends: {error}.") from None
        return web.Response()

    async def _form(self, request: web.Request) -> dict[str, str]:
        body = await request.read()
        if why := refusal(request.headers, body, self._secrets(), self._ports.now()):
            self._tell(request, why)
            raise ProblemError(403, f"The request is not taken: {why}.")
        try:
            parsed = parse_qs(body.decode(), max_num_fields=_MOST_FIELDS)
        except ValueError:
            raise ProblemError(400, "The body must be a form in UTF-8.") from None
        return {name: values[0] for name, values in parsed.items()}

    def _secrets(self) -> Iterator[str]:
        for secret in self._ports.signing_secrets():
            try:
                text = secret().strip()
            except (OSError, ValueError, AiopsError) as error:
                log.error("a signing secret of Slack cannot be read", extra=fields(error=type(error).__name__))  # noqa: TRY400
                continue
            if text:
                yield text

    def _tell(self, request: web.Request, why: str) -> None:
        """Log refused callers, once a minute at most."""
        now = self._ports.now()
        if not 0 <= now - self._told_at < _QUIET_SECONDS:
            self._told_at = now
            log.warning("refused a request for Slack's webhooks", extra=fields(peer=request.remote, reason=why))
