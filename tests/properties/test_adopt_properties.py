"""Properties of imported schedules: whoever was on call there is on call here, at every moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.config.load import Overrides, inspect_text
from aiops_daemon.config.show import write
from aiops_daemon.core.response.adopt.model import UNITS, Pattern, Sections, window
from aiops_daemon.core.response.oncall import on_call

START = datetime.fromisoformat("2026-11-02T00:00")  # a Monday
PEOPLE = ("ann", "bo", "cy")

patterns = st.builds(
    Pattern,
    start=st.builds(lambda minutes: START + timedelta(minutes=minutes), st.integers(0, 7 * 1440 - 1)),
    seconds=st.integers(1, 7 * 48).map(lambda halves: halves * 1800.0),
    unit=st.sampled_from(("daily", "weekly")),
    interval=st.integers(1, 3),
    people=st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=3).map(tuple),
    weekdays=st.just(()),
)


def there(pattern: Pattern, at: datetime) -> set[str]:
    """Say whose shift it is, by laying one shift after the other."""
    period = timedelta(seconds=UNITS[pattern.unit] * pattern.interval)
    number = (at - pattern.start) // period
    back = range(max(0, number - 8), number + 1)
    return {
        pattern.people[count % len(pattern.people)]
        for count in back
        if pattern.start + count * period <= at < pattern.start + count * period + timedelta(seconds=pattern.seconds)
    }


@settings(max_examples=80, deadline=None)
@given(pattern=patterns, minutes=st.lists(st.integers(0, 60 * 1440), min_size=1, max_size=20))
def test_a_rotation_says_what_the_pattern_said(pattern: Pattern, minutes: list[int]) -> None:
    """For every pattern that is carried over the sections load, and name the same people from its start on."""
    sections = Sections()
    for name in PEOPLE:
        sections.person(name, email=f"{name}@example.org")
    made = sections.rotation(pattern, "s", "UTC", "place")
    if made is None:
        assert sections.left
        return
    values: dict[str, Any] = {
        "people": list(sections.people.values()),
        "time_intervals": sections.intervals,
        "schedules": [{"name": "s", "rotations": [made]}],
    }
    found = inspect_text(write(values), overrides=Overrides(("http://localhost",)))
    assert () == found.faults
    assert found.loaded is not None
    (schedule,) = found.loaded.settings.schedules
    for minute in minutes:
        at = pattern.start + timedelta(minutes=minute)
        person = on_call(schedule, at.replace(tzinfo=UTC).timestamp()).person
        assert there(pattern, at) == ({person} if person else set())


@given(
    days=st.sets(st.integers(0, 6), min_size=1),
    first=st.integers(0, 1439),
    minutes=st.integers(1, 7 * 1440),
    at=st.integers(0, 28 * 1440),
)
def test_a_window_holds_when_its_stretches_do(days: set[int], first: int, minutes: int, at: int) -> None:
    """Looked at by minutes of a week."""
    made = window(days, first, minutes, "UTC")
    week = 7 * 1440
    expected = any((at - day * 1440 - first) % week < minutes for day in days)  # minute 0: Sunday midnight
    day, minute = divmod(at % week, 1440)
    names = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")

    def holds(interval: dict[str, Any]) -> bool:
        if names[day] not in interval.get("weekdays", names):
            return False
        times = interval.get("times", [{"start_time": "00:00", "end_time": "24:00"}])
        return any(_minute(one["start_time"]) <= minute < _minute(one["end_time"]) for one in times)

    assert expected == (not made or any(map(holds, made)))


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
