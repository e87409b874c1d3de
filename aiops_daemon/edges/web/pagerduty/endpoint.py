"""`POST /webhooks/pagerduty`: what people do in PagerDuty flows back.

Enters: signed requests; the signature is what lets them in, no token. Leaves: 200 once a change is delivered, or an
answer by which PagerDuty does the right thing: 5xx is sent again for up to two days, other 4xx never, and three of
these in a row disable the subscription for a day. Answers within PagerDuty's five seconds, and each event counts once.
"""

from __future__ import annotations

import asyncio
import logging

from aiohttp import hdrs, web

from aiops_daemon.core.model.remote import REMEMBERED_SECONDS, RemoteChange
from aiops_daemon.edges.web.pagerduty.decode import Ignored, decode
from aiops_daemon.edges.web.pagerduty.signature import HEADER, is_signed
from aiops_daemon.edges.web.ports import PagerDutyPorts, WebPorts
from aiops_daemon.edges.web.problem import problem
from aiops_daemon.errors import AiopsError, StoreError
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

PATH = "/webhooks/pagerduty"
_ANSWER_SECONDS = 4.0
_MOST_BYTES = 256 * 1024  # PagerDuty drops larger ones itself
_QUIET_SECONDS = 60.0
_RETRY_AFTER = "5"  # seconds; for people and proxies


class PagerDutyWebhooks:
    """The handler of PagerDuty's webhook subscriptions (v3)."""

    def __init__(self, ports: WebPorts, pagerduty: PagerDutyPorts) -> None:
        self._now = ports.now
        self._ports = pagerduty
        self._told_at = float("-inf")

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        return [web.post(PATH, self.take)]

    async def take(self, request: web.Request) -> web.Response:
        """Take one event, in time."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await self._answer(request)
        except TimeoutError:
            return _later("The event was not taken in time")
        except StoreError as error:
            return _later(f"The event cannot be stored ({error.reason})")

    async def _answer(self, request: web.Request) -> web.Response:
        if (request.content_length or 0) > _MOST_BYTES:
            return problem(413, f"The body is larger than {_MOST_BYTES} bytes.")
        body = await request.read()
        secrets, unreadable = self._secrets()
        if not is_signed(body, request.headers.get(HEADER, ""), secrets):
            if unreadable:
                return _later("A secret of receivers[].pagerduty_configs[].webhook_secrets cannot be read")
            self._tell(request)
            return problem(403, f"{HEADER} is not made with a secret that is configured here.")
        try:
            change = decode(body)
        except ValueError as error:
            log.warning("PagerDuty sent what is no event", extra=fields(err=str(error)))
            return problem(400, f"The body must be one event of webhooks v3: {error}.")
        return await self._take(change)

    async def _take(self, change: RemoteChange | Ignored) -> web.Response:
        if isinstance(change, Ignored):
            log.debug("ignored an event of PagerDuty", extra=fields(why=change))
            return _heard("ignored", change)
        if change.occurred_at < self._now() - REMEMBERED_SECONDS:  # its uid may be forgotten: it could be a replay
            log.warning("ignored an old event of PagerDuty", extra=fields(uid=change.uid, kind=change.kind))
            return _heard("ignored", "it is too old")
        if await self._ports.seen(change.uid):
            return _heard("ignored", "it was delivered before")
        await self._ports.deliver(change)
        log.info("heard from PagerDuty", extra=fields(kind=change.kind, key=change.dedup_key, actor=change.actor))
        return _heard("accepted", "")

    def _secrets(self) -> tuple[list[str], bool]:
        """Read the secrets now; the second says whether one could not be read."""
        read, unreadable = [], False
        for secret in self._ports.secrets():
            try:
                read.append(secret())
            except (AiopsError, OSError, ValueError):
                unreadable = True
        return read, unreadable

    def _tell(self, request: web.Request) -> None:
        """Log refused senders, once a minute at most."""
        now = self._now()
        if not 0 <= now - self._told_at < _QUIET_SECONDS:
            self._told_at = now
            log.warning(
                "refused a webhook of PagerDuty: its signature fits no secret", extra=fields(peer=request.remote)
            )


def _heard(status: str, why: str) -> web.Response:
    return web.json_response({"status": status, "why": why} if why else {"status": status})


def _later(detail: str) -> web.Response:
    response = problem(503, f"{detail}; it is to be sent again.")
    response.headers[hdrs.RETRY_AFTER] = _RETRY_AFTER
    return response
