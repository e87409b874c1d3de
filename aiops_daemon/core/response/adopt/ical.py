"""A calendar of shifts as a schedule of ours: one event, one person on call.

Enters: events as an edge read them, with their occurrences of the next time. Leaves: our people and one schedule, and
what was not carried over. A repetition that a rotation says exactly becomes one; every other is written out as
exceptions for as long as occurrences are known. Later events in the file win over earlier ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiops_daemon.core.response.adopt.model import Adopted, Pattern, Sections, override

_DAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_UNITS = {"HOURLY": "hourly", "DAILY": "daily", "WEEKLY": "weekly"}
_SAID = frozenset(("FREQ", "INTERVAL", "BYDAY", "WKST"))  # parts of a rule that a rotation can say
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
_PAGERDUTY = re.compile(r"On Call - (.+) - .+")


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `rule` are the parts of its repetition, {} for none; occurrences are those within the horizon."""

    place: str
    summary: str
    start: datetime  # local, without a zone
    zone: str  # "" for one that has no name here
    seconds: float
    attendee: str = ""  # an address
    attendee_name: str = ""
    rule: Mapping[str, tuple[str, ...]] | None = None
    changed: bool = False  # single occurrences are left out, moved or added
    lost: tuple[str, ...] = ()  # what the file says, and this does not
    occurrences: tuple[tuple[datetime, datetime], ...] = ()


def adopt_calendar(events: Iterable[Event], name: str, zone: str, until: datetime) -> Adopted:
    """Translate a calendar into a schedule of this name; `until` is the end of the occurrences."""
    sections = Sections()
    here = sections.schedule_names.add(name)
    rotations: list[dict[str, Any]] = []
    overrides: list[dict[str, Any]] = []
    events = tuple(events)
    people = [_person(event, sections) for event in events]
    for event, person in zip(events, people, strict=True):
        for why in event.lost:
            sections.leave(event.place, why)
        pattern = _pattern(event, person, zone)
        made = sections.rotation(pattern, here, zone, event.place) if isinstance(pattern, Pattern) else None
        if made is not None:
            rotations.append(made)
            continue
        if event.rule:
            why = pattern if isinstance(pattern, str) else "no rotation says the same"
            sections.leave(event.place, f"{why}: written out until {until:%Y-%m-%d}, later ones are not carried over")
        overrides += [override(person, start, end) for start, end in event.occurrences if _lasts(start, end)]
    for place, why in _overlaps(events, people):
        sections.leave(place, why)
    schedule: dict[str, Any] = {"name": here, "time_zone": zone, "rotations": rotations, "overrides": overrides}
    sections.schedules.append({key: value for key, value in schedule.items() if value})
    return sections.adopted()


def _person(event: Event, sections: Sections) -> str:
    """Take the one who attends, else whom the title names."""
    if event.attendee:
        name = event.attendee_name or event.attendee.split("@")[0]
        return sections.person(name, event.attendee.lower(), email=event.attendee)
    found = _PAGERDUTY.fullmatch(event.summary.strip())
    title = found[1] if found else event.summary.strip()
    if _ADDRESS.fullmatch(title):
        return sections.person(title.split("@")[0], title.lower(), email=title)
    return sections.person(title or "unnamed")


def _overlaps(events: Iterable[Event], people: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield where two people are on call at once, of each event the first time: here it is one of them."""
    shifts = sorted(
        (start, end, number, person, event.place)
        for number, (event, person) in enumerate(zip(events, people, strict=True))
        for start, end in event.occurrences
    )
    open_ones: list[tuple[datetime, datetime, int, str, str]] = []
    told: set[int] = set()
    for shift in shifts:
        start, _, number, person, place = shift
        open_ones = [one for one in open_ones if one[1] > start]
        other = next((one for one in open_ones if one[3] != person), None)
        if other is not None and number not in told:
            told.add(number)
            yield place, f"at {start:%Y-%m-%d %H:%M} {other[3]} and {person} are on call at once there; here one is"
        open_ones.append(shift)


def _pattern(event: Event, person: str, zone: str) -> Pattern | str | None:
    """Return the repetition, why it is none that a rotation can say, or None for a single event."""
    if not event.rule:
        return None
    unit = _UNITS.get(_first(event.rule, "FREQ"))
    days = event.rule.get("BYDAY", ())
    weekdays = tuple(_DAYS.index(day) for day in days if day in _DAYS)
    if unit is None or set(event.rule) - _SAID or len(weekdays) < len(days) or (days and unit == "hourly"):
        return "repeats in a way that a rotation cannot say"
    if event.changed:
        return "has occurrences that are left out or moved"
    if event.zone != zone:
        return f"has a time zone of its own ({event.zone or 'without a name known here'})"
    if unit == "daily" and weekdays:
        if _first(event.rule, "INTERVAL") not in ("", "1"):
            return "repeats in a way that a rotation cannot say"
        unit = "weekly"  # every day that is one of these
    found = Pattern(
        start=event.start,
        seconds=event.seconds,
        unit=unit,
        interval=int(_first(event.rule, "INTERVAL") or 1),
        people=(person,),
        weekdays=weekdays,
        week_start=_DAYS.index(_first(event.rule, "WKST") or "MO"),
    )
    to_come = any(start.replace(tzinfo=None) == event.start for start, _ in event.occurrences[:1])
    return "its first week is not like those after it" if to_come and _begins_within_a_week(found) else found


def _lasts(start: datetime, end: datetime) -> bool:
    """Say whether a shift is any time at all: the clocks may skip the whole of it."""
    return start.astimezone(UTC) < end.astimezone(UTC)


def _begins_within_a_week(pattern: Pattern) -> bool:
    """Say whether the first shift is on a day that no later one has, or its week has days before it."""
    first = (pattern.start.isoweekday() - pattern.week_start) % 7
    days = [(day - pattern.week_start) % 7 for day in pattern.weekdays]
    return bool(days) and (first not in days or (pattern.interval > 1 and min(days) < first))


def _first(rule: Mapping[str, tuple[str, ...]], part: str) -> str:
    return next(iter(rule.get(part, ())), "")
