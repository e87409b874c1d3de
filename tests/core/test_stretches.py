"""Stretches of firing, read from samples on a grid."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.alertmanager.past import Stretch, Stretches

STEP = 30.0


def read(fires: list[bool], cut: int = 0) -> list[tuple[float, float]]:
    """Read one series in two parts."""
    times = np.arange(len(fires)) * STEP
    values = np.where(fires, 1.0, np.nan)
    stretches = Stretches(STEP)
    stretches.add(b"k", times[:cut], values[:cut])
    stretches.add(b"k", times[cut:], values[cut:])
    return [(each.starts_at, each.ends_at) for each in stretches.finish(times[-1] if len(times) else 0.0)]


def test_a_stretch_goes_to_a_step_after_its_last_sample() -> None:
    """It ended some time before the next one."""
    assert [(30.0, 90.0)] == read([False, True, True, False, False])


def test_what_fires_at_the_end_is_left_out() -> None:
    """Alertmanager tells of it."""
    assert [] == read([False, False, True, True])
    assert [(0.0, 30.0)] == read([True, False, False, True])


def test_series_do_not_mix() -> None:
    """Each has its own stretches, told oldest first."""
    stretches = Stretches(STEP)
    times = np.arange(6) * STEP
    stretches.add(b"b", times, np.array([np.nan, np.nan, 1, np.nan, np.nan, np.nan]))
    stretches.add(b"a", times, np.array([1, np.nan, np.nan, np.nan, np.nan, np.nan]))

    assert [Stretch(b"a", 0.0, 30.0), Stretch(b"b", 60.0, 90.0)] == list(stretches.finish(150.0))


@given(fires=st.lists(st.booleans(), max_size=30), data=st.data())
def test_where_the_history_is_cut_does_not_matter(fires: list[bool], data: st.DataObject) -> None:
    """Parts join; stretches never touch, and cover the samples of everything but what fires in the last two steps."""
    whole = read(fires)
    told = {int(at) for start, end in whole for at in np.arange(start, end, STEP) / STEP}
    fired = {number for number, fires_now in enumerate(fires) if fires_now}
    last = max(fired, default=0)

    assert whole == read(fires, data.draw(st.integers(0, len(fires))))
    assert all(one[1] < other[0] for one, other in pairwise(whole))
    assert told <= fired
    assert fired == told or (last >= len(fires) - 2 and fired - told == set(range(min(fired - told), last + 1)))
