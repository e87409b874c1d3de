"""What the forecaster remembers of a series: hours as medians, the last hours by five minutes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.model.durations import HOUR, WEEK
from aiops_daemon.core.signals.forecast.past import HOURS, RECENT, SLOT, Past, median

START = 1_700_006_400.0  # on the hour
ROWS = np.array([0, 1], dtype=np.intp)


def fed(minutes: int, *, every: int = 1, capacity: int = 4) -> Past:
    """Observe two rows from START on: the minute, and a hundred times it."""
    past = Past(capacity)
    for minute in range(0, minutes, every):
        past.observe(ROWS, np.array([minute, 100.0 * minute]), START + 60 * minute)
    return past


def test_an_hour_is_the_median_of_its_slots() -> None:
    """The last value of each five minutes counts: 4, 9, ... 59, of which the lower middle one is 29."""
    hours = fed(120).hourly(ROWS, START + 119 * 60)

    assert [29.0, 89.0] == hours[0, -2:].tolist()
    assert [2900.0, 8900.0] == hours[1, -2:].tolist()
    assert np.isnan(hours[:, :-2]).all()


def test_the_hour_in_progress_is_there_and_may_still_change() -> None:
    """Reading it closes nothing."""
    past = fed(70)
    early = past.hourly(ROWS, START + 69 * 60)[0, -1]
    past.observe(ROWS, np.array([500.0, 500.0]), START + 119 * 60)

    assert (64.0, 69.0) == (early, past.hourly(ROWS, START + 119 * 60)[0, -1])


def test_recent_samples_know_their_moment() -> None:
    """Least squares need the times of the samples, not those of the slots."""
    at = START + 2 * HOUR
    past = Past(4)
    for offset in (-601.0, -301.5, -12.25):
        past.observe(ROWS, np.zeros(2), at + offset)
    known = np.isfinite(past.recent(ROWS, at)[0])

    assert [-601.0, -301.5, -12.25] == pytest.approx(past.recent_times(ROWS, at)[0, known].tolist(), abs=0.01)


def test_a_gap_is_a_gap() -> None:
    """Hours without samples are unknown, and what lies before the ring's length is gone."""
    past = fed(60)
    past.observe(ROWS, np.array([7.0, 7.0]), START + 5 * HOUR)

    assert [False, True, True, True, True, False] == np.isnan(past.hourly(ROWS, START + 5 * HOUR)[0, -6:]).tolist()
    assert np.isnan(past.hourly(ROWS, START + HOURS * HOUR + 6 * HOUR)).all()


def test_large_levels_keep_their_small_changes() -> None:
    """Values are kept less their first one: 16 GiB and a byte are told apart in half the memory.

    The median is the lower one of the two middle values, on either side of zero.
    """
    past = Past(4)
    level = 16.0 * 2**30
    for minute in range(60):
        past.observe(ROWS, np.array([level + minute, -level - minute]), START + 60 * minute)

    assert [29.0, -34.0] == past.hourly(ROWS, START + 3000)[:, -1].tolist()
    assert [level, -level] == past.anchor[ROWS].tolist()


def test_what_is_forgotten_leaves_the_others() -> None:
    """A recycled row starts with nothing, its neighbour keeps all."""
    past = fed(60)
    past.reset(ROWS[:1])

    assert [True, False] == np.isnan(past.recent(ROWS, START + 3599)).all(axis=1).tolist()
    assert [True, False] == np.isnan(past.anchor[ROWS]).tolist()


def test_growing_changes_nothing() -> None:
    """More room is only room."""
    past, at = fed(200), START + 199 * 60
    before = past.hourly(ROWS, at), past.recent(ROWS, at), past.recent_times(ROWS, at)
    past.grow(64)
    after = past.hourly(ROWS, at), past.recent(ROWS, at), past.recent_times(ROWS, at)

    assert 64 == past.capacity
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)


@settings(max_examples=20, deadline=None)
@given(minutes=st.integers(min_value=1, max_value=600), later=st.floats(min_value=0, max_value=WEEK))
def test_a_restart_forgets_nothing(minutes: int, later: float) -> None:
    """State of two rows goes into other rows of a process that starts later, and reads the same."""
    past, at = fed(minutes, every=3), START + 60 * minutes + later
    twin, rows = Past(8), np.array([5, 2], dtype=np.intp)
    twin.restore(rows, past.export(ROWS))

    np.testing.assert_array_equal(past.hourly(ROWS, at), twin.hourly(rows, at))
    np.testing.assert_array_equal(past.recent(ROWS, at), twin.recent(rows, at))


@pytest.mark.parametrize("lacking", ["anchor", "heads", "hours", "recent", "ticks"])
def test_state_that_does_not_fit_is_refused(lacking: str) -> None:
    """A name that is missing or a shape that is wrong is a ValueError before anything is changed."""
    past = fed(60)
    state = past.export(ROWS)
    twin = Past(4)
    for broken in ({name: v for name, v in state.items() if name != lacking}, state | {lacking: state[lacking][:1]}):
        with pytest.raises(ValueError, match=lacking):
            twin.restore(ROWS, broken)

    assert np.isnan(twin.anchor).all()


@settings(max_examples=50, deadline=None)
@given(values=st.lists(st.none() | st.floats(min_value=-1e6, max_value=1e6), min_size=1, max_size=20))
def test_the_median_is_one_of_the_values(values: list[float | None]) -> None:
    """At most half of what is known lies on either side; nothing known, nothing said."""
    row = np.array([[np.nan if value is None else value for value in values]])
    known = [value for value in values if value is not None]
    middle = float(median(row)[0])

    if not known:
        assert np.isnan(middle)
        return
    assert middle in known
    assert sum(value < middle for value in known) <= len(known) / 2
    assert sum(value > middle for value in known) <= len(known) / 2


def test_the_rings_are_as_long_as_they_say() -> None:
    """Two weeks of hours; recent slots for at least six hours, over which trends are measured."""
    assert 2 * WEEK == HOURS * HOUR
    assert RECENT * SLOT >= 6 * HOUR
