"""How many alerts are usual: a robust count of what begins in five minutes, for one subject.

Enters: counts per bin, and the shape of day and week that the subject shares with others. Leaves: what is expected, how
far off a count is, and how likely that is by chance. Learns from counts cut off where they become implausible, and
from the second worst day, so that one storm changes little. Bins in which nothing came cost nothing.

z = 2 (sqrt(x + 3/8) - sqrt(mu + 3/8)) has variance phi, the mean size of a burst, whatever mu is. The chance of x or
more is at most exp(-(x ln(x / mu) - x + mu) / phi), of nothing exp(-mu / phi): Chernoff, for bursts of phi.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

BIN = 300.0  # seconds
BINS_A_DAY = int(86_400 // BIN)
_KEEP = 0.5 ** (1 / (7 * BINS_A_DAY))  # level: half of what counts is of the last 7 days
_SHAPE_KEEP = 0.5 ** (1 / (14 * BINS_A_DAY))
_SPREAD_KEEP = 0.5 ** (1 / (3 * BINS_A_DAY))
_SHRINK = 20.0  # alerts that it takes for an hour or a weekday to count as much as the whole
MOST_DAYS = 28
_CUT = 4.0  # standard deviations beyond which a count teaches no more


class Shape:
    """Factors of the hour of the day and the day of the week (UTC)."""

    def __init__(self) -> None:
        self.hours = [[0.0, 0.0] for _ in range(24)]  # counted, expected
        self.weekdays = [[0.0, 0.0] for _ in range(7)]

    def factor(self, number: int) -> float:
        """Return what a bin's level is multiplied with."""
        hour, weekday = _slots(number)
        return _share(self.hours[hour]) * _share(self.weekdays[weekday])

    def learn(self, number: int, count: float, level: float) -> None:
        """Learn one bin."""
        hour, weekday = _slots(number)
        by_hour = _share(self.hours[hour])
        _add(self.hours[hour], count, level * _share(self.weekdays[weekday]), 24)
        _add(self.weekdays[weekday], count, level * by_hour, 7)


@dataclass(slots=True)
class Counts:
    """One subject's past. `days` are [day, largest z, most expected alerts that stayed out], oldest first."""

    last: int  # bin up to which it is known, that one included
    total: float = 0.0
    weight: float = 0.0
    spread: float = 0.0
    spread_weight: float = 0.0
    quiet: float = 0.0  # alerts expected since the last one
    silent: int = 0  # bins since the last one
    latest: int = 0  # count of the last bin known
    days: list[list[float]] = field(default_factory=list)

    def level(self, number: int) -> float:
        """Return the mean count of a bin without shape, as of before this bin."""
        idle = number - self.last - 1
        fade = _KEEP**idle
        weight = self.weight * fade + (1 - fade) / (1 - _KEEP)
        return self.total * fade / weight if weight > 0 else 0.0

    @property
    def phi(self) -> float:
        """Return the variance of z, at least 1, which is Poisson's."""
        return max(1.0, self.spread / self.spread_weight) if self.spread_weight > 0 else 1.0

    def upper(self, expected: float) -> float:
        """Return the count up to which everything is plausible."""
        root = math.sqrt(expected + 0.375) + _CUT * math.sqrt(self.phi) / 2
        return root * root - 0.375

    def learn(self, number: int, count: int, expected: float) -> float:
        """Learn one bin and the ones before in which nothing came; returns the count as far as it teaches."""
        idle = number - self.last
        cut = min(float(count), self.upper(expected))
        self.weight = self.weight * _KEEP**idle + (1 - _KEEP**idle) / (1 - _KEEP)
        self.total = self.total * _KEEP**idle + cut
        z = score(cut, expected)
        self.spread = self.spread * _SPREAD_KEEP + z * z
        self.spread_weight = self.spread_weight * _SPREAD_KEEP + 1
        self.latest, self.last = count, number
        return cut

    def before(self, number: int) -> int:
        """Return the count of the bin before this one."""
        return self.latest if self.last == number - 1 else 0

    def wait(self, count: int, expected: float) -> None:
        """Count how much was expected since the last alert."""
        self.quiet, self.silent = (0.0, 0) if count else (self.quiet + expected, self.silent + 1)

    def note(self, number: int, z: float) -> None:
        """Remember the day's worst."""
        day = number // BINS_A_DAY
        if not self.days or self.days[-1][0] != day:
            self.days.append([day, 0.0, 0.0])
            del self.days[:-MOST_DAYS]
        today = self.days[-1]
        today[1], today[2] = max(today[1], z), max(today[2], self.quiet)

    def worst(self, number: int, column: int) -> float:
        """Return the second worst day of the last four weeks, today aside; 0 where fewer than two are known."""
        day = number // BINS_A_DAY
        past = sorted(one[column] for one in self.days if day - MOST_DAYS <= one[0] < day)
        return past[-2] if len(past) > 1 else 0.0

    def known_days(self, number: int) -> int:
        """Count the days before today of which something is known."""
        return sum(1 for one in self.days if one[0] < number // BINS_A_DAY)


def bin_of(at: float) -> int:
    """Number the bin of a moment."""
    return math.floor(at / BIN)


def score(count: float, expected: float) -> float:
    """Return z: how far a count is from what is expected, on a scale where the spread does not depend on it."""
    return 2 * (math.sqrt(count + 0.375) - math.sqrt(expected + 0.375))


def chance(count: float, expected: float, phi: float) -> float:
    """Return an upper bound on the probability of this count or more."""
    if count <= expected:
        return 1.0
    expected = max(expected, 1e-6)
    return math.exp(-(count * math.log(count / expected) - count + expected) / phi)


def _slots(number: int) -> tuple[int, int]:
    return number // 12 % 24, (number // BINS_A_DAY + 4) % 7  # 1970-01-01 was a Thursday


def _share(slot: list[float]) -> float:
    return (slot[0] + _SHRINK) / (slot[1] + _SHRINK)


def _add(slot: list[float], count: float, expected: float, slots: int) -> None:
    keep = _SHAPE_KEEP**slots  # a slot is met that much more seldom
    slot[0] = slot[0] * keep + count
    slot[1] = slot[1] * keep + expected
