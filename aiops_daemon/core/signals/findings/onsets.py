"""When a deviation becomes a finding, and when it is over.

Enters: scores of one poll (1.0 is the edge of the band). Leaves: which rows opened and which closed. A finding opens
after `open_after` anomalous polls in a row and closes after as many calm ones, where calm is clearly inside the band,
so a value on the edge neither flaps nor opens a second finding. Never invents a poll: a row that is not given rests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.series import Floats, Rows

CALM = 0.35  # an open finding is calm below this; an incident widens its band, but never to this score


@dataclass(frozen=True, slots=True)
class Transition:
    """Rows that changed with this poll."""

    opened: Rows
    closed: Rows


class Onsets:
    """Hysteresis over rows: `open` tells which have a finding, `since` the first anomalous poll (NaN: none)."""

    def __init__(self, open_after: int, capacity: int = 64) -> None:
        self.open_after = max(1, open_after)
        self.open: NDArray[np.bool_] = np.zeros(capacity, dtype=np.bool_)
        self.since: Floats = np.full(capacity, np.nan)
        self._streak: NDArray[np.int32] = np.zeros(capacity, dtype=np.int32)
        self._last_at: Floats = np.full(capacity, -np.inf)

    def grow(self, capacity: int) -> None:
        """Lengthen the columns to `capacity` rows."""
        more = capacity - len(self.open)
        if more <= 0:
            return
        self.open = np.concatenate([self.open, np.zeros(more, dtype=np.bool_)])
        self.since = np.concatenate([self.since, np.full(more, np.nan)])
        self._streak = np.concatenate([self._streak, np.zeros(more, dtype=np.int32)])
        self._last_at = np.concatenate([self._last_at, np.full(more, -np.inf)])

    def reset(self, rows: Rows) -> None:
        """Make rows new: nothing open, nothing counted."""
        self.open[rows] = False
        self.since[rows] = np.nan
        self._streak[rows] = 0
        self._last_at[rows] = -np.inf

    def step(self, rows: Rows, score: Floats, at: float) -> Transition:
        """Count one poll at `at` (unix seconds) and return what opened and closed; a repeated `at` counts once."""
        new = self._last_at[rows] != at
        rows, score = rows[new], score[new]
        self._last_at[rows] = at
        was, streak = self.open[rows], self._streak[rows]
        moving = np.where(was, score < CALM, score > 1.0)
        beginning = moving & ~was & (streak == 0)
        self.since[rows[beginning]] = at
        streak = np.where(moving, streak + 1, 0)
        turned = streak >= self.open_after
        self._streak[rows] = np.where(turned, 0, streak)
        self.open[rows] = was ^ turned
        ended = rows[(~was & ~moving) | (was & turned)]
        self.since[ended] = np.nan
        return Transition(rows[turned & ~was], rows[turned & was])

    def export_state(self, rows: Rows) -> dict[str, NDArray[Any]]:
        """Copy the state of rows; the first axis of every array is the row."""
        return {
            "open": self.open[rows],
            "since": self.since[rows],
            "streak": self._streak[rows],
            "last_at": self._last_at[rows],
        }

    def import_state(self, rows: Rows, state: Mapping[str, NDArray[Any]]) -> None:
        """Take exported state back; raises ValueError on wrong names, shapes or types."""
        own = {"open": self.open, "since": self.since, "streak": self._streak, "last_at": self._last_at}
        if set(state) != set(own):
            raise ValueError(f"onset state has {sorted(state)}, needs {sorted(own)}")
        for name, column in own.items():
            given = np.asarray(state[name])
            if given.shape != (len(rows),) or given.dtype != column.dtype:
                raise ValueError(
                    f"onset state {name} is {given.dtype}{given.shape}, needs {column.dtype}({len(rows)},)"
                )
        for name, column in own.items():
            column[rows] = state[name]
