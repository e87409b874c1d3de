"""The recent past of every series, for small plots: one point per slot, overwritten in a ring.

Enters: what a step saw and expected. Leaves: a Plot of one row. Kept only for small installations: 12 bytes a
point and row.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.series import Floats, Rows
from aiops_daemon.core.model.view import Plot

POINTS = 96
SLOT_SECONDS = 300.0


class Trail:
    """Rings of value, lower and upper edge; shape (capacity, POINTS), float32 around a per-row anchor."""

    def __init__(self, capacity: int) -> None:
        self._rings = np.full((3, capacity, POINTS), np.nan, dtype=np.float32)
        self._anchor: Floats = np.full(capacity, np.nan)
        self._slots: NDArray[np.int64] = np.full(POINTS, -1, dtype=np.int64)

    def grow(self, capacity: int) -> None:
        """Make room for more rows."""
        more = capacity - self._rings.shape[1]
        self._rings = np.concatenate([self._rings, np.full((3, more, POINTS), np.nan, dtype=np.float32)], axis=1)
        self._anchor = np.concatenate([self._anchor, np.full(more, np.nan)])

    def reset(self, rows: Rows) -> None:
        """Forget rows that begin anew."""
        self._rings[:, rows, :] = np.nan
        self._anchor[rows] = np.nan

    def note(self, rows: Rows, values: Floats, lower: Floats, upper: Floats, at: float) -> None:
        """Remember the latest point of the present slot; a slot that time has passed by is emptied."""
        slot = int(at // SLOT_SECONDS)
        column = slot % POINTS
        if self._slots[column] != slot:
            self._slots[column] = slot
            self._rings[:, :, column] = np.nan
        unset = np.isnan(self._anchor[rows])
        self._anchor[rows[unset]] = values[unset]
        with np.errstate(over="ignore", invalid="ignore"):
            for ring, column_values in zip(self._rings, (values, lower, upper), strict=True):
                ring[rows, column] = column_values - self._anchor[rows]

    def plot(self, row: int) -> Plot:
        """Return a row's past in order of time; unknown points are NaN."""
        order = np.argsort(self._slots, kind="stable")
        order = order[self._slots[order] >= 0]
        times = (self._slots[order] + 1) * SLOT_SECONDS
        known = self._rings[:, row, order].astype(np.float64) + self._anchor[row]
        return Plot(times.astype(np.float64), known[0], known[1], known[2])
