"""Adaptive bands: what is normal for each series, learned step by step.

Enters: values of many series at one moment. Leaves: expected value, band, score and confidence, judged before the
values are learned (strictly causal). State is columns over rows; a step is elementwise and correctly rounded, so a
series gets the same numbers bit for bit alone or among a hundred thousand. Never yields NaN or infinity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.model.query import Direction, QuerySpec, Season
from aiops_daemon.core.model.series import Floats, Rows
from aiops_daemon.core.signals.bands import band
from aiops_daemon.core.signals.bands.columns import (
    AGE,
    CHOICE,
    COLUMNS,
    COUNT,
    LAST_AT,
    LEAN,
    LEVELS,
    REFERENCE,
    SCALES,
)
from aiops_daemon.core.signals.bands.learning import Lesson, learn
from aiops_daemon.core.signals.bands.season import DAILY_SLOTS, UNREST_SLOTS, WEEKLY_SLOTS, Slot, Slots, slots_at

Profile: TypeAlias = NDArray[np.float32]  # (slots, rows)

_BLOCK = 20_000  # rows worked on at once: more would leave the processor's cache, fewer cost calls
_CLOCK_STEP = 7_200.0  # seconds backwards from which time is taken as corrected, not as a late sample
_FLOAT32_MAX = 3e38


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

    def part(self, places: Rows) -> BandStep:
        """Return the verdicts at some places of the step."""
        return BandStep(**{name: getattr(self, name)[places] for name in self.__slots__})


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
        self._columns: Floats = np.zeros((COLUMNS, capacity))
        self._daily: Profile = np.zeros((DAILY_SLOTS, capacity), dtype=np.float32)
        self._weekly: Profile = np.zeros((WEEKLY_SLOTS, capacity), dtype=np.float32)
        self._unrest: Profile = np.zeros((UNREST_SLOTS, capacity), dtype=np.float32)

    @property
    def capacity(self) -> int:
        """Number of rows that there is room for."""
        return int(self._columns.shape[1])

    def grow(self, capacity: int) -> None:
        """Make room for `capacity` rows; what is learned stays."""
        more = ((0, 0), (0, max(0, capacity - self.capacity)))
        self._columns = np.pad(self._columns, more)
        self._daily = np.pad(self._daily, more)
        self._weekly = np.pad(self._weekly, more)
        self._unrest = np.pad(self._unrest, more)

    def reset(self, rows: Rows) -> None:
        """Make rows new: all that was learned is forgotten."""
        for part in self._parts().values():
            part[:, rows] = 0

    def step(self, rows: Rows, values: Floats, at: float) -> BandStep:
        """Judge finite `values` of `rows` at `at` (unix seconds), then learn them."""
        if bool((rows[1:] > rows[:-1]).all()):
            return self._step_rising(rows, values, at)
        order = np.argsort(rows)  # memory is read in order; several times faster than at random
        return self._step_rising(rows[order], values[order], at).part(np.argsort(order))

    def _step_rising(self, rows: Rows, values: Floats, at: float) -> BandStep:
        out = np.empty((5, len(rows)))
        ready = np.empty(len(rows), dtype=np.bool_)
        slots = slots_at(at, self._zone)
        with np.errstate(all="ignore"):
            for start in range(0, len(rows), _BLOCK):
                part = slice(start, start + _BLOCK)
                ready[part] = self._step(rows[part], values[part], at, slots, out[:, part])
        return BandStep(out[0], out[1], out[2], out[3], out[4], ready)

    def level(self, rows: Rows) -> tuple[Floats, Floats]:
        """Return the level of the model believed now, without its season, and which model that is."""
        columns = self._columns[:, rows]
        return band.pick(columns[CHOICE], columns[LEVELS]), columns[CHOICE]

    def usual(self, rows: Rows, at: float) -> BandStep:
        """Say what will be usual of rows at another moment (unix seconds), by models that hold for days; learn nothing.

        The quick level follows the last minutes and lean fades within hours: neither is carried ahead. `ready` asks for
        a day of learning. `score` means nothing.
        """
        columns = self._columns.take(rows, axis=1)
        columns[SCALES.start] = np.inf  # the quick level: never the best
        columns[LEAN] = 0.0
        columns[CHOICE] = band.choose(self._rules, columns)
        out = np.empty((5, len(rows)))
        with np.errstate(all="ignore"):
            seasonal = self._seasonal(slots_at(at, self._zone), rows)
            verdict = band.judge(self._rules, columns, np.zeros(len(rows)), seasonal)
            band.answer(self._rules, columns, verdict, out)
        return BandStep(out[0], out[1], out[2], out[3], out[4], verdict.ready & (columns[AGE] >= DAY))

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
        return {"columns": self._columns, "daily": self._daily, "weekly": self._weekly, "unrest": self._unrest}

    def _step(self, rows: Rows, values: Floats, at: float, slots: Slots, out: Floats) -> NDArray[np.bool_]:
        """Judge and learn one block; fills `out` and returns which rows are past their warm-up."""
        where = _span(rows)
        columns = self._block(where)
        value = band.tame(values)
        fresh = columns[COUNT] == 0.0
        columns[LEVELS] = np.where(fresh, value, columns[LEVELS])
        verdict = band.judge(self._rules, columns, value, self._seasonal(slots, where))
        band.answer(self._rules, columns, verdict, out)
        if self._learns(at):
            moved = fresh | (at > columns[LAST_AT])
            if bool(moved.all()):
                self._learn(where, columns, verdict, at, slots)
            else:
                self._learn_some(rows, value, moved, at, slots)
        return np.broadcast_to(verdict.ready, rows.shape)

    def _learn(self, where: Rows | slice, columns: Floats, verdict: band.Verdict, at: float, slots: Slots) -> None:
        lesson = learn(self._rules, columns, verdict, at)
        if not isinstance(where, slice):  # a slice is a view: learned in place
            self._columns[:, where] = columns
        value = lesson.value - columns[REFERENCE]
        _learn_profile(self._daily, slots.daily, where, lesson, value, 7.0)
        _learn_profile(self._weekly, slots.weekly, where, lesson, value, 4.0)
        _learn_profile(self._unrest, slots.unrest, where, lesson, lesson.size, 14.0)

    def _learn_some(self, rows: Rows, value: Floats, moved: NDArray[np.bool_], at: float, slots: Slots) -> None:
        """Learn where time advanced; where it fell back by hours, go on from the new time."""
        fallen = rows[at < self._columns[LAST_AT, rows] - _CLOCK_STEP]
        self._columns[LAST_AT, fallen] = at
        rows, value = rows[moved], value[moved]
        if not len(rows):
            return
        where = _span(rows)
        columns = self._block(where)
        columns[LEVELS] = np.where(columns[COUNT] == 0.0, value, columns[LEVELS])
        verdict = band.judge(self._rules, columns, value, self._seasonal(slots, where))
        self._learn(where, columns, verdict, at, slots)

    def _block(self, where: Rows | slice) -> Floats:
        """Return the columns of rows: a view of a slice, else a copy with each column in one piece."""
        return self._columns[:, where] if isinstance(where, slice) else self._columns.take(where, axis=1)

    def _learns(self, at: float) -> bool:
        return not any(start <= at < end for start, end in self._options.exclude)

    def _seasonal(self, slots: Slots, where: Rows | slice) -> band.Seasonal:
        return band.Seasonal(
            daily=_between(self._daily, slots.daily, where),
            weekly=_between(self._weekly, slots.weekly, where),
            unrest=self._unrest[slots.unrest.here, where].astype(np.float64),
        )


def _span(rows: Rows) -> Rows | slice:
    """Return a slice for rising rows without gaps, which is read several times faster than an index."""
    first, last = int(rows[0]), int(rows[-1])
    return slice(first, last + 1) if last - first == len(rows) - 1 else rows


def _between(profile: Profile, slot: Slot, where: Rows | slice) -> Floats:
    """Interpolate a profile between the centres of its slots."""
    left = profile[slot.left, where].astype(np.float64)
    right = profile[slot.right, where].astype(np.float64)
    return left + (right - left) * slot.weight


def _learn_profile(
    profile: Profile, slot: Slot, where: Rows | slice, lesson: Lesson, value: Floats, visits: float
) -> None:
    """Move the slot towards the value: a mean over its last `visits` visits, each counting alike."""
    own = profile[slot.here, where].astype(np.float64)
    spent = np.minimum(lesson.pace.elapsed, slot.width)
    past = np.floor(np.minimum(lesson.pace.age / (slot.width * len(profile)), visits))
    gain = spent / (past * slot.width + slot.elapsed + spent + 1e-9)
    own += np.where(lesson.settled, value - own, 0.0) * gain
    profile[slot.here, where] = np.minimum(np.maximum(own, -_FLOAT32_MAX), _FLOAT32_MAX)
