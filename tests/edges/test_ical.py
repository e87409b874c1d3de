"""Calendars in iCalendar's format: events, their zones, and their occurrences within a horizon."""

from __future__ import annotations

from datetime import datetime

import pytest

from aiops_daemon.core.response.adopt.ical import Event
from aiops_daemon.edges.ical import CalendarFile, read_calendar
from aiops_daemon.errors import InputError

START = datetime.fromisoformat("2027-03-15T00:00:00Z")
END = datetime.fromisoformat("2027-04-12T00:00:00Z")
WEEKLY = """\
SUMMARY:ann
DTSTART;TZID=Europe/Berlin:20261123T090000
DTEND;TZID=Europe/Berlin:20261130T090000
RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO
"""
EVERY_SECOND = ";".join(
    f"{part}={','.join(map(str, range(first, last)))}"
    for part, first, last in (("BYYEARDAY", 1, 367), ("BYHOUR", 0, 24), ("BYMINUTE", 0, 60), ("BYSECOND", 0, 60))
)


def read(*events: str, head: str = "") -> CalendarFile:
    """Read a calendar of these events."""
    body = "".join(f"BEGIN:VEVENT\nUID:{number}\n{event}END:VEVENT\n" for number, event in enumerate(events))
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{head}{body}END:VCALENDAR\n"
    return read_calendar(text.replace("\n", "\r\n").encode(), START, END)


def only(*events: str, head: str = "") -> Event:
    """Read the only event of a calendar."""
    (event,) = read(*events, head=head).events
    return event


def times(event: Event) -> list[tuple[str, str]]:
    """Write the occurrences."""
    return [(start.isoformat(), end.isoformat()) for start, end in event.occurrences]


def test_an_event_that_repeats() -> None:
    """Local start, zone, length and rule; occurrences keep their time of day over the change to summer."""
    event = only(WEEKLY)

    assert (datetime.fromisoformat("2026-11-23T09:00"), "Europe/Berlin", 604_800.0) == (
        event.start, event.zone, event.seconds,
    )  # fmt: skip
    assert {"FREQ": ("WEEKLY",), "INTERVAL": ("2",), "BYDAY": ("MO",)} == event.rule
    assert [
        ("2027-03-15T09:00:00+01:00", "2027-03-22T09:00:00+01:00"),
        ("2027-03-29T09:00:00+02:00", "2027-04-05T09:00:00+02:00"),
    ] == times(event)
    assert not event.changed


def test_one_that_has_begun_counts() -> None:
    """An occurrence that is not over at the start of the horizon is in it."""
    event = only(WEEKLY.replace("20261123", "20261116").replace("20261130", "20261123"))

    assert "2027-03-08T09:00:00+01:00" == times(event)[0][0]


@pytest.mark.parametrize("until", ["20270325", "20270325T000000Z", "20270325T000000"])
def test_the_end_of_a_repetition_in_any_form(until: str) -> None:
    """A day, UTC or local time: files have all of them."""
    assert 1 == len(only(WEEKLY.replace("BYDAY=MO", f"UNTIL={until}")).occurrences)


def test_occurrences_that_are_left_out_or_added() -> None:
    """They mark the event as one that no rotation says."""
    event = only(
        WEEKLY + "EXDATE;TZID=Europe/Berlin:20270329T090000\nRDATE;TZID=Europe/Berlin:20270407T090000\n",
    )

    assert ["2027-03-15T09:00:00+01:00", "2027-04-07T09:00:00+02:00"] == [start for start, _ in times(event)]
    assert event.changed


def test_a_moved_occurrence_marks_its_event() -> None:
    """The event of the same uid that replaces it stands for itself."""
    moved = WEEKLY.split("RRULE", maxsplit=1)[0].replace("20261123", "20270316").replace("20261130", "20270323")
    calendar = f"UID:same\n{WEEKLY}", f"UID:same\nRECURRENCE-ID;TZID=Europe/Berlin:20270315T090000\n{moved}"
    text = "".join(f"BEGIN:VEVENT\n{event}END:VEVENT\n" for event in calendar)
    raw = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{text}END:VCALENDAR\n".replace("\n", "\r\n").encode()
    first, second = read_calendar(raw, START, END).events

    assert (True, False) == (first.changed, second.changed)
    assert ["2027-03-16T09:00:00+01:00"] == [start for start, _ in times(second)]


def test_whole_days_and_floating_times_are_the_calendars() -> None:
    """Its zone is that of X-WR-TIMEZONE; it has a name."""
    head = "X-WR-CALNAME:Shop\nX-WR-TIMEZONE:America/New_York\n"
    found = read(
        "SUMMARY:a\nDTSTART;VALUE=DATE:20270320\n", "SUMMARY:b\nDTSTART:20270320T080000\nDURATION:PT2H\n", head=head
    )

    assert ("Shop", "America/New_York") == (found.name, found.zone)
    assert [
        [("2027-03-20T00:00:00-04:00", "2027-03-21T00:00:00-04:00")],
        [("2027-03-20T08:00:00-04:00", "2027-03-20T10:00:00-04:00")],
    ] == [times(event) for event in found.events]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ATTENDEE;CN=Ann Smith:mailto:ann@example.org\n", ("ann@example.org", "Ann Smith")),
        ("ATTENDEE;CN=ann@example.org:MAILTO:ann@example.org\n", ("ann@example.org", "")),
        ("ATTENDEE:mailto:a@x.org\nATTENDEE:mailto:b@x.org\n", ("", "")),
        ("", ("", "")),
    ],
)
def test_who_attends(line: str, expected: tuple[str, str]) -> None:
    """Address and name of the only one."""
    event = only(WEEKLY + line)

    assert expected == (event.attendee, event.attendee_name)


def test_cancelled_events_are_none() -> None:
    """Nor is one without length an occurrence."""
    assert () == read(WEEKLY + "STATUS:CANCELLED\n").events
    assert () == only("SUMMARY:a\nDTSTART:20270320T080000Z\n").occurrences


@pytest.mark.parametrize("raw", [b"", b"hello", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", b"\xff"])
def test_what_is_no_calendar_is_refused(raw: bytes) -> None:
    """In our words, with what the library found."""
    with pytest.raises(InputError, match="no calendar in iCalendar's format"):
        read_calendar(raw, START, END)


CUSTOM_ZONE = """\
BEGIN:VTIMEZONE
TZID:Ours
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0500
TZOFFSETTO:+0500
TZNAME:X
END:STANDARD
END:VTIMEZONE
"""


def test_a_zone_of_the_files_own_is_not_utc() -> None:
    """It has no name here, and its offset counts."""
    event = only(WEEKLY.replace("Europe/Berlin", "Ours"), head=CUSTOM_ZONE)

    assert "" == event.zone
    assert "2027-03-15T09:00:00+05:00" == times(event)[0][0]


@pytest.mark.parametrize(
    "other",
    [
        "SUMMARY:bo\nDTSTART;TZID=Europe/Berlin:20270329T090000\nDTEND;TZID=Europe/Berlin:20270405T090000\n",
        "STATUS:CANCELLED\nSUMMARY:ann\nDTSTART;TZID=Europe/Berlin:20270329T090000\n",
    ],
)
def test_what_another_event_stands_for_is_no_occurrence(other: str) -> None:
    """Moved, given to somebody else or cancelled, wherever it stands in the file."""
    replacing = f"UID:same\nRECURRENCE-ID;TZID=Europe/Berlin:20270329T090000\n{other}"
    text = "".join(f"BEGIN:VEVENT\n{event}END:VEVENT\n" for event in (replacing, f"UID:same\n{WEEKLY}"))
    raw = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{text}END:VCALENDAR\n".replace("\n", "\r\n").encode()
    event = read_calendar(raw, START, END).events[-1]

    assert event.changed
    assert ["2027-03-15T09:00:00+01:00"] == [start for start, _ in times(event)]


def test_a_day_that_is_left_out() -> None:
    """Of an event at a time of day: no occurrence of that day."""
    event = only(WEEKLY + "EXDATE;VALUE=DATE:20270329\n")

    assert ["2027-03-15T09:00:00+01:00"] == [start for start, _ in times(event)]


def test_a_single_event_has_no_horizon() -> None:
    """It is known to its end, however far ahead."""
    event = only("SUMMARY:a\nDTSTART:20280320T080000Z\nDTEND:20280321T080000Z\n")

    assert ["2028-03-20T08:00:00+00:00"] == [start for start, _ in times(event)]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ("SUMMARY:ann\nRRULE:FREQ=WEEKLY\n", "has no 'DTSTART'"),
        (WEEKLY.replace("INTERVAL=2", "INTERVAL=0"), "INTERVAL must be 1 or more"),
        (WEEKLY.replace("WEEKLY", "SECONDLY"), "repeats neither by HOURLY"),
        (WEEKLY.replace("WEEKLY", "BANANA"), "RRULE cannot be read"),
        (WEEKLY.replace("Europe/Berlin", "Mars/Base"), "Mars/Base is no time zone known here"),
        (WEEKLY.replace("20261123", "00010101"), "not within the years 1970 to 2099"),
        ("SUMMARY:ann\nDTSTART:20270320T080000Z\nDURATION:P99999999W\n", "out of range"),
        (
            f"SUMMARY:ann\nDTSTART:20000101T000000Z\nDURATION:PT1S\nRRULE:FREQ=YEARLY;{EVERY_SECOND}\n",
            "more than 1000000",
        ),
        (f"{WEEKLY}RDATE;VALUE=PERIOD:20270320T080000Z/PT3H\n", "RDATE: periods are not read"),
    ],
)
def test_what_is_wrong_with_an_event_is_told_with_its_place(event: str, words: str) -> None:
    """Which of the events, and what; nothing hangs on a rule that never ends."""
    with pytest.raises(InputError, match=rf"events\[0\] \(ann\): .*{words}"):
        only(event)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            WEEKLY + "ATTENDEE:mailto:a@x.org\nATTENDEE:mailto:b@x.org\n",
            ("2 attend; here the title is the one who is on call",),
        ),
        ("SUMMARY:a\nDTSTART:20270320T080000Z\n", ("has no length",)),
        ("SUMMARY:a\nDTSTART:20270320T080000Z\nDTEND:20270319T080000Z\n", ("ends before it begins",)),
        (
            WEEKLY + "RECURRENCE-ID;RANGE=THISANDFUTURE:20270329T090000Z\n",
            ("changes all that follow; here it is the one occurrence",),
        ),
    ],
)
def test_what_is_not_read_is_told(lines: str, expected: tuple[str, ...]) -> None:
    """Nothing of an event is lost without a word."""
    assert expected == only(lines).lost
