"""Raw samples become values on a grid, as an instant query at each point would see them.

Enters: rows, times and value bits of raw samples, in any number of batches. Leaves: a (series, steps) matrix;
a point holds the last sample within the lookback before it, NaN where there is none or where a stale marker is
the last. Never looks past a stale marker, never lets a late batch put an older sample over a newer one.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.errors import SourceError, SourceReason

Ints: TypeAlias = NDArray[np.int64]
Bits: TypeAlias = NDArray[np.uint64]
Floats: TypeAlias = NDArray[np.float64]

STALE = 0x7FF0000000000002  # model/value/value.go StaleNaN
_NEVER = np.iinfo(np.int64).min // 2
_SMALLEST = 16
_MOST_CELLS = 8_000_000


def check_size(series: int, steps: int) -> None:
    """Raise SourceError(TOO_LARGE) when a matrix would take more memory than a part of history may."""
    if series * steps > _MOST_CELLS:
        raise SourceError(SourceReason.TOO_LARGE, f"{series} series at {steps} points are over {_MOST_CELLS} values")


class Grid:
    """The last sample before each point, for a growing number of series."""

    def __init__(self, times_ms: Ints, *, lookback_ms: int) -> None:
        self._times = times_ms
        self._step = int(times_ms[1] - times_ms[0]) if len(times_ms) > 1 else 1
        self._lookback = lookback_ms
        self._stamps: Ints = np.full((_SMALLEST, len(times_ms)), _NEVER, dtype=np.int64)
        self._bits: Bits = np.zeros((_SMALLEST, len(times_ms)), dtype=np.uint64)

    def place(self, rows: NDArray[np.intp], times_ms: Ints, bits: Bits) -> None:
        """Take in one batch of samples; sorted runs per row are quickest, any order is right.

        Raises SourceError(TOO_LARGE) when the rows are too many.
        """
        if len(rows) == 0:
            return
        self._grow(int(rows.max()) + 1)
        steps = len(self._times)
        cells = np.maximum((times_ms - self._times[0] + self._step - 1) // self._step, 0) + rows * steps
        beyond = times_ms > self._times[-1]
        if beyond.any():
            cells, times_ms, bits = cells[~beyond], times_ms[~beyond], bits[~beyond]
        cells, times_ms, bits = _in_order(cells, times_ms, bits)
        last = np.flatnonzero(np.append(cells[1:] != cells[:-1], True)[: len(cells)])
        cells, times_ms, bits = cells[last], times_ms[last], bits[last]
        newer = times_ms >= self._stamps.reshape(-1)[cells]
        self._stamps.reshape(-1)[cells[newer]] = times_ms[newer]
        self._bits.reshape(-1)[cells[newer]] = bits[newer]

    def values(self, series: int) -> Floats:
        """Return the matrix of the first `series` rows."""
        self._grow(series)
        stamps, bits = self._stamps[:series], self._bits[:series]
        columns = np.where(stamps > _NEVER, np.arange(len(self._times)), -1)
        columns = np.maximum(np.maximum.accumulate(columns, axis=1), 0)
        stamps = np.take_along_axis(stamps, columns, axis=1)
        bits = np.take_along_axis(bits, columns, axis=1)
        # Inclusive, as in Prometheus 2; version 3 leaves out a sample exactly as old as the lookback.
        seen = (self._times - stamps <= self._lookback) & (bits != STALE)
        return np.where(seen, bits.view(np.float64), np.nan)

    def _grow(self, rows: int) -> None:
        have, steps = self._stamps.shape
        if rows > have:
            check_size(rows, steps)
            more = max(rows, 2 * have) - have
            self._stamps = np.vstack((self._stamps, np.full((more, steps), _NEVER, dtype=np.int64)))
            self._bits = np.vstack((self._bits, np.zeros((more, steps), dtype=np.uint64)))


def _in_order(cells: Ints, times_ms: Ints, bits: Bits) -> tuple[Ints, Ints, Bits]:
    """Sort by cell and time unless they are sorted; overlapping chunks are rare."""
    same = cells[1:] == cells[:-1]
    if np.all(cells[1:] >= cells[:-1]) and not np.any(same & (times_ms[1:] < times_ms[:-1])):
        return cells, times_ms, bits
    order = np.lexsort((times_ms, cells))
    return cells[order], times_ms[order], bits[order]
