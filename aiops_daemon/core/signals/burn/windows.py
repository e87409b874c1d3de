"""The windows over which burn rates are judged.

Enters: an SLO with its windows as data. Leaves: its pairs of long and short window with the burn factor of each, the
windows to report, and a sentence for each pair that arithmetic forbids ever to fire. Never looks at data.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.model.slo import PAGE, BurnPair, Calendar, SloSpec

BASE = 300.0  # seconds: a page asks for errors over this window too, which ends it soon after recovery


@dataclass(frozen=True, slots=True)
class WindowPair:
    """An alert condition: the burn rate exceeds `factor` over both windows (seconds)."""

    severity: str
    long: float
    short: float
    factor: float

    @property
    def ends_early(self) -> bool:
        """Say whether errors over five minutes are asked for too, or errors that come and go."""
        return self.severity == PAGE and self.short != BASE

    def level(self, budget_ratio: float) -> float:
        """Return the error ratio above which it fires: factor * budget, without the noise of binary fractions."""
        return float(f"{self.factor * budget_ratio:.12g}")


def factor_of(pair: BurnPair, window_seconds: float) -> float:
    """Return the factor that is given, else share * P / long, and at least 1.

    Windows stay, shares stay, factors scale with the SLO's window P (28d: 13.44, 5.6, 2.8). A burn rate below 1
    never ends the budget, so no pair may ask for less: this matters for windows under 30 days.
    """
    if pair.factor is not None:
        return pair.factor
    return max(1.0, (pair.budget_share or 0.0) * window_seconds / pair.long)


def all_pairs(spec: SloSpec) -> tuple[WindowPair, ...]:
    """Scale the pairs of an SLO to its window; pairs longer than that are left out."""
    return tuple(
        WindowPair(pair.severity, pair.long, pair.short, factor_of(pair, spec.window_seconds))
        for pair in spec.burn.pairs
        if pair.long <= spec.window_seconds
    )


def pairs_of(spec: SloSpec) -> tuple[WindowPair, ...]:
    """Return the pairs that can fire: factor * budget < 1, for no error ratio exceeds 1."""
    return tuple(pair for pair in all_pairs(spec) if _possible(pair, spec))


def impossible_pairs(spec: SloSpec) -> tuple[str, ...]:
    """Say, for each pair that can never fire, the arithmetic why."""
    return tuple(_impossibility(pair, spec) for pair in all_pairs(spec) if not _possible(pair, spec))


def reported_windows(spec: SloSpec) -> dict[str, float]:
    """Name the windows of an SLO, shortest first: five minutes, those of its pairs that fit, and its own."""
    lengths = {BASE} | {length for pair in spec.burn.pairs for length in (pair.long, pair.short)}
    whole = {pair.long for pair in all_pairs(spec)} if isinstance(spec.window, Calendar) else set()
    fitting = sorted(length for length in lengths if length < spec.window_seconds or length in whole)
    named = {prometheus_duration(length): length for length in fitting}
    return named | {spec.window_name: spec.window_seconds}


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
