"""Calendar periods: they tile time, begin at local midnight, and know how the clocks change."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.model.periods import period_of
from aiops_daemon.core.model.slo import Calendar, CalendarUnit

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Cairo")
calendars = st.builds(Calendar, st.sampled_from(list(CalendarUnit)), st.sampled_from(ZONES))
moments = st.integers(946_684_800, 2_208_988_800).map(float)  # 2000 to 2039


@settings(max_examples=200, deadline=None)
@given(calendars, moments)
def test_periods_tile_time(window: Calendar, at: float) -> None:
    """A moment lies in its period; the one before ends where it begins, the next begins where it ends."""
    begin, end = period_of(window, at)

    assert begin <= at < end
    assert begin == period_of(window, begin - 1)[1]
    assert end == period_of(window, end)[0]


@settings(max_examples=200, deadline=None)
@given(calendars, moments)
def test_periods_begin_with_a_local_day(window: Calendar, at: float) -> None:
    """The second before belongs to another date; months begin on the first, weeks on Monday."""
    zone = ZoneInfo(window.time_zone)
    begin, _ = period_of(window, at)
    first, before = datetime.fromtimestamp(begin, zone), datetime.fromtimestamp(begin - 1, zone)

    assert first.date() > before.date()
    assert window.unit is not CalendarUnit.WEEK or 0 == first.weekday()
    assert window.unit not in (CalendarUnit.MONTH, CalendarUnit.QUARTER, CalendarUnit.YEAR) or 1 == first.day
    assert window.unit is not CalendarUnit.QUARTER or first.month in (1, 4, 7, 10)
    assert window.unit is not CalendarUnit.YEAR or 1 == first.month


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-03-30", 24), ("2026-10-25", 25)])
def test_a_day_is_as_long_as_the_clocks_make_it(day: str, hours: int) -> None:
    """Summer time begins and ends within a day of its own length."""
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=UTC).timestamp()
    begin, end = period_of(Calendar(CalendarUnit.DAY, "Europe/Berlin"), noon)

    assert hours * 3600 == end - begin
