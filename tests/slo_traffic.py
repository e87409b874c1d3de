"""Shapes of traffic that budgets go wrong on, a scrape a minute: two counters, and what really happened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DENSE = ("busy-hours incident", "night incident", "zero at night", "daily reset", "scrapes missing")
SPARSE = "ten requests an hour"
SHAPES = (*DENSE, SPARSE)


@dataclass(frozen=True)
class Traffic:
    """Counters as scraped, NaN where there is no sample; `total` counts all events, `bad` is a series of its own."""

    times: Floats
    total: Floats
    bad: Floats
    events: Floats  # of each minute
    errors: Floats

    @property
    def ratio(self) -> float:
        """Share of errors from the first scrape on, which sees what was before as the base."""
        return float(self.errors[1:].sum() / self.events[1:].sum())


def traffic(shape: str, start: float, days: int, seed: int = 5) -> Traffic:
    """Make one shape: A to F of the comparison with other generators of SLO rules."""
    dice = np.random.default_rng(seed)
    minutes = np.arange(days * 1440 + 1)
    hour = minutes / 60 % 24
    busy = (hour >= 8) & (hour < 20)
    expected = np.where(busy, 30_000.0, 300.0)
    failing = np.full(len(minutes), 0.0005)
    late = minutes // 1440 == days - 2
    if shape == "busy-hours incident":
        failing[late & (hour >= 12) & (hour < 15)] = 0.05
    elif shape == "night incident":
        failing[late & (hour >= 1) & (hour < 5)] = 0.5
    elif shape == "zero at night":
        expected = np.where(busy, 30_000.0, 0.0)
    elif shape == SPARSE:
        expected = np.full(len(minutes), 1 / 6)
    events = dice.poisson(expected).astype(np.float64)
    errors = dice.binomial(events.astype(int), failing).astype(np.float64)
    if shape == SPARSE:
        errors = np.zeros(len(minutes))
        errors[np.flatnonzero(events)[[len(minutes) // 60 * part for part in range(1, 7)]]] = 1.0
    total, bad = np.cumsum(events), np.cumsum(errors)
    if shape == "daily reset":
        total, bad = _reset(events), _reset(errors)
    if shape == SPARSE:
        bad[bad == 0.0] = np.nan  # the first error makes the series
    if shape == "scrapes missing":
        gone = minutes % 97 >= 89
        total[gone], bad[gone] = np.nan, np.nan
    return Traffic(start + 60.0 * minutes, total, bad, events, errors)


def _reset(values: Floats) -> Floats:
    """Count, and begin anew each day at noon with what that minute brought."""
    day = (np.arange(len(values)) + 720) // 1440
    return np.concatenate([np.cumsum(values[day == number]) for number in range(int(day[-1]) + 1)])
