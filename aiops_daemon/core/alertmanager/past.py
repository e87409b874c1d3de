"""Stretches in which alerts fired, read from the history of `ALERTS`.

Enters: parts of a history on a grid, oldest first. Leaves: for each series the stretches that began and ended inside.
What still fires at the end is left out: it is Alertmanager's to tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Stretch:
    """One firing of one series, from its first sample to a step after its last (unix seconds)."""

    key: bytes
    starts_at: float
    ends_at: float


class Stretches:
    """Gathers stretches; a gap of more than a step and a half ends one."""

    def __init__(self, step: float) -> None:
        self._step = step
        self._open: dict[bytes, tuple[float, float]] = {}  # first and last sample
        self.ended: list[Stretch] = []

    def add(self, key: bytes, times: Floats, values: Floats) -> None:
        """Take the next part of one series: `values` on `times`, NaN where it did not fire."""
        present = times[~np.isnan(values)]
        if not len(present):
            return
        breaks = np.flatnonzero(np.diff(present) > 1.5 * self._step) + 1
        for run in np.split(present, breaks):
            self._extend(key, float(run[0]), float(run[-1]))

    def finish(self, end: float) -> Iterator[Stretch]:
        """Yield what ended before the grid did, oldest first."""
        for key, (first, last) in self._open.items():
            if last < end - 1.5 * self._step:
                self.ended.append(Stretch(key, first, last + self._step))
        self._open.clear()
        yield from sorted(self.ended, key=lambda stretch: stretch.starts_at)

    def _extend(self, key: bytes, first: float, last: float) -> None:
        known = self._open.get(key)
        if known is not None and first - known[1] <= 1.5 * self._step:
            self._open[key] = (known[0], last)
            return
        if known is not None:
            self.ended.append(Stretch(key, known[0], known[1] + self._step))
        self._open[key] = (first, last)
