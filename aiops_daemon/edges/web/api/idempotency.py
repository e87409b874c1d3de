"""One request, however often it is sent: the header that says so.

Enters: a request for an act. Leaves: an id of that act, the same over repetitions by the same person of the same act.
"""

from __future__ import annotations

from aiohttp import web

from aiops_daemon.core.model.scope import Scope
from aiops_daemon.edges.web.problem import ProblemError

IDEMPOTENCY_KEY = "Idempotency-Key"
MOST_KEY = 200  # characters


def act_uid(request: web.Request, verb: str, scope: Scope) -> str:
    """Return what is the same over repetitions of one request, "" when its sender does not say.

    An empty key is refused: whoever sends one believes to be protected.
    """
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is None:
        return ""
    if not 0 < len(key) <= MOST_KEY or not key.isascii() or not key.isprintable():
        raise ProblemError(400, f"{IDEMPOTENCY_KEY} must be 1 to {MOST_KEY} printable ASCII characters, or left out.")
    return f"{scope.origin}/{scope.actor}/{request.match_info.get('ref', '')}/{verb}/{key}"
