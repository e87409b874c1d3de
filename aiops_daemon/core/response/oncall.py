"""Who is on call: at a moment, over a time, and when nobody is.

Enters: a schedule and unix seconds. Leaves: people with the reason. Layers: the last rotation that names somebody
wins, an override wins over all rotations, of two overrides the later in the list. Works from edge to edge (hand-overs,
calendars, overrides), between which nothing changes; never from minute to minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.model.oncall import OverrideSpec, RotationSpec, ScheduleSpec
from aiops_daemon.core.response.calendar import HandOvers, edges, instant, words

_LOOK_AHEAD_DAYS = (8, 64, 512)
"""The next hand-over is sought in the nearest of these times first."""


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who is on call at a moment, "" for nobody, and why. `rotation` counts from 0; None: no rotation decided."""

    person: str
    why: str
    rotation: int | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """A stretch in which the same person is on call, "" for nobody; `why` is that of its beginning."""

    person: str
    why: str
    starts_at: float
    ends_at: float


def on_call(schedule: ScheduleSpec, at: float) -> OnCall:
    """Say who is on call at a moment."""
    for override in reversed(schedule.overrides):
        if override.starts_at <= at < override.ends_at:
            return OnCall(override.person, _of_override(override, schedule))
    for index in reversed(range(len(schedule.rotations))):
        person = _in_turn(schedule.rotations[index], schedule.time_zone, at)
        if person:
            many = f" {index + 1} of {len(schedule.rotations)}" if len(schedule.rotations) > 1 else ""
            return OnCall(person, f"rotation{many}", index)
    return OnCall("", "no rotation names anybody")


def shifts(schedule: ScheduleSpec, start: float, end: float) -> list[Shift]:
    """Return who is on call from `start` to `end`, without holes: a stretch with nobody is a shift of ""."""
    marks = [start, *sorted(_edges(schedule, start, end)), end]
    found: list[Shift] = []
    for begins, ends in pairwise(marks):
        now = on_call(schedule, begins)
        if found and found[-1].person == now.person:
            found[-1] = Shift(now.person, found[-1].why, found[-1].starts_at, ends)
        else:
            found.append(Shift(now.person, now.why, begins, ends))
    return found


def gaps(schedule: ScheduleSpec, start: float, end: float) -> list[Shift]:
    """Return the stretches from `start` to `end` in which nobody is on call."""
    return [shift for shift in shifts(schedule, start, end) if not shift.person]


def next_hand_over(schedule: ScheduleSpec, at: float) -> Shift | None:
    """Return the shift that follows the present one, as far as it is known; None when nothing changes in a year."""
    for days in _LOOK_AHEAD_DAYS:
        found = shifts(schedule, at, at + days * DAY)
        if len(found) > 1:
            return found[1]
    return None


def describe(schedule: ScheduleSpec, at: float) -> str:
    """Write who is on call and until when: `ann is on call in schedule shop until Mon 2026-11-30 09:00 CET`."""
    now, following = on_call(schedule, at), next_hand_over(schedule, at)
    until = f" until {words(following.starts_at, schedule.time_zone)}" if following else ""
    return f"{now.person or 'nobody'} is on call in schedule {schedule.name}{until} ({now.why})"


def _of_override(override: OverrideSpec, schedule: ScheduleSpec) -> str:
    return f"override until {words(override.ends_at, schedule.time_zone)}"


def _in_turn(rotation: RotationSpec, zone: str, at: float) -> str:
    """Return whose turn it is, "" when the rotation has not begun or does not count now."""
    if not rotation.people or (rotation.only and not any(calendar.holds(at) for calendar in rotation.only)):
        return ""
    turn = _hand_overs(rotation, zone).turn(at)
    return "" if turn is None else rotation.people[turn % len(rotation.people)]


def _edges(schedule: ScheduleSpec, start: float, end: float) -> set[float]:
    """Return every instant at which somebody else may be on call."""
    found = {at for one in schedule.overrides for at in (one.starts_at, one.ends_at) if start < at < end}
    for rotation in schedule.rotations:
        found.update(at for calendar in rotation.only for at in edges(calendar, start, end))
        found.update(_turns(rotation, schedule.time_zone, start, end))
    return found


def _turns(rotation: RotationSpec, zone: str, start: float, end: float) -> list[float]:
    """Return its hand-overs; when all turns are one person's, only the first one matters."""
    if len(set(rotation.people)) > 1:
        return list(_hand_overs(rotation, zone).between(start, end))
    begins = instant(rotation.start, zone)
    return [begins] if start < begins < end else []


def _hand_overs(rotation: RotationSpec, zone: str) -> HandOvers:
    if rotation.every_days is None:
        return HandOvers(rotation.start, timedelta(seconds=rotation.every_seconds or DAY), zone)
    return HandOvers(rotation.start, timedelta(days=rotation.every_days), zone)
