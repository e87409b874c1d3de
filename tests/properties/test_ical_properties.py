"""Properties of imported calendars: whoever is on call there is on call here, whatever repeats in whichever zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.config.load import Overrides, inspect_text
from aiops_daemon.config.show import write
from aiops_daemon.core.response.adopt.ical import adopt_calendar
from aiops_daemon.core.response.oncall import shifts
from aiops_daemon.edges.ical import read_calendar

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
ZONES = ("Australia/Lord_Howe", "Africa/Casablanca", "America/Santiago", "Europe/Berlin", "UTC")
MOST = timedelta(days=8)  # longer than any shift

days = st.lists(st.sampled_from(DAYS), min_size=1, max_size=5, unique=True).map(
    lambda found: f";BYDAY={','.join(found)}"
)
rules = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(("FREQ=WEEKLY", "FREQ=DAILY")),
        st.sampled_from(("", ";INTERVAL=2", ";INTERVAL=3")),
        st.one_of(st.just(""), days),
        st.sampled_from(("", ";WKST=SU", ";WKST=WE")),
    ),
)


@settings(max_examples=60, deadline=None)
@given(
    rule=rules,
    zone=st.sampled_from(ZONES),
    now=st.datetimes(datetime(2026, 2, 1), datetime(2026, 11, 30)),  # noqa: DTZ001 (made one of UTC below)
    begins=st.integers(-60, 20),
    hour=st.sampled_from((0, 2, 9, 22)),
    hours=st.sampled_from((1, 8, 12, 24, 48, 168)),
)
def test_whoever_is_on_call_there_is_on_call_here(
    rule: str, zone: str, now: datetime, begins: int, hour: int, hours: int
) -> None:
    """For two months of a single event: the stretches of somebody here are the occurrences there."""
    start = (now + timedelta(days=begins)).replace(hour=hour, minute=0, second=0, microsecond=0)
    length, end = timedelta(hours=hours), now.replace(tzinfo=UTC) + timedelta(days=60)
    calendar = read_calendar(_event(rule, zone, start, length), now.replace(tzinfo=UTC), end)
    values = adopt_calendar(calendar.events, "s", zone, end).values
    text = write(values).replace("name: ann", "name: ann\n  email: ann@example.org")
    loaded = inspect_text(text, overrides=Overrides(("http://localhost",))).loaded

    assert loaded is not None
    (schedule,) = loaded.settings.schedules
    first, last = now.replace(tzinfo=UTC).timestamp(), (end - MOST).timestamp()
    here = [(one.starts_at, one.ends_at) for one in shifts(schedule, first, last) if one.person]
    assert _there(rule, zone, start, length, first, last) == here


def _event(rule: str, zone: str, start: datetime, length: timedelta) -> bytes:
    lines = (
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", "UID:1", "SUMMARY:ann"),
        *(f"{key};TZID={zone}:{at:%Y%m%dT%H%M%S}" for key, at in (("DTSTART", start), ("DTEND", start + length))),
        *(f"RRULE:{rule}", "END:VEVENT", "END:VCALENDAR", ""),
    )
    return "\r\n".join(lines).encode()


def _there(
    rule: str, zone: str, start: datetime, length: timedelta, first: float, last: float
) -> list[tuple[float, float]]:
    """Return the occurrences by the clock on the wall, joined where they meet, the first one always among them."""
    until = datetime.fromtimestamp(last, UTC).replace(tzinfo=None) + MOST
    walls = {start, *rrulestr(f"RRULE:{rule}", dtstart=start).between(start, until, inc=True)}
    joined: list[tuple[float, float]] = []
    for wall in sorted(walls):
        begins, ends = _instant(wall, zone), _instant(wall + length, zone)
        if begins == ends:  # a shift within an hour that the clocks skip
            continue
        if joined and begins <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(ends, joined[-1][1]))
        else:
            joined.append((begins, ends))
    return [(max(begins, first), min(ends, last)) for begins, ends in joined if begins < last and ends > first]


def _instant(wall: datetime, zone: str) -> float:
    return wall.replace(tzinfo=ZoneInfo(zone)).timestamp()
