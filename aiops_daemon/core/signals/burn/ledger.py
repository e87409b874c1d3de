"""How fast an SLO spends its error budget, from increments of its bad and total events.

Enters: increments as they are polled, and 5-minute increments read back from history. Leaves: an SloStatus with
error ratio and burn rate per window, the budget left, when it ends, and which alerts hold. Windows longer than what
was observed are computed on what is known. Ratios are always sum over sum, never a mean of ratios (which is wrong
by -46 % to +996 % on traffic with a day and a night). Never reads counters and never decides who is told.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aiops_daemon.core.model.durations import HOUR, prometheus_duration
from aiops_daemon.core.model.slo import SEVERITIES, DataState, SloSpec, SloStatus
from aiops_daemon.core.signals.burn.exhaustion import exhaustion_time
from aiops_daemon.core.signals.burn.ring import BucketRing, Sums
from aiops_daemon.core.signals.burn.windows import (
    WindowPair,
    pairs_of,
    reported_windows,
)

FINE_STEP, FINE_SPAN = 60.0, 6 * HOUR
COARSE_STEP = 300.0
IDLE_WINDOW = HOUR  # no traffic this long: idle
_Z = 1.645  # one-sided 95 %
_MIN_ERRORS = 2.0 - 1e-6  # amounts are spread over time, so two events may sum to a hair less


def wilson_lower(bad: float, total: float, z: float = _Z) -> float:
    """Return the lower bound of Wilson's score interval for bad / total.

    (p + z²/2n - z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n): Wilson, JASA 22 (1927). 0 without events.
    """
    if total <= 0.0:
        return 0.0
    ratio = min(1.0, max(0.0, bad / total))
    square = z * z / total
    spread = z * float(np.sqrt(ratio * (1 - ratio) / total + square / (4 * total)))
    return max(0.0, (ratio + square / 2 - spread) / (1 + square))


class BurnLedger:
    """Bad and total events of one SLO on one source: minutes for six hours, five minutes for its window."""

    def __init__(self, spec: SloSpec) -> None:
        self.spec = spec
        self._pairs = pairs_of(spec)
        self._windows = reported_windows(spec)
        self._fine = BucketRing(step=FINE_STEP, span=FINE_SPAN)
        longest = max([spec.window_seconds, *(pair.long for pair in self._pairs)])
        self._coarse = BucketRing(step=COARSE_STEP, span=longest)
        self._last_at: float | None = None
        self._holding: frozenset[int] = frozenset()  # positions in _pairs
        self._since: dict[str, float] = {}
        self._spent_at: float | None = None

    def add(self, at: float, bad: float, total: float) -> None:
        """Count increments since the add before, spread evenly over that stretch.

        `bad` may be below 0 for a moment where bad = total - good and the two were read apart; sums are clamped,
        not increments, so no bias builds up. The first add only sets the start.
        """
        start = at if self._last_at is None else min(self._last_at, at)
        self._last_at = at
        for ring in (self._fine, self._coarse):
            ring.add(start, at, bad, total)

    def backfill(self, times: ArrayLike, bad: ArrayLike, total: ArrayLike) -> None:
        """Count 5-minute increments from history, each over the five minutes that end at its time; oldest first.

        Shapes equal (n,); NaN is unknown. What is already known, live or restored, is not counted again.
        """
        rows = np.column_stack([np.asarray(column, dtype=np.float64) for column in (times, bad, total)])
        rows = rows[np.isfinite(rows).all(axis=1)]
        ends, chosen = np.unique(rows[:, 0], return_index=True)
        for ring in (self._fine, self._coarse):
            ring.fill(ends, COARSE_STEP, rows[chosen, 1], rows[chosen, 2])

    def status(self, at: float, *, present: bool) -> SloStatus:
        """Judge the SLO at a moment; `present`: its series exist at the source.

        Remembers which pairs hold: a pair opens when both windows burn faster than its factor, the long window has
        two errors or more and the Wilson lower bound of its ratio exceeds factor * budget; it stays while both
        windows burn faster. While the short window is unobserved or the series are gone, the long one decides.
        """
        sums = {name: self._sums(at, seconds) for name, seconds in self._windows.items()}
        ratios = {name: part.error_ratio for name, part in sums.items()}
        self._judge(at, sums, present)
        remaining = self._remaining(ratios[prometheus_duration(self.spec.window_seconds)])
        return SloStatus(
            spec=self.spec,
            at=at,
            state=self._state(at, present),
            error_ratio=ratios,
            burn_rate={name: self._burn(ratio) for name, ratio in ratios.items()},
            budget_remaining_ratio=remaining,
            exhaustion_at=self._exhaustion(at, remaining),
            active=frozenset(self._since),
            since=dict(self._since),
        )

    def export_state(self) -> dict[str, NDArray[np.float64]]:
        """Return what a restart must keep: buckets, and since when each severity holds (NaN: it does not)."""
        since = [self._since.get(severity, np.nan) for severity in SEVERITIES]
        holding = [float(position in self._holding) for position in range(len(self._pairs))]
        spent = np.nan if self._spent_at is None else self._spent_at
        return {
            "fine": self._fine.export(),
            "coarse": self._coarse.export(),
            "since": np.array([*since, spent]),
            "holding": np.array(holding),
        }

    def import_state(self, state: Mapping[str, ArrayLike]) -> None:
        """Take over exported state; a changed window keeps what fits. Raises ValueError for a wrong shape."""
        lacking = {"fine", "coarse", "since", "holding"} - state.keys()
        if lacking:
            raise ValueError(f"saved burn state lacks {', '.join(sorted(lacking))}")
        since = np.asarray(state["since"], dtype=np.float64)
        holding = np.asarray(state["holding"], dtype=np.float64)
        if since.shape != (len(SEVERITIES) + 1,) or holding.ndim != 1:
            raise ValueError("saved burn alerts have the wrong shape")
        self._fine.restore(np.asarray(state["fine"], dtype=np.float64))
        self._coarse.restore(np.asarray(state["coarse"], dtype=np.float64))
        self._spent_at = None if np.isnan(since[-1]) else float(since[-1])
        if holding.shape == (len(self._pairs),):
            self._holding = frozenset(np.flatnonzero(holding).tolist())
            known = zip(SEVERITIES, since.tolist(), strict=False)
            self._since = {severity: moment for severity, moment in known if not np.isnan(moment)}

    def _sums(self, at: float, seconds: float) -> Sums:
        ring = self._fine if seconds <= FINE_SPAN else self._coarse
        return ring.window(at, seconds)

    def _burn(self, ratio: float | None) -> float | None:
        if ratio is None:
            return None
        budget = self.spec.budget_ratio
        return ratio / budget if budget > 0.0 else None

    def _remaining(self, ratio: float | None) -> float | None:
        burn = self._burn(ratio)
        return None if burn is None else 1.0 - burn

    def _state(self, at: float, present: bool) -> DataState:
        if not present:
            return DataState.GONE
        return DataState.OK if self._sums(at, IDLE_WINDOW).total > 0.0 else DataState.IDLE

    def _judge(self, at: float, sums: dict[str, Sums], present: bool) -> None:
        holding = {
            position
            for position, pair in enumerate(self._pairs)
            if self._holds(pair, sums, present, held=position in self._holding)
        }
        self._holding = frozenset(holding)
        active = {self._pairs[position].severity for position in holding}
        self._since = {severity: self._since.get(severity, at) for severity in SEVERITIES if severity in active}

    def _holds(self, pair: WindowPair, sums: dict[str, Sums], present: bool, *, held: bool) -> bool:
        level = pair.factor * self.spec.budget_ratio
        long, short = sums[prometheus_duration(pair.long)], sums[prometheus_duration(pair.short)]
        if not _above(long, level):
            return False
        if held:
            unknown = short.known_seconds <= 0.0 or not present
            return _above(short, level) or (unknown and short.total <= 0.0)
        return _above(short, level) and long.bad >= _MIN_ERRORS and wilson_lower(long.bad, long.total) > level

    def _exhaustion(self, at: float, remaining: float | None) -> float | None:
        if remaining is None:
            return None
        if remaining <= 0.0:  # ended: keep the moment when that was first seen
            self._spent_at = at if self._spent_at is None else self._spent_at
            return self._spent_at
        self._spent_at = None
        hour, quarter_day = self._sums(at, HOUR), self._sums(at, FINE_SPAN)
        present = hour if hour.bad >= _MIN_ERRORS else quarter_day
        oldest, past = self._coarse.buckets(at, self.spec.window_seconds)
        edge = oldest * COARSE_STEP + self.spec.window_seconds
        wait = exhaustion_time(past, present, self.spec.budget_ratio, step=COARSE_STEP, first=edge - at)
        return None if wait is None else at + wait


def _above(sums: Sums, level: float) -> bool:
    ratio = sums.error_ratio
    return ratio is not None and ratio > level
