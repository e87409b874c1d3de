"""A Prometheus that misbehaves on request: each path answers from a script, every request is recorded.

A reply is a coroutine from request to response. The last reply of a script is repeated.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


def says(body: bytes | str, *, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """Answer with a fixed body."""
    raw = body.encode() if isinstance(body, str) else body

    async def reply(_: web.Request) -> web.StreamResponse:
        return web.Response(body=raw, status=status, headers=headers)

    return reply


def vector(*samples: tuple[dict[str, str], str], **frame: Any) -> Reply:
    """Answer an instant vector; `frame` adds top-level keys such as warnings."""
    result = [{"metric": labels, "value": [1700000000.5, value]} for labels, value in samples]
    body = {"status": "success", "data": {"resultType": "vector", "result": result}, **frame}
    return says(compact(body))


def refuses(status: int, kind: str = "", error: str = "no") -> Reply:
    """Answer an error of the API, or plain HTML where no type is given."""
    if not kind:
        return says("<html><h1>Oh</h1></html>", status=status)
    return says(compact({"status": "error", "errorType": kind, "error": error}), status=status)


def breaks_off(body: bytes) -> Reply:
    """Promise twice the body, send it once and hang up."""

    async def reply(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(2 * len(body))})
        await response.prepare(request)
        await response.write(body)
        assert request.transport is not None
        request.transport.close()
        return response

    return reply


def compact(document: Any) -> str:
    """Write JSON without spaces, as Prometheus does."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


@dataclass
class Seen:
    """One recorded request."""

    method: str
    path: str
    headers: dict[str, str]
    form: dict[str, str]


@dataclass
class FakePrometheus:
    """Serves scripts by path; `default` answers where a path has none."""

    default: Reply = field(default_factory=vector)
    scripts: dict[str, list[Reply]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)

    async def start(self) -> TestServer:
        """Serve on a free loopback port."""
        app = web.Application(client_max_size=1 << 26)
        app.router.add_route("*", "/{tail:.*}", self._answer)
        server = TestServer(app)
        await server.start_server()
        return server

    def count(self, path: str) -> int:
        """Count the requests for a path."""
        return sum(one.path == path for one in self.seen)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        form = dict(request.query)
        if request.content_type == "application/x-www-form-urlencoded":
            form |= {name: str(value) for name, value in (await request.post()).items()}
        self.seen.append(Seen(request.method, request.path, dict(request.headers), form))
        script = self.scripts.get(request.path, [])
        reply = script.pop(0) if len(script) > 1 else (script or [self.default])[0]
        return await reply(request)
