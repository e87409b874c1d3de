"""The past of one budget in two grains: minutes for the windows of alerts, five minutes for that of the SLO.

Enters: increments with their stretch of time. Leaves: sums over any window. Memory is bounded by the length of the
SLO's window: 0.2 MB for 30 days. Never judges.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aiops_daemon.core.model.durations import DAY, HOUR
from aiops_daemon.core.model.slo import Calendar, SloSpec
from aiops_daemon.core.signals.burn.ring import BucketRing, Sums
from aiops_daemon.core.signals.burn.windows import all_pairs

FINE_STEP, FINE_SPAN = 60.0, 6 * HOUR
READ_STEP = 300.0  # seconds: the grid of increments read back
_HOURLY_FROM = 94 * DAY  # of longer windows five minutes would be megabytes
_LONGER = 3 * DAY  # that a calendar period may outlast its nominal length: quarters have up to 92 days


def coarse_step(spec: SloSpec) -> float:
    """Return the seconds of a bucket in which the window of an SLO is kept."""
    return READ_STEP if _longest(spec) <= _HOURLY_FROM else HOUR


def _longest(spec: SloSpec) -> float:
    longest = max([spec.window_seconds, *(pair.long for pair in all_pairs(spec))])
    return longest + (_LONGER if isinstance(spec.window, Calendar) else 0.0)


class Rings:
    """Sums of one budget."""

    def __init__(self, spec: SloSpec) -> None:
        self.fine = BucketRing(step=FINE_STEP, span=FINE_SPAN)
        self.coarse = BucketRing(step=coarse_step(spec), span=_longest(spec))

    def add(self, start: float, end: float, bad: float, total: float) -> None:
        """Count what came in (start, end]."""
        for ring in (self.fine, self.coarse):
            ring.add(start, end, bad, total)

    def fill(
        self, ends: NDArray[np.float64], length: float, bad: NDArray[np.float64], total: NDArray[np.float64]
    ) -> None:
        """Count what came in the stretches (end - length, end], but only on seconds not yet known."""
        for ring in (self.fine, self.coarse):
            ring.fill(ends, length, bad, total)

    def window(self, at: float, seconds: float) -> Sums:
        """Sum over (at - seconds, at]."""
        return (self.fine if seconds <= FINE_SPAN else self.coarse).window(at, seconds)

    def rewind(self, at: float) -> None:
        """Forget what came after a moment."""
        self.fine.rewind(at)
        self.coarse.rewind(at)

    def inherit(self, old: Rings) -> None:
        """Go on with what others know, as far as it fits; `old` may be of no use afterwards."""
        self.fine, self.coarse = self.fine.inherit(old.fine), self.coarse.inherit(old.coarse)

    def export(self, prefix: str = "") -> dict[str, NDArray[np.float64]]:
        """Return both grains."""
        return {f"{prefix}fine": self.fine.export(), f"{prefix}coarse": self.coarse.export()}

    def restore(self, state: Mapping[str, ArrayLike], prefix: str = "") -> None:
        """Take over what was exported; raises ValueError for what cannot be buckets."""
        self.fine.restore(np.asarray(state[f"{prefix}fine"], dtype=np.float64))
        self.coarse.restore(np.asarray(state[f"{prefix}coarse"], dtype=np.float64))
