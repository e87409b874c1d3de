"""The lists of the API: findings, streams, SLOs, services.

Enters: the present view and query parameters. Leaves: `{"data": [...], "next": cursor or null,
"warnings": [...]}`. Never computes: what it shows is the view of the last cycle.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from aiohttp import web

from aiops_daemon.core.model.budget import Health
from aiops_daemon.core.model.finding import Finding, FindingKind
from aiops_daemon.core.model.labels import get
from aiops_daemon.core.model.quantity import speak_duration
from aiops_daemon.core.model.slo import SloStatus
from aiops_daemon.core.model.view import StreamView
from aiops_daemon.edges.web.api import openapi, paging
from aiops_daemon.edges.web.api.shapes import finding_item, service_item, slo_item, stream_item
from aiops_daemon.edges.web.ports import WebPorts


class Lists:
    """Handlers under `/api/v1/`."""

    def __init__(self, ports: WebPorts) -> None:
        self._ports = ports
        self._description = openapi.document(ports.version, ports.external_url)

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        return [
            web.get("/api/v1/findings", self.findings),
            web.get("/api/v1/streams", self.streams),
            web.get("/api/v1/slos", self.slos),
            web.get("/api/v1/services", self.services),
            web.get("/api/v1/openapi.json", self.describe),
        ]

    async def findings(self, request: web.Request) -> web.Response:
        """List open findings, or those lately closed, newest first."""
        asked = paging.read(request.query, openapi.FINDING_FILTERS, (float, str))
        view, now = self._ports.view(), self._ports.now()
        recent = asked.filters.get("state") == "recent"
        chosen = [each for each in (view.recent if recent else view.findings) if _fits(each, asked)]
        part, cursor = paging.page(chosen, _finding_key, asked)
        return self._list([finding_item(each, "recent" if recent else "open", now) for each in part], cursor)

    async def streams(self, request: web.Request) -> web.Response:
        """List what is watched, by source and query."""
        asked = paging.read(request.query, openapi.STREAM_FILTERS, (str, str))
        now, wanted = self._ports.now(), asked.filters
        chosen = [
            each
            for each in self._ports.view().streams
            if wanted.get("source", each.source) == each.source and wanted.get("query", each.query) == each.query
        ]
        part, cursor = paging.page(chosen, _stream_key, asked)
        return self._list([stream_item(each, now) for each in part], cursor)

    async def slos(self, request: web.Request) -> web.Response:
        """List service level objectives by name."""
        asked = paging.read(request.query, openapi.SLO_FILTERS, (str, str))
        now, name, service = self._ports.now(), asked.filters.get("name"), asked.filters.get("service")
        chosen = [
            each
            for each in self._ports.view().slos
            if name in (None, each.spec.name) and service in (None, get(each.spec.labels, "service"))
        ]
        part, cursor = paging.page(chosen, _slo_key, asked)
        return self._list([slo_item(each, now) for each in part], cursor)

    async def services(self, request: web.Request) -> web.Response:
        """List services by name, with their health."""
        asked = paging.read(request.query, openapi.SERVICE_FILTERS, (str, str))
        name = asked.filters.get("name")
        chosen = [each for each in self._ports.view().services if name in (None, get(each.labels, "service"))]
        part, cursor = paging.page(chosen, _service_key, asked)
        return self._list([service_item(each) for each in part], cursor)

    async def describe(self, request: web.Request) -> web.Response:
        """Serve the OpenAPI document."""
        return web.Response(body=self._description, content_type="application/json")

    def _list(self, items: Sequence[msgspec.Struct], cursor: str | None) -> web.Response:
        document = {"data": items, "next": cursor, "warnings": self._warnings()}
        return web.Response(body=msgspec.json.encode(document), content_type="application/json")

    def _warnings(self) -> list[str]:
        view = self._ports.view()
        if view.page is None:
            return ["no cycle has finished yet", *view.warnings]
        age = self._ports.now() - view.page.at
        if age > self._ports.stale_after():
            return [f"the last cycle finished {speak_duration(age)} ago; what is shown is old", *view.warnings]
        return list(view.warnings)


def _fits(finding: Finding, asked: paging.Asked) -> bool:
    kind, query = asked.filters.get("kind"), asked.filters.get("query")
    return (kind is None or finding.kind is FindingKind(kind)) and query in (None, finding.query)


def _finding_key(finding: Finding) -> paging.Key:
    return (-finding.since, finding.uid)


def _stream_key(stream: StreamView) -> paging.Key:
    return (stream.source, stream.query)


def _slo_key(status: SloStatus) -> paging.Key:
    return (status.spec.name, repr((status.spec.labels, status.source, status.group)))


def _service_key(health: Health) -> paging.Key:
    return (get(health.labels, "service"), repr(health.labels))
