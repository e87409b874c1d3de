"""Who may call what: every request passes here before its handler.

Enters: a request. Leaves: its Scope for `request_scope`, or 401, 403. Without tokens everybody on a loopback
listener may do everything; beyond loopback nobody may, unless a flag says so. Probes, metrics and static files are
open. Never lets a form through that no page of ours was shown for, and never logs what was presented.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import parse_qs

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from aiops_daemon.core.model.scope import Role, Scope
from aiops_daemon.core.model.settings import TokenSpec
from aiops_daemon.edges.web.addresses import split_address
from aiops_daemon.edges.web.alertmanager.senders import configured_source
from aiops_daemon.edges.web.caller import SCOPE, request_scope
from aiops_daemon.edges.web.csrf import CSRF, FIELD
from aiops_daemon.edges.web.origins import by_foreign_name, from_other_site, is_loopback
from aiops_daemon.edges.web.ports import WebPorts
from aiops_daemon.edges.web.problem import ProblemError
from aiops_daemon.edges.web.tokens import BEARER, Tokens, credentials
from aiops_daemon.errors import ListenError
from aiops_daemon.logs import fields

__all__ = ["Door", "check_exposure", "request_scope"]

log = logging.getLogger(__name__)

ANONYMOUS = "anonymous"
_OPEN = frozenset({"/-/healthy", "/-/ready", "/metrics", "/findings/metrics"})
_SIGNED = ("/webhooks/pagerduty", "/webhooks/slack/")  # whose handlers want a signature instead of a token
_ALERTS = "/webhooks/alertmanager"
_READING = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})  # what forms can send
_QUIET_SECONDS = 60.0
_MOST_FIELDS = 1_000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Door:
    """The middleware that knows who asks."""

    def __init__(self, ports: WebPorts, host: str) -> None:
        self._ports = ports
        self._loopback = is_loopback(host)
        self._tokens = Tokens(lambda: ports.alerts.tokens() if ports.alerts else (), ports.now)
        self._told_at = float("-inf")

    def middleware(self) -> Middleware:
        """Return it as aiohttp wants it."""

        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not is_open(request):
                try:
                    request[SCOPE] = await self._admitted(request)
                except ProblemError as error:
                    self._count(request, error.status)
                    raise
            return await handler(request)

        return middleware

    async def _admitted(self, request: web.Request) -> Scope:
        """Return who asks; raises a ProblemError when they may not."""
        scheme, presented = credentials(request.headers.get(hdrs.AUTHORIZATION, ""))
        scope = self._known(request, presented) if self._tokens.configured else self._anonymous(request)
        needed = role_needed(request)
        if not scope.may(needed):
            raise ProblemError(403, f"{scope.actor} has the role {scope.role}; this needs {needed}.")
        if request.method not in _READING:
            await self._refuse_forgeries(request, scope, bearer=scheme == BEARER and self._tokens.configured)
        return scope

    def _known(self, request: web.Request, presented: str) -> Scope:
        spec = self._tokens.find(presented) if presented else None
        if spec is None:
            self._tell(request)
            raise ProblemError(401, "A token is needed: as Bearer token, or as password of Basic authentication.",
                               headers={hdrs.WWW_AUTHENTICATE: _challenge(request)})  # fmt: skip
        return _scope(spec, request)

    def _anonymous(self, request: web.Request) -> Scope:
        if not self._loopback and not self._ports.allow_anonymous:  # tokens went away with a reload
            raise ProblemError(503, "No token is configured: give web.tokens, or run with --web.allow-anonymous.")
        if self._loopback and by_foreign_name(request, self._ports.external_url) and _of_a_browser(request):
            raise ProblemError(403, "This daemon does not go by this name: give external_url, or use its address.")
        return Scope(ANONYMOUS, None, Role.ADMIN, _origin(request))

    async def _refuse_forgeries(self, request: web.Request, scope: Scope, *, bearer: bool) -> None:
        """Refuse what another site lets a browser send; no site can make one send a Bearer token."""
        if bearer:
            return
        if from_other_site(request, self._ports.external_url):
            raise ProblemError(403, "Requests from other sites may change nothing here.")
        if _of_machines(request) or request.content_type not in _FORMS or hdrs.CONTENT_TYPE not in request.headers:
            return
        if request.path.startswith("/api/"):
            raise ProblemError(415, "The body must be application/json, and its Content-Type must say so.")
        if not request.app[CSRF].holds(scope, await _form_field(request, FIELD)):
            raise ProblemError(403, "This form is out of date: load its page again, and send it once more.")

    def _count(self, request: web.Request, status: int) -> None:
        """Count a webhook that ends here as the others are: to its sender it is an answer like any other."""
        alerts = self._ports.alerts
        if alerts is not None and request.method == hdrs.METH_POST and request.path.startswith(_ALERTS):
            alerts.answered(configured_source(request.match_info.get("source", ""), alerts.sources()), status)

    def _tell(self, request: web.Request) -> None:
        """Log refused callers, once a minute at most."""
        now = self._ports.now()
        if not 0 <= now - self._told_at < _QUIET_SECONDS:
            self._told_at = now
            log.warning("refused a caller without a valid token", extra=fields(peer=request.remote, path=request.path))


def is_open(request: web.Request) -> bool:
    """Say whether everybody may read this, or a handler looks itself who asks."""
    return request.path in _OPEN or request.path.startswith(("/static/", *_SIGNED))


def role_needed(request: web.Request) -> Role:
    """Return the least role for a request; handlers may want more."""
    if request.path.startswith("/webhooks/"):
        return Role.INGEST
    if request.method in _READING:
        return Role.VIEWER
    return Role.ADMIN if request.path.startswith("/-/") else Role.RESPONDER


def check_exposure(listen_address: str, tokens: Sequence[TokenSpec], *, allow_anonymous: bool) -> None:
    """Raise ListenError when everybody who reaches this address could do everything."""
    host, _ = split_address(listen_address)
    if not tokens and not allow_anonymous and not is_loopback(host):
        raise ListenError(
            f"will not listen on {listen_address} without tokens: everybody who reaches it could send alerts and "
            "resolve incidents; give web.tokens in the configuration, listen on 127.0.0.1, or say "
            "--web.allow-anonymous where something else guards this address"
        )


def _scope(spec: TokenSpec, request: web.Request) -> Scope:
    return Scope(spec.name, spec.teams or None, spec.role, _origin(request))


def _origin(request: web.Request) -> str:
    return "api" if request.path.startswith(("/api/", "/webhooks/", "/-/")) else "page"


def _challenge(request: web.Request) -> str:
    """Let browsers ask the person for pages, and tell programs what they need."""
    if _origin(request) == "page":
        return 'Basic realm="aiops-daemon", charset="UTF-8"'
    return 'Bearer realm="aiops-daemon"'


async def _form_field(request: web.Request, name: str) -> str:
    """Return a field of a form as our pages send them, "" where there is none."""
    if request.content_type != "application/x-www-form-urlencoded" or (request.charset or "utf-8").lower() != "utf-8":
        return ""
    body = await request.read()  # kept by aiohttp for the handler
    try:
        fields_of_form = parse_qs(body.decode(), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return ""
    return fields_of_form.get(name, [""])[0]


def _of_machines(request: web.Request) -> bool:
    """Paths that no page has a form for, whose callers may send any type of content."""
    return request.path.startswith(("/webhooks/", "/-/"))


def _of_a_browser(request: web.Request) -> bool:
    """Alertmanagers may know this machine by any name; a browser's POST always tells an origin."""
    return not request.path.startswith("/webhooks/") or hdrs.ORIGIN in request.headers
