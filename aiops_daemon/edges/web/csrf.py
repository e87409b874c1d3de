"""Proof that a form came from a page of ours.

Enters: who was shown the form, the day. Leaves: a token for a hidden field, and the check of one that came back. The
key lives as long as the process; a token holds for its day and the next. Never depends on a cookie.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from aiohttp import web

from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.edges.web.caller import request_scope

FIELD = "csrf_token"
"""Name of the hidden field."""


class Csrf:
    """Makes and checks tokens of forms."""

    def __init__(self, secret: bytes, now: Callable[[], float]) -> None:
        self._secret = secret
        self._now = now

    def token(self, scope: Scope) -> str:
        """Return the token for forms that are shown to this actor."""
        return self._sign(scope.actor, self._today())

    def holds(self, scope: Scope, token: str) -> bool:
        """Say whether the token was made for this actor, today or yesterday."""
        given = token.encode("utf-8", "replace")
        today = self._today()
        made = [self._sign(scope.actor, day).encode() for day in (today, today - 1)]
        return True in [hmac.compare_digest(each, given) for each in made]  # both, whichever holds

    def _today(self) -> int:
        return int(self._now() // DAY)

    def _sign(self, actor: str, day: int) -> str:
        return hmac.new(self._secret, f"{day}\n{actor}".encode(), hashlib.sha256).hexdigest()


CSRF = web.AppKey("csrf", Csrf)


def form_token(request: web.Request) -> str:
    """Return the value of the hidden field for a page that answers this request."""
    return request.app[CSRF].token(request_scope(request))
