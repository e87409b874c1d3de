"""Calendars in iCalendar's format (RFC 5545): the one home of the icalendar library, which is an extra.

Enters: the bytes of a file, and a horizon. Leaves: events with their occurrences within it. Raises InputError for what
is no calendar, or when the extra is not installed; never fetches anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiops_daemon.core.response.adopt.ical import Event
from aiops_daemon.errors import InputError

_DAY = timedelta(days=1)
_MOST_OCCURRENCES = 10_000  # of one event: hourly shifts for a year
_MOST_REPETITIONS = 1_000_000  # since the first: hourly shifts for a century
_YEARS = range(1970, 2100)
_UNITS = ("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")  # no shift lasts for seconds
_NOT_READ = (ValueError, LookupError, AttributeError, TypeError, OverflowError)  # what half a calendar raises


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
    except _NOT_READ as error:
        raise InputError(f"no calendar in iCalendar's format: {error}") from None
    return CalendarFile(str(calendar.get("X-WR-CALNAME", "")), own, events)


class _Reading:
    """One pass over the events of a calendar."""

    def __init__(self, floating: ZoneInfo, start: datetime, end: datetime) -> None:
        self._floating = floating
        self._start = start
        self._end = end
        self._replaced: dict[str, set[datetime]] = {}  # occurrences that another event stands for, by uid

    def events(self, calendar: Any) -> tuple[Event, ...]:
        """Read all events; a repeating one of which an occurrence is replaced by another event is marked."""
        written = list(enumerate(calendar.walk("VEVENT")))
        for number, event in written:
            if event.get("RECURRENCE-ID") is not None:  # also of one that is cancelled
                uid = str(event.get("UID", number))
                self._replaced.setdefault(uid, set()).add(self._at(event["RECURRENCE-ID"].dt))
        return tuple(
            self._placed(event, number)
            for number, event in written
            if str(event.get("STATUS", "")).upper() != "CANCELLED"
        )

    def _placed(self, event: Any, number: int) -> Event:
        """Read one event; what is wrong with it is told with its place."""
        try:
            return self._event(event, number)
        except _NOT_READ as error:
            said = f"has no {error}" if isinstance(error, KeyError) else str(error)
            raise InputError(f"events[{number}] ({event.get('SUMMARY', '')}): {said}") from None

    def _event(self, event: Any, number: int) -> Event:
        first = self._at(event["DTSTART"].dt, event["DTSTART"])
        if first.year not in _YEARS:
            raise ValueError("DTSTART is not within the years 1970 to 2099")
        length = self._last(event, first) - first
        address, name = _attendee(event)
        rule = event.get("RRULE")
        if rule is not None and not isinstance(rule, dict):
            raise ValueError("RRULE cannot be read; there may be one, such as FREQ=WEEKLY")
        summary = str(event.get("SUMMARY", ""))
        replaced = self._replaced.get(str(event.get("UID", number)), set())
        moves = event.get("RECURRENCE-ID") is not None
        return Event(
            place=f"events[{number}] ({summary})",
            summary=summary,
            start=first.replace(tzinfo=None),
            zone="UTC" if first.tzinfo is UTC else str(getattr(first.tzinfo, "key", "")),
            seconds=length.total_seconds(),
            attendee=address,
            attendee_name=name,
            rule={key.upper(): tuple(str(each) for each in rule[key]) for key in rule} if rule else None,
            changed=any(event.get(key) is not None for key in ("EXDATE", "RDATE"))
            or bool(rule and replaced and not moves),
            occurrences=tuple(self._occurrences(event, first, length, set() if moves else replaced)),
            lost=tuple(_lost(event, length)),
        )

    def _at(self, value: date | datetime, written: Any = None) -> datetime:
        """Return a time with a zone; a day begins at midnight. Raises ValueError for a zone that nobody knows."""
        named = "" if written is None else str(written.params.get("TZID", ""))
        if named and isinstance(value, datetime) and value.tzinfo is None:
            raise ValueError(f"{named} is no time zone known here, and the file does not say what it is")
        local = value if isinstance(value, datetime) else datetime.combine(value, time())
        return local if local.tzinfo else local.replace(tzinfo=self._floating)

    def _last(self, event: Any, first: datetime) -> datetime:
        if event.get("DTEND") is not None:
            return self._at(event["DTEND"].dt, event["DTEND"]).astimezone(first.tzinfo)
        if event.get("DURATION") is not None:
            length: timedelta = event["DURATION"].dt
            return first + length
        return first + (timedelta() if isinstance(event["DTSTART"].dt, datetime) else _DAY)

    def _occurrences(
        self, event: Any, first: datetime, length: timedelta, replaced: set[datetime]
    ) -> Iterator[tuple[datetime, datetime]]:
        """Yield the occurrences that are not over at the start and begin before the end, by the clock on the wall.

        What does not repeat is known to its end, and has no horizon. Whole days are left out by their date.
        """
        if length <= timedelta():
            return
        repeats = event.get("RRULE") is not None
        out = {one for one in _days_out(event) if isinstance(event["DTSTART"].dt, datetime)}
        for number, at in enumerate(self._dates(event, first, length).xafter(self._start - length - _DAY, inc=True)):
            if repeats and at >= self._end:
                return
            if number >= _MOST_OCCURRENCES:
                raise ValueError(f"occurs more than {_MOST_OCCURRENCES} times in this time; ask for fewer --days")
            if at + length > self._start and at not in replaced and at.date() not in out:
                yield at, at + length

    def _dates(self, event: Any, first: datetime, length: timedelta) -> Any:
        """Return when an event occurs; the end of a repetition is cut here, for files write it in any zone or none."""
        from dateutil.rrule import rruleset, rrulestr

        days = rruleset()
        days.rdate(first)
        rule = event.get("RRULE")
        if rule is not None:
            if str(next(iter(rule.get("FREQ", ())), "")).upper() not in _UNITS:
                raise ValueError(f"RRULE: repeats neither by {', '.join(_UNITS)}")
            if any(int(one) < 1 for one in rule.get("INTERVAL", ())):
                raise ValueError("RRULE: INTERVAL must be 1 or more")
            until = [self._at(one) for one in rule.get("UNTIL", [])]
            kept = type(rule)({key: rule[key] for key in rule if key.upper() != "UNTIL"})
            stop = min([*until, self._end])
            written = rrulestr(kept.to_ical().decode(), dtstart=first)
            for at in _within(written, self._start - length - _DAY, stop):
                days.rdate(at)
        for key, add in (("RDATE", days.rdate), ("EXDATE", days.exdate)):
            found = event.get(key)
            for each in found if isinstance(found, list) else [found] if found is not None else []:
                for one in each.dts:
                    if isinstance(one.dt, tuple):
                        raise ValueError(f"{key}: periods are not read; write the times at which it begins")
                    add(self._at(one.dt).astimezone(first.tzinfo))
        return days


def _lost(event: Any, length: timedelta) -> Iterator[str]:
    """Say what of an event is not in what was read."""
    attending = event.get("ATTENDEE")
    if isinstance(attending, list):
        yield f"{len(attending)} attend; here the title is the one who is on call"
    if length <= timedelta():
        yield "ends before it begins" if length else "has no length"
    again = event.get("RECURRENCE-ID")
    if again is not None and "RANGE" in again.params:
        yield "changes all that follow; here it is the one occurrence"


def _days_out(event: Any) -> Iterator[date]:
    """Yield the whole days among EXDATE."""
    found = event.get("EXDATE")
    for each in found if isinstance(found, list) else [found] if found is not None else []:
        yield from (one.dt for one in each.dts if not isinstance(one.dt, datetime))


def _within(dates: Any, start: datetime, stop: datetime) -> Iterator[datetime]:
    """Yield dates from `start` to `stop`; raises ValueError for a rule that names more than shifts can be."""
    for number, at in enumerate(dates):
        if at > stop:
            return
        if number >= _MOST_REPETITIONS:
            raise ValueError(f"RRULE: repeats more than {_MOST_REPETITIONS} times until then; let it begin later")
        if at >= start:
            yield at


def _attendee(event: Any) -> tuple[str, str]:
    """Return address and name of the one who attends; of several nobody is the one."""
    found = event.get("ATTENDEE")
    if found is None or isinstance(found, list):
        return "", ""
    address = str(found)
    named = str(found.params.get("CN", ""))
    return (address[7:] if address.lower().startswith("mailto:") else "", "" if "@" in named else named)
