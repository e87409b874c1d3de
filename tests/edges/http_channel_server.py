"""An HTTP server that records what channels send and answers as told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True)
class Request:
    """One request as it came in."""

    method: str
    path: str  # with its query
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Recorder:
    """What is answered to everything, and what came in. `echo` repeats the request in the answer."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = "{}"
    echo: bool = False
    hang: asyncio.Event | None = None
    requests: list[Request] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request."""
        body = await request.read()
        self.requests.append(Request(request.method, request.path_qs, dict(request.headers), body))
        if self.hang is not None:
            await self.hang.wait()
        said = f"{request.path_qs} {dict(request.headers)} {body.decode()}" if self.echo else self.body
        return web.Response(status=self.status, headers=self.headers, text=said)


@asynccontextmanager
async def http_server(recorder: Recorder, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serve until left; yields the base URL."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", recorder.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        if recorder.hang is not None:
            recorder.hang.set()
        await runner.cleanup()
