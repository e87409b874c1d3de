"""Wall clocks and hand-overs over daylight-saving changes, ends of months and leap days."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from aiops_daemon.core.model.ranges import times
from aiops_daemon.core.model.timeinterval import NamedIntervals, TimeInterval
from aiops_daemon.core.response.calendar import HandOvers, changes, edges, instant, words

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def at(text: str) -> float:
    """Read an RFC 3339 time."""
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("zone", "local", "first"),
    [
        (BERLIN, "2026-03-29T01:59", "2026-03-29T00:59:00Z"),
        (BERLIN, "2026-03-29T02:00", "2026-03-29T01:00:00Z"),  # skipped: the first instant after the gap
        (BERLIN, "2026-03-29T02:30", "2026-03-29T01:00:00Z"),
        (BERLIN, "2026-03-29T03:00", "2026-03-29T01:00:00Z"),
        (BERLIN, "2026-10-25T02:30", "2026-10-25T00:30:00Z"),  # twice: the first time
        (BERLIN, "2026-10-25T03:00", "2026-10-25T02:00:00Z"),
        (NEW_YORK, "2026-03-08T02:30", "2026-03-08T07:00:00Z"),
        (NEW_YORK, "2026-11-01T01:30", "2026-11-01T05:30:00Z"),
        (LORD_HOWE, "2026-10-04T02:15", "2026-10-03T15:30:00Z"),  # half an hour is skipped, ...
        (LORD_HOWE, "2026-04-05T01:45", "2026-04-04T14:45:00Z"),  # ... and half an hour comes twice
        ("UTC", "2026-03-29T02:30", "2026-03-29T02:30:00Z"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00:00Z"),  # a whole day that never was
    ],
)
def test_a_local_time_is_one_instant(zone: str, local: str, first: str) -> None:
    """A time that comes twice counts the first time; one that is skipped counts where the gap ends."""
    assert at(first) == instant(datetime.fromisoformat(local), zone)


@pytest.mark.parametrize(
    ("zone", "start", "every", "expected"),
    [
        (  # a spring day at the hour that is skipped
            BERLIN,
            "2026-03-27T02:30",
            DAY,
            ["2026-03-27T01:30Z", "2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"],
        ),
        (  # an autumn day at the hour that comes twice
            BERLIN,
            "2026-10-24T02:30",
            DAY,
            ["2026-10-24T00:30Z", "2026-10-25T00:30Z", "2026-10-26T01:30Z"],
        ),
        (NEW_YORK, "2026-10-31T01:30", DAY, ["2026-10-31T05:30Z", "2026-11-01T05:30Z", "2026-11-02T06:30Z"]),
        (LORD_HOWE, "2026-10-03T02:15", DAY, ["2026-10-02T15:45Z", "2026-10-03T15:30Z", "2026-10-04T15:15Z"]),
        (  # nine o'clock stays nine o'clock over weeks
            BERLIN,
            "2026-10-19T09:00",
            7 * DAY,
            ["2026-10-19T07:00Z", "2026-10-26T08:00Z", "2026-11-02T08:00Z"],
        ),
        (BERLIN, "2027-01-31T09:00", DAY, ["2027-01-31T08:00Z", "2027-02-01T08:00Z"]),
        (BERLIN, "2028-02-28T09:00", DAY, ["2028-02-28T08:00Z", "2028-02-29T08:00Z", "2028-03-01T08:00Z"]),
        (BERLIN, "2027-02-28T09:00", DAY, ["2027-02-28T08:00Z", "2027-03-01T08:00Z"]),
        (  # twelve hours on the wall clock: the night is an hour longer
            BERLIN,
            "2026-10-24T08:00",
            12 * HOUR,
            ["2026-10-24T06:00Z", "2026-10-24T18:00Z", "2026-10-25T07:00Z", "2026-10-25T19:00Z"],
        ),
    ],
)
def test_hand_overs_keep_their_time_of_day(zone: str, start: str, every: timedelta, expected: list[str]) -> None:
    """Over every change of the clock each hand-over comes once, at its own time of day."""
    hand_overs = HandOvers(datetime.fromisoformat(start), every, zone)
    first, last = at(expected[0]), at(expected[-1])

    assert [at(text) for text in expected] == list(hand_overs.between(first - 1, last + 1))
    assert list(range(len(expected))) == [hand_overs.turn(at(text)) for text in expected]
    assert list(range(len(expected) - 1)) == [hand_overs.turn(at(text) - 1) for text in expected[1:]]


def test_before_the_first_hand_over_there_is_no_turn() -> None:
    """A rotation that begins tomorrow names nobody today, and hands over when it begins."""
    hand_overs = HandOvers(datetime.fromisoformat("2026-11-23T09:00"), 7 * DAY, BERLIN)
    before = at("2026-11-23T07:59:59Z")

    assert (None, at("2026-11-23T08:00Z")) == (hand_overs.turn(before), hand_overs.after(before))
    assert 0 == hand_overs.turn(at("2026-11-23T08:00Z"))


def test_hours_in_the_gap_are_turns_of_no_length() -> None:
    """With a turn an hour, the hour that is skipped is over at once, and the hour that comes twice is one turn."""
    spring = HandOvers(datetime.fromisoformat("2026-03-29T00:00"), HOUR, BERLIN)
    autumn = HandOvers(datetime.fromisoformat("2026-10-25T00:00"), HOUR, BERLIN)

    assert (1, 3) == (spring.turn(at("2026-03-29T00:59Z")), spring.turn(at("2026-03-29T01:00Z")))
    assert [2, 2, 3] == [autumn.turn(at(f"2026-10-25T0{hour}:30Z")) for hour in (0, 1, 2)]


def test_turns_are_found_without_counting_them() -> None:
    """A hand-over every hour since 1990 is as near as one since yesterday, and exact."""
    hand_overs = HandOvers(datetime.fromisoformat("1990-01-01T00:00"), HOUR, "UTC")
    now = at("2026-11-30T12:30:00Z")

    assert (now - at("1990-01-01T00:00Z")) // 3600 == hand_overs.turn(now)


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, LORD_HOWE, "UTC"])
def test_changes_of_the_clock_are_found_to_the_second(zone: str) -> None:
    """Two a year where there is daylight saving, each the first instant of the new offset."""
    found = list(changes(zone, at("2026-01-01T00:00Z"), at("2027-01-01T00:00Z")))
    offsets = [datetime.fromtimestamp(when + step, ZoneInfo(zone)).utcoffset() for when in found for step in (-1, 0)]

    assert (0 if zone == "UTC" else 2) == len(found)
    assert all(before != after for before, after in zip(offsets[::2], offsets[1::2], strict=True))


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, LORD_HOWE])
def test_between_two_edges_a_calendar_does_not_change(zone: str) -> None:
    """Looked at every minute around both changes of the clock, with limits inside the gap and the repetition."""
    calendar = NamedIntervals(
        "x", (TimeInterval(times=(times("01:15", "02:30"), times("08:00", "24:00")), location=zone),)
    )
    for change in changes(zone, at("2026-01-01T00:00Z"), at("2027-01-01T00:00Z")):
        start, end = change - 86_400, change + 86_400
        minutes = [start + 60 * count for count in range(2 * 1440 + 1)]
        turned = {later for now, later in pairwise(minutes) if calendar.holds(now) != calendar.holds(later)}

        assert turned
        assert turned <= edges(calendar, start, end + 1)


def test_moments_for_people() -> None:
    """With the day of the week and the zone as people there call it."""
    assert "Mon 2026-11-30 09:00 CET" == words(at("2026-11-30T08:00Z"), BERLIN)
