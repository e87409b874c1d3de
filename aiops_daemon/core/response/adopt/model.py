"""What every import of schedules gives, and the shapes that they are made of.

Enters: repeating shifts as other tools say them. Leaves: rotations and time intervals as plain values of our
configuration, or the reason why one cannot be said here. Never guesses: what is not the same is left, with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiops_daemon.core.alertmanager.channels import Left
from aiops_daemon.core.alertmanager.names import Names
from aiops_daemon.core.model.durations import DAY, HOUR, WEEK, prometheus_duration
from aiops_daemon.core.model.ranges import WEEKDAYS

UNITS = {"hourly": HOUR, "daily": DAY, "weekly": WEEK}
_MINUTES = 1440  # of a day


@dataclass(frozen=True, slots=True)
class Adopted:
    """Sections of our configuration, what is not in them, and who was on call there by schedule, where that is told."""

    values: dict[str, Any]
    left: tuple[Left, ...]
    on_call: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A shift that repeats: every `interval` units from `start`, each time for the next of `people`."""

    start: datetime  # local, without a zone
    seconds: float  # length of one shift, by the clock on the wall
    unit: str  # of UNITS
    interval: int
    people: tuple[str, ...]
    weekdays: tuple[int, ...] = ()  # 0 Sunday; of a weekly one, more than its first day
    week_start: int = 0


class Sections:
    """Collects what is carried over."""

    def __init__(self) -> None:
        self.people: dict[str, dict[str, Any]] = {}
        self.schedules: list[dict[str, Any]] = []
        self.intervals: list[dict[str, Any]] = []
        self.left: list[Left] = []
        self.on_call: dict[str, tuple[str, ...]] = {}
        self.names = Names()
        self.schedule_names = Names()

    def leave(self, place: str, why: str) -> None:
        """Say that something is not carried over."""
        self.left.append(Left(place, why))

    def person(self, name: str, identity: str = "", **addresses: str) -> str:
        """Take somebody in, with the addresses that are known, and return the name here.

        Two people of one name stay two: they are told apart by `identity`.
        """
        here = self.names.add(name, identity)
        self.people.setdefault(here, {"name": here}).update({key: value for key, value in addresses.items() if value})
        return here

    def adopted(self) -> Adopted:
        """Return the sections; whoever no schedule names is left out."""
        used = {name for schedule in self.schedules for name in _named(schedule)}
        people = [person for name, person in self.people.items() if name in used]
        values = {"people": people, "schedules": self.schedules, "time_intervals": self.intervals}
        renamed = [
            Left(f"{section}.{there}", f"is called {here} here")
            for section, names in (("people", self.names), ("schedules", self.schedule_names))
            for there, here in names.renamed()
            if section == "schedules" or here in used
        ]
        return Adopted({key: value for key, value in values.items() if value}, (*self.left, *renamed), self.on_call)

    def rotation(self, pattern: Pattern, schedule: str, zone: str, place: str) -> dict[str, Any] | None:
        """Write a repeating shift as a rotation, with a calendar where it does not last from one to the next."""
        unit = UNITS[pattern.unit]
        period = unit * pattern.interval
        if set(pattern.weekdays) == {_weekday(pattern.start)}:
            pattern = replace(pattern, weekdays=())
        if not pattern.people or pattern.seconds <= 0:
            self.leave(place, "has no length" if pattern.people else "has nobody in it")
        elif pattern.seconds == period and not pattern.weekdays:
            return _turns(pattern.start, period, pattern.people)
        elif pattern.seconds > unit or (pattern.seconds < unit and pattern.unit == "hourly") or _outlasts(pattern):
            self.leave(place, "its shifts overlap, or leave gaps that no calendar says")
        elif pattern.seconds == unit and not pattern.weekdays:
            return _turns(pattern.start, unit, _spread(pattern))
        else:
            made = _turns(pattern.start if _alone(pattern) else _week(pattern), unit, _spread(pattern))
            return self.within(made, self._window(pattern, zone), schedule)
        return None

    def within(self, rotation: dict[str, Any], window: list[dict[str, Any]], schedule: str) -> dict[str, Any]:
        """Let a rotation count only within a calendar; an empty one is always."""
        if not window:
            return rotation
        known = next((one["name"] for one in self.intervals if one["time_intervals"] == window), "")
        if not known:
            known = f"{schedule}-{1 + sum(one['name'].startswith(f'{schedule}-') for one in self.intervals)}"
            self.intervals.append({"name": known, "time_intervals": window})
        return rotation | {"active_time_intervals": [known]}

    def _window(self, pattern: Pattern, zone: str) -> list[dict[str, Any]]:
        days = pattern.weekdays or (tuple(range(7)) if pattern.unit == "daily" else (_weekday(pattern.start),))
        return window(days, pattern.start.hour * 60 + pattern.start.minute, round(pattern.seconds / 60), zone)


def window(weekdays: Iterable[int], first: int, minutes: int, zone: str) -> list[dict[str, Any]]:
    """Return time intervals of stretches that begin at a minute of these days; one over midnight becomes several."""
    made = []
    days = sorted(set(weekdays))
    for later in range((first + minutes - 1) // _MINUTES + 1):
        start, end = max(first - later * _MINUTES, 0), min(first + minutes - later * _MINUTES, _MINUTES)
        interval: dict[str, Any] = {}
        if (start, end) != (0, _MINUTES):
            interval["times"] = [{"start_time": _clock(start), "end_time": _clock(end)}]
        if len(days) < 7:
            interval["weekdays"] = [WEEKDAYS[day] for day in sorted((day + later) % 7 for day in days)]
        if not interval:
            return []
        made.append(interval | {"location": zone})
    return made


def whole(value: object, default: int, place: str, most: int = 10_000) -> int:
    """Read a whole number from 0 that may be left out; raises ValueError with the place."""
    if value is None or value == "":
        return default
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{place}: must be a number")
    try:
        found = int(value)
    except (ValueError, OverflowError):
        raise ValueError(f"{place}: must be a whole number") from None
    if not 0 <= found <= most:
        raise ValueError(f"{place}: must be 0 to {most}")
    return found


def moment(text: str, place: str) -> datetime:
    """Read an ISO 8601 time of this or the last century; one without an offset is UTC. Raises ValueError."""
    found = local(text, place)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def local(text: str, place: str) -> datetime:
    """Read an ISO 8601 time as it is written; raises ValueError with the place."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{place}: no time") from None
    if not 1970 <= found.year < 2100:
        raise ValueError(f"{place}: not within the years 1970 to 2099")
    return found


def zone_name(name: str, place: str) -> str:
    """Pass a time zone that is known here, "" for UTC; raises ValueError with the place."""
    try:
        ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(f"{place}: no time zone known here") from None
    return name or "UTC"


def override(person: str, start: datetime, end: datetime) -> dict[str, Any]:
    """Write an exception; "" leaves the time empty."""
    times = {"starts_at": _utc(start), "ends_at": _utc(end)}
    return {"person": person, **times} if person else times


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _turns(start: datetime, seconds: float, people: tuple[str, ...]) -> dict[str, Any]:
    return {
        "start": start.isoformat(timespec="minutes"),
        "every": prometheus_duration(seconds),
        "people": list(people),
    }


def _spread(pattern: Pattern) -> tuple[str, ...]:
    """Leave turns empty where a shift comes only every second or third time."""
    empty = ("",) * (pattern.interval - 1)
    return tuple(name for person in pattern.people for name in (person, *empty))


def _alone(pattern: Pattern) -> bool:
    """Say whether no turn is handed over to anybody, so that it need not be on the first day of a week."""
    return not pattern.weekdays or (pattern.interval == 1 and len(set(pattern.people)) == 1)


def _outlasts(pattern: Pattern) -> bool:
    """Say whether the last shift of a week goes on when the next one's turn has begun."""
    last = max(((day - pattern.week_start) % 7 for day in pattern.weekdays), default=0)
    return not _alone(pattern) and last * DAY + pattern.seconds > WEEK


def _week(pattern: Pattern) -> datetime:
    """Return the beginning of the first week, at the time of day at which its shifts begin."""
    return pattern.start - timedelta(days=(_weekday(pattern.start) - pattern.week_start) % 7)


def _weekday(at: datetime) -> int:
    return at.isoweekday() % 7


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _named(schedule: dict[str, Any]) -> set[str]:
    turns = {name for rotation in schedule.get("rotations", ()) for name in rotation["people"]}
    return turns | {one["person"] for one in schedule.get("overrides", ()) if "person" in one}
