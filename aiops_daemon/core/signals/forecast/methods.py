"""The candidate methods of forecasting, each for all rows and many origins at once.

Enters: a grid of hourly medians and origins in it. Leaves: what each method would have said at each origin about a
later hour, from what was known at the origin. The same code looks back (to choose) and ahead (to forecast).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.series import Floats, Rows
from aiops_daemon.core.signals.forecast.localhours import Indices
from aiops_daemon.core.signals.forecast.past import median
from aiops_daemon.core.signals.forecast.trend import Grid, daily_change_at, middle_at, slope_at

DAMPING = 0.95  # of a trend's hourly step from hour to hour
PROFILE_DAYS = 5
REACH = 4.0  # a slope is drawn on over so many times the window it was read from, then the level holds


class Method(IntEnum):
    """Ways to say what comes; of equals the earlier is taken."""

    LAST = 0  # the last level
    MIDDLE = 1  # the median of the last day
    DAILY_NAIVE = 2  # as at this hour a day ago
    WEEKLY_NAIVE = 3  # as at this hour a week ago
    DAILY_LEVEL = 4  # the day's level and the usual shape of a day
    DAILY_WALK = 5  # the last level and the usual shape of a day from here on
    WEEKLY_LEVEL = 6  # as a week ago, moved by how the last day differed
    DAILY_TREND = 7  # the day's level and shape, and the change from day to day
    DRIFT_SHORT = 8  # the last level and the slope of 8 hours
    DRIFT_DAY = 9  # the last level and the slope of a day
    DRIFT_LONG = 10  # the last level and the slope of 3 days
    DAMPED = 11  # as DRIFT_DAY, the slope fading by 5 % an hour
    DAILY_DRIFT = 12  # as a day ago, and the change from day to day
    RUN = 13  # a movement such as never before: chosen by sight, not by past errors


CANDIDATES = tuple(Method)[:-1]
WEEKLY = frozenset({Method.WEEKLY_NAIVE, Method.WEEKLY_LEVEL})
DAILY = frozenset({Method.DAILY_NAIVE, Method.DAILY_LEVEL, Method.DAILY_WALK, Method.DAILY_TREND, Method.DAILY_DRIFT})
FOLLOWS = frozenset(  # forecasts that start at the last level and move with it from poll to poll
    {Method.LAST, Method.DAILY_WALK, Method.DRIFT_SHORT, Method.DRIFT_DAY, Method.DRIFT_LONG, Method.DAMPED, Method.RUN}
)
HISTORY = {  # hours that must be known before an origin
    Method.LAST: 1, Method.MIDDLE: 12, Method.DAILY_NAIVE: 24, Method.WEEKLY_NAIVE: 168, Method.DAILY_LEVEL: 72,
    Method.DAILY_WALK: 72, Method.WEEKLY_LEVEL: 192, Method.DAILY_TREND: 96, Method.DRIFT_SHORT: 8,
    Method.DRIFT_DAY: 24, Method.DRIFT_LONG: 72, Method.DAMPED: 24, Method.DAILY_DRIFT: 72,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parts:
    """What is known at each origin; matrices have shape (rows, origins)."""

    origins: Indices
    grid: Grid
    shape: Floats  # (rows, hours): each hour as usual, less the mean of the 24 hours up to it
    last: Floats
    middle: Floats
    mean: Floats  # the mean of a usual day, moved by how the last day differed
    daily_change: Floats
    week_shift: Floats
    slope_short: Floats
    slope_day: Floats
    slope_long: Floats

    def only(self, rows: Rows) -> Parts:
        """Keep some rows."""
        return Parts(
            self.origins,
            self.grid.only(rows),
            *(getattr(self, name)[rows] for name in self.__slots__[2:]),
        )


def parts_at(grid: Grid, origins: Indices) -> Parts:
    """Work out levels and slopes at the origins (indices of hours)."""
    level = grid.level
    usual = _usual(level)
    mean = _mean_of_day(usual)
    return Parts(
        origins=origins,
        grid=grid,
        shape=usual - mean,
        last=level[:, origins],
        middle=middle_at(level, origins, 24),
        mean=mean[:, origins] + middle_at(level - usual, origins, 24),
        daily_change=daily_change_at(level, origins),
        week_shift=_week_shift(level, origins),
        slope_short=slope_at(grid.smooth, origins, 8),
        slope_day=slope_at(grid.smooth, origins, 24),
        slope_long=slope_at(grid.smooth, origins, 72),
    )


def say(method: Method, parts: Parts, hours: Indices, ahead: Floats, back: NDArray[np.intp]) -> Floats:
    """Forecast the hours with these indices, `ahead` hours after the origins; NaN where the past is too short.

    `hours` and `ahead` broadcast against (rows, origins); `back` is the table of `localhours.days_back`.
    """
    known = parts.origins - parts.grid.first[:, None]
    with np.errstate(over="ignore", invalid="ignore"):
        found = _said(method, parts, hours, ahead, back)
    return np.where(known + 1 >= HISTORY[method], found, np.nan)


def _said(method: Method, parts: Parts, hours: Indices, ahead: Floats, back: NDArray[np.intp]) -> Floats:
    match method:
        case Method.LAST:
            return parts.last + 0.0 * ahead
        case Method.MIDDLE:
            return parts.middle + 0.0 * ahead
        case Method.DRIFT_SHORT | Method.DRIFT_DAY | Method.DRIFT_LONG:
            slope, width = _slope(method, parts)
            return parts.last + slope * np.minimum(ahead, REACH * width)
        case Method.DAMPED:
            return parts.last + parts.slope_day * _damped(ahead)
        case Method.WEEKLY_NAIVE | Method.WEEKLY_LEVEL:
            shift = parts.week_shift if method == Method.WEEKLY_LEVEL else 0.0
            return _season(parts, parts.grid.level, hours, 7, 1, back) + shift
        case Method.DAILY_NAIVE | Method.DAILY_DRIFT:
            days = -(-(hours - parts.origins[None, :]) // 24)
            change = parts.daily_change * days if method == Method.DAILY_DRIFT else 0.0
            return _season(parts, parts.grid.level, hours, 1, 1, back) + change
        case _:
            return _shaped(method, parts, hours, ahead, back)


def _slope(method: Method, parts: Parts) -> tuple[Floats, float]:
    if method == Method.DRIFT_SHORT:
        return parts.slope_short, 8.0
    return (parts.slope_day, 24.0) if method == Method.DRIFT_DAY else (parts.slope_long, 72.0)


def _shaped(method: Method, parts: Parts, hours: Indices, ahead: Floats, back: NDArray[np.intp]) -> Floats:
    if method == Method.DAILY_WALK:
        now = _season(parts, parts.shape, parts.origins[None, :], 1, PROFILE_DAYS, back, earliest=1)
        return parts.last + _season(parts, parts.shape, hours, 1, PROFILE_DAYS, back, earliest=1) - now
    then = _season(parts, parts.shape, hours, 1, PROFILE_DAYS, back)
    trend = parts.daily_change / 24.0 * ahead if method == Method.DAILY_TREND else 0.0
    return parts.mean + trend + then


def _season(
    parts: Parts, matrix: Floats, hours: Indices, period: int, cycles: int, back: NDArray[np.intp], earliest: int = 0
) -> Floats:
    """Look up the same local hour in the last cycles (of `period` days) before the origin; their median."""
    origins = parts.origins[None, :]
    first = np.maximum(-(-(hours - origins) // (24 * period)), earliest)
    first = first + (back[np.minimum(first * period, len(back) - 1), hours] > origins)
    row = np.arange(len(matrix))[:, None]
    found = []
    for cycle in range(cycles):
        days = (first + cycle) * period
        index = np.where(days < len(back), back[np.minimum(days, len(back) - 1), hours], -1)
        known = index >= parts.grid.first[:, None]
        found.append(np.where(known, matrix[row, np.maximum(index, 0)], np.nan))
    return found[0] if cycles == 1 else np.asarray(median(np.stack(found, axis=-1)), dtype=np.float64)


def _damped(ahead: Floats) -> Floats:
    """Sum DAMPING + DAMPING**2 + ... over `ahead` hours, in closed form for parts of hours too."""
    return np.asarray(DAMPING * (1.0 - DAMPING**ahead) / (1.0 - DAMPING))


def _usual(level: Floats) -> Floats:
    """Return the median of each hour and the same hour of the two days before: an outage of a day leaves no trace."""
    one = np.concatenate([level[:, :24], level[:, :-24]], axis=1)
    two = np.concatenate([level[:, :48], level[:, :-48]], axis=1)
    return np.asarray(np.maximum(np.minimum(level, one), np.minimum(np.maximum(level, one), two)))


def _mean_of_day(level: Floats) -> Floats:
    padded = np.concatenate([np.repeat(level[:, :1], 24, axis=1), level], axis=1)
    base = padded[:, :1]
    sums = np.cumsum(padded - base, axis=1)
    return np.asarray((sums[:, 24:] - sums[:, :-24]) / 24.0 + base)


def _week_shift(level: Floats, origins: Indices) -> Floats:
    padded = np.concatenate([np.repeat(level[:, :1], 168, axis=1), level], axis=1)
    return middle_at(padded[:, 168:] - padded[:, :-168], origins, 24)
