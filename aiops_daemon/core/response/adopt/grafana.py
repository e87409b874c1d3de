"""Schedules of Grafana OnCall, as its public API gives them.

Enters: an object of `schedules`, `on_call_shifts` and `users`, each a list or a page with `results`. Leaves: our people
and schedules, and what was not carried over. Shifts of a higher level are later layers. Raises ValueError with the
place for what has another shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiops_daemon.core.alertmanager.reading import mapping, sequence, text
from aiops_daemon.core.response.adopt.model import UNITS, Adopted, Pattern, Sections, local, override, whole, zone_name

_DAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_ONCE = ("single_event", "override")


def adopt_grafana(values: Mapping[str, Any], now: datetime) -> Adopted:
    """Translate an export; overrides that are over are left out."""
    sections = Sections()
    users = {text(user.get("id"), "users"): _person(user, sections) for user in _items(values, "users")}
    shifts = {text(shift.get("id"), "on_call_shifts"): shift for shift in _items(values, "on_call_shifts")}
    for index, schedule in enumerate(_items(values, "schedules")):
        _Schedule(sections, users, now).add(schedule, shifts, f"schedules[{index}]")
    return sections.adopted()


def _items(values: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = values.get(key)
    found = found.get("results") if isinstance(found, Mapping) else found
    return [mapping(one, f"{key}[{index}]") for index, one in enumerate(sequence(found, key))]


def _person(user: Mapping[str, Any], sections: Sections) -> str:
    slack = next((mapping(one, "slack") for one in sequence(user.get("slack"), "users.slack")), {})
    uid = text(user.get("id"), "users")
    name = text(user.get("username") or user.get("email"), "users") or uid
    return sections.person(name, uid, email=text(user.get("email"), "email"), slack=text(slack.get("user_id"), "slack"))


class _Schedule:
    """One schedule on its way into the sections."""

    def __init__(self, sections: Sections, users: Mapping[str, str], now: datetime) -> None:
        self._sections = sections
        self._users = users
        self._now = now

    def add(self, schedule: Mapping[str, Any], shifts: Mapping[str, Mapping[str, Any]], place: str) -> None:
        """Translate a schedule with its shifts."""
        uid = text(schedule.get("id"), place)
        name = self._sections.schedule_names.add(text(schedule.get("name"), place) or uid, uid)
        zone = zone_name(text(schedule.get("time_zone"), place), f"{place}.time_zone")
        for key in ("ical_url_primary", "ical_url_overrides"):
            if schedule.get(key):
                self._sections.leave(f"{place}.{key}", "fetch the calendar and import it with --from ical")
        listed = [text(one, place) for one in sequence(schedule.get("shifts"), f"{place}.shifts")]
        for lost in (one for one in listed if one not in shifts):
            self._sections.leave(f"{place}.shifts.{lost}", "is not among on_call_shifts of the file")
        own = sorted((shifts[one] for one in listed if one in shifts), key=_level)
        self._note_levels(own, place)
        made: dict[str, Any] = {"name": name, "time_zone": zone}
        rotations = [self._rotation(one, name, zone) for one in own if one.get("type") not in _ONCE]
        overrides = [self._override(one, zone) for one in own if one.get("type") in _ONCE]
        made["rotations"] = [one for one in rotations if one]
        made["overrides"] = [one for one in overrides if one]
        self._sections.schedules.append({key: value for key, value in made.items() if value})
        told = sequence(schedule.get("on_call_now"), place)
        if told:
            self._sections.on_call[name] = tuple(self._name(text(one, place), place) for one in told)

    def _note_levels(self, shifts: list[Mapping[str, Any]], place: str) -> None:
        levels = [_level(one) for one in shifts if one.get("type") not in _ONCE]
        if len(set(levels)) < len(levels):
            self._sections.leave(f"{place}.shifts", "of one level all are told there; here the last in the list wins")

    def _name(self, user: str, place: str) -> str:
        if user not in self._users:
            self._sections.leave(f"{place}.users.{user}", "is not among users of the file")
            return self._sections.person(user, user)
        return self._users[user]

    def _override(self, shift: Mapping[str, Any], zone: str) -> dict[str, Any] | None:
        place = _place(shift)
        start = _local(shift, "start").replace(tzinfo=ZoneInfo(_zone(shift, zone)))
        end = start + timedelta(seconds=_seconds(shift))
        if end <= self._now:
            return None
        people = self._people([sequence(shift.get("users"), place) or _first(shift)], place)
        return override(people[0] if people else "", start, end)

    def _rotation(self, shift: Mapping[str, Any], schedule: str, zone: str) -> dict[str, Any] | None:
        place = _place(shift)
        reason = self._refused(shift, zone)
        if reason:
            self._sections.leave(place, reason)
            return None
        slots = sequence(shift.get("rolling_users"), place) or [sequence(shift.get("users"), place)]
        first = whole(shift.get("start_rotation_from_user_index"), 0, f"{place}.start_rotation_from_user_index")
        unit = text(shift.get("frequency"), place)
        interval = max(whole(shift.get("interval"), 1, f"{place}.interval"), 1)
        start = _local(shift, "start")
        if shift.get("rotation_start"):
            every = timedelta(seconds=UNITS[unit] * interval)
            passed = _turns_before(start, _local(shift, "rotation_start"), every)
            start, first = start + passed * every, first + passed  # turns count from `start`, also those left out
        first %= len(slots)
        people = self._people(slots[first:] + slots[:first], place)
        return self._sections.rotation(
            Pattern(
                start=start,
                seconds=_seconds(shift),
                unit=unit,
                interval=interval,
                people=people,
                weekdays=tuple(_DAYS.index(day) for day in _by_day(shift)),
                week_start=_DAYS.index(text(shift.get("week_start"), place) or "SU"),
            ),
            schedule,
            zone,
            place,
        )

    def _refused(self, shift: Mapping[str, Any], zone: str) -> str:
        """Say why a repeating shift cannot be said here, "" when it can."""
        unit = text(shift.get("frequency"), _place(shift))
        days = _by_day(shift)
        if unit not in UNITS:
            return "repeats neither by hours, days nor weeks"
        if shift.get("by_month") or shift.get("by_monthday"):
            return "holds on days of the month, or in months, only"
        if days and unit != "weekly":
            return "holds on some weekdays only, though it is not weekly"
        if not {*days, text(shift.get("week_start"), _place(shift)) or "SU"} <= set(_DAYS):
            return "names weekdays that there are not"
        if _zone(shift, zone) != zone:
            return f"has a time zone of its own ({_zone(shift, zone)}); a schedule here has one"
        if shift.get("until"):
            return "ends: keep it out, or add it by hand for as long"
        return ""

    def _people(self, slots: list[Any], place: str) -> tuple[str, ...]:
        """Return one person a turn; ours have no more."""
        found = []
        for slot in slots:
            users = [self._name(text(one, place), place) for one in sequence(slot, place)]
            if len(users) > 1:
                self._sections.leave(place, f"{', '.join(users[1:])} shared a turn with {users[0]}; here it is of one")
            found.append(users[0] if users else "")
        return tuple(found) if any(found) else ()


def _place(shift: Mapping[str, Any]) -> str:
    return f"on_call_shifts.{text(shift.get('name') or shift.get('id'), 'on_call_shifts')}"


def _level(shift: Mapping[str, Any]) -> int:
    return whole(shift.get("level"), 0, f"{_place(shift)}.level")


def _first(shift: Mapping[str, Any]) -> list[Any]:
    return next((sequence(one, _place(shift)) for one in sequence(shift.get("rolling_users"), _place(shift))), [])


def _zone(shift: Mapping[str, Any], zone: str) -> str:
    return zone_name(text(shift.get("time_zone"), _place(shift)) or zone, f"{_place(shift)}.time_zone")


def _by_day(shift: Mapping[str, Any]) -> list[str]:
    return [text(day, _place(shift)) for day in sequence(shift.get("by_day"), f"{_place(shift)}.by_day")]


def _local(shift: Mapping[str, Any], key: str) -> datetime:
    return local(text(shift.get(key), _place(shift)), f"{_place(shift)}.{key}").replace(tzinfo=None)


def _seconds(shift: Mapping[str, Any]) -> float:
    return float(whole(shift.get("duration"), 0, f"{_place(shift)}.duration", 10**8))


def _turns_before(start: datetime, first: datetime, every: timedelta) -> int:
    """Return how many repetitions are over before the first one that is not before the rotation begins."""
    late = max(first - start, timedelta())
    return -(-late // every)
