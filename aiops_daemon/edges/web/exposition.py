"""The two metrics pages: our own numbers, and the findings as finished bytes.

Enters: a scrape. Leaves: text 0.0.4 or OpenMetrics 1.0, gzipped where welcome. Never renders findings here,
and never serves findings that a stalled daemon left behind.
"""

from __future__ import annotations

import asyncio
import gzip

from aiohttp import hdrs, web

from aiops_daemon.core.model.findingspage import FindingsPage
from aiops_daemon.edges.web.negotiate import OPENMETRICS_TYPE, TEXT_TYPE, wants_gzip, wants_openmetrics
from aiops_daemon.edges.web.pieces import Pieces
from aiops_daemon.edges.web.ports import WebPorts

_GZIP_LEVEL = 1  # level 6 takes twice the time for a page a fifth smaller


class Exposition:
    """Handlers of `/metrics` and `/findings/metrics`."""

    def __init__(self, ports: WebPorts) -> None:
        self._ports = ports
        self._packing = asyncio.Lock()
        self._packed_at = -1.0  # which page `_gzips` holds, by format
        self._gzips: dict[bool, bytes] = {}

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        return [web.get("/metrics", self.own), web.get("/findings/metrics", self.findings)]

    async def own(self, request: web.Request) -> web.Response:
        """Serve the self metrics, rendered per scrape in a thread."""
        openmetrics, compressed = _wanted(request)
        body = await asyncio.to_thread(self._own_page, openmetrics, compressed)
        return _response(body, openmetrics=openmetrics, compressed=compressed)

    async def findings(self, request: web.Request) -> web.Response:
        """Serve the last cycle's page while it is fresh, an empty one otherwise."""
        openmetrics, compressed = _wanted(request)
        page = self._fresh_page()
        if page is None:
            return _response(b"# EOF\n" if openmetrics else b"", openmetrics=openmetrics, compressed=False)
        if compressed:
            body = await self._packed(page, openmetrics)
        else:
            body = page.openmetrics if openmetrics else page.text
        return _response(body, openmetrics=openmetrics, compressed=compressed)

    async def _packed(self, page: FindingsPage, openmetrics: bool) -> bytes:
        """Compress a page once, in a thread, when the first scrape wants it."""
        async with self._packing:
            if self._packed_at != page.at:
                self._packed_at = page.at
                self._gzips.clear()
            if openmetrics not in self._gzips:
                self._gzips[openmetrics] = await asyncio.to_thread(_compress, page, openmetrics)
            return self._gzips[openmetrics]

    def _fresh_page(self) -> FindingsPage | None:
        page = self._ports.view().page
        if page is None or self._ports.now() - page.at > self._ports.stale_after():
            return None
        return page

    def _own_page(self, openmetrics: bool, compressed: bool) -> bytes:
        page = self._ports.self_page(openmetrics)
        return gzip.compress(page, _GZIP_LEVEL, mtime=0) if compressed else page


def _wanted(request: web.Request) -> tuple[bool, bool]:
    """Return whether OpenMetrics and whether gzip is wanted; repeated headers count as one list."""
    accept = ",".join(request.headers.getall(hdrs.ACCEPT, []))
    encoding = ",".join(request.headers.getall(hdrs.ACCEPT_ENCODING, []))
    return wants_openmetrics(accept), wants_gzip(encoding)


def _compress(page: FindingsPage, openmetrics: bool) -> bytes:
    return gzip.compress(page.openmetrics if openmetrics else page.text, _GZIP_LEVEL, mtime=0)


def _response(body: bytes, *, openmetrics: bool, compressed: bool) -> web.Response:
    headers = {
        hdrs.CONTENT_TYPE: OPENMETRICS_TYPE if openmetrics else TEXT_TYPE,
        hdrs.VARY: "Accept, Accept-Encoding",
    }
    if compressed:
        headers[hdrs.CONTENT_ENCODING] = "gzip"
    return web.Response(body=Pieces(body), headers=headers)
