"""How fast incidents raise alerts, and how often a new one begins: both learned.

Enters: the silence before each alert that joined, each incident that began. Leaves: the odds that an incident after a
silence raises the next alert, and not something new:
    odds = alive x hazard / rate
    alive = longer / (longer + last), longer = (1 + gap / (tail x pace)) ^ -tail, hazard = tail / (tail x pace + gap)
The gaps of one incident are Lomax around its own pace: exponential gaps whose rate is known from few. The pace is the
incident's and not one window for all, because one wrong join must not teach that long silences are usual.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

_TAIL = 3.0  # gaps' worth of certainty about a pace, which changes while an incident lasts
_LAST = 0.05  # one alert in twenty is the last of its incident
_PRIOR_GAPS = 20.0  # gaps of half a minute, a common evaluation interval, until learned otherwise
_PRIOR_PACE = 30.0
_MOST_GAPS = 2_000.0
_PRIOR_INCIDENTS = 2.0  # new incidents half an hour apart, until learned otherwise
_PRIOR_INTERVAL = 1800.0
_AMID = 0.5
_MEMORY = 86_400.0  # the rate of new incidents is that of about the last day


class Gaps:
    """The learned pace and the learned rate of new incidents."""

    def __init__(self) -> None:
        self.silence = 0.0
        self.gaps = 0.0
        self.begun = 0.0
        self.watched = 0.0  # seconds, fading
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

    def begin(self, now: float, *, amid: bool = False) -> None:
        """Count a new incident; one amid another counts little, for many of those are pieces of the other.

        Counted in full, every piece would make the next one likelier.
        """
        if self._last is not None and now > self._last:
            kept = math.exp((self._last - now) / _MEMORY)
            self.begun *= kept
            self.watched = self.watched * kept + (now - self._last)
        self._last = now if self._last is None else max(now, self._last)
        self.begun += _AMID if amid else 1.0

    def rate(self, now: float) -> float:
        """Return new incidents per second."""
        passed = max(0.0, now - self._last) if self._last is not None else 0.0
        return (self.begun + _PRIOR_INCIDENTS) / (self.watched + passed + _PRIOR_INCIDENTS * _PRIOR_INTERVAL)

    def export(self) -> dict[str, object]:
        """Return what was learned as JSON values."""
        counts = {"silence": self.silence, "gaps": self.gaps, "begun": self.begun, "watched": self.watched}
        return {**counts, "last": self._last}

    def load(self, stored: Mapping[str, object]) -> None:
        """Take over what was exported."""
        self.silence, self.gaps, self.begun, self.watched = (
            float(str(stored[name])) for name in ("silence", "gaps", "begun", "watched")
        )
        last = stored["last"]
        self._last = float(last) if isinstance(last, int | float) else None


def odds(gap: float, pace: float, rate: float) -> float:
    """Return alive x hazard / rate, always above 0."""
    longer = math.pow(1.0 + gap / (pace * _TAIL), -_TAIL)
    alive = longer / (longer + _LAST)
    return max(1e-9, alive * _TAIL / (_TAIL * pace + gap) / rate)
