"""The landing page: what is wrong, since when, and whether the daemon itself is well; rendered on the server.

Enters: the present view. Leaves: HTML that needs no script. Everything that comes from series, sources or
configuration passes through autoescaping.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from importlib.resources import files

from aiohttp import hdrs, web
from jinja2 import Environment, PackageLoader, StrictUndefined

from aiops_daemon.core.model.finding import Finding
from aiops_daemon.core.model.quantity import speak_duration
from aiops_daemon.core.model.view import Readiness, View
from aiops_daemon.edges.web.ports import WebPorts
from aiops_daemon.edges.web.ui.cards import card, stamp, tone, urgency
from aiops_daemon.edges.web.ui.tables import slo_rows, stream_rows

MOST_CARDS = 40
MOST_RECENT = 20
MOST_STREAMS = 200

_STATIC = {"style.css": "text/css", "refresh.js": "text/javascript"}
_PACKAGE = "aiops_daemon.edges.web.ui"


class Landing:
    """Handlers of `/` and `/static/`."""

    def __init__(self, ports: WebPorts) -> None:
        self._ports = ports
        folder = files(_PACKAGE) / "static"
        self._static = {name: (folder / name).read_bytes() for name in _STATIC}
        environment = Environment(
            loader=PackageLoader(_PACKAGE),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals["fingerprint"] = hashlib.sha256(b"".join(self._static.values())).hexdigest()[:12]
        self._template = environment.get_template("landing.html")

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        return [web.get("/", self.page), web.get("/static/{name}", self.static)]

    async def page(self, request: web.Request) -> web.Response:
        """Serve the page; a large one is written in a thread, the view being frozen."""
        view, now = self._ports.view(), self._ports.now()
        html = await asyncio.to_thread(self.render, view, self._ports.ready(), now)
        return web.Response(body=html.encode("utf-8", "replace"), content_type="text/html", charset="utf-8")

    async def static(self, request: web.Request) -> web.Response:
        """Serve a file of the page; its address changes with its content."""
        name = request.match_info["name"]
        if name not in self._static:
            raise web.HTTPNotFound
        headers = {hdrs.CACHE_CONTROL: "public, max-age=86400"}
        return web.Response(body=self._static[name], content_type=_STATIC[name], charset="utf-8", headers=headers)

    def render(self, view: View, readiness: Readiness, now: float) -> str:
        """Write the page for one view."""
        plots = view.plots or {}
        shown = sorted(view.findings, key=urgency)[:MOST_CARDS]
        totals = _totals(view)
        late = view.page is not None and now - view.page.at > self._ports.stale_after()
        return self._template.render(
            version=self._ports.version,
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
            streams=stream_rows(view.streams, now)[:MOST_STREAMS],
            totals=totals,
            packs=view.packs,
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
    if not view.streams:
        return "Nothing is watched yet"
    if view.page is None:
        return "The first look is not done yet"
    if all(stream.warming == stream.series for stream in view.streams):
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
