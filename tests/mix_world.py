"""Bins of a healthy source, and a forest that is grown in this process."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from volume_world import DAY, START, Weather, _alerts

from aiops_daemon.core.quality.forest import Grown, Rows
from aiops_daemon.core.quality.mix import Mix
from aiops_daemon.core.quality.volume import Heard
from aiops_daemon.edges.forest import grow_here


class ForestHere:
    """Grows forests without another process; knows how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def grow(self, rows: Rows) -> Grown:
        self.asked += 1
        return grow_here(rows)


class Crowd:
    """Alerts as they come, minute by minute, and which were seen before."""

    def __init__(self, weather: Weather) -> None:
        self._weather = weather
        self._chance = np.random.default_rng(weather.seed)
        self._seen: set[str] = set()

    def minute(self, at: float) -> Iterator[tuple[Heard, bool]]:
        """Yield a minute's alerts, each with whether it is new."""
        for alert in _alerts(self._chance, self._weather, at):
            fresh = alert.fingerprint not in self._seen
            self._seen.add(alert.fingerprint)
            yield alert, fresh


def four_weeks(crowd: Crowd) -> Mix:
    """Return the bins of the first 28 days."""
    mix = Mix()
    for at in np.arange(START, START + 28 * DAY, 60.0).tolist():
        for alert, fresh in crowd.minute(at):
            mix.heard(alert, at, fresh=fresh)
        list(mix.close(at + 60.0))
    return mix
