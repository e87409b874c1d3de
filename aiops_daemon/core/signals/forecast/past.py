"""The past of every row in two compact rings: the last 6 hours by 5 minutes, the last 14 days by the hour.

Enters: polls and history steps, in any order of time. Leaves: matrices on a regular grid, NaN where nothing was seen.
Values are float32 relative to an anchor in float64 (a raw float32 trend on a 1e11-byte disk is a fifth wrong).
Rings are slot-major, so a poll writes one contiguous stripe. About 1.8 KB a row. Never fills a gap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.durations import HOUR
from aiops_daemon.core.model.series import Floats, Rows

SLOT = 300.0  # seconds of a recent slot
HOURS = 336  # hourly slots: 14 days
RECENT = 72  # recent slots: 6 hours
PER_HOUR = 12
_LARGEST = 3.0e38  # float32 ends at 3.4e38
_TICKS = 100.0  # recent slots remember when within the slot, in hundredths of a second


class Past:
    """Rings over rows. The hour in progress is gathered by slots of 5 minutes, and becomes its median."""

    def __init__(self, capacity: int) -> None:
        self.anchor: Floats = np.full(capacity, np.nan)
        self._hours = _empty(HOURS, capacity)
        self._recent = _empty(RECENT, capacity)
        self._ticks = np.zeros((RECENT, capacity), dtype=np.uint16)
        self._open = _empty(PER_HOUR, capacity)
        self._hour_head: int | None = None
        self._recent_head: int | None = None
        self._open_hour: int | None = None

    @property
    def capacity(self) -> int:
        """Length of every column."""
        return len(self.anchor)

    def grow(self, capacity: int) -> None:
        """Make room for more rows."""
        more = capacity - self.capacity
        self.anchor = np.concatenate([self.anchor, np.full(more, np.nan)])
        self._hours = np.concatenate([self._hours, _empty(HOURS, more)], axis=1)
        self._recent = np.concatenate([self._recent, _empty(RECENT, more)], axis=1)
        self._ticks = np.concatenate([self._ticks, np.zeros((RECENT, more), dtype=np.uint16)], axis=1)
        self._open = np.concatenate([self._open, _empty(PER_HOUR, more)], axis=1)

    def reset(self, rows: Rows) -> None:
        """Forget rows."""
        self.anchor[rows] = np.nan
        for ring in (self._hours, self._recent, self._open):
            ring[:, rows] = np.nan

    def observe(self, rows: Rows, values: Floats, at: float) -> None:
        """Note finite values at one moment (unix seconds); the last of a 5-minute slot stays."""
        hour, slot = int(at // HOUR), int(at // SLOT)
        self._enter_hour(hour)
        unset = np.isnan(self.anchor[rows])
        self.anchor[rows[unset]] = values[unset]
        with np.errstate(over="ignore"):
            deltas = np.clip(values - self.anchor[rows], -_LARGEST, _LARGEST).astype(np.float32)
        self._open[slot % PER_HOUR, rows] = deltas
        self._recent_head = _advance(self._recent, self._recent_head, slot)
        if slot > self._recent_head - RECENT:
            self._recent[slot % RECENT, rows] = deltas
            self._ticks[slot % RECENT, rows] = round((at - slot * SLOT) * _TICKS)

    def hourly(self, rows: Rows, at: float) -> Floats:
        """Return medians of the hours up to the one that holds `at`, shape (rows, HOURS), less the anchor."""
        self._close_hour()
        return _window(self._hours, self._hour_head, int(at // HOUR), rows)

    def recent(self, rows: Rows, at: float) -> Floats:
        """Return the last sample of each 5 minutes up to `at`, shape (rows, RECENT), less the anchor."""
        return _window(self._recent, self._recent_head, int(at // SLOT), rows)

    def recent_times(self, rows: Rows, at: float) -> Floats:
        """Return when the samples of `recent` were taken, in seconds relative to `at`, to 10 ms."""
        slots = np.arange(RECENT) + int(at // SLOT) - RECENT + 1
        return np.asarray((slots * SLOT - at) + self._ticks[slots % RECENT][:, rows].T / _TICKS)

    def export(self, rows: Rows) -> dict[str, NDArray[np.generic]]:
        """Return columns whose first axis is `rows`; `heads` holds the newest hour and slot."""
        self._close_hour()
        heads = [self._hour_head or 0, self._recent_head or 0]
        hour, slot = heads
        order = np.arange(slot - RECENT + 1, slot + 1) % RECENT
        return {
            "anchor": self.anchor[rows],
            "heads": np.tile(np.array(heads, dtype=np.int64), (len(rows), 1)),
            "hours": _window(self._hours, hour, hour, rows).astype(np.float32),
            "recent": _window(self._recent, slot, slot, rows).astype(np.float32),
            "ticks": self._ticks[order][:, rows].T.copy(),
        }

    def restore(self, rows: Rows, state: dict[str, NDArray[np.generic]]) -> None:
        """Take back what `export` gave; raises ValueError when shapes do not fit."""
        count = len(rows)
        wanted = {"anchor": (count,), "heads": (count, 2), "hours": (count, HOURS)}
        wanted |= {"recent": (count, RECENT), "ticks": (count, RECENT)}
        for name, shape in wanted.items():
            if name not in state or state[name].shape != shape:
                raise ValueError(f"saved forecast state has no {name} of shape {shape}")
        if not count:
            return
        self.reset(rows)
        hour, slot = (int(head) for head in state["heads"][0].tolist())
        self._close_hour()
        self.anchor[rows] = state["anchor"]
        self._hour_head = _put(self._hours, self._hour_head, hour, rows, state["hours"])
        before = self._recent_head
        self._recent_head = _put(self._recent, before, slot, rows, state["recent"])
        _put(self._ticks, self._recent_head, slot, rows, state["ticks"])

    def _enter_hour(self, hour: int) -> None:
        if hour == self._open_hour:
            return
        self._close_hour()
        self._open[:] = np.nan
        self._open_hour = hour
        self._hour_head = _advance(self._hours, self._hour_head, hour)

    def _close_hour(self) -> None:
        """Write the median of the hour in progress where it is in the ring; more samples may still follow."""
        if self._open_hour is None or self._hour_head is None or self._open_hour <= self._hour_head - HOURS:
            return
        seen = np.flatnonzero(np.isfinite(self._open).any(axis=0))
        if len(seen):
            self._hours[self._open_hour % HOURS, seen] = median(self._open[:, seen].T)


def median(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the median over the last axis, NaN left out; the lower one of two, NaN where all are NaN."""
    ordered = np.sort(values, axis=-1)  # NaN goes last
    count = np.isfinite(values).sum(axis=-1)
    middle = np.maximum(count - 1, 0) // 2
    return np.take_along_axis(ordered, middle[..., None], axis=-1)[..., 0]


def _empty(slots: int, capacity: int) -> NDArray[np.float32]:
    return np.full((slots, capacity), np.nan, dtype=np.float32)


def _advance(ring: NDArray[np.float32], head: int | None, newest: int) -> int:
    """Move the head on, clearing what is passed over; an older moment moves nothing."""
    if head is None:
        return newest
    size = len(ring)
    if newest > head:
        ring[np.arange(max(head + 1, newest - size + 1), newest + 1) % size] = np.nan
    return max(head, newest)


def _window(ring: NDArray[np.float32], head: int | None, newest: int, rows: Rows) -> Floats:
    """Return the slots that end at `newest`, oldest first, shape (rows, slots)."""
    size = len(ring)
    wanted = np.arange(newest - size + 1, newest + 1)
    found = ring[wanted % size][:, rows].astype(np.float64)
    if head is None:
        return np.full((len(rows), size), np.nan)
    found[(wanted > head) | (wanted <= head - size)] = np.nan
    return np.ascontiguousarray(found.T)


def _put(ring: NDArray[np.generic], head: int | None, newest: int, rows: Rows, values: NDArray[np.generic]) -> int:
    size = len(ring)
    head = newest if head is None else head
    if newest > head and ring.dtype == np.float32:
        head = _advance(ring.view(np.float32), head, newest)
    slots = np.arange(newest - size + 1, newest + 1)
    inside = slots > head - size
    ring[np.ix_(slots[inside] % size, rows)] = values.T[inside]
    return max(head, newest)
