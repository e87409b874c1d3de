"""Increments of raw counters from poll to poll.

Enters: the raw counters of one side of an SLO (bad, good or total), one poll after the other. Leaves: by how much
each grew. A series that is missing from an answer is never a reset; only a lower value is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.signals.burn.windows import BASE

FORGET_SECONDS = DAY  # a vanished series is remembered this long, so that it does not come back with its whole life
_BEHIND_RATIO = 0.01  # a drop this small on a large counter is a replica that lags, not a restart
_BEHIND_FROM = 1000.0


class Increases:
    """Remembers the last value of each counter; one per SLO side and source."""

    def __init__(self) -> None:
        self._last: dict[bytes, float] = {}
        self._absent_since: dict[bytes, float] = {}
        self._primed = False
        self.late: NDArray[np.float64] = np.empty(0)
        self.late_since = 0.0

    def new(self, keys: Sequence[bytes]) -> list[bytes]:
        """List the series that were not there before; none of the first complete poll, which is the base."""
        return [key for key in keys if key not in self._last] if self._primed else []

    def observe(
        self,
        keys: Sequence[bytes],
        values: NDArray[np.float64],
        at: float,
        *,
        complete: bool,
        births: Mapping[bytes, float] | None = None,
    ) -> NDArray[np.float64]:
        """Return by how much each series grew since the poll before; shapes (len(keys),).

        As Prometheus does, a drop means the counter restarted at 0. A series that is new after the first complete
        poll counts its whole value: Prometheus' increase() loses that first error. Where `births` are given, only what
        they name does so, and came at some time since; what is new besides brought the sum of its life. `complete` is
        False for partial answers: what they lack is not taken as vanished. What no counter can be (NaN, below 0)
        gained nothing. What series gained that were away for more than five minutes is in `late`, (len(keys),), and
        not in what is returned: it came at some time since `late_since`.
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
        if births is not None:
            gained[new & ~np.array([key in births for key in keys], dtype=np.bool_)] = 0.0
        gained = self._set_late(keys, gained, at, births or {})
        marks = np.where(behind, before, now)  # the high mark stays: catching up is no increase
        chosen = np.flatnonzero(usable).tolist()
        self._last.update((keys[index], mark) for index, mark in zip(chosen, marks[usable].tolist(), strict=True))
        seen = {keys[index] for index in chosen}
        for key in self._absent_since.keys() & seen:
            del self._absent_since[key]
        if complete:
            self._age(seen, at)
            self._primed = True
        return gained

    def _set_late(
        self, keys: Sequence[bytes], gained: NDArray[np.float64], at: float, births: Mapping[bytes, float]
    ) -> NDArray[np.float64]:
        if self._absent_since or births:
            away = [self._absent_since.get(key, births.get(key, at)) for key in keys]
        else:
            away = [at] * len(keys)
        back = at - np.array(away, dtype=np.float64) > BASE
        self.late, self.late_since = np.where(back, gained, 0.0), min(away, default=at)
        return np.where(back, 0.0, gained)

    def _age(self, seen: set[bytes], at: float) -> None:
        for key in self._last.keys() - seen:
            if at - self._absent_since.setdefault(key, at) > FORGET_SECONDS:
                del self._last[key]
                del self._absent_since[key]

    def __len__(self) -> int:
        """Count the remembered series."""
        return len(self._last)
