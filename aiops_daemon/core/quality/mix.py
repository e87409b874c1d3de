"""What alerts of one source are made of: five minutes at a time, over four weeks.

Enters: alerts as they are heard of, and the moment. Leaves: closed bins with their counts. A bin in which nothing came
is not kept; one begun in its middle, and the first after a start, teach nothing. Judges nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from aiops_daemon.core.quality.counts import BINS_A_DAY, MOST_DAYS, bin_of
from aiops_daemon.core.quality.volume import Heard

WINDOW = MOST_DAYS * BINS_A_DAY  # bins
MOST_SOURCES = 16
_STRANGE = 2  # first whole bins after a start, in which alerts come that began before
_LONGEST_GAP = 12  # bins: after a longer pause nothing is known of what came meanwhile


class Bin(NamedTuple):
    """Five minutes of one source; counts of new alerts, of what they are of, and of never seen ones."""

    number: int
    alerts: int = 0
    rules: int = 0
    services: int = 0
    critical: int = 0
    fresh: int = 0


class Closed(NamedTuple):
    """A bin that is over, and the teams in it."""

    source: str
    bin: Bin
    teams: frozenset[str]


Pasts = dict[str, deque[Bin]]
"""Bins with alerts in them by source, oldest first."""


@dataclass(slots=True)
class _Filling:
    alerts: int = 0
    critical: int = 0
    fresh: int = 0
    rules: set[str] = field(default_factory=set)
    services: set[str] = field(default_factory=set)
    teams: set[str] = field(default_factory=set)


class Mix:
    """Bins of every source, the one that fills included."""

    def __init__(self, pasts: Pasts | None = None) -> None:
        self.pasts: Pasts = pasts if pasts is not None else {}
        self._filling: dict[str, _Filling] = {}
        self._number: int | None = None
        self._known_from = 0  # first bin that teaches

    def heard(self, alert: Heard, now: float, *, fresh: bool) -> None:
        """Count an alert; `fresh` when its fingerprint was never seen before."""
        self._begin(now)
        full = self._filling.get(alert.source)
        if full is None:
            full = self._filling[alert.source] = _Filling()
        full.alerts += 1
        full.critical += alert.critical
        full.fresh += fresh
        full.rules.add(alert.rule)
        full.services.add(alert.service)
        full.teams.add(alert.team)

    def close(self, now: float) -> Iterator[Closed]:
        """Close the bins that are over, empty ones too, and learn them; must be consumed whole."""
        number, ahead = self._begin(now), bin_of(now)
        if not 0 <= ahead - number <= _LONGEST_GAP:
            self._number, self._filling = None, {}  # the machine slept, or its clock was set
            return
        for over in range(number, ahead):
            filled, self._filling, self._number = self._filling, {}, over + 1
            if over >= self._known_from:
                yield from self._closed(over, filled)

    def _begin(self, now: float) -> int:
        if self._number is None:
            self._number = bin_of(now)
            self._known_from = self._number + 1 + _STRANGE
        return self._number

    def _closed(self, number: int, filled: dict[str, _Filling]) -> Iterator[Closed]:
        for source in filled:
            if len(self.pasts) < MOST_SOURCES:
                self.pasts.setdefault(source, deque(maxlen=WINDOW))
        for source, past in self.pasts.items():
            full = filled.get(source, _Filling())
            closed = Bin(number, full.alerts, len(full.rules), len(full.services), full.critical, full.fresh)
            while past and past[0].number <= number - WINDOW:
                past.popleft()
            if closed.alerts:
                past.append(closed)
            yield Closed(source, closed, frozenset(full.teams))
