"""Maintenance windows: whether one holds now, and until when.

Enters: windows as configured, labels and the moment. Leaves: the first window that holds an alert. Looks at the
calendar only when an edge was passed, since finding the next edge is dear and alerts are many.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from aiops_daemon.core.model.alertmanager import MaintenanceSpec
from aiops_daemon.core.model.timeinterval import NamedIntervals

_LOOK_AGAIN = 86_400.0  # seconds: an interval without an edge within a year is looked at once a day


class Window:
    """One maintenance window and what is known of the present stretch of it."""

    def __init__(self, spec: MaintenanceSpec) -> None:
        self.spec = spec
        self.ends_at: float | None = None
        self._holds = False
        self._known = (math.inf, -math.inf)  # stretch [from, until) that `_holds` is good for

    def holds(self, now: float) -> bool:
        """Say whether the window is open; sets `ends_at` when it is and its end is known."""
        if not self._known[0] <= now < self._known[1]:
            self._look(now)
        return self._holds

    def _look(self, now: float) -> None:
        once, changes = _bounds(self.spec, now)
        running = [intervals for intervals in self.spec.intervals if intervals.holds(now)]
        self._holds = once and (bool(running) or not self.spec.intervals)
        edges = changes + ([] if not once else _edges(running, self.spec.intervals, now))
        self.ends_at = min(edges, default=None) if self._holds else None
        self._known = (now, min([*edges, now + _LOOK_AGAIN]))


def _bounds(spec: MaintenanceSpec, now: float) -> tuple[bool, list[float]]:
    """Say whether now lies in [starts_at, ends_at) as far as given, and which of the two come still."""
    inside = (spec.starts_at is None or spec.starts_at <= now) and (spec.ends_at is None or now < spec.ends_at)
    return inside, [edge for edge in (spec.starts_at, spec.ends_at) if edge is not None and edge > now]


def _edges(running: list[NamedIntervals], intervals: Sequence[NamedIntervals], now: float) -> list[float]:
    """Return when the last running interval ends, or else when the first begins; nothing where never within a year."""
    if running:
        ends = [one.ends_at(now) for one in running]
        known = [end for end in ends if end is not None]
        return [max(known)] if len(known) == len(ends) else []
    return [start for one in intervals if (start := one.starts_at(now)) is not None]
