"""Shapes of recorded series: functions of time (unix seconds) that repeat exactly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Shape = Callable[[Floats], Floats]


def noise(times: Floats, seed: int) -> Floats:
    """Gaussian noise that depends on the minute only, so that every window of a recording agrees."""
    table = np.random.default_rng(seed).standard_normal(40_009)
    return table[(times // 60).astype(np.int64) % len(table)]


def daily(base: float, swing: float, spread: float, seed: int) -> Shape:
    """A day's wave in UTC with noise."""
    return lambda t: base + swing * np.sin(2 * np.pi * (t % 86_400) / 86_400) + spread * noise(t, seed)


def flat(base: float, spread: float, seed: int) -> Shape:
    """Noise around a level."""
    return lambda t: base + spread * noise(t, seed)


def local_office(zone: str, seed: int) -> Shape:
    """Low at night, high from 9 to 17 local time, with ramps of an hour."""
    place = ZoneInfo(zone)

    def shape(times: Floats) -> Floats:
        offsets = np.array(
            [datetime.fromtimestamp(t, place).utcoffset().total_seconds() for t in times.tolist()]  # type: ignore[union-attr]
        )
        hour = ((times + offsets) % 86_400) / 3600
        return 100 + 400 * np.clip(np.minimum(hour - 8, 18 - hour), 0, 1) + 8 * noise(times, seed)

    return shape


def between(shape: Shape, start: float, end: float, change: Shape) -> Shape:
    """The same shape, with `change` added from `start` to `end`."""
    return lambda t: shape(t) + np.where((t >= start) & (t < end), change(t), 0.0)


def only(shape: Shape, start: float, end: float) -> Shape:
    """The same shape, absent outside `start` to `end`."""
    return lambda t: np.where((t >= start) & (t < end), shape(t), np.nan)


def counter(rate_per_second: Shape, origin: float) -> Shape:
    """A cumulative counter, at 60 s steps since `origin`."""

    def shape(times: Floats) -> Floats:
        grid = np.arange(origin, times.max() + 60, 60.0)
        total = np.cumsum(rate_per_second(grid)) * 60
        return np.interp(times, grid, total)

    return shape
