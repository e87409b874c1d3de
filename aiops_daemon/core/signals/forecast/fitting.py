"""What a fit leaves behind for the cheap predictions between fits: methods, error quantiles, and a drawn path.

Enters: the past of some rows. Leaves: per row the path of expected values from the fit to the longest horizon, and
how it moves with the level. A prediction interpolates and shifts, no more. Values are relative to the row's anchor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.durations import HOUR
from aiops_daemon.core.model.query import Season
from aiops_daemon.core.model.series import Floats, Rows
from aiops_daemon.core.signals.forecast.choice import LEVELS, Choice, choose, spacing_groups
from aiops_daemon.core.signals.forecast.localhours import Indices, days_back, local_hours
from aiops_daemon.core.signals.forecast.methods import CANDIDATES, DAILY, FOLLOWS, WEEKLY, Method, Parts, parts_at, say
from aiops_daemon.core.signals.forecast.past import HOURS, PER_HOUR, Past, median
from aiops_daemon.core.signals.forecast.recent import level_now
from aiops_daemon.core.signals.forecast.trend import Grid, grid_of, run_of

KNOTS_HOURS = np.array([0.0, 1.0, 2.0])  # after the fit: predictions interpolate between these
_NOISE_POINTS = 5
_RUN_REACH = 4.0  # a run is drawn on over four times its length
_RUN_DOUBT = np.array([-0.9, -0.5, -0.25, 0.0, 0.25, 0.5, 0.9])  # share of the slope, by LEVELS


class Wanted(Protocol):
    """The options that a fit reads."""

    @property
    def seasons(self) -> tuple[Season, ...] | None:
        """Return the seasons that may be used."""

    @property
    def time_zone(self) -> str:
        """Return the zone of days and weeks."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """The outcome for a block of rows; `now` and `ahead` have shape (rows, horizons, knots)."""

    choice: Choice
    path: Floats  # (rows, points) expected at the fit's path offsets
    now: Floats  # what each horizon's method expects at fit + knot
    ahead: Floats  # what it expects at fit + knot + horizon


@dataclass(frozen=True, slots=True)
class FitView:
    """Fits as they stand at one moment, relative to the anchor."""

    value: Floats  # (rows, horizons)
    errors: Floats  # (rows, horizons, levels)
    highest: Floats  # (rows, horizons) of the path on the stretch that ends at the horizon
    lowest: Floats
    path: Floats  # (rows, points), starting at the present level
    times: Floats  # (rows, points) unix seconds


def path_offsets(horizons: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the points of the path in seconds after the fit: hourly up to a day, wider beyond it."""
    end = float(horizons[-1]) + KNOTS_HOURS[-1] * HOUR
    points = int(np.clip(np.ceil(end / HOUR), 12, 36))
    return np.linspace(0.0, end, points + 1)


@dataclass(slots=True)
class Fits:
    """Columns over rows. `method` (capacity, horizons); see Fitted for the others."""

    horizons: NDArray[np.float64]
    offsets: NDArray[np.float64]
    at: Floats
    method: NDArray[np.int8]
    errors: NDArray[np.float32]
    path: NDArray[np.float32]
    now: NDArray[np.float32]
    ahead: NDArray[np.float32]

    @classmethod
    def empty(cls, horizons: NDArray[np.float64], capacity: int) -> Fits:
        """Make columns without any fit."""
        offsets = path_offsets(horizons)
        count, knots = len(horizons), len(KNOTS_HOURS)
        return cls(
            horizons,
            offsets,
            np.full(capacity, np.nan),
            np.zeros((capacity, count), dtype=np.int8),
            np.full((capacity, count, len(LEVELS)), np.nan, dtype=np.float32),
            np.full((capacity, len(offsets)), np.nan, dtype=np.float32),
            np.full((capacity, count, knots), np.nan, dtype=np.float32),
            np.full((capacity, count, knots), np.nan, dtype=np.float32),
        )

    def grow(self, capacity: int) -> None:
        """Make room for more rows."""
        more = Fits.empty(self.horizons, capacity - len(self.at))
        for name in ("at", "method", "errors", "path", "now", "ahead"):
            setattr(self, name, np.concatenate([getattr(self, name), getattr(more, name)]))

    def reset(self, rows: Rows) -> None:
        """Forget rows."""
        self.method[rows] = 0
        for column in (self.at, self.errors, self.path, self.now, self.ahead):
            column[rows] = np.nan

    def put(self, rows: Rows, fitted: Fitted, at: float) -> None:
        """Keep the outcome of a fit made at `at`."""
        self.at[rows] = at
        self.method[rows] = fitted.choice.method
        for column, values in (
            (self.errors, fitted.choice.errors),
            (self.path, fitted.path),
            (self.now, fitted.now),
            (self.ahead, fitted.ahead),
        ):
            column[rows] = np.clip(values, -3e38, 3e38)

    def view(self, rows: Rows, level: Floats, at: float) -> FitView:
        """Move the fits of these rows to `at` and to the present level (relative to the anchor)."""
        age = np.clip((at - self.at[rows]) / HOUR, 0.0, KNOTS_HOURS[-1])
        follows = np.isin(self.method[rows], [int(method) for method in FOLLOWS])
        moved = np.where(follows, level[:, None] - _between(self.now[rows], age), 0.0)
        value = _between(self.ahead[rows], age) + moved
        value = np.where(np.isnan(level)[:, None], np.nan, value)
        segment = self._segments()
        times = self.at[rows][:, None] + self.offsets
        path = self.path[rows].astype(np.float64) + moved[:, segment]
        path = np.where((times > at) & np.isfinite(level)[:, None], path, level[:, None])
        errors = self.errors[rows].astype(np.float64)
        highest, lowest = self._extremes(path, times, value, at)
        return FitView(value, errors, highest, lowest, path, np.maximum(times, at))

    def _segments(self) -> Indices:
        """Return which horizon's method draws each point of the path: the nearest horizon at or beyond it."""
        return np.minimum(np.searchsorted(self.horizons, self.offsets - 1.0), len(self.horizons) - 1)

    def _extremes(self, path: Floats, times: Floats, value: Floats, at: float) -> tuple[Floats, Floats]:
        highest, lowest = value.copy(), value.copy()
        start = 0.0
        for index, horizon in enumerate(self.horizons.tolist()):
            inside = (times > at + start) & (times <= at + horizon)
            highest[:, index] = np.maximum(highest[:, index], np.where(inside, path, -np.inf).max(axis=1))
            lowest[:, index] = np.minimum(lowest[:, index], np.where(inside, path, np.inf).min(axis=1))
            start = horizon
        return highest, lowest


def fit_rows(past: Past, rows: Rows, at: float, horizons: NDArray[np.float64], wanted: Wanted) -> Fitted:
    """Choose methods for a block of rows and draw their paths from `at` on."""
    raw, recent = past.hourly(rows, at), past.recent(rows, at)
    level = level_now(recent)
    raw[:, -1] = np.where(np.isfinite(level), level, raw[:, -1])
    grid = grid_of(raw)
    grid.level[:, -1] = np.where(np.isfinite(raw[:, -1]), raw[:, -1], grid.level[:, -1])
    hours = horizons / HOUR
    local = local_hours(int(at // HOUR) - HOURS + 1, HOURS + int(np.ceil(hours[-1])) + 5, wanted.time_zone)
    back = days_back(local, 7 * (int(np.ceil(hours[-1] / 168.0)) + 1) + 7)
    choice = _choose(grid, hours, _noise(recent), _allowed(wanted.seasons), back)
    return _draw(grid, choice, horizons, at, back)


def _choose(grid: Grid, hours: Floats, noise: Floats, allowed: frozenset[Method], back: Indices) -> Choice:
    choice = Choice.none(len(grid.first), len(hours))
    for rows, step in spacing_groups(grid.first, grid.raw.shape[1]):
        own = choose(grid.only(rows), hours, noise[rows], allowed, back, step)
        choice.method[rows], choice.errors[rows] = own.method, own.errors
    return choice


def _draw(grid: Grid, choice: Choice, horizons: NDArray[np.float64], at: float, back: Indices) -> Fitted:
    newest = grid.raw.shape[1] - 1
    parts = (parts_at(grid, np.array([newest])), parts_at(grid, np.array([newest - 1])))
    slope, length = run_of(grid)
    running = length > 0.0
    choice.method[running] = Method.RUN
    reach = np.minimum(horizons / HOUR, _RUN_REACH * length[:, None])
    doubt = np.abs(slope)[:, None, None] * reach[:, :, None] * _RUN_DOUBT
    errors = choice.errors + np.where(running[:, None, None], doubt, 0.0)

    offsets = path_offsets(horizons)
    knots = KNOTS_HOURS * HOUR
    segment = np.minimum(np.searchsorted(horizons, offsets - 1.0), len(horizons) - 1)
    every = np.concatenate([offsets, np.tile(knots, len(horizons)), (horizons[:, None] + knots).ravel()])
    of = np.repeat(np.arange(len(horizons)), len(knots))
    which = np.concatenate([segment, of, of])
    drawn = _expected(parts, choice.method[:, which], (slope, length), every, at, back)
    first, second = len(offsets), len(offsets) + len(of)
    shape = (len(slope), len(horizons), len(knots))
    return Fitted(
        Choice(choice.method, errors),
        drawn[:, :first],
        drawn[:, first:second].reshape(shape),
        drawn[:, second:].reshape(shape),
    )


def _expected(
    parts: tuple[Parts, Parts],
    method: NDArray[np.int8],
    run: tuple[Floats, Floats],
    offsets: Floats,
    at: float,
    back: Indices,
) -> Floats:
    """Return what `method` (rows, points) expects at `at` + offsets.

    `parts` are those of the hour in progress, from whose last level some methods start, and of the last full hour.
    """
    slope, length = run
    reach = np.minimum((offsets / HOUR)[None, :], _RUN_REACH * length[:, None])
    found = parts[0].last + slope[:, None] * reach
    for chosen in CANDIDATES:
        rows = np.flatnonzero((method == chosen).any(axis=1))
        if len(rows):
            own = parts[0 if chosen in FOLLOWS else 1].only(rows)
            found[rows] = np.where(method[rows] == chosen, _said_at(chosen, own, offsets, at, back), found[rows])
    return found


def _said_at(chosen: Method, parts: Parts, offsets: Floats, at: float, back: Indices) -> Floats:
    """Return what a method says of moments between the middles of two hours."""
    place = (at % HOUR + offsets) / HOUR - 0.5 + HOURS - 1
    low = np.floor(place).astype(np.intp)
    ahead = (offsets / HOUR if chosen in FOLLOWS else place - parts.origins[0])[None, :]
    early = say(chosen, parts, low[None, :], ahead, back)
    late = say(chosen, parts, low[None, :] + 1, ahead, back)
    between = early + (place - low) * (late - early)
    between = np.where(np.isnan(late), early, np.where(np.isnan(early), late, between))
    if chosen == Method.DAILY_WALK:  # starts at the level of now, not at that of the hour's middle
        return parts.last + between - between[:, :1]
    return between


def _allowed(seasons: tuple[Season, ...] | None) -> frozenset[Method]:
    allowed = frozenset(CANDIDATES)
    if seasons is None:
        return allowed
    return (
        allowed
        - (frozenset() if Season.DAILY in seasons else DAILY)
        - (frozenset() if Season.WEEKLY in seasons else WEEKLY)
    )


def _noise(recent: Floats) -> Floats:
    """Return five quantiles of how samples scatter around the median of their hour, shape (rows, 5)."""
    hours = recent.reshape(len(recent), -1, PER_HOUR)
    centre = np.asarray(median(hours), dtype=np.float64)[..., None]
    scatter = np.sort((hours - centre).reshape(len(recent), -1), axis=1)
    count = np.isfinite(scatter).sum(axis=1)
    share = (np.arange(_NOISE_POINTS) + 0.5) / _NOISE_POINTS
    place = (share * np.maximum(count - 1, 0)[:, None]).astype(np.intp)
    return np.nan_to_num(np.take_along_axis(scatter, place, axis=1))


def _between(knots: NDArray[np.float32], age: Floats) -> Floats:
    """Interpolate (rows, horizons, knots) at `age` hours, which lies within the knots."""
    age = np.nan_to_num(age)
    low = np.minimum(age.astype(np.intp), len(KNOTS_HOURS) - 2)
    early = np.take_along_axis(knots, low[:, None, None], axis=2)[..., 0].astype(np.float64)
    late = np.take_along_axis(knots, low[:, None, None] + 1, axis=2)[..., 0].astype(np.float64)
    return early + (age - low)[:, None] * (late - early)
