"""Health, readiness and reload, as Prometheus has them.

Enters: probes and the order to reload. Leaves: one line when all is well, else what is wrong, one a line.
Who may reload is decided at the door.
"""

from __future__ import annotations

from aiohttp import web

from aiops_daemon.edges.web.ports import WebPorts


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
        outcome = await self._ports.reload()
        if outcome.faults:
            return web.Response(status=400, text=_lines(outcome.faults))
        return web.Response(text="configuration reloaded\n")


def _lines(items: tuple[str, ...]) -> str:
    return "".join(f"{item}\n" for item in items)
