"""How long an incident is silent between two of its alerts, and how often a new incident begins: both learned.

Enters: the gap before each alert that joined, each incident that fell silent for good, each incident that began.
Leaves: the odds that an alert after a gap belongs to it and not to something new:
hazard(gap) / rate of new incidents; the hazard is alerts per silent second at that gap (Kaplan-Meier by octaves).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

_OCTAVES = 16  # 2^-2 s to 2^13 s: below a quarter second all gaps are one, above two hours too
_LOWEST = -5
_PRIOR_GAPS = 5.0  # incidents' worth of the prior: log-logistic gaps with a median of 30 s, a common interval
_PRIOR_MEDIAN = 1.0
_PRIOR_INCIDENTS = 2.0  # one new incident in 30 min until learned otherwise
_PRIOR_INTERVAL = 1800.0
_MEMORY = 86_400.0  # the rate of new incidents is that of about the last day


def _survival(gap: float) -> float:
    return 1.0 / (1.0 + gap / _PRIOR_MEDIAN)


_EDGES = (0.0, *(2.0 ** (_LOWEST + octave) for octave in range(1, _OCTAVES)), math.inf)
_WIDTHS = tuple(min(high, 2.0**14) - low for low, high in pairwise(_EDGES))
_PRIOR = tuple(_PRIOR_GAPS * (_survival(low) - _survival(high)) for low, high in pairwise(_EDGES))


def octave(gap: float) -> int:
    """Return in which bin a gap falls."""
    if gap < _EDGES[1]:
        return 0
    return min(_OCTAVES - 1, math.frexp(gap)[1] - _LOWEST - 1)


class Gaps:
    """Learned gaps and the learned rate of new incidents."""

    def __init__(self) -> None:
        self.seen: list[float] = [0.0] * _OCTAVES
        self.ended = 0.0
        self.begun = 0.0
        self.watched = 0.0  # seconds, fading
        self._last: float | None = None
        self._hazards: Sequence[float] = ()
        self._age = 0

    def learn(self, gap: float) -> None:
        """Count the silence before an alert that joined."""
        self.seen[octave(gap)] += 1.0
        self._age += 1
        if self._age > 200:
            self._hazards = ()

    def end(self) -> None:
        """Count an incident that fell silent for good."""
        self.ended += 1.0
        self._hazards = ()

    def begin(self, now: float) -> None:
        """Count a new incident."""
        self._pass(now)
        self.begun += 1.0

    def _pass(self, now: float) -> None:
        if self._last is not None and now > self._last:
            kept = math.exp((self._last - now) / _MEMORY)
            self.begun *= kept
            self.watched = self.watched * kept + (now - self._last)
        self._last = now if self._last is None else max(now, self._last)

    def rate(self, now: float) -> float:
        """Return new incidents per second."""
        passed = max(0.0, now - self._last) if self._last is not None else 0.0
        return (self.begun + _PRIOR_INCIDENTS) / (self.watched + passed + _PRIOR_INCIDENTS * _PRIOR_INTERVAL)

    def hazard(self, gap: float) -> float:
        """Return alerts per second of an incident that has been silent for `gap`."""
        if not self._hazards:
            self._hazards, self._age = self._estimate(), 0
        return self._hazards[octave(gap)]

    def _estimate(self) -> list[float]:
        """Return events / time at risk in each octave; those that ended were at risk throughout."""
        longer, hazards = self.ended, [0.0] * _OCTAVES
        for number in reversed(range(_OCTAVES)):
            events = self.seen[number] + _PRIOR[number]
            hazards[number] = events / (_WIDTHS[number] * (longer + events / 2.0))
            longer += events
        return hazards

    def usual(self) -> float:
        """Return the gap that 99 of 100 alerts of an incident keep within, to the octave."""
        total = sum(self.seen) + _PRIOR_GAPS
        passed = 0.0
        for number in range(_OCTAVES - 1):
            passed += self.seen[number] + _PRIOR[number]
            if passed >= 0.99 * total:
                return _EDGES[number + 1]
        return _EDGES[-2]

    def export(self) -> dict[str, object]:
        """Return what was learned as JSON values."""
        return {
            "seen": self.seen,
            "ended": self.ended,
            "begun": self.begun,
            "watched": self.watched,
            "last": self._last,
        }

    def load(self, stored: Mapping[str, object]) -> None:
        """Take over what was exported."""
        seen, last = stored["seen"], stored["last"]
        if isinstance(seen, list) and len(seen) == _OCTAVES:
            self.seen = [float(count) for count in seen]
        self.ended, self.begun, self.watched = (float(str(stored[name])) for name in ("ended", "begun", "watched"))
        self._last = float(last) if isinstance(last, int | float) else None
        self._hazards = ()
