"""Changes under /api/v1: told to PagerDuty, where they stand beside incidents.

Enters: requests of somebody who may act (responder): a pipeline after a deployment, a person after a change by hand.
Leaves: the messages that were written. Sends nothing itself: a change takes the way of every page.
"""

from __future__ import annotations

from functools import partial

from aiohttp import web

from aiops_daemon.core.model.action import Refusal
from aiops_daemon.core.model.scope import Role
from aiops_daemon.edges.web.api.access import alert_road, scope_for
from aiops_daemon.edges.web.api.answers import answer, refused, store_trouble
from aiops_daemon.edges.web.api.bodies import fitted, read_fields
from aiops_daemon.edges.web.api.changeshapes import ChangeBody, change_of
from aiops_daemon.edges.web.api.idempotency import act_uid
from aiops_daemon.edges.web.api.notificationshapes import notification_items
from aiops_daemon.edges.web.ports import WebPorts

CHANGES = "/api/v1/changes"
_AGAIN = "This change was told before, with the same Idempotency-Key."


class Changes:
    """Handlers of changes."""

    def __init__(self, ports: WebPorts) -> None:
        self._ports = ports

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        return [web.post(CHANGES, self.tell)]

    async def tell(self, request: web.Request) -> web.Response:
        """Write a message for each PagerDuty channel that incidents with these labels reach."""
        scope = scope_for(request, Role.RESPONDER)
        key = act_uid(request, "change", scope)
        body = fitted(ChangeBody, await read_fields(request, required=True), "changes")
        change = change_of(body, self._ports.now())
        with store_trouble():
            written = await alert_road(self._ports).tell_change(change, scope, key)
        if isinstance(written, Refusal):
            raise refused(written)
        return await answer(partial(notification_items, written), warnings=[] if written else [_AGAIN])
