"""The windows over which burn rates are judged, as data with their source.

Enters: an SLO. Leaves: its pairs of long and short window with the burn factor of each, the windows to report,
and a warning for each pair that arithmetic forbids ever to fire. Never looks at data.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.durations import DAY, HOUR, prometheus_duration
from aiops_daemon.core.model.slo import SloSpec

PAGE = "page"
TICKET = "ticket"
SEVERITIES = (PAGE, TICKET)


@dataclass(frozen=True, slots=True)
class WindowPair:
    """An alert condition: the burn rate exceeds `factor` over both windows (seconds)."""

    severity: str
    budget_share: float  # of the SLO window's budget, spent in the long window at exactly `factor`
    long: float
    short: float
    factor: float = 0.0


# Google SRE workbook, chapter 5: table 5-8 (2 %, 5 %, 10 % of 30 days' budget) and, for 1d/2h, the alerting
# example of the same chapter. The short window is a twelfth of the long one and makes the alert end soon.
WORKBOOK = (
    WindowPair(PAGE, 0.02, HOUR, 300.0),  # 14.4 at 30d
    WindowPair(PAGE, 0.05, 6 * HOUR, 1800.0),  # 6
    WindowPair(TICKET, 0.10, DAY, 2 * HOUR),  # 3
    WindowPair(TICKET, 0.10, 3 * DAY, 6 * HOUR),  # 1
)


def factor_of(pair: WindowPair, window_seconds: float) -> float:
    """Return factor = share * P / long, and at least 1.

    Windows stay, shares stay, factors scale with the SLO's window P (28d: 13.44, 5.6, 2.8). A burn rate below 1
    never ends the budget, so no pair may ask for less: this matters for windows under 30 days.
    """
    return max(1.0, pair.budget_share * window_seconds / pair.long)


def all_pairs(spec: SloSpec) -> tuple[WindowPair, ...]:
    """Scale the workbook's pairs to an SLO; pairs longer than its window are left out."""
    return tuple(
        WindowPair(pair.severity, pair.budget_share, pair.long, pair.short, factor_of(pair, spec.window_seconds))
        for pair in WORKBOOK
        if pair.long <= spec.window_seconds
    )


def pairs_of(spec: SloSpec) -> tuple[WindowPair, ...]:
    """Return the pairs that can fire: factor * budget < 1, for no error ratio exceeds 1."""
    return tuple(pair for pair in all_pairs(spec) if _possible(pair, spec))


def impossible_pairs(spec: SloSpec) -> tuple[str, ...]:
    """Say, for each pair that can never fire, the arithmetic why."""
    return tuple(_impossibility(pair, spec) for pair in all_pairs(spec) if not _possible(pair, spec))


def reported_windows(spec: SloSpec) -> dict[str, float]:
    """Name the windows of an SLO, shortest first: those of the workbook that fit, and its own."""
    lengths = {length for pair in WORKBOOK for length in (pair.long, pair.short)}
    fitting = sorted(length for length in lengths if length < spec.window_seconds)
    return {prometheus_duration(length): length for length in (*fitting, spec.window_seconds)}


def _possible(pair: WindowPair, spec: SloSpec) -> bool:
    return pair.factor * spec.budget_ratio < 1.0 - 1e-9 and spec.budget_ratio > 0.0


def _impossibility(pair: WindowPair, spec: SloSpec) -> str:
    windows = f"the {pair.severity} pair {prometheus_duration(pair.long)}/{prometheus_duration(pair.short)}"
    if spec.budget_ratio <= 0.0:
        return f"SLO {spec.name!r}: {windows} can never be judged: an objective of 100 % leaves no error budget"
    needed = pair.factor * spec.budget_ratio
    return (
        f"SLO {spec.name!r}: {windows} can never fire: {pair.factor:.4g} times the budget of "
        f"{spec.budget_ratio:.4g} is an error ratio of {needed:.3g}, and none exceeds 1; "
        f"it needs an objective above {100 * (1 - 1 / pair.factor):.2f} %"
    )
