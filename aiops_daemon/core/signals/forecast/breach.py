"""When a threshold will be crossed, and how likely: from a forecast's path and the method's past errors.

Enters: a path of expected values with their times, error quantiles, thresholds. Leaves: a moment and probabilities.
The moment is damped from poll to poll, so that it does not flap; a guess needs even odds to appear and is kept
until the odds fall under 0.3. Never dates a crossing beyond the longest horizon.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.query import Threshold
from aiops_daemon.core.model.series import Floats, Rows
from aiops_daemon.core.signals.forecast.choice import LEVELS

APPEARS, VANISHES = 0.5, 0.3  # probabilities at which a date is given and withdrawn
_SETTLE_SECONDS = 1800.0  # dates move towards a new guess over half an hour, or a quarter of the time left
_NEVER = np.nan


def exceedance(errors: Floats, distance: Floats) -> Floats:
    """Return P(error > distance); `errors` has a last axis of quantiles at LEVELS, else the shapes broadcast.

    Linear between the quantiles; beyond the outer ones an exponential tail through the two last of them.
    """
    above = np.where(distance < errors[..., 0], 1.0 - LEVELS[0] * _tail(errors[..., 0] - distance, errors, 0, 1), 0.0)
    for index in range(len(LEVELS) - 1):
        low, high = errors[..., index], errors[..., index + 1]
        width = np.where(high > low, high - low, 1.0)
        share = np.where(high > low, (distance - low) / width, 0.0)
        between = 1.0 - LEVELS[index] - share * (LEVELS[index + 1] - LEVELS[index])
        above = np.where((distance >= low) & (distance < high), between, above)
    last = (1.0 - LEVELS[-1]) * _tail(distance - errors[..., -1], errors, -1, -2)
    above = np.where(distance >= errors[..., -1], last, above)
    return np.where(np.isnan(errors[..., 0]) | np.isnan(distance), np.nan, np.clip(above, 0.0, 1.0))


def _tail(beyond: Floats, errors: Floats, outer: int, inner: int) -> Floats:
    """Return the factor by which the outermost share has shrunk `beyond` the outermost quantile."""
    scale = np.abs(errors[..., outer] - errors[..., inner]) / np.log(5.0)  # 10 % to 2 % is a factor of 5
    return np.where(scale > 0.0, np.exp(-np.maximum(beyond, 0.0) / np.where(scale > 0.0, scale, 1.0)), 0.0)


def first_crossing(path: Floats, times: Floats, threshold: Threshold, until: Floats) -> Floats:
    """Return when each row's path first reaches the threshold, NaN if not by `until`.

    `path` and `times` have shape (rows, points), times rising, NaN points left out; lines between the points.
    """
    sign = 1.0 if threshold.above else -1.0
    beyond = sign * (path - threshold.value) >= 0.0
    found = beyond.any(axis=1)
    index = beyond.argmax(axis=1)
    row = np.arange(len(path))
    before = np.maximum(index - 1, 0)
    rise = path[row, index] - path[row, before]
    sloping = np.isfinite(rise) & (rise != 0.0)
    share = np.where(sloping, (threshold.value - path[row, before]) / np.where(sloping, rise, 1.0), 1.0)
    moment = times[row, before] + np.clip(share, 0.0, 1.0) * (times[row, index] - times[row, before])
    return np.where(found & (moment <= until), moment, np.nan)


class BreachDates:
    """The last date given per row and threshold, and when; columns over rows."""

    def __init__(self, thresholds: Sequence[Threshold], capacity: int) -> None:
        self._thresholds = tuple(thresholds)
        self._date = np.full((capacity, len(self._thresholds)), _NEVER)
        self._given_at = np.full(capacity, np.nan)

    def grow(self, capacity: int) -> None:
        """Make room for more rows."""
        more = capacity - len(self._given_at)
        self._date = np.concatenate([self._date, np.full((more, len(self._thresholds)), _NEVER)])
        self._given_at = np.concatenate([self._given_at, np.full(more, np.nan)])

    def reset(self, rows: Rows) -> None:
        """Forget rows."""
        self._date[rows] = _NEVER
        self._given_at[rows] = np.nan

    def settle(self, rows: Rows, level: Floats, guess: Floats, odds: Floats, at: float) -> Floats:
        """Damp new guesses (rows, thresholds) against the dates given before, and return what holds now.

        `level` is the present level: at or beyond the threshold the date is `at`. `odds` is the probability that the
        threshold is crossed by the longest horizon.
        """
        before, since = self._date[rows], np.maximum(at - self._given_at[rows], 0.0)
        settle = np.minimum(_SETTLE_SECONDS, np.maximum(0.25 * (before - at), 1.0))
        pull = 1.0 - np.exp(-since[:, None] / settle)
        damped = before + pull * (guess - before)
        held = np.where(np.isnan(guess) & (odds >= VANISHES), before, guess)
        dates = np.where(np.isnan(before) | np.isnan(guess), held, damped)
        wanted = np.where(np.isnan(before), odds >= APPEARS, odds >= VANISHES)
        dates = np.where(wanted, np.maximum(dates, at), np.nan)
        dates = np.where(self._crossed(level), at, dates)
        self._date[rows] = dates
        self._given_at[rows] = at
        return dates

    def _crossed(self, level: Floats) -> NDArray[np.bool_]:
        crossed = np.empty((len(level), len(self._thresholds)), dtype=np.bool_)
        for index, threshold in enumerate(self._thresholds):
            sign = 1.0 if threshold.above else -1.0
            crossed[:, index] = sign * (level - threshold.value) >= 0.0
        return crossed
