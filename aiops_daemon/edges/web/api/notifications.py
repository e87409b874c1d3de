"""The delivery log under /api/v1, and test messages.

Enters: requests of somebody who may read (viewer) or try channels out (operator). Leaves: JSON from the outbox. Sends
nothing itself: a test takes the way of every page.
"""

from __future__ import annotations

from functools import partial

from aiohttp import web

from aiops_daemon.core.model.action import Refusal
from aiops_daemon.core.model.notification import Trial
from aiops_daemon.core.model.scope import Role
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.edges.web.api.access import alert_road, scope_for
from aiops_daemon.edges.web.api.answers import answer, refused, store_trouble
from aiops_daemon.edges.web.api.bodies import fitted, read_fields
from aiops_daemon.edges.web.api.notificationshapes import TrialBody, notification_items
from aiops_daemon.edges.web.api.parameters import read_notification_query
from aiops_daemon.edges.web.ports import WebPorts
from aiops_daemon.edges.web.problem import ProblemError


class Notifications:
    """Handlers of the delivery log."""

    def __init__(self, ports: WebPorts) -> None:
        self._ports = ports

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        return [
            web.get("/api/v1/notifications", self.notifications),
            web.post("/api/v1/notifications/test", self.test),
        ]

    async def notifications(self, request: web.Request) -> web.Response:
        """List messages, latest first."""
        scope = scope_for(request, Role.VIEWER)
        query = read_notification_query(request.query, self._ports.now())
        with store_trouble():
            page = await alert_road(self._ports).find_notifications(query, scope)
        return await answer(partial(notification_items, page.notifications), page.next)

    async def test(self, request: web.Request) -> web.Response:
        """Write a test message for each destination of a receiver or person; what becomes of it is in the list."""
        scope = scope_for(request, Role.OPERATOR)
        trial = _trial(fitted(TrialBody, await read_fields(request, required=True), "test"))
        with store_trouble():
            written = await alert_road(self._ports).send_test(trial, scope)
        if isinstance(written, Refusal):
            raise refused(written)
        return await answer(partial(notification_items, written))


def _trial(body: TrialBody) -> Trial:
    if (body.receiver is None) == (body.person is None):
        faults = ["exactly one of receiver and person must be given"]
        raise ProblemError(422, "The body of test does not fit.", faults)
    target = f"person/{body.person}" if body.receiver is None else f"receiver/{body.receiver}"
    return Trial(target, Severity(body.severity))
