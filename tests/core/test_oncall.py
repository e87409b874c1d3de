"""Who is on call: turns, layers, overrides, gaps."""

from __future__ import annotations

from datetime import datetime

import pytest

from aiops_daemon.core.model.oncall import OverrideSpec, RotationSpec, ScheduleSpec
from aiops_daemon.core.model.ranges import times, weekdays
from aiops_daemon.core.model.timeinterval import NamedIntervals, TimeInterval
from aiops_daemon.core.response.oncall import OnCall, Shift, describe, gaps, next_hand_over, on_call, shifts

BERLIN = "Europe/Berlin"
WEEKLY = RotationSpec(("ann", "bo"), datetime.fromisoformat("2026-11-23T09:00"))
OFFICE = NamedIntervals(
    "office", (TimeInterval(times=(times("08:00", "18:00"),), weekdays=(weekdays("monday:friday"),), location=BERLIN),)
)


def at(text: str) -> float:
    """Read an RFC 3339 time."""
    return datetime.fromisoformat(text).timestamp()


def local(text: str) -> datetime:
    """Read a local time, without a zone."""
    return datetime.fromisoformat(text)


def shop(*rotations: RotationSpec, overrides: tuple[OverrideSpec, ...] = ()) -> ScheduleSpec:
    """Make the schedule `shop` in Berlin."""
    return ScheduleSpec("shop", rotations, overrides, BERLIN)


@pytest.mark.parametrize(
    ("moment", "person"),
    [
        ("2026-11-23T07:59:59Z", ""),  # not begun
        ("2026-11-23T08:00:00Z", "ann"),
        ("2026-11-30T07:59:59Z", "ann"),
        ("2026-11-30T08:00:00Z", "bo"),
        ("2026-12-07T08:00:00Z", "ann"),
        ("2027-03-29T06:59:59Z", "bo"),  # nine in the summer is an hour earlier in UTC
        ("2027-03-29T07:00:00Z", "ann"),
    ],
)
def test_people_take_turns(moment: str, person: str) -> None:
    """Weekly turns change on Mondays at nine, by the clock on the wall."""
    assert person == on_call(shop(WEEKLY), at(moment)).person


def test_the_last_rotation_that_names_somebody_wins() -> None:
    """A layer for office hours covers the one below it while it holds, and no longer."""
    schedule = shop(WEEKLY, RotationSpec(("cy",), local("2026-11-01T00:00"), 1, only=(OFFICE,)))

    assert OnCall("cy", "rotation 2 of 2", 1) == on_call(schedule, at("2026-11-30T07:00:00Z"))
    assert OnCall("bo", "rotation 1 of 2", 0) == on_call(schedule, at("2026-11-30T17:00:00Z"))
    assert OnCall("ann", "rotation 1 of 2", 0) == on_call(schedule, at("2026-11-29T09:00:00Z"))


def test_an_empty_turn_lets_the_layer_below_show() -> None:
    """ "" among the people of a layer is a turn of nobody."""
    schedule = shop(WEEKLY, RotationSpec(("cy", ""), local("2026-11-23T09:00"), 1))

    assert ["cy", "ann"] == [on_call(schedule, at(f"2026-11-{day}T12:00Z")).person for day in (23, 24)]


def test_overrides_win_and_may_leave_the_time_empty() -> None:
    """Of two overrides of one moment the later in the list counts; the end is not part of it."""
    leave = OverrideSpec("cy", at("2026-12-24T00:00Z"), at("2026-12-27T00:00Z"))
    empty = OverrideSpec("", at("2026-12-25T00:00Z"), at("2026-12-26T00:00Z"))
    schedule = shop(WEEKLY, overrides=(leave, empty))

    assert ["cy", "", "cy"] == [on_call(schedule, at(f"2026-12-{day}T00:00Z")).person for day in (24, 25, 26)]
    assert "ann" == on_call(schedule, at("2026-12-27T00:00Z")).person
    assert "override until Sun 2026-12-27 01:00 CET" == on_call(schedule, at("2026-12-24T00:00Z")).why


def test_shifts_leave_no_hole() -> None:
    """One follows the other; turns of the same person in a row are one shift."""
    schedule = shop(RotationSpec(("ann", "ann", "bo"), local("2026-11-23T09:00"), 1))
    found = shifts(schedule, at("2026-11-23T00:00Z"), at("2026-11-27T00:00Z"))

    assert [
        Shift("", "no rotation names anybody", at("2026-11-23T00:00Z"), at("2026-11-23T08:00Z")),
        Shift("ann", "rotation", at("2026-11-23T08:00Z"), at("2026-11-25T08:00Z")),
        Shift("bo", "rotation", at("2026-11-25T08:00Z"), at("2026-11-26T08:00Z")),
        Shift("ann", "rotation", at("2026-11-26T08:00Z"), at("2026-11-27T00:00Z")),
    ] == found


def test_gaps_are_where_nobody_is_on_call() -> None:
    """A schedule of office hours alone has a gap every night and over every weekend."""
    schedule = shop(RotationSpec(("cy",), local("2026-01-01T00:00"), 7, only=(OFFICE,)))
    found = gaps(schedule, at("2026-10-23T12:00Z"), at("2026-10-27T12:00Z"))

    assert [
        (at("2026-10-23T16:00Z"), at("2026-10-26T07:00Z")),  # the weekend in which summer ends
        (at("2026-10-26T17:00Z"), at("2026-10-27T07:00Z")),
    ] == [(gap.starts_at, gap.ends_at) for gap in found]


def test_a_schedule_without_anybody_is_one_gap() -> None:
    """No rotations, or none with people."""
    for schedule in (shop(), shop(RotationSpec((), local("2026-01-01T00:00")))):
        assert [(0.0, 86_400.0)] == [(gap.starts_at, gap.ends_at) for gap in gaps(schedule, 0.0, 86_400.0)]


def test_the_next_hand_over_is_to_somebody_else() -> None:
    """Turns of the same person are passed over; what never changes has none."""
    schedule = shop(RotationSpec(("ann", "ann", "bo"), local("2026-11-23T09:00"), 30))
    found = next_hand_over(schedule, at("2026-11-24T00:00Z"))

    assert found is not None
    assert ("bo", at("2027-01-22T08:00Z")) == (found.person, found.starts_at)
    assert None is next_hand_over(shop(RotationSpec(("ann",), local("2026-01-01T00:00"))), at("2026-11-24T00:00Z"))


def test_the_sentence_says_who_until_when_and_why() -> None:
    """It stands in pages: it must be whole."""
    said = describe(shop(WEEKLY), at("2026-11-24T00:00Z"))
    nobody = describe(shop(), at("2026-11-24T00:00Z"))

    assert "ann is on call in schedule shop until Mon 2026-11-30 09:00 CET (rotation)" == said
    assert "nobody is on call in schedule shop (no rotation names anybody)" == nobody


def test_turns_of_hours() -> None:
    """Twelve hours are counted on the wall clock, so the change at eight stays at eight."""
    schedule = shop(RotationSpec(("day", "night"), local("2026-10-24T08:00"), None, 43_200.0))

    assert ["night", "day", "night"] == [
        on_call(schedule, at(text)).person for text in ("2026-10-25T06:59Z", "2026-10-25T07:00Z", "2026-10-25T19:00Z")
    ]
