"""Properties of imported schedules: whoever was on call there is on call here, at every moment."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.config.load import Overrides, inspect_text
from aiops_daemon.config.show import write
from aiops_daemon.core.response.adopt.goalert import adopt_goalert
from aiops_daemon.core.response.adopt.grafana import adopt_grafana
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


SHIFT: dict[str, Any] = {
    "id": "O", "name": "s", "type": "rolling_users", "start": "2026-11-23T09:00:00", "duration": 604_800, "level": 1,
    "frequency": "weekly", "interval": 1, "week_start": "MO", "by_day": ["MO"], "rolling_users": [["U"]],
    "rotation_start": "2026-11-23T09:00:00", "start_rotation_from_user_index": 0, "time_zone": "UTC", "until": None,
}  # fmt: skip
GRAFANA: dict[str, Any] = {
    "schedules": {"results": [{"id": "S", "name": "s", "time_zone": "UTC", "shifts": ["O"], "on_call_now": ["U"]}]},
    "on_call_shifts": [SHIFT, SHIFT | {"id": "P", "type": "single_event", "users": ["U"]}],
    "users": [{"id": "U", "username": "ann", "email": "ann@example.org", "slack": [{"user_id": "U1"}]}],
}
TIMES = {"start": "2026-12-24T00:00:00Z", "end": "2026-12-27T00:00:00Z"}
GOALERT: dict[str, Any] = {
    "data": {
        "schedules": {
            "nodes": [
                {
                    "id": "s", "name": "s", "timeZone": "UTC",
                    "targets": [
                        {
                            "target": {"type": "rotation", "id": "r"},
                            "rules": [{"start": "00:00", "end": "08:00", "weekdayFilter": [True] * 7}],
                        }
                    ],
                    "temporarySchedules": [TIMES | {"shifts": [TIMES | {"userID": "u"}]}],
                }
            ]
        },
        "rotations": {
            "nodes": [
                {
                    "id": "r", "name": "r", "type": "weekly", "start": "2026-11-02T08:00:00Z", "timeZone": "UTC",
                    "shiftLength": 1, "activeUserIndex": 0, "userIDs": ["u"],
                }
            ]
        },
        "users": {"nodes": [{"id": "u", "name": "Ann", "contactMethods": [{"type": "SMS", "value": "+4930111"}]}]},
        "userOverrides": {"nodes": [TIMES | {"addUserID": "u", "removeUserID": "u", "target": {"id": "s"}}]},
    }
}  # fmt: skip
NOW = datetime.fromisoformat("2026-11-30T12:00:00+00:00")
oddities = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**9), 10**9), st.floats(), st.text(max_size=5)),
    lambda below: st.one_of(st.lists(below, max_size=2), st.dictionaries(st.text(max_size=3), below, max_size=2)),
    max_leaves=3,
)


def _broken(value: Any, path: list[int], odd: Any) -> Any:
    """Put something odd somewhere: the path says which child, as far as there are any."""
    if not path or not isinstance(value, dict | list) or not value:
        return odd
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    chosen = keys[path[0] % len(keys)]
    inner = _broken(value[chosen], path[1:], odd)
    return {**value, chosen: inner} if isinstance(value, dict) else [*value[:chosen], inner, *value[chosen + 1 :]]


@settings(deadline=None, max_examples=300)
@given(path=st.lists(st.integers(0, 20), min_size=1, max_size=9), odd=oddities, grafana=st.booleans())
def test_an_odd_export_is_refused_or_read(path: list[int], odd: Any, grafana: bool) -> None:
    """Whatever stands in one place of it: sections, or a ValueError for people, never anything else."""
    adopt, base = (adopt_grafana, GRAFANA) if grafana else (adopt_goalert, GOALERT)
    values = _broken(base, path, odd)
    with suppress(ValueError):
        found = adopt(values if isinstance(values, dict) else {}, NOW)
        assert write(found.values)
