"""Shapes that the recorded world is made of: seasons, wandering noise, ramps.

Enters: hours relative to the moment the replay begins, and a seeded generator. Leaves: arrays over those hours.
The same seed gives the same world whenever it is built; nothing here reads the time.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

HISTORY_HOURS = 7 * 24
REPLAY_HOURS = 10
AFTERWARDS_HOURS = 24
STEP = 60.0  # seconds between samples in the replay and after it
HISTORY_STEP = 300.0  # seconds between samples in the week before

_BEGINS_AT = 8.0  # o'clock in the world's own calendar, on a Thursday
_DAY = 24.0
_WEEKEND = 0.82  # of a weekday's traffic
_KNOT = 40  # minutes between two turns of wandering noise
_RATE_WINDOW = 5  # minutes, as in rate(...[5m])


def timeline() -> Floats:
    """Return the hours of every minute, from a week before the replay to a day after it."""
    return np.arange(-HISTORY_HOURS * 60, (REPLAY_HOURS + AFTERWARDS_HOURS) * 60 + 1, dtype=np.float64) / 60.0


def kept(hours: Floats) -> NDArray[np.bool_]:
    """Mark the minutes that were recorded: every fifth of the history, all of the rest."""
    minutes = np.rint(hours * 60.0)
    marked: NDArray[np.bool_] = (minutes >= 0) | (minutes % (HISTORY_STEP / STEP) == 0)
    return marked


def traffic(hours: Floats) -> Floats:
    """Return the shop's daily and weekly rhythm around 1: quiet at night, busy in the afternoon, less at weekends."""
    clock = hours + _BEGINS_AT
    daily = 1.0 + 0.42 * np.cos((clock - 15.5) * 2 * np.pi / _DAY) + 0.10 * np.cos((clock - 13.0) * 4 * np.pi / _DAY)
    since_saturday = (clock - 2 * _DAY) % (7 * _DAY)
    depth = trapezium(since_saturday, 0.0, 2 * _DAY, ramp=6.0)
    return daily * (1.0 - (1.0 - _WEEKEND) * depth)


def trapezium(hours: Floats, start: float, end: float, *, ramp: float) -> Floats:
    """Rise from 0 to 1 within `ramp` hours after `start`, and fall back within `ramp` hours before `end`."""
    return np.clip((hours - start) / ramp, 0.0, 1.0) * np.clip((end - hours) / ramp, 0.0, 1.0)


def wander(rng: np.random.Generator, hours: Floats, scale: float) -> Floats:
    """Return slow noise of standard deviation about `scale`, straight between random turns."""
    minutes = np.arange(len(hours))
    knots = np.arange(0, len(hours) + _KNOT, _KNOT)
    return np.interp(minutes, knots, rng.normal(0.0, scale, len(knots)))


def jitter(rng: np.random.Generator, hours: Floats, scale: float) -> Floats:
    """Return fast noise of standard deviation `scale` as a five-minute rate shows it: neighbours overlap."""
    return trailing(rng.normal(0.0, scale * np.sqrt(_RATE_WINDOW), len(hours)))


def trailing(values: Floats) -> Floats:
    """Return the mean of each minute and the four before it, as rate(...[5m]) does."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - _RATE_WINDOW, 0)
    mean: Floats = (sums[ends] - sums[starts]) / (ends - starts)
    return mean
