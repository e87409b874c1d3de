"""Which hour a day or a week ago was the same hour on the wall clock, in a time zone with summer time.

Enters: a stretch of hours. Leaves: for each hour and number of days, the index of the hour to look at.
Holds no data of series.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]


def local_hours(first: int, count: int, time_zone: str) -> NDArray[np.int64]:
    """Number the wall-clock hours of `count` hours from the unix hour `first` on; the autumn hour comes twice."""
    zone = ZoneInfo(time_zone)
    shifts = [_shift((first + index) * 3600, zone) for index in range(count)]
    return np.asarray(np.arange(first, first + count) + np.array(shifts, dtype=np.int64))


def days_back(local: NDArray[np.int64], days: int) -> Indices:
    """Return an array (days + 1, hours): the index of the same wall-clock hour so many days before.

    A missing spring hour takes the next, a repeated autumn hour its first; -1 before the stretch begins.
    """
    table = np.empty((days + 1, len(local)), dtype=np.intp)
    for day in range(days + 1):
        wanted = local - 24 * day
        found = np.searchsorted(local, wanted)
        table[day] = np.where(wanted < local[0], -1, np.minimum(found, np.arange(len(local))))
    return table


def _shift(at: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(at, zone).utcoffset()
    return int(offset.total_seconds() // 3600) if offset else 0
