"""Calendar periods of SLOs: when the running day, week, month, quarter or year began and when it ends.

Enters: a calendar window and a moment. Leaves: two moments, exact over changes of the clocks: a day of 23 or 25 hours
is one day. Never measures anything.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from aiops_daemon.core.model.slo import Calendar, CalendarUnit

LONGEST_DAYS = {  # days that a period may have
    CalendarUnit.DAY: 1,
    CalendarUnit.WEEK: 7,
    CalendarUnit.MONTH: 31,
    CalendarUnit.QUARTER: 92,
    CalendarUnit.YEAR: 366,
}


def period_of(window: Calendar, at: float) -> tuple[float, float]:
    """Return begin and end (unix seconds) of the period that `at` lies in: begin <= at < end."""
    zone = ZoneInfo(window.time_zone)
    today = datetime.fromtimestamp(at, zone).date()
    first = _first_day(window.unit, today)
    following = _first_day(window.unit, first + timedelta(days=LONGEST_DAYS[window.unit]))
    return _midnight(first, zone), _midnight(following, zone)


def _first_day(unit: CalendarUnit, day: date) -> date:
    match unit:
        case CalendarUnit.DAY:
            return day
        case CalendarUnit.WEEK:
            return day - timedelta(days=day.weekday())
        case CalendarUnit.MONTH:
            return day.replace(day=1)
        case CalendarUnit.QUARTER:
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case CalendarUnit.YEAR:
            return day.replace(month=1, day=1)


def _midnight(day: date, zone: ZoneInfo) -> float:
    """Return the first moment of a day; where clocks skip midnight that is when they do."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()
