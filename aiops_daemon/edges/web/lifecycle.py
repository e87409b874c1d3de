"""Health, readiness and reload, as Prometheus has them.

Enters: probes and the order to reload. Leaves: one line when all is well, else what is wrong, one a line.
Never reloads because some page in an operator's browser asked for it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import hdrs, web

from aiops_daemon.edges.web.ports import WebPorts
from aiops_daemon.edges.web.problem import ProblemError

_OWN_SITES = frozenset({"same-origin", "none"})  # none: typed or bookmarked by the person


class Lifecycle:
    """Handlers under `/-/`."""

    def __init__(self, ports: WebPorts) -> None:
        self._ports = ports

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        return [
            web.get("/-/healthy", self.healthy),
            web.get("/-/ready", self.ready),
            web.post("/-/reload", self.reload),
        ]

    async def healthy(self, request: web.Request) -> web.Response:
        """Answer as long as the loop turns."""
        return web.Response(text="aiops-daemon is healthy.\n")

    async def ready(self, request: web.Request) -> web.Response:
        """Answer 200, or 503 with the names of what is not ready, one a line."""
        readiness = self._ports.ready()
        if readiness.ready:
            return web.Response(text="aiops-daemon is ready.\n")
        return web.Response(status=503, text="not ready:\n" + _lines(readiness.waiting))

    async def reload(self, request: web.Request) -> web.Response:
        """Load the configuration anew: 200, or 400 with every fault, one a line."""
        _refuse_other_sites(request, self._ports.external_url)
        outcome = await self._ports.reload()
        if outcome.faults:
            return web.Response(status=400, text=_lines(outcome.faults))
        return web.Response(text="configuration reloaded\n")


def _lines(items: tuple[str, ...]) -> str:
    return "".join(f"{item}\n" for item in items)


def _refuse_other_sites(request: web.Request, external_url: str) -> None:
    """Refuse what a browser sends on behalf of another site; command line clients send neither header."""
    site = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get(hdrs.ORIGIN)
    ours = {request.host.lower(), urlsplit(external_url).netloc.lower()} - {""}
    foreign = origin is not None and origin.lower().partition("://")[2] not in ours
    if site.lower() not in _OWN_SITES or foreign:
        raise ProblemError(403, "Requests from other sites may not reload the configuration.")
