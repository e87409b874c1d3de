"""Increments of raw counters from poll to poll.

Enters: the raw counters of one side of an SLO (bad, good or total), one poll after the other. Leaves: by how much
they grew, summed. A series that is missing from an answer is never a reset; only a lower value is.
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

    def observe(self, keys: Sequence[bytes], values: NDArray[np.float64], at: float, *, complete: bool) -> float:
        """Return the sum of increases since the poll before; `values` has shape (len(keys),).

        As Prometheus does, a drop means the counter restarted at 0. A series that is new after the first complete
        poll counts its whole value: Prometheus' increase() loses that first error. `complete` is False for partial
        answers: what they lack is not taken as vanished.
        """
        numbers = np.asarray(values, dtype=np.float64)
        usable = np.isfinite(numbers) & (numbers >= 0.0)
        seen = {key: value for key, value, use in zip(keys, numbers.tolist(), usable, strict=True) if use}
        increase = self._increase(seen)
        self._last.update(seen)
        if complete:
            self._age(seen, at)
            self._primed = True
        return increase

    def _increase(self, seen: dict[bytes, float]) -> float:
        known = [key for key in seen if key in self._last]
        now = np.array([seen[key] for key in known], dtype=np.float64)
        before = np.array([self._last[key] for key in known], dtype=np.float64)
        dropped = now < before
        behind = dropped & (before >= _BEHIND_FROM) & (before - now <= _BEHIND_RATIO * before)
        grown = np.where(dropped, now, now - before)
        grown[behind] = 0.0
        for position in np.flatnonzero(behind):  # keep the high mark: catching up is no increase
            seen[known[position]] = float(before[position])
        new = sum(value for key, value in seen.items() if key not in self._last) if self._primed else 0.0
        return float(grown.sum()) + new

    def _age(self, seen: dict[bytes, float], at: float) -> None:
        for key in seen:
            self._absent_since.pop(key, None)
        for key in self._last.keys() - seen.keys():
            if at - self._absent_since.setdefault(key, at) > FORGET_SECONDS:
                del self._last[key]
                del self._absent_since[key]

    def __len__(self) -> int:
        """Count the remembered series."""
        return len(self._last)
