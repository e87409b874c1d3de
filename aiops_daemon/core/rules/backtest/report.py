"""What a backtest says of alerts: how often, how long, how often a day, which fire together.

Enters: episodes of each alert over a stretch. Leaves: figures. Times are unix seconds, lengths seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.rules.backtest.episodes import Episode


@dataclass(frozen=True, slots=True)
class Fired:
    """One episode of one series of an alert."""

    labels: Labels
    episode: Episode


@dataclass(frozen=True, slots=True)
class Outcome:
    """One alert over the stretch; `refused`: why it could not be tested; `put_in`: recordings put in its place."""

    name: str
    path: str
    line: int
    fired: tuple[Fired, ...] = ()
    refused: str = ""
    put_in: tuple[str, ...] = ()
    step: float = 60.0

    @property
    def key(self) -> str:
        """Tell alerts of one name apart."""
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Figures:
    """What counts of one alert."""

    episodes: int
    series: int
    per_day: float
    firing_seconds: float  # at least one series fires
    median_seconds: float
    longest_seconds: float
    open: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two alerts that fired at the same time: shares of each one's own firing time."""

    first: str
    second: str
    seconds: float
    share_of_first: float
    share_of_second: float


@dataclass(frozen=True, slots=True)
class Report:
    """A whole backtest."""

    start: float
    end: float
    tested: tuple[Outcome, ...]
    overlaps: tuple[Overlap, ...] = field(default=())


def figures(one: Outcome, start: float, end: float) -> Figures:
    """Count the episodes of one alert; days are of 24 hours."""
    lengths = [fired.episode.seconds for fired in one.fired]
    return Figures(
        episodes=len(lengths),
        series=len({fired.labels for fired in one.fired}),
        per_day=len(lengths) / ((end - start) / DAY),
        firing_seconds=sum(until - since for since, until in _firing(one)),
        median_seconds=float(np.median(lengths)) if lengths else 0.0,
        longest_seconds=max(lengths, default=0.0),
        open=sum(fired.episode.open for fired in one.fired),
    )


def overlaps(tested: Sequence[Outcome]) -> tuple[Overlap, ...]:
    """Find the pairs of alerts that fired together, the longest first."""
    firing = {one.key: (one.name, _firing(one)) for one in tested if one.fired}
    found = [_overlap(first, second) for first, second in combinations(firing.values(), 2)]
    return tuple(sorted((one for one in found if one.seconds > 0), key=lambda one: -one.seconds))


Stretches = list[tuple[float, float]]


def _overlap(first: tuple[str, Stretches], second: tuple[str, Stretches]) -> Overlap:
    together = sum(max(0.0, min(a_end, b_end) - max(a, b)) for a, a_end in first[1] for b, b_end in second[1])
    own = [sum(until - since for since, until in each[1]) or 1.0 for each in (first, second)]
    return Overlap(first[0], second[0], together, together / own[0], together / own[1])


def _firing(one: Outcome) -> Stretches:
    """Return the stretches in which at least one series fires, joined and in order."""
    joined: Stretches = []
    for since, until in sorted((fired.episode.start, fired.episode.end) for fired in one.fired):
        if joined and since <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(until, joined[-1][1]))
        else:
            joined.append((since, until))
    return joined


def by_series(found: Mapping[Labels, tuple[Episode, ...]]) -> tuple[Fired, ...]:
    """List episodes in the order of time."""
    listed = [Fired(labels, one) for labels, each in found.items() for one in each]
    return tuple(sorted(listed, key=lambda one: (one.episode.start, one.labels)))
