"""The landing page: what is wrong, since when, and whether the daemon itself is well; rendered on the server.

Enters: the present view. Leaves: HTML that needs no script. Everything that comes from series, sources or
configuration passes through autoescaping.
"""

from __future__ import annotations

import asyncio
from collections import Counter

from aiohttp import hdrs, web

from aiops_daemon.core.model.finding import Finding
from aiops_daemon.core.model.incident import IncidentState
from aiops_daemon.core.model.listing import IncidentQuery
from aiops_daemon.core.model.quantity import speak_duration
from aiops_daemon.core.model.scope import Role
from aiops_daemon.core.model.view import Readiness, View
from aiops_daemon.edges.web.api.access import scope_for
from aiops_daemon.edges.web.ports import WebPorts
from aiops_daemon.edges.web.ui.cards import card, stamp, tone, urgency
from aiops_daemon.edges.web.ui.tables import MOST_SLOS, service_rows, slo_rows, stream_rows
from aiops_daemon.edges.web.ui.templating import STATIC, html, load_templates
from aiops_daemon.errors import StoreError

MOST_CARDS = 40
MOST_RECENT = 20
MOST_STREAMS = 200

_ACTIVE = IncidentQuery(states=tuple(str(state) for state in IncidentState if not state.closed), limit=1)


class Landing:
    """Handlers of `/` and `/static/`; `machines_here`: metrics and probes are on this listener too."""

    def __init__(self, ports: WebPorts, *, machines_here: bool = True) -> None:
        self._ports = ports
        self._machines_here = machines_here
        self._templates = load_templates()

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        return [web.get("/", self.page), web.get("/static/{name}", self.static)]

    async def page(self, request: web.Request) -> web.Response:
        """Serve the page; a large one is written in a thread, the view being frozen."""
        view, now = self._ports.view(), self._ports.now()
        incidents = await self._incidents(request)
        return html(await asyncio.to_thread(self.render, view, self._ports.ready(), now, incidents))

    async def _incidents(self, request: web.Request) -> str:
        """Say how many incidents are open to whoever looks; "" where there are no alerts."""
        if self._ports.alerts is None:
            return ""
        try:
            total = (await self._ports.alerts.find_incidents(_ACTIVE, scope_for(request, Role.VIEWER, "page"))).total
        except StoreError:
            return "Incidents (the store cannot be read)"
        return "1 open incident" if total == 1 else f"{total:,} open incidents"

    async def static(self, request: web.Request) -> web.Response:
        """Serve a file of the page; its address changes with its content."""
        name = request.match_info["name"]
        if name not in self._templates.static:
            raise web.HTTPNotFound
        headers = {hdrs.CACHE_CONTROL: "public, max-age=86400"}
        body = self._templates.static[name]
        return web.Response(body=body, content_type=STATIC[name], charset="utf-8", headers=headers)

    def render(self, view: View, readiness: Readiness, now: float, incidents: str = "") -> str:
        """Write the page for one view; `incidents` says how many are open."""
        plots = view.plots or {}
        shown = sorted(view.findings, key=urgency)[:MOST_CARDS]
        totals = _totals(view)
        late = view.page is not None and now - view.page.at > self._ports.stale_after()
        return self._templates.render(
            "landing.html",
            version=self._ports.version,
            incidents=incidents,
            ready=readiness,
            cycle=_cycle(view, now),
            late=late,
            at=stamp(now, now),
            headline=_headline(view, late=late),
            well=readiness.ready and not late and not totals["failing"],
            counts=_counts(view.findings),
            warnings=view.warnings,
            progress=round(100 * min(1.0, max(0.0, view.history_progress_ratio))),
            cards=[card(finding, plots.get(finding.uid), now) for finding in shown],
            more=len(view.findings) - len(shown),
            recent=[card(finding, None, now) for finding in view.recent[:MOST_RECENT]],
            slos=slo_rows(view.slos, now),
            more_slos=max(0, len(view.slos) - MOST_SLOS),
            services=service_rows(view.services),
            streams=stream_rows(view.streams, now)[:MOST_STREAMS],
            totals=totals,
            packs=view.packs,
            machines_here=self._machines_here,
        )


def _cycle(view: View, now: float) -> str:
    if view.page is None:
        return "no cycle has finished yet"
    age = now - view.page.at
    return "last cycle " + ("just now" if age < 1 else f"{speak_duration(round(age))} ago")


def _headline(view: View, *, late: bool) -> str:
    """Say the state in one line; all is quiet only when something has been looked at lately."""
    if view.findings:
        count = len(view.findings)
        return "1 thing is not as expected" if count == 1 else f"{count} things are not as expected"
    if not view.streams and not view.slos:
        return "Nothing is watched yet"
    if view.page is None:
        return "The first look is not done yet"
    if view.streams and all(stream.warming == stream.series for stream in view.streams):
        return "Nothing is judged yet"
    return "Nothing was unusual, but nobody has looked lately" if late else "Nothing unusual"


def _counts(findings: tuple[Finding, ...]) -> list[tuple[str, str, int]]:
    """Count by severity, gravest first: tone, severity, count."""
    counted = Counter(finding.severity for finding in sorted(findings, key=urgency))
    return [(tone(severity), severity, count) for severity, count in counted.items()]


def _totals(view: View) -> dict[str, object]:
    series = sum(stream.series for stream in view.streams)
    warming = sum(stream.warming for stream in view.streams)
    return {
        "streams": len(view.streams),
        "series": f"{series:,}",
        "any": series > 0,
        "warming": f"{warming:,}" if warming else "",
        "judged": series > warming,
        "sources": len({stream.source for stream in view.streams}),
        "failing": sum(1 for stream in view.streams if stream.last_error),
    }
