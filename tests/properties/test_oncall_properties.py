"""Properties of calendars and schedules: edges tell the same as looking at every moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.model.oncall import OverrideSpec, RotationSpec, ScheduleSpec
from aiops_daemon.core.model.timeinterval import NamedIntervals, TimeInterval
from aiops_daemon.core.response.calendar import HandOvers, edges, instant
from aiops_daemon.core.response.oncall import gaps, next_hand_over, on_call, shifts

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia")
FIRST, LAST = 1_767_225_600, 1_830_297_600  # the years 2026 and 2027
DAY = 86_400

zones = st.sampled_from(ZONES)
locals_ = st.datetimes(datetime.fromisoformat("2025-12-01T00:00"), datetime.fromisoformat("2028-01-31T00:00")).map(
    lambda one: one.replace(second=0, microsecond=0)
)
moments = st.integers(FIRST, LAST).map(float)
people = st.lists(st.sampled_from(("ann", "bo", "cy", "")), max_size=4).map(tuple)
lengths = st.sampled_from((1, 7, 30))
minutes = st.integers(0, 1439)
stretches = st.tuples(minutes, st.integers(1, 1440)).filter(lambda pair: pair[0] < pair[1])
calendars = st.builds(
    lambda times, days, zone: NamedIntervals("x", (TimeInterval(times=times, weekdays=days, location=zone),)),
    st.lists(stretches, max_size=2).map(tuple),
    st.sampled_from(((), ((1, 5),), ((0, 0), (6, 6)))),
    zones,
)
rotations = st.one_of(
    st.builds(RotationSpec, people, locals_, lengths, st.none(), st.lists(calendars, max_size=1).map(tuple)),
    st.builds(RotationSpec, people, locals_, st.none(), st.sampled_from((3600.0, 28_800.0, 43_200.0))),
)
overrides = st.builds(
    lambda who, start, days: OverrideSpec(who, start, start + days * DAY),
    st.sampled_from(("dee", "")), moments, st.floats(0.01, 20),
)  # fmt: skip
schedules = st.builds(
    lambda layers, others, zone: ScheduleSpec("s", tuple(layers), tuple(others), zone),
    st.lists(rotations, max_size=3),
    st.lists(overrides, max_size=2),
    zones,
)


@given(first=locals_, second=locals_, zone=zones)
def test_later_on_the_wall_is_never_earlier(first: datetime, second: datetime, zone: str) -> None:
    """The order of local times is the order of their instants."""
    early, late = sorted((first, second))

    assert instant(early, zone) <= instant(late, zone)


@given(start=locals_, hours=st.sampled_from((1, 8, 12, 24, 168, 720)), zone=zones, at=moments)
def test_turns_and_hand_overs_agree(start: datetime, hours: int, zone: str, at: float) -> None:
    """The present turn began at or before now, the next one begins later, and nothing lies between."""
    hand_overs = HandOvers(start, timedelta(hours=hours), zone)
    turn, following = hand_overs.turn(at), hand_overs.after(at)
    begun = instant(start + timedelta(hours=hours) * (turn if turn is not None else 0), zone)
    next_turn = hand_overs.turn(following)

    assert following > at
    assert (turn is not None) == (begun <= at)
    assert next_turn is not None
    assert next_turn > (-1 if turn is None else turn)
    assert turn == hand_overs.turn(following - 1)


@settings(deadline=None, max_examples=50)
@given(calendar=calendars, start=moments)
def test_a_calendar_changes_at_edges_only(calendar: NamedIntervals, start: float) -> None:
    """Looked at every quarter of an hour over three days: whenever it turned, an edge lies between."""
    marks = [start + 900 * count for count in range(3 * 96)]
    known = edges(calendar, start, marks[-1] + 1)

    for now, later in pairwise(marks):
        if calendar.holds(now) != calendar.holds(later):
            assert any(now < edge <= later for edge in known)


@settings(deadline=None, max_examples=60)
@given(schedule=schedules, start=moments, days=st.integers(1, 40), share=st.floats(0, 0.999))
def test_shifts_say_what_every_moment_says(schedule: ScheduleSpec, start: float, days: int, share: float) -> None:
    """They cover the time without hole or overlap, neighbours differ, and each moment's person is the shift's."""
    end = start + days * DAY
    found = shifts(schedule, start, end)
    at = start + share * (end - start)
    shift = next(one for one in found if one.starts_at <= at < one.ends_at)

    assert (start, end) == (found[0].starts_at, found[-1].ends_at)
    assert all(now.ends_at == later.starts_at and now.person != later.person for now, later in pairwise(found))
    assert on_call(schedule, at).person == shift.person
    assert [one for one in found if not one.person] == gaps(schedule, start, end)


@settings(deadline=None, max_examples=40)
@given(schedule=schedules, at=moments)
def test_until_the_next_hand_over_nobody_else_is_on_call(schedule: ScheduleSpec, at: float) -> None:
    """The person changes at the hand-over and not a second sooner."""
    following = next_hand_over(schedule, at)
    now = on_call(schedule, at).person

    if following is not None:
        assert on_call(schedule, following.starts_at).person == following.person != now
        assert now == on_call(schedule, following.starts_at - 0.001).person
