"""Service level indicators: what is measured, as values.

Enters: selectors and expressions as people wrote them, checked by the configuration. Leaves: a closed set of kinds.
A *selector* is bare (selector.py); an *expression* is any PromQL whose range is written `{{.window}}`, as in Sloth.
What PromQL becomes of them is decided in core/rules; what the running daemon can watch, in `config`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

WINDOW = "{{.window}}"  # in an expression, where the length of the window goes


class Comparison(StrEnum):
    """How a value is compared with what it may be at most or at least; the values are OpenSLO's words."""

    BELOW = "lt"
    AT_MOST = "lte"
    ABOVE = "gt"
    AT_LEAST = "gte"


@dataclass(frozen=True, slots=True)
class EventsSli:
    """Counters of events, as selectors. Exactly one of `good` and `bad` is set."""

    total: str
    good: str | None = None
    bad: str | None = None

    @property
    def side(self) -> str:
        """Return the selector that is given besides the total."""
        return self.bad if self.bad is not None else self.good or ""


@dataclass(frozen=True, slots=True)
class RatioSli:
    """Numbers of events in a window, as expressions. Exactly one of `good` and `bad` is set."""

    total: str
    good: str | None = None
    bad: str | None = None


@dataclass(frozen=True, slots=True)
class LatencySli:
    """A classic histogram: events up to `threshold` are good; both selectors are without `le`."""

    bucket: str  # selector of x_bucket
    count: str  # selector of x_count
    threshold: float  # the bound `le` of one of its buckets, in the unit of the metric


@dataclass(frozen=True, slots=True)
class NativeLatencySli:
    """A native histogram: events up to `threshold` are good; interpolated where no bucket ends there."""

    histogram: str  # selector
    threshold: float  # in the unit of the metric


@dataclass(frozen=True, slots=True)
class BoolGaugeSli:
    """A gauge that is 1 when all is well and 0 when not, such as probe_success; each scrape counts."""

    gauge: str  # selector


@dataclass(frozen=True, slots=True)
class RawSli:
    """A ratio that is measured elsewhere, 0 to 1. Exactly one of `good` and `bad` is set.

    It comes without the number of events: no weights by traffic, and no guard against little of it.
    """

    good: str | None = None  # a selector of a gauge, or an expression with WINDOW
    bad: str | None = None


@dataclass(frozen=True, slots=True)
class ThresholdSli:
    """A value that is good while it compares so with `value`; looked at once a minute."""

    query: str  # PromQL without a window: an instant value
    comparison: Comparison
    value: float


Sli: TypeAlias = EventsSli | RatioSli | LatencySli | NativeLatencySli | BoolGaugeSli | RawSli | ThresholdSli
