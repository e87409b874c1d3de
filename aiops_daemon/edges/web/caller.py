"""Where a request keeps who sent it.

Enters: the Scope that the door found. Leaves: it, for handlers. Never a scope of its own making: a request that passed
no door has none, and asking for it is an error.
"""

from __future__ import annotations

from aiohttp import web

from aiops_daemon.core.model.scope import Scope

SCOPE = web.RequestKey("scope", Scope)


def request_scope(request: web.Request) -> Scope:
    """Return who asks, as the door found it; open paths have no scope."""
    return request[SCOPE]
