"""Incidents, alerts and rule quality under /api/v1: lists, one incident, and what people do.

Enters: requests of somebody who may read (viewer) or act (responder). Leaves: JSON from the alert road. Never decides
what an action does: the road does, and says why when it refuses.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import TypeVar

from aiohttp import web

from aiops_daemon.core.model.action import Refusal, Stored
from aiops_daemon.core.model.listing import IncidentDetail
from aiops_daemon.core.model.scope import Role
from aiops_daemon.edges.web.api import parameters
from aiops_daemon.edges.web.api.access import alert_road, scope_for
from aiops_daemon.edges.web.api.answers import answer, refused, store_trouble
from aiops_daemon.edges.web.api.bodies import VERBS, Verb, read_action
from aiops_daemon.edges.web.api.detailshapes import detail_item
from aiops_daemon.edges.web.api.idempotency import act_uid
from aiops_daemon.edges.web.api.incidentshapes import alert_item, entry_item, incident_item, quality_item
from aiops_daemon.edges.web.api.response import Response, response_of
from aiops_daemon.edges.web.ports import WebPorts
from aiops_daemon.edges.web.problem import ProblemError

STORED = "the act is stored and will be done once, as soon as a replica leads; do not send it again"

Value = TypeVar("Value")
Handle = Callable[[web.Request], Awaitable[web.Response]]


class Incidents:
    """Handlers of what the alert road knows."""

    def __init__(self, ports: WebPorts) -> None:
        self._ports = ports

    def routes(self) -> list[web.RouteDef]:
        """List the routes; every verb has a path of its own."""
        one = "/api/v1/incidents/{ref}"
        return [
            web.get("/api/v1/incidents", self.incidents),
            web.get(one, self.incident),
            web.get(f"{one}/timeline", self.timeline),
            *(web.post(f"{one}/{verb.word}", self._act(verb)) for verb in VERBS),
            web.get("/api/v1/alerts", self.alerts),
            web.get("/api/v1/quality", self.quality),
        ]

    async def incidents(self, request: web.Request) -> web.Response:
        """List incidents; all states unless told otherwise."""
        scope = scope_for(request, Role.VIEWER)
        query = parameters.read_incident_query(request.query, self._ports.now())
        with store_trouble():
            page = await alert_road(self._ports).find_incidents(query, scope)
        facets = {"facets": page.facets} if query.facets else {}
        shape = partial(_items, incident_item, page.incidents)
        return await answer(shape, page.next, total=page.total, **facets)

    async def incident(self, request: web.Request) -> web.Response:
        """Return one incident with everything that belongs to it."""
        detail = await self._found(request)
        scope = scope_for(request, Role.VIEWER)
        response = await response_of(alert_road(self._ports), detail.incident, scope, self._ports.now())
        return await answer(partial(detail_item, detail, response), warnings=_left_out(detail, response))

    async def timeline(self, request: web.Request) -> web.Response:
        """Return the timeline of one incident, oldest first."""
        detail = await self._found(request)
        return await answer(partial(_items, entry_item, detail.timeline), warnings=_left_out(detail))

    async def alerts(self, request: web.Request) -> web.Response:
        """List alerts, latest heard first."""
        scope = scope_for(request, Role.VIEWER)
        query = parameters.read_alert_query(request.query)
        with store_trouble():
            page = await alert_road(self._ports).find_alerts(query, scope)
        return await answer(partial(_items, alert_item, page.alerts), page.next, total=page.total)

    async def quality(self, request: web.Request) -> web.Response:
        """List how good each alert rule is."""
        scope = scope_for(request, Role.VIEWER)
        since = parameters.read_quality_since(request.query, self._ports.now())
        with store_trouble():
            rules = await alert_road(self._ports).quality(since, scope)
        return await answer(partial(_items, quality_item, rules))

    async def _found(self, request: web.Request) -> IncidentDetail:
        scope = scope_for(request, Role.VIEWER)
        parameters.check(request.query, ())
        reference = request.match_info["ref"]
        with store_trouble():
            detail = await alert_road(self._ports).find_incident(reference, scope)
        if detail is None:
            raise ProblemError(404, f"There is no incident {reference}, or it is another team's.")
        return detail

    def _act(self, verb: Verb) -> Handle:
        """Make the handler of one verb."""

        async def handle(request: web.Request) -> web.Response:
            scope = scope_for(request, Role.RESPONDER)
            action = await read_action(request, verb, request.match_info["ref"], self._ports.now())
            with store_trouble():
                done = await alert_road(self._ports).act(action, scope, act_uid(request, verb.word, scope))
            if isinstance(done, Refusal):
                raise refused(done)
            if isinstance(done, Stored):
                response = await answer(lambda: None, warnings=[STORED], created=None, changed=False)
                response.set_status(202)
                return response
            created = None if done.created is None else incident_item(done.created)
            return await answer(partial(incident_item, done.incident), created=created, changed=done.changed)

        return handle


def _items(shape: Callable[[Value], object], values: Iterable[Value]) -> list[object]:
    return [shape(each) for each in values]


def _left_out(detail: IncidentDetail, response: Response | None = None) -> list[str]:
    """Say what a storm left out; all its alerts are in the list of alerts."""
    told = []
    if detail.alerts_left_out:
        told.append(f"{detail.alerts_left_out} alerts are left out; see /api/v1/alerts?incident={detail.incident.name}")
    if detail.lines_left_out:
        told.append(f"{detail.lines_left_out} lines of the timeline between the first and the latest are left out")
    if response is not None and response.more:
        told.append(f"older messages are left out; see /api/v1/notifications?incident={detail.incident.name}")
    return told
