"""Wall clocks and instants: when a local time comes, when a turn is handed over, when a calendar may change its mind.

Enters: local times without a zone, the name of the zone, unix seconds. Leaves: unix seconds. A local time that comes
twice counts once, the first time; one that the clocks skip counts at the first instant after the gap. Steps are counted
on the wall clock, so a hand-over at nine stays at nine. Triggers see wall clocks only (as if they were UTC): in a zone
CronTrigger fires a repeated time twice, CalendarIntervalTrigger leaves a skipped one out, IntervalTrigger drifts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.interval import IntervalTrigger

from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.model.timeinterval import NamedIntervals, TimeInterval

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class HandOvers:
    """Moments `every` apart on the wall clock of a zone, the first at `start` (whole seconds, no zone)."""

    start: datetime
    every: timedelta
    zone: str

    def turn(self, at: float) -> int | None:
        """Return how many hand-overs came since the first one; None before it.

        Of several hand-overs at one instant, which only a gap of the clock brings together, the last one counts.
        """
        count = (self._next(at) - self.start) // self.every - 1
        return count if count >= 0 else None

    def after(self, at: float) -> float:
        """Return the instant of the next hand-over; it is later than `at`."""
        return instant(self._next(at), self.zone)

    def between(self, start: float, end: float) -> Iterator[float]:
        """Yield the hand-overs later than `start` and before `end`, in order, each instant once."""
        at = self.after(start)
        while at < end:
            yield at
            at = self.after(at)

    def _next(self, at: float) -> datetime:
        """Return the wall clock time of the first hand-over later than an instant.

        The wall clock may show a time again whose hand-over is past: those are left out.
        """
        trigger = IntervalTrigger(
            seconds=self.every.total_seconds(), start_date=self.start.replace(tzinfo=UTC), timezone=UTC
        )
        now = wall(at, self.zone).replace(tzinfo=UTC, microsecond=0) + _SECOND
        found: datetime = trigger.get_next_fire_time(None, now)
        while instant(found.replace(tzinfo=None), self.zone) <= at:
            found = trigger.get_next_fire_time(found, now)
        return found.replace(tzinfo=None)


def wall(at: float, zone: str) -> datetime:
    """Return what the wall clock of a zone shows, without the zone."""
    return datetime.fromtimestamp(at, ZoneInfo(zone)).replace(tzinfo=None)


def instant(local: datetime, zone: str) -> float:
    """Return when a wall clock first shows a time; when it never does, the first instant after the gap."""
    place = ZoneInfo(zone)
    early, late = sorted(local.replace(tzinfo=place, fold=fold).timestamp() for fold in (0, 1))
    if wall(early, zone) == local:
        return early
    return _change(early, late, place)


def words(at: float, zone: str) -> str:
    """Write a moment for people: Mon 2026-11-30 09:00 CET."""
    return datetime.fromtimestamp(at, ZoneInfo(zone)).strftime("%a %Y-%m-%d %H:%M %Z")


def edges(named: NamedIntervals, start: float, end: float) -> set[float]:
    """Return every instant later than `start` and before `end` at which the calendar may begin or cease to hold."""
    return {at for one in named.intervals for at in _edges(one, start, end) if start < at < end}


def _edges(interval: TimeInterval, start: float, end: float) -> Iterator[float]:
    """Yield midnights and named minutes of every day around, each time they come, and changes of the clock itself.

    A minute that comes again is an edge again, and what lies in a gap begins where the gap ends.
    """
    place = ZoneInfo(interval.location)
    minutes = sorted({0, *(minute for bounds in interval.times for minute in bounds if minute < 1440)})
    first, last = wall(start, interval.location), wall(end, interval.location)
    day = datetime(first.year, first.month, first.day)  # noqa: DTZ001 (a wall clock)
    while day <= last:
        for minute in minutes:
            local = day + timedelta(minutes=minute)
            yield from (local.replace(tzinfo=place, fold=fold).timestamp() for fold in (0, 1))
        day += _DAY
    yield from changes(interval.location, start, end)


def changes(zone: str, start: float, end: float) -> Iterator[float]:
    """Yield the instants later than `start` and before `end` at which the clocks of a zone are put on or back."""
    place = ZoneInfo(zone)
    while start < end:
        later = min(start + DAY, end)
        if _offset(start, place) != _offset(later, place):
            yield _change(start, later, place)
        start = later


def _change(early: float, late: float, place: ZoneInfo) -> float:
    """Return the first instant at which the offset from UTC is that of `late`, to the second."""
    before, after = int(early), int(late)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(middle, place) == _offset(late, place):
            after = middle
        else:
            before = middle
    return float(after)


def _offset(at: float, place: ZoneInfo) -> timedelta | None:
    return datetime.fromtimestamp(at, place).utcoffset()
