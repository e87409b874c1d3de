"""Schedules of GoAlert, as its GraphQL API gives them.

Enters: the answer of a query for `schedules`, `rotations`, `users` and `userOverrides` (with or without `data` and
`nodes` around). Leaves: our people and schedules, and what was not carried over. Whoever is active there now is on call
here now. Raises ValueError with the place for what has another shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiops_daemon.core.alertmanager.reading import mapping, sequence, text
from aiops_daemon.core.model.ranges import minute
from aiops_daemon.core.response.adopt.model import UNITS, Adopted, Sections, moment, override, whole, window, zone_name
from aiops_daemon.core.response.calendar import HandOvers

_ADDRESS = {"SMS": "phone", "VOICE": "phone", "EMAIL": "email", "SLACK_DM": "slack"}
_MONDAY = "2024-01-01T00:00"  # from which a single person's turns are counted; any past moment says the same


def adopt_goalert(values: Mapping[str, Any], now: datetime) -> Adopted:
    """Translate an export; what is over is left out."""
    inner = mapping(values.get("data", values), "data")
    sections = Sections()
    users = {text(user.get("id"), "users"): _person(user, sections) for user in _items(inner, "users")}
    rotations = {text(one.get("id"), "rotations"): one for one in _items(inner, "rotations")}
    exceptions = _items(inner, "userOverrides")
    for index, schedule in enumerate(_items(inner, "schedules")):
        _Schedule(sections, users, rotations, now).add(schedule, exceptions, f"schedules[{index}]")
    return sections.adopted()


def _items(values: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = values.get(key)
    found = found.get("nodes") if isinstance(found, Mapping) else found
    return [mapping(one, f"{key}[{index}]") for index, one in enumerate(sequence(found, key))]


def _person(user: Mapping[str, Any], sections: Sections) -> str:
    addresses = {"email": text(user.get("email"), "users.email")}
    for method in sequence(user.get("contactMethods"), "users.contactMethods"):
        each = mapping(method, "users.contactMethods")
        key = _ADDRESS.get(text(each.get("type"), "type"), "")
        if key and not each.get("disabled"):
            addresses[key] = addresses.get(key) or text(each.get("value"), "value")
    uid = text(user.get("id"), "users")
    return sections.person(text(user.get("name"), "users") or uid, uid, **addresses)


class _Schedule:
    """One schedule on its way into the sections."""

    def __init__(
        self, sections: Sections, users: Mapping[str, str], rotations: Mapping[str, Mapping[str, Any]], now: datetime
    ) -> None:
        self._sections = sections
        self._users = users
        self._rotations = rotations
        self._now = now

    def add(self, schedule: Mapping[str, Any], exceptions: list[Mapping[str, Any]], place: str) -> None:
        """Translate a schedule with its targets and exceptions."""
        uid = text(schedule.get("id"), place)
        name = self._sections.schedule_names.add(text(schedule.get("name"), place) or uid, uid)
        zone = zone_name(text(schedule.get("timeZone"), place), f"{place}.timeZone")
        targets = [mapping(one, place) for one in sequence(schedule.get("targets"), f"{place}.targets")]
        if len(targets) > 1:
            self._sections.leave(f"{place}.targets", "all are told at once there; here the last in the list wins")
        made: dict[str, Any] = {"name": name, "time_zone": zone}
        layers = [self._layer(one, name, zone, f"{place}.targets[{index}]") for index, one in enumerate(targets)]
        made["rotations"] = [one for one in layers if one]
        # A temporary schedule wins: there nobody is exchanged while one lasts.
        made["overrides"] = [*self._exceptions(schedule, exceptions), *self._temporary(schedule, place)]
        self._sections.schedules.append({key: value for key, value in made.items() if value})

    def _layer(self, written: Mapping[str, Any], schedule: str, zone: str, place: str) -> dict[str, Any] | None:
        target = mapping(written.get("target"), f"{place}.target")
        rules = [mapping(one, place) for one in sequence(written.get("rules"), f"{place}.rules")]
        kind, uid = text(target.get("type"), place), text(target.get("id"), place)
        if not any(_days(rule, place) for rule in rules):
            self._sections.leave(place, "has no rule that names a day, so it never holds")
        elif kind == "user":
            turns = {"start": _MONDAY, "every": "7d", "people": [self._name(uid, target, place)]}
            return self._sections.within(turns, _calendar(rules, zone, place), schedule)
        elif kind == "rotation" and uid in self._rotations:
            turns_of = self._turns(self._rotations[uid], zone, place)
            return turns_of and self._sections.within(turns_of, _calendar(rules, zone, place), schedule)
        else:
            self._sections.leave(place, "is neither a user nor a rotation of the file")
        return None

    def _turns(self, rotation: Mapping[str, Any], zone: str, place: str) -> dict[str, Any] | None:
        """Write a rotation; counted from its start, the person who is active there has the present turn."""
        unit = text(rotation.get("type"), place)
        people = [self._name(text(one, place), {}, place) for one in _members(rotation, place)]
        if unit not in UNITS or not people:
            why = "has nobody in it" if unit in UNITS else f"changes {unit or 'at times that are not told'}"
            self._sections.leave(f"rotations.{text(rotation.get('name'), place)}", why)
            return None
        there = text(rotation.get("timeZone"), place) or zone
        if there != zone:
            self._sections.leave(
                f"rotations.{text(rotation.get('name'), place)}.timeZone", f"hands over by the clock of {zone} here"
            )
        start = (
            moment(text(rotation.get("start"), place), place).astimezone(ZoneInfo(zone)).replace(tzinfo=None, second=0)
        )
        every = timedelta(seconds=UNITS[unit] * max(whole(rotation.get("shiftLength"), 1, f"{place}.shiftLength"), 1))
        turn = HandOvers(start.replace(microsecond=0), every, zone).turn(self._now.timestamp()) or 0
        shift = (whole(rotation.get("activeUserIndex"), 0, f"{place}.activeUserIndex") - turn) % len(people)
        hours = round(every / timedelta(hours=1))
        return {
            "start": start.isoformat(timespec="minutes"),
            "every": f"{hours // 24}d" if hours % 24 == 0 else f"{hours}h",
            "people": people[shift:] + people[:shift],
        }

    def _temporary(self, schedule: Mapping[str, Any], place: str) -> list[dict[str, Any]]:
        """Write temporary schedules as exceptions: nobody for the whole of it, then its shifts over that."""
        made = []
        for index, one in enumerate(sequence(schedule.get("temporarySchedules"), f"{place}.temporarySchedules")):
            at = f"{place}.temporarySchedules[{index}]"
            written = mapping(one, at)
            shifts = [mapping(each, at) for each in sequence(written.get("shifts"), f"{at}.shifts")]
            found = [self._exception("", written, at)]
            found += [
                self._exception(self._name(_uid(each, "user"), each.get("user"), at), each, at) for each in shifts
            ]
            made += [each for each in found if each]
        return made

    def _exceptions(self, schedule: Mapping[str, Any], exceptions: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
        made = []
        for index, one in enumerate(exceptions):
            at = f"userOverrides[{index}]"
            if mapping(one.get("target"), at).get("id") != schedule.get("id"):
                continue
            add, remove = _uid(one, "addUser"), _uid(one, "removeUser")
            found = self._exception(self._name(add, one.get("addUser"), at) if add else "", one, at)
            if found:
                made.append(found)
                why = "is of one person there" if remove else "is told beside whoever is on call there"
                self._sections.leave(at, f"{why}; here it is of the whole schedule")
        return made

    def _exception(self, person: str, written: Mapping[str, Any], place: str) -> dict[str, Any] | None:
        start, end = (moment(text(written.get(key), place), f"{place}.{key}") for key in ("start", "end"))
        return override(person, start, end) if end > self._now and end > start else None

    def _name(self, user: str, told: Any, place: str) -> str:
        if user in self._users:
            return self._users[user]
        self._sections.leave(f"{place}.{user}", "is not among users of the file")
        return self._sections.person(text(mapping(told, place).get("name"), place) or user, user)


def _members(rotation: Mapping[str, Any], place: str) -> list[Any]:
    ids = sequence(rotation.get("userIDs"), f"{place}.userIDs")
    return ids or [mapping(one, place).get("id") for one in sequence(rotation.get("users"), f"{place}.users")]


def _uid(written: Mapping[str, Any], key: str) -> str:
    return text(written.get(f"{key}ID"), key) or text(mapping(written.get(key), key).get("id"), key)


def _minute(rule: Mapping[str, Any], key: str, place: str) -> int:
    try:
        return minute(text(rule.get(key), place) or "00:00")
    except ValueError as error:
        raise ValueError(f"{place}.rules.{key}: {error}") from None


def _days(rule: Mapping[str, Any], place: str) -> list[int]:
    """Return the days of the week on which a rule holds, 0 Sunday."""
    days = sequence(rule.get("weekdayFilter"), f"{place}.weekdayFilter")
    if len(days) > 7:
        raise ValueError(f"{place}.weekdayFilter: a week has seven days")
    return [day for day, holds in enumerate(days) if holds is True]


def _calendar(rules: list[Mapping[str, Any]], zone: str, place: str) -> list[dict[str, Any]]:
    """Return the time intervals of rules, of which one must hold; none when they hold always."""
    made = []
    for rule in rules:
        start, end = (_minute(rule, key, place) for key in ("start", "end"))
        chosen = _days(rule, place)
        if not chosen:
            continue
        found = window(chosen, start, (end - start) % 1440 or 1440, zone)
        if not found:
            return []
        made += found
    return made
