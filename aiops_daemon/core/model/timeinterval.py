"""Alertmanager's time intervals: times of day, days of the week and month, months, years, in a place.

Enters: frozen ranges and a moment. Leaves: whether it lies inside, and when that changes next. All given conditions
must hold; a condition that is not given always holds. Times are wall clock times of `location`.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

Range = tuple[int, int]
"""First and last, both included."""

_LOOK_AHEAD_DAYS = 370
_HALF_HOUR = 1800.0  # seconds


@dataclass(frozen=True, slots=True)
class TimeInterval:
    """One set of conditions. `times` are minutes of the day [start, end), end up to 1440."""

    times: tuple[Range, ...] = ()
    weekdays: tuple[Range, ...] = ()  # 0 Sunday .. 6 Saturday
    days_of_month: tuple[Range, ...] = ()  # 1..31, or -1 (last) .. -31
    months: tuple[Range, ...] = ()  # 1..12
    years: tuple[Range, ...] = ()
    location: str = "UTC"

    def holds(self, now: float) -> bool:
        """Say whether the moment (unix seconds) lies inside."""
        local = datetime.fromtimestamp(now, ZoneInfo(self.location))
        minute = local.hour * 60 + local.minute
        return (
            (not self.times or any(start <= minute < end for start, end in self.times))
            and _within(self.weekdays, local.isoweekday() % 7)
            and _within(self.months, local.month)
            and _within(self.years, local.year)
            and (not self.days_of_month or any(_on_day(days, local) for days in self.days_of_month))
        )


@dataclass(frozen=True, slots=True)
class NamedIntervals:
    """A name and the intervals of which one must hold."""

    name: str
    intervals: tuple[TimeInterval, ...]

    def holds(self, now: float) -> bool:
        """Say whether the moment lies inside one of them."""
        return any(interval.holds(now) for interval in self.intervals)

    def ends_at(self, now: float) -> float | None:
        """Return when the present hold ends (unix seconds, to the minute); None when not within a year."""
        return self._changes(now, holding=False)

    def starts_at(self, now: float) -> float | None:
        """Return when it holds next; None when not within a year."""
        return self._changes(now, holding=True)

    def _changes(self, now: float, *, holding: bool) -> float | None:
        """Look at the edges that exist: each minute named in `times`, and midnight, of each day ahead."""
        edges = sorted({edge for interval in self.intervals for edge in _edges(interval, now)})
        return next((edge for edge in edges if edge > now and self.holds(edge) is holding), None)


def _edges(interval: TimeInterval, now: float) -> list[float]:
    """Return midnights and the minutes named in `times`; on a day whose clocks change each half hour too.

    A time that such a day skips or has twice is no single moment, and all changes of clocks fall on half hours (UTC).
    """
    zone = ZoneInfo(interval.location)
    today = datetime.fromtimestamp(now, zone).date()
    minutes = {0, *(minute for bounds in interval.times for minute in bounds if minute < 1440)}
    days = [datetime(day.year, day.month, day.day, tzinfo=zone) for day in _days(today)]
    edges = []
    for midnight, following in pairwise(days):
        edges += [midnight.replace(hour=one // 60, minute=one % 60).timestamp() for one in minutes]
        if midnight.utcoffset() != following.utcoffset():
            edges += [midnight.replace(hour=one // 60, minute=one % 60, fold=1).timestamp() for one in minutes]
            edges += [midnight.timestamp() + _HALF_HOUR * count for count in range(52)]
    return edges


def _days(today: date) -> list[date]:
    return [today + timedelta(days=ahead) for ahead in range(_LOOK_AHEAD_DAYS + 1)]


def _within(ranges: tuple[Range, ...], value: int) -> bool:
    return not ranges or any(first <= value <= last for first, last in ranges)


def _on_day(days: Range, local: datetime) -> bool:
    """Count negative days from the end of the month, as Alertmanager does, clamped to the month."""
    length = calendar.monthrange(local.year, local.month)[1]
    first, last = (day if day > 0 else length + day + 1 for day in days)
    return max(first, 1) <= local.day <= min(last, length)
