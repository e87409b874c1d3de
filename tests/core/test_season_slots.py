"""Where a moment lies in the local day and week."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.model.durations import DAY, WEEK
from aiops_daemon.core.signals.bands.season import DAILY_SLOTS, WEEKLY_SLOTS, Slot, slots_at

BERLIN = ZoneInfo("Europe/Berlin")
MOMENTS = st.floats(min_value=0, max_value=4e9)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham"])


def at(text: str, fold: int = 0) -> float:
    """Read a wall-clock time in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).timestamp()


@pytest.mark.parametrize(
    ("text", "daily", "weekly"),
    [
        ("2026-11-16T00:00", 0, 0),  # a Monday
        ("2026-11-16T00:15", 1, 0),
        ("2026-11-16T23:59", 95, 23),
        ("2026-11-21T09:30", 38, 5 * 24 + 9),
        ("2026-11-22T23:59", 95, 167),
    ],
)
def test_slots_are_quarters_of_the_day_and_hours_of_the_week(text: str, daily: int, weekly: int) -> None:
    """Monday is the first day."""
    slots = slots_at(at(text), BERLIN)

    assert (daily, weekly) == (slots.daily.here, slots.weekly.here)


def test_nine_o_clock_stays_nine_o_clock_over_a_change_of_time() -> None:
    """Wall clocks decide: people come to work by them."""
    before, after = (slots_at(at(f"2026-{day}T09:00"), BERLIN).daily.here for day in ("03-28", "03-30"))

    assert before == after == 36


def test_the_repeated_hour_shares_its_slots() -> None:
    """02:30 comes twice on the autumn day, an hour apart, and is one slot."""
    first, second = at("2026-10-25T02:30"), at("2026-10-25T02:30", fold=1)

    assert 3600.0 == second - first
    assert slots_at(first, BERLIN) == slots_at(second, BERLIN)


@settings(max_examples=50, deadline=None)
@given(moment=MOMENTS, zone=ZONES)
def test_a_moment_lies_between_the_centres_of_its_two_slots(moment: float, zone: str) -> None:
    """Interpolation weighs two neighbours, and the slot that learns is one of them."""
    slots = slots_at(moment, ZoneInfo(zone))
    for slot, count, period in ((slots.daily, DAILY_SLOTS, DAY), (slots.weekly, WEEKLY_SLOTS, WEEK)):
        assert 0 <= slot.here < count
        assert slot.here in (slot.left, slot.right)
        assert slot.right == (slot.left + 1) % count
        assert 0.0 <= slot.weight <= 1.0
        assert period / count == slot.width
        assert 0.0 <= slot.elapsed <= slot.width


@settings(max_examples=50, deadline=None)
@given(moment=MOMENTS)
def test_expectations_do_not_jump(moment: float) -> None:
    """A second later the place between the centres is a second further, over every edge of slots, day and week."""
    now, then = (slots_at(moment + seconds, ZoneInfo("UTC")) for seconds in (0.0, 1.0))

    assert 1.0 == pytest.approx((_place(then.daily) - _place(now.daily)) * 900.0 % DAY, abs=1e-3)
    assert 1.0 == pytest.approx((_place(then.weekly) - _place(now.weekly)) * 3600.0 % WEEK, abs=1e-3)


def _place(slot: Slot) -> float:
    return slot.left + slot.weight


@pytest.mark.parametrize("moment", [-1e18, 1e18])
def test_moments_outside_the_calendar_go_to_its_ends(moment: float) -> None:
    """A broken clock raises nothing."""
    assert 0 <= slots_at(moment, BERLIN).daily.here < DAILY_SLOTS
