"""A record of alerts sent through the live grouper, as it would have met them.

Enters: alerts in the order in which they came. Leaves: an incident id for each, given when it came and never changed.
Incidents end when their alerts have ended; where a record tells no ends, when they have been silent too long to take
another alert. Only earlier alerts count: a record cut short gives the same ids as far as it goes.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aiops_daemon.core.incidents.grouping.grouper import Grouper
from aiops_daemon.core.model.grouping import Candidate
from aiops_daemon.core.model.labels import Labels

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class PastAlert:
    """One alert of a record; `ends_at` None: not told."""

    key: _Key
    labels: Labels
    at: float
    ends_at: float | None = None


@dataclass(slots=True)
class _Seat:
    incident: str
    ends_at: float | None


class Rehearsal:
    """One run of a record through a grouper."""

    def __init__(self, grouper: Grouper) -> None:
        self.grouper = grouper
        self._now = float("-inf")
        self._opened = 0
        self._fed = 0
        self._silent: OrderedDict[str, float] = OrderedDict()  # open incidents by their latest alert
        self._ends: list[tuple[float, int, str]] = []  # end, episode, incident
        self._firing: dict[str, int] = {}  # alerts of an incident whose end is known and to come
        self._seats: dict[_Key, _Seat] = {}
        self._merged: dict[str, str] = {}

    def feed(self, alert: PastAlert) -> str:
        """Return the incident that an alert goes to."""
        self._now = max(self._now, alert.at)
        self._pass()
        self._fed += 1
        candidate = Candidate(str(self._fed), alert.labels, alert.at, alert.key)
        incident = self._returning(alert) or self._placed(candidate)
        self.grouper.join(candidate, incident, self._now)
        self._silent[incident] = self._now
        self._silent.move_to_end(incident)
        if alert.ends_at is not None:
            self._firing[incident] = self._firing.get(incident, 0) + 1
            heapq.heappush(self._ends, (max(alert.ends_at, self._now), self._fed, incident))
            self._seats[alert.key] = _Seat(incident, alert.ends_at)
        return incident

    def _placed(self, candidate: Candidate) -> str:
        placement = self.grouper.place(candidate, self._now)
        for merge in placement.merges:
            self._merge(merge.incident, placement.incident)
        if placement.incident:
            return placement.incident
        self._opened += 1
        return str(self._opened)

    def _returning(self, alert: PastAlert) -> str:
        """Return where the same alert was, when it comes back soon after its end."""
        seat = self._seats.get(alert.key)
        if seat is None or seat.ends_at is None or alert.at - seat.ends_at > self.grouper.spec.reopen_within:
            return ""
        incident = self._followed(seat.incident)
        self.grouper.reopen(incident)
        return incident

    def _followed(self, incident: str) -> str:
        while incident in self._merged:
            incident = self._merged[incident]
        return incident

    def _merge(self, loser: str, winner: str) -> None:
        self.grouper.merge(loser, winner)
        self._merged[loser] = winner
        self._firing[winner] = self._firing.get(winner, 0) + self._firing.pop(loser, 0)
        self._silent.pop(loser, None)

    def _pass(self) -> None:
        """Let time pass: alerts end, incidents close."""
        while self._ends and self._ends[0][0] <= self._now:
            ended, episode, incident = heapq.heappop(self._ends)
            incident = self._followed(incident)
            self.grouper.leave(str(episode), ended)
            self._firing[incident] -= 1
            if not self._firing[incident]:
                self._close(incident, ended)
        oldest = self._now - self.grouper.spec.max_window
        while self._silent and next(iter(self._silent.values())) < oldest:
            self._fall_silent(next(iter(self._silent)))

    def _fall_silent(self, incident: str) -> None:
        del self._silent[incident]
        if not self._firing.get(incident):
            self._close(incident, self._now)
            self.grouper.forget(self._now - self.grouper.spec.reopen_within)

    def _close(self, incident: str, at: float) -> None:
        self._firing.pop(incident, None)
        self.grouper.close(incident, at)


def rehearse(alerts: Iterable[PastAlert], grouper: Grouper) -> Iterator[str]:
    """Return the incident of each alert, in order."""
    rehearsal = Rehearsal(grouper)
    return (rehearsal.feed(alert) for alert in alerts)
