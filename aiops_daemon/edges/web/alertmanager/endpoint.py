"""The webhook: what an Alertmanager sends is on disk before it hears 200.

Enters: POST requests. Leaves: 200, or an answer by which Alertmanager does the right thing: it repeats after 5xx
only, so whatever may succeed later is 503, and 4xx is what never can. Never answers 3xx, 413 or 429, and never
looks into the alerts: the processor does that.
"""

from __future__ import annotations

import logging

from aiohttp import hdrs, web

from aiops_daemon.core.model.inbox import Delivery, Quarantined, QuarantineReason
from aiops_daemon.core.model.scope import DEFAULT_TEAM
from aiops_daemon.edges.web.alertmanager.intake import (
    Budget,
    CrowdedError,
    TooLargeError,
    UnreadableError,
    whole_body,
)
from aiops_daemon.edges.web.alertmanager.senders import Senders
from aiops_daemon.edges.web.alertmanager.sniff import is_object
from aiops_daemon.edges.web.caller import request_scope
from aiops_daemon.edges.web.ports import AlertPorts, WebPorts
from aiops_daemon.edges.web.problem import problem
from aiops_daemon.errors import StoreError
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

PATH = "/webhooks/alertmanager"
_ACCEPTED = b'{"status":"accepted"}\n'
_KEPT_BYTES = 64 * 1024
_RETRY_AFTER = "5"  # seconds; for people and proxies, Alertmanager has its own back-off
_ENCODINGS = frozenset({"", "identity", "gzip"})


class AlertmanagerWebhooks:
    """Handlers under `/webhooks/alertmanager`."""

    def __init__(self, ports: WebPorts, alerts: AlertPorts) -> None:
        self._now = ports.now
        self._ports = alerts
        self._senders = Senders(alerts.sources)
        self._budget = Budget()

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        return [web.post(PATH, self.take), web.post(PATH + "/{source}", self.take)]

    async def take(self, request: web.Request) -> web.Response:
        """Accept one body and count the answer."""
        source = self._senders.source(request.match_info.get("source", ""))
        response = await self._answer(request, source)
        self._ports.answered(source, response.status)
        return response

    async def _answer(self, request: web.Request, source: str) -> web.Response:
        if request.headers.get(hdrs.CONTENT_ENCODING, "").strip().lower() not in _ENCODINGS:
            return problem(415, "Content-Encoding must be gzip or identity.")
        try:
            async with whole_body(request, self._budget) as body:
                return await self._accept(body, source, _team(request))
        except TooLargeError as error:
            self._ports.too_large(source, error.size)
            words = "its alerts are fetched from the Alertmanager's API, where its urls are configured"
            return _unavailable(f"{str(error).capitalize()}; {words}.")
        except UnreadableError as error:
            return await self._refuse(QuarantineReason.NOT_JSON, str(error), error.seen, (source, _team(request)))
        except CrowdedError as error:
            return _unavailable(f"{str(error).capitalize()}; try again.")

    async def _accept(self, body: bytes, source: str, team: str) -> web.Response:
        if unfit := await is_object(body):
            return await self._refuse(unfit.reason, unfit.detail, body, (source, team))
        try:
            await self._ports.accept(Delivery(source, body, self._now(), team))
        except StoreError as error:
            return _unwritable(error)
        return web.Response(body=_ACCEPTED, content_type="application/json")

    async def _refuse(self, reason: QuarantineReason, detail: str, body: bytes, whose: tuple[str, str]) -> web.Response:
        """Keep a copy of the start and say why; 503 when even that cannot be written."""
        source, team = whose
        log.warning("refused a webhook body", extra=fields(source=source, reason=str(reason), detail=detail))
        try:
            await self._ports.quarantine(Quarantined(self._now(), source, team, reason, detail, body[:_KEPT_BYTES]))
        except StoreError as error:
            return _unwritable(error)
        return problem(400, f"The body must be one JSON object: {detail}.")


def _team(request: web.Request) -> str:
    """Return the one team of the token that was used; a token for several says nothing of whose alerts these are."""
    teams = request_scope(request).teams
    return next(iter(teams)) if teams and len(teams) == 1 else DEFAULT_TEAM


def _unwritable(error: StoreError) -> web.Response:
    return _unavailable(f"The alerts cannot be stored ({error.reason}); try again.")


def _unavailable(detail: str) -> web.Response:
    response = problem(503, detail)
    response.headers[hdrs.RETRY_AFTER] = _RETRY_AFTER
    return response
