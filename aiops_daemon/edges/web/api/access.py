"""Who asks, and whether they may: the one place where API and pages look at roles.

Enters: a request that has passed the door. Leaves: the Scope of its sender, or a 403 that says what is needed.
"""

from __future__ import annotations

from dataclasses import replace

from aiohttp import hdrs, web

from aiops_daemon.core.model.scope import Role, Scope
from aiops_daemon.edges.web.caller import request_scope
from aiops_daemon.edges.web.ports import AlertPorts, WebPorts
from aiops_daemon.edges.web.problem import ProblemError

CLI_AGENT = "aiops-daemon-cli"
"""How the command line names itself in User-Agent, so that timelines tell it from other programs."""


def scope_for(request: web.Request, role: Role, origin: str = "api") -> Scope:
    """Return who asks; raises a 403 ProblemError when they may not do what `role` may."""
    scope = request_scope(request)
    if not scope.may(role):
        raise ProblemError(403, f"{scope.actor} has the role {scope.role}; this needs {role}.")
    if origin == "api" and request.headers.get(hdrs.USER_AGENT, "").startswith(CLI_AGENT):
        origin = "cli"
    return replace(scope, origin=origin)


def alert_road(ports: WebPorts) -> AlertPorts:
    """Return the alert road; only routes that need it ask for it."""
    if ports.alerts is None:
        raise ProblemError(404, "This daemon takes no alerts.")
    return ports.alerts
