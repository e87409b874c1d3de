"""Increments of raw counters from poll to poll.

Enters: the raw counters of one side of an SLO (bad, good or total), one poll after the other. Leaves: by how much
each grew. A series that is missing from an answer is never a reset; only a lower value is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.durations import HOUR

FORGET_SECONDS = HOUR  # a vanished series is remembered this long, so a scrape gap does not count it twice
_BEHIND_RATIO = 0.01  # a drop this small on a large counter is a replica that lags, not a restart
_BEHIND_FROM = 1000.0


class Increases:
    """Remembers the last value of each counter; one per SLO side and source."""

    def __init__(self) -> None:
        self._last: dict[bytes, float] = {}
        self._absent_since: dict[bytes, float] = {}
        self._primed = False

    def observe(
        self, keys: Sequence[bytes], values: NDArray[np.float64], at: float, *, complete: bool
    ) -> NDArray[np.float64]:
        """Return by how much each series grew since the poll before; shapes (len(keys),).

        As Prometheus does, a drop means the counter restarted at 0. A series that is new after the first complete
        poll counts its whole value: Prometheus' increase() loses that first error. `complete` is False for partial
        answers: what they lack is not taken as vanished. What no counter can be (NaN, below 0) gained nothing.
        """
        now = np.asarray(values, dtype=np.float64)
        before = np.array([self._last.get(key, np.nan) for key in keys], dtype=np.float64)
        usable = np.isfinite(now) & (now >= 0.0)
        new = usable & np.isnan(before)
        known = usable & ~new
        dropped = known & (now < before)
        behind = dropped & (before >= _BEHIND_FROM) & (before - now <= _BEHIND_RATIO * before)
        gained = np.where(dropped, now, now - before)
        gained[behind | ~usable] = 0.0
        gained[new] = now[new] if self._primed else 0.0
        marks = np.where(behind, before, now)  # the high mark stays: catching up is no increase
        chosen = np.flatnonzero(usable).tolist()
        self._last.update((keys[index], mark) for index, mark in zip(chosen, marks[usable].tolist(), strict=True))
        if complete:
            self._age({keys[index] for index in chosen}, at)
            self._primed = True
        return gained

    def _age(self, seen: set[bytes], at: float) -> None:
        for key in self._absent_since.keys() & seen:
            del self._absent_since[key]
        for key in self._last.keys() - seen:
            if at - self._absent_since.setdefault(key, at) > FORGET_SECONDS:
                del self._last[key]
                del self._absent_since[key]

    def __len__(self) -> int:
        """Count the remembered series."""
        return len(self._last)
