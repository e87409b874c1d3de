"""Who is told of which incident: Alertmanager's inheriting tree of routes, with a mode of its own.

Values only; what matches is decided in core.response.routing. What a route inherits (mode, and receiver and escalation
together) is filled in when it is built; matchers, `continue` and time intervals are its own, as in Alertmanager.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aiops_daemon.core.model.matcher import Matchers
from aiops_daemon.core.model.timeinterval import NamedIntervals


class Mode(StrEnum):
    """What becomes of what is to be sent. muted overrides every route: the kill switch."""

    SHADOW = "shadow"  # everything runs and is recorded, nothing is sent
    LIVE = "live"
    MUTED = "muted"


@dataclass(frozen=True, slots=True)
class RouteSpec:
    """One node of the tree. `receiver` is told at once; `escalation` runs its steps; a node may have both."""

    path: str = "route"  # as in the configuration: route.routes[0]
    matchers: Matchers = ()
    continues: bool = False
    receiver: str = ""
    escalation: str = ""
    mode: Mode = Mode.SHADOW
    active_time_intervals: tuple[NamedIntervals, ...] = ()
    mute_time_intervals: tuple[NamedIntervals, ...] = ()
    routes: tuple[RouteSpec, ...] = ()
