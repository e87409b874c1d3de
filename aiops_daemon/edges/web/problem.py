"""Errors as RFC 9457 problem documents, and the headers that every answer carries.

Enters: whatever a handler raises. Leaves: `application/problem+json` with status, title and a detail written
for the caller. Never shows a stack trace or the text of an unforeseen exception.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus

import msgspec
from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Server": "aiops-daemon",
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class ProblemError(Exception):
    """A request that cannot be served as asked; `errors` names each fault, `headers` go with the answer."""

    def __init__(
        self, status: int, detail: str, errors: Sequence[str] = (), *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


def problem(status: int, detail: str, errors: Sequence[str] = ()) -> web.Response:
    """Write a problem document."""
    document: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        document["errors"] = list(errors)
    body = msgspec.json.encode(document)
    return web.Response(status=status, body=body, content_type="application/problem+json")


def error_middleware(counted: Callable[[str, int], None] | None) -> Middleware:
    """Make the one middleware: errors become problems, answers get their headers and are counted by route."""

    @web.middleware
    async def middleware(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        response = await _answer(request, handler)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
        if counted:
            counted(_route(request), response.status)
        return response

    return middleware


async def _answer(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except ProblemError as error:
        response = problem(error.status, str(error), error.errors)
        response.headers.update(error.headers)
        return response
    except web.HTTPException as error:
        response = problem(error.status, _detail(error.status, request))
        if allowed := error.headers.get(hdrs.ALLOW):
            response.headers[hdrs.ALLOW] = allowed
        return response
    except Exception:  # the boundary of every request: one fault must not end the connection
        log.exception("request failed", extra=fields(method=request.method, route=_route(request)))
        return problem(500, "The daemon failed on this request; its log says why.")


def _detail(status: int, request: web.Request) -> str:
    if status == HTTPStatus.NOT_FOUND:
        return "Nothing is served at this path; / lists what is."
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"{request.method} is not allowed here."
    return HTTPStatus(status).description


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource else "unmatched"
