"""Few events are no outage: what else must hold before an alert, and Wilson's interval.

Enters: bad and all events of a window. Leaves: bounds of the error ratio, and whether an alert is held back and why.
Alerts that rules generate are guarded by the same numbers. Never decides how fast a budget burns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from aiops_daemon.core.model.slo import Withheld
from aiops_daemon.core.signals.burn.ring import Sums

Z = 1.645  # one-sided 95 %


@dataclass(frozen=True, slots=True)
class Guard:
    """What the long window must hold: so many bad events or slices, and a lower bound above what the factor allows."""

    least: float = 0.0
    bounded: bool = False

    def withholds(self, long: Sums, bad: float, level: float) -> Withheld | None:
        """Say why an alert at error ratio `level` is held back; `bad` is the number of what `least` counts."""
        if bad < self.least:
            return Withheld.FEW_ERRORS
        if self.bounded and wilson_lower(long.bad, long.total) <= level:
            return Withheld.UNCERTAIN
        return None


# Amounts are spread over time, so two events may sum to a hair less.
TWO_EVENTS = Guard(2.0 - 1e-6, bounded=True)
UNGUARDED = Guard()


def wilson_lower(bad: float, total: float, z: float = Z) -> float:
    """Return the lower bound of Wilson's score interval for bad / total.

    (p + z²/2n - z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n): Wilson, JASA 22 (1927). 0 without events.
    """
    return wilson(bad, total, z)[0]


def wilson(bad: float, total: float, z: float = Z) -> tuple[float, float]:
    """Return both bounds of Wilson's score interval, each one-sided; 0 and 1 without events."""
    if total <= 0.0:
        return 0.0, 1.0
    ratio = min(1.0, max(0.0, bad / total))
    square = z * z / total
    spread = z * math.sqrt(ratio * (1 - ratio) / total + square / (4 * total))
    middle, width = ratio + square / 2, 1 + square
    return max(0.0, (middle - spread) / width), min(1.0, (middle + spread) / width)
