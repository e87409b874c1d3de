"""Time intervals where clocks change and months end: nights over midnight, last days, hours twice or never there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from aiops_daemon.core.model.timeinterval import NamedIntervals, TimeInterval

NEW_YORK, BERLIN, LORD_HOWE = "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"
MINUTE, DAY = 60.0, 86_400.0


def at(text: str) -> float:
    """Return unix seconds."""
    return datetime.fromisoformat(text).timestamp()


def utc(moment: float | None) -> str:
    """Write a moment."""
    return "never" if moment is None else f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%MZ}"


def between(start: int, end: int, zone: str) -> NamedIntervals:
    """Make a range of minutes of the day; one that ends before it starts goes over midnight."""
    times = ((start, end),) if start < end else ((start, 1440), (0, end))
    return NamedIntervals("x", (TimeInterval(times=times, location=zone),))


@pytest.mark.parametrize(
    ("zone", "start", "end", "now", "ends"),
    [
        (NEW_YORK, 1320, 360, "2026-01-10T04:00Z", "2026-01-10T11:00Z"),  # 22:00 to 06:00, an ordinary night
        (NEW_YORK, 1320, 360, "2026-03-08T04:00Z", "2026-03-08T10:00Z"),  # the night is an hour shorter
        (NEW_YORK, 1320, 360, "2026-11-01T03:00Z", "2026-11-01T11:00Z"),  # and an hour longer
        (NEW_YORK, 1320, 150, "2026-03-08T04:00Z", "2026-03-08T07:00Z"),  # it ends at 02:30, which is skipped
        (NEW_YORK, 0, 90, "2026-11-01T05:15Z", "2026-11-01T05:30Z"),  # it ends at 01:30, which comes twice
        (NEW_YORK, 0, 90, "2026-11-01T06:15Z", "2026-11-01T06:30Z"),  # the second time
        (BERLIN, 1320, 150, "2026-03-28T23:00Z", "2026-03-29T01:00Z"),
        (LORD_HOWE, 1320, 135, "2026-10-03T14:00Z", "2026-10-03T15:30Z"),  # half an hour is skipped
        (BERLIN, 1320, 360, "2026-12-31T22:00Z", "2027-01-01T05:00Z"),
    ],
)
def test_a_night_ends_when_the_clock_on_the_wall_says_so(zone: str, start: int, end: int, now: str, ends: str) -> None:
    """Quiet hours over midnight end once, neither an hour early nor late nor a day."""
    night = between(start, end, zone)

    assert night.holds(at(now))
    assert ends == utc(night.ends_at(at(now)))


@pytest.mark.parametrize("zone", [NEW_YORK, BERLIN, LORD_HOWE, "UTC"])
@pytest.mark.parametrize("bounds", [(1320, 360), (0, 90), (75, 150), (135, 165)])
@pytest.mark.parametrize("month", ["2026-03-07", "2026-03-28", "2026-10-03", "2026-10-24", "2026-10-31", "2026-04-04"])
def test_changes_are_found_to_the_minute(zone: str, bounds: tuple[int, int], month: str) -> None:
    """Over two days, every minute: what is said to come next is the next minute at which it is otherwise."""
    interval = between(*bounds, zone)
    begun = at(f"{month}T12:00Z")
    minutes = [begun + MINUTE * count for count in range(2 * 1440 + 1)]
    turns = [later for now, later in pairwise(minutes) if interval.holds(now) != interval.holds(later)]
    said, now = [], begun
    while now <= begun + 2 * DAY:
        now = (interval.ends_at(now) if interval.holds(now) else interval.starts_at(now)) or begun + 9 * DAY
        said.append(now)

    assert list(map(utc, turns)) == [utc(one) for one in said if one <= begun + 2 * DAY]


@pytest.mark.parametrize("zone", [NEW_YORK, "UTC"])
@pytest.mark.parametrize("year", [2026, 2028])
def test_the_last_day_of_every_month_is_one_day(zone: str, year: int) -> None:
    """28, 29, 30 or 31, whatever the clock does that month; it begins and ends at midnight there."""
    last = NamedIntervals("last", (TimeInterval(days_of_month=((-1, -1),), location=zone),))
    noon = datetime(year, 1, 1, 17, tzinfo=UTC)
    days = [noon + timedelta(days=count) for count in range(366 if year == 2028 else 365)]
    held = [day for day in days if last.holds(day.timestamp())]

    assert list(range(1, 13)) == [day.month for day in held]
    assert all((day + timedelta(days=1)).day == 1 for day in held)
    assert 29 if year == 2028 else 28 == held[1].day


def test_the_last_day_of_the_month_in_which_clocks_change() -> None:
    """March 2026 in New York: it begins at midnight by the new time, and ends so."""
    last = NamedIntervals("last", (TimeInterval(days_of_month=((-1, -1),), location=NEW_YORK),))
    before = at("2026-03-15T12:00Z")
    starts = last.starts_at(before)

    assert "2026-03-31T04:00Z" == utc(starts)
    assert "2026-04-01T04:00Z" == utc(last.ends_at(starts or 0.0))
