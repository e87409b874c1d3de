"""Adaptive bands: what is normal for each series, learned step by step.

Enters: values of many series at one moment. Leaves: expected value, band, score and confidence, judged before the
values are learned (strictly causal). State is columns over rows; a step is elementwise and correctly rounded, so a
series gets the same numbers bit for bit alone or among a hundred thousand. Never yields NaN or infinity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.query import Direction, QuerySpec, Season
from aiops_daemon.core.model.series import Floats, Rows
from aiops_daemon.core.signals import band
from aiops_daemon.core.signals.season import DAILY_SLOTS, WEEKLY_SLOTS, Slot, Slots, slots_at

_BLOCK = 4096  # rows worked on at once: their columns stay in the processor's cache


@dataclass(frozen=True, slots=True)
class BandOptions:
    """How the series of a query are judged. Deviations are in the unit of the values; `warm_up` is in samples."""

    direction: Direction = Direction.BOTH
    seasons: tuple[Season, ...] | None = None  # None: chosen per series
    time_zone: str = "UTC"
    min_deviation_absolute: float = 0.0
    min_deviation_relative: float = 0.0
    warm_up: int = 30
    exclude: tuple[tuple[float, float], ...] = ()  # unix seconds [start, end): judged, never learned

    @classmethod
    def of(cls, spec: QuerySpec) -> BandOptions:
        """Take from a query what bands need."""
        return cls(
            direction=spec.direction,
            seasons=spec.seasons,
            time_zone=spec.time_zone,
            min_deviation_absolute=spec.min_deviation_absolute,
            min_deviation_relative=spec.min_deviation_relative,
            exclude=spec.exclude,
        )


@dataclass(frozen=True, slots=True)
class BandStep:
    """Verdicts aligned with the rows of the step. `score`: 0 at `expected`, 1 at the edge of the band."""

    expected: Floats
    lower: Floats
    upper: Floats
    score: Floats
    confidence: Floats  # 0..1
    ready: NDArray[np.bool_]  # warm-up is over


class Bands:
    """The learned bands of one query's series; `rows` of every call are unique indices below `capacity`."""

    def __init__(self, options: BandOptions, capacity: int = 64) -> None:
        self._options = options
        self._zone = ZoneInfo(options.time_zone)
        self._rules = band.Rules.of(
            options.direction,
            options.seasons,
            (options.min_deviation_absolute, options.min_deviation_relative),
            options.warm_up,
        )
        self._columns: Floats = np.zeros((band.WIDTH, capacity))
        self._daily: NDArray[np.float32] = np.zeros((DAILY_SLOTS, capacity), dtype=np.float32)
        self._weekly: NDArray[np.float32] = np.zeros((WEEKLY_SLOTS, capacity), dtype=np.float32)

    @property
    def capacity(self) -> int:
        """Number of rows that there is room for."""
        return int(self._columns.shape[1])

    def grow(self, capacity: int) -> None:
        """Make room for `capacity` rows; what is learned stays."""
        more = capacity - self.capacity
        if more > 0:
            self._columns = np.pad(self._columns, ((0, 0), (0, more)))
            self._daily = np.pad(self._daily, ((0, 0), (0, more)))
            self._weekly = np.pad(self._weekly, ((0, 0), (0, more)))

    def reset(self, rows: Rows) -> None:
        """Make rows new: all that was learned is forgotten."""
        for part in (self._columns, self._daily, self._weekly):
            part[:, rows] = 0

    def step(self, rows: Rows, values: Floats, at: float) -> BandStep:
        """Judge finite `values` of `rows` at `at` (unix seconds), then learn them."""
        out = np.empty((5, len(rows)))
        ready = np.empty(len(rows), dtype=np.bool_)
        learning = not any(start <= at < end for start, end in self._options.exclude)
        slots = slots_at(at, self._zone)
        with np.errstate(all="ignore"):
            for start in range(0, len(rows), _BLOCK):
                part = slice(start, start + _BLOCK)
                ready[part] = self._step(rows[part], values[part], at, slots, learning, out[:, part])
        return BandStep(out[0], out[1], out[2], out[3], out[4], ready)

    def export_state(self, rows: Rows) -> dict[str, NDArray[Any]]:
        """Copy what is learned about rows; the first axis of every array is the row."""
        return {name: np.ascontiguousarray(part[:, rows].T) for name, part in self._parts().items()}

    def import_state(self, rows: Rows, state: Mapping[str, NDArray[Any]]) -> None:
        """Take exported state back; raises ValueError on wrong names, shapes, types or numbers."""
        parts = self._parts()
        if set(state) != set(parts):
            raise ValueError(f"band state has {sorted(state)}, needs {sorted(parts)}")
        for name, part in parts.items():
            given = np.asarray(state[name])
            if given.shape != (len(rows), part.shape[0]) or given.dtype != part.dtype:
                needed = f"{part.dtype}({len(rows)}, {part.shape[0]})"
                raise ValueError(f"band state {name} is {given.dtype}{given.shape}, needs {needed}")
            if not np.isfinite(given).all():
                raise ValueError(f"band state {name} holds numbers that are not finite")
        for name, part in parts.items():
            part[:, rows] = np.asarray(state[name]).T

    def _parts(self) -> dict[str, NDArray[Any]]:
        return {"columns": self._columns, "daily": self._daily, "weekly": self._weekly}

    def _step(
        self, rows: Rows, values: Floats, at: float, slots: Slots, learning: bool, out: Floats
    ) -> NDArray[np.bool_]:
        """Judge and learn one block; fills `out` and returns which rows are past their warm-up."""
        where = _span(rows)
        columns = self._columns[:, where]
        value = band.tame(values)
        season = np.zeros((3, len(rows)))
        season[1] = _between(self._daily, slots.daily, where)
        season[2] = _between(self._weekly, slots.weekly, where)
        verdict = band.judge(self._rules, columns, value, season)
        verdict.write(out)
        if learning:
            kept = band.learn(self._rules, columns, value, season, verdict, at)
            _learn_profile(self._daily, slots.daily, where, columns, kept, 7.0)
            _learn_profile(self._weekly, slots.weekly, where, columns, kept, 4.0)
            self._columns[:, where] = columns
        return verdict.ready


def _span(rows: Rows) -> Rows | slice:
    """Return a slice for rows without gaps, which is read several times faster than an index."""
    first, last = int(rows[0]), int(rows[-1])
    if last - first == len(rows) - 1 and bool((rows[1:] > rows[:-1]).all()):
        return slice(first, last + 1)
    return rows


def _between(profile: NDArray[np.float32], slot: Slot, where: Rows | slice) -> Floats:
    """Interpolate a profile between the centres of its slots."""
    left = profile[slot.left, where].astype(np.float64)
    right = profile[slot.right, where].astype(np.float64)
    return left + (right - left) * slot.weight


def _learn_profile(
    profile: NDArray[np.float32], slot: Slot, where: Rows | slice, columns: Floats, kept: band.Kept, visits: float
) -> None:
    """Move the slot towards the value: a running mean over its last `visits` visits."""
    period = slot.width * len(profile)
    past = np.minimum(kept.age / period, visits).astype(np.int64).astype(np.float64)
    gain = kept.elapsed / (past * slot.width + max(slot.elapsed, 0.0) + kept.elapsed)
    own = profile[slot.here, where].astype(np.float64)
    own += np.where(kept.profiled, gain * (kept.value - columns[band.REFERENCE] - own), 0.0)
    profile[slot.here, where] = np.minimum(np.maximum(own, -band.FLOAT32_MAX), band.FLOAT32_MAX)
