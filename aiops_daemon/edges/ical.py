"""Calendars in iCalendar's format (RFC 5545): the one home of the icalendar library, which is an extra.

Enters: the bytes of a file, and a horizon. Leaves: events with their occurrences within it. Raises InputError for what
is no calendar, or when the extra is not installed; never fetches anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiops_daemon.core.response.adopt.ical import Event
from aiops_daemon.errors import InputError

_DAY = timedelta(days=1)
_MOST_OCCURRENCES = 1_000  # of one event: hourly shifts for 40 days


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """What a file holds; `zone` is the calendar's own, "" where it tells none."""

    name: str
    zone: str
    events: tuple[Event, ...]


def read_calendar(raw: bytes, start: datetime, end: datetime, zone: str = "") -> CalendarFile:
    """Read a calendar. Whole days and floating times are those of `zone`, else of the calendar's, else UTC."""
    try:
        from icalendar import Calendar
    except ImportError:
        raise InputError("reading calendars needs the extra: pip install 'aiops-daemon[ical]'") from None
    try:
        calendar = Calendar.from_ical(raw)
        own = str(calendar.get("X-WR-TIMEZONE", ""))
        reading = _Reading(ZoneInfo(zone or own or "UTC"), start, end)
        events = reading.events(calendar)
    except (ValueError, LookupError, AttributeError, TypeError) as error:  # what icalendar raises for half a calendar
        raise InputError(f"no calendar in iCalendar's format: {error}") from None
    return CalendarFile(str(calendar.get("X-WR-CALNAME", "")), own, events)


class _Reading:
    """One pass over the events of a calendar."""

    def __init__(self, floating: ZoneInfo, start: datetime, end: datetime) -> None:
        self._floating = floating
        self._start = start
        self._end = end

    def events(self, calendar: Any) -> tuple[Event, ...]:
        """Read all events; a repeating one of which an occurrence is replaced by another event is marked."""
        found: list[tuple[str, bool, Event]] = []
        for number, event in enumerate(calendar.walk("VEVENT")):
            if str(event.get("STATUS", "")).upper() != "CANCELLED":
                replaces = event.get("RECURRENCE-ID") is not None
                found.append((str(event.get("UID", number)), replaces, self._event(event, number)))
        moved = {uid for uid, replaces, _ in found if replaces}
        return tuple(replace(event, changed=True) if uid in moved and event.rule else event for uid, _, event in found)

    def _event(self, event: Any, number: int) -> Event:
        first = self._at(event["DTSTART"].dt)
        length = self._last(event, first) - first
        address, name = _attendee(event)
        rule = event.get("RRULE")
        summary = str(event.get("SUMMARY", ""))
        return Event(
            place=f"events[{number}] ({summary})",
            summary=summary,
            start=first.replace(tzinfo=None),
            zone=str(getattr(first.tzinfo, "key", "UTC")),
            seconds=length.total_seconds(),
            attendee=address,
            attendee_name=name,
            rule={key.upper(): tuple(str(each) for each in rule[key]) for key in rule} if rule else None,
            changed=any(event.get(key) is not None for key in ("EXDATE", "RDATE")),
            occurrences=tuple(self._occurrences(event, first, length)),
        )

    def _at(self, value: date | datetime) -> datetime:
        """Return a time with a zone; a day begins at midnight."""
        local = value if isinstance(value, datetime) else datetime.combine(value, time())
        return local if local.tzinfo else local.replace(tzinfo=self._floating)

    def _last(self, event: Any, first: datetime) -> datetime:
        if event.get("DTEND") is not None:
            return self._at(event["DTEND"].dt).astimezone(first.tzinfo)
        if event.get("DURATION") is not None:
            length: timedelta = event["DURATION"].dt
            return first + length
        return first + (timedelta() if isinstance(event["DTSTART"].dt, datetime) else _DAY)

    def _occurrences(self, event: Any, first: datetime, length: timedelta) -> Iterator[tuple[datetime, datetime]]:
        """Yield the occurrences that are not over at the start and begin before the end, by the clock on the wall."""
        for number, at in enumerate(self._dates(event, first).xafter(self._start - length - _DAY, inc=True)):
            if at >= self._end or number >= _MOST_OCCURRENCES:
                return
            if length and at + length > self._start:
                yield at, at + length

    def _dates(self, event: Any, first: datetime) -> Any:
        """Return when an event occurs; the end of a repetition is cut here, for files write it in any zone or none."""
        from dateutil.rrule import rruleset, rrulestr

        days = rruleset()
        days.rdate(first)
        rule = event.get("RRULE")
        if rule is not None:
            until = [self._at(one) for one in rule.get("UNTIL", [])]
            kept = type(rule)({key: rule[key] for key in rule if key.upper() != "UNTIL"})
            stop = min([*until, self._end])
            written = rrulestr(kept.to_ical().decode(), dtstart=first)
            for at in _until(written, stop):
                days.rdate(at)
        for key, add in (("RDATE", days.rdate), ("EXDATE", days.exdate)):
            found = event.get(key)
            for each in found if isinstance(found, list) else [found] if found is not None else []:
                for one in each.dts:
                    add(self._at(one.dt).astimezone(first.tzinfo))
        return days


def _until(dates: Any, stop: datetime) -> Iterator[datetime]:
    for at in dates:
        if at > stop:
            return
        yield at


def _attendee(event: Any) -> tuple[str, str]:
    """Return address and name of the one who attends; of several nobody is the one."""
    found = event.get("ATTENDEE")
    if found is None or isinstance(found, list):
        return "", ""
    address = str(found)
    named = str(found.params.get("CN", ""))
    return (address[7:] if address.lower().startswith("mailto:") else "", "" if "@" in named else named)
