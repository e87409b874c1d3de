"""How fast incidents raise alerts, and how often a new one begins: both learned.

Enters: the silence before each alert that joined, and before each alert over everything. Leaves: the odds that an
incident after a silence raises the next alert, and not something new:
    odds = alive x hazard / rate
    alive = longer / (longer + last), longer = (1 + gap / (tail x pace)) ^ -tail, hazard = tail / (tail x pace + gap)
The gaps of one incident are Lomax around its own pace: exponential gaps whose rate is known from few. The pace is the
incident's and not one window for all, because one wrong join must not teach that long silences are usual. The rate is
read from how long silences end, whatever was decided: pieces or mixtures of incidents must not teach it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

_TAIL = 3.0  # gaps' worth of certainty about a pace, which changes while an incident lasts
_LAST = 0.05  # one alert in twenty is the last of its incident
_PRIOR_GAPS = 20.0  # gaps of half a minute, a common evaluation interval, until learned otherwise
_PRIOR_PACE = 30.0
_MOST_GAPS = 2_000.0
_EDGES = (0.0, 7.5, 15.0, 30.0, 60.0, 120.0, 240.0, 480.0, 960.0)  # seconds of silence over everything
_PRIOR_INCIDENTS = 1.0  # a new incident half an hour apart, until learned otherwise
_PRIOR_INTERVAL = 1800.0
_PRIOR_ENDS = 1.0  # an end of a silence that chance is worth, until crowds are shown
_ENOUGH = 20.0  # ends of long silences from which the rate is read
_MEMORY = 2 * 86_400.0  # seconds: the rate of new incidents is that of about the last two days


class Gaps:
    """The learned pace and the learned rate of new incidents."""

    def __init__(self) -> None:
        self.silence = 0.0
        self.gaps = 0.0
        self.ends = [0.0] * len(_EDGES)  # silences over everything that ended at this length
        self.spent = [0.0] * len(_EDGES)  # seconds spent in silences of this length
        self._last: float | None = None

    @property
    def pace(self) -> float:
        """Return the mean gap between alerts of one incident."""
        return (self.silence + _PRIOR_GAPS * _PRIOR_PACE) / (self.gaps + _PRIOR_GAPS)

    def learn(self, gap: float) -> None:
        """Count the silence before an alert that joined."""
        if self.gaps >= _MOST_GAPS:
            self.silence, self.gaps = self.silence / 2.0, self.gaps / 2.0
        self.silence += gap
        self.gaps += 1.0

    def arrive(self, now: float, *, again: bool = False) -> None:
        """Count the silence over everything before an alert, wherever it went; the same alert again ends none."""
        if self._last is None or now < self._last:
            self._last = now if self._last is None else self._last
            return
        silence, self._last = now - self._last, now
        kept = math.exp(-silence / _MEMORY)
        for number, edge in enumerate(_EDGES):
            upper = _EDGES[number + 1] if number + 1 < len(_EDGES) else math.inf
            self.ends[number] = self.ends[number] * kept + (edge <= silence < upper and not again)
            self.spent[number] = self.spent[number] * kept + max(0.0, min(silence, upper) - edge)

    def crowding(self, now: float) -> float:
        """Return how many times likelier an alert is after this silence than a new incident, less one; 0 by chance.

        Drawn to 0, so that alerts at a steady rate, of which some are close by chance, show no crowd.
        """
        silence = now - self._last if self._last is not None else 0.0
        number = max((number for number, edge in enumerate(_EDGES) if edge <= silence), default=0)
        rate = self.rate(now)
        hazard = (self.ends[number] + _PRIOR_ENDS) / (self.spent[number] + _PRIOR_ENDS / rate)
        return max(0.0, hazard / rate - 1.0)

    def rate(self, now: float) -> float:
        """Return new incidents per second: how often the longest silences end, for then nothing else is under way.

        Silences shorter than a usual gap are left out: the first incident alone would teach that incidents are many.
        """
        ends, spent = _PRIOR_INCIDENTS, _PRIOR_INCIDENTS * _PRIOR_INTERVAL
        for edge, more, longer in zip(reversed(_EDGES), reversed(self.ends), reversed(self.spent), strict=True):
            if edge < _PRIOR_PACE:
                break  # so short a silence is usual within an incident
            part = min(1.0, (_ENOUGH - ends) / more) if more > 0.0 else 1.0
            ends += part * more
            spent += part * longer
            if ends >= _ENOUGH:
                break
        return ends / spent

    def export(self) -> dict[str, object]:
        """Return what was learned as JSON values."""
        counts = {"silence": self.silence, "gaps": self.gaps}
        return {**counts, "ends": self.ends, "spent": self.spent, "last": self._last}

    def load(self, stored: Mapping[str, object]) -> None:
        """Take over what was exported."""
        self.silence, self.gaps = float(str(stored["silence"])), float(str(stored["gaps"]))
        self.ends, self.spent = _counts(stored["ends"]), _counts(stored["spent"])
        last = stored["last"]
        self._last = float(last) if isinstance(last, int | float) else None


def _counts(stored: object) -> list[float]:
    if not isinstance(stored, list) or len(stored) != len(_EDGES):
        raise ValueError(f"{len(_EDGES)} counts are needed")
    return [float(count) for count in stored]


def odds(gap: float, pace: float, rate: float) -> float:
    """Return alive x hazard / rate, always above 0."""
    longer = math.pow(1.0 + gap / (pace * _TAIL), -_TAIL)
    alive = longer / (longer + _LAST)
    return max(1e-9, alive * _TAIL / (_TAIL * pace + gap) / rate)
