"""Ranges of time intervals: what is accepted is ordered and in bounds, everything else is refused with a ValueError."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.model import ranges

words = st.sampled_from([*ranges.WEEKDAYS, *ranges.MONTHS, "0", "1", "12", "13", "31", "-1", "-31", "2026", "", "x"])
written = st.one_of(
    st.text(max_size=12), words, st.builds("{}:{}".format, words, words), st.builds("{}:{}:{}".format, *[words] * 3)
)


@given(written)
def test_whatever_is_accepted_lies_in_bounds(text: str) -> None:
    """No text makes a range that a calendar does not have."""
    with suppress(ValueError):
        first, last = ranges.weekdays(text)
        assert 0 <= first <= last <= 6
    with suppress(ValueError):
        first, last = ranges.months(text)
        assert first <= last
    with suppress(ValueError):
        first, last = ranges.days_of_month(text)
        assert 0 not in (first, last)
        assert -31 <= first <= 31
        assert not first < 0 < last


@given(st.integers(1, 12), st.integers(1, 12))
def test_months_are_read_by_name_and_by_number(first: int, last: int) -> None:
    """A name and its number mean the same month."""
    numbers, names = f"{first}:{last}", f"{ranges.MONTHS[first - 1]}:{ranges.MONTHS[last - 1].upper()}"
    if first <= last:
        assert (first, last) == ranges.months(numbers) == ranges.months(names)


@given(st.integers(0, 1439), st.integers(1, 1440))
def test_times_are_minutes_of_the_day(start: int, end: int) -> None:
    """Every minute can be written; a range that does not move forward is refused."""
    first, last = f"{start // 60:02}:{start % 60:02}", f"{end // 60:02}:{end % 60:02}"
    try:
        read = ranges.times(first, last)
    except ValueError:
        assert start >= end
    else:
        assert (start, end) == read
