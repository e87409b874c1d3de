"""Robust trends over hourly medians: gaps bridged, lone outliers and single steps kept out of slopes.

Enters: matrices (rows, hours), NaN where unknown. Leaves: complete matrices and slopes per hour. Slopes are Theil's
of 1950 in its incomplete form: the median of the differences between the halves of a window, so that a quarter of
the window may be wrong. Never looks beyond the hour that it is asked for, but for bounds against outliers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from aiops_daemon.core.model.series import Floats, Rows
from aiops_daemon.core.signals.forecast.localhours import Indices
from aiops_daemon.core.signals.forecast.past import median

_FENCE = 3.0  # outliers: this many spreads of the middle 90 % beyond it
_LONE_HOURS = 3  # a stray that lasts so long is a new level
_JUMP = 8.0  # one-hour changes beyond so many deviations are steps, not trend
_RUN_HOURS = (3, 6, 12, 24)
_RUN_PAST = 60  # hours that must be known
_RUN_FRESH = 24  # hours that set no precedent: a leak that follows a restart is one again
_RUN_BEYOND = 1.25  # a run is this much larger than any movement seen before
_RUN_AGREE = 0.75  # share of its hours that go its way
_RUN_STRAIGHT = 0.5  # of all the way up and down, how much led anywhere
_RUN_EVEN = 0.7  # its older half must have its share of the movement


@dataclass(frozen=True, slots=True)
class Grid:
    """Hourly matrices of some rows, oldest first; the last column is the hour in progress."""

    raw: Floats  # medians as seen, NaN where not
    level: Floats  # gaps bridged, outliers pulled in
    smooth: Floats  # level without its steps: what trends are read from
    first: Indices  # (rows,) index of the first hour known

    def only(self, rows: Rows) -> Grid:
        """Keep some rows."""
        return Grid(self.raw[rows], self.level[rows], self.smooth[rows], self.first[rows])


def grid_of(raw: Floats) -> Grid:
    """Complete a matrix (rows, hours); rows that know nothing come out as 0."""
    known = np.isfinite(raw)
    first = np.where(known.any(axis=1), known.argmax(axis=1), raw.shape[1])
    level = _without_strays(_bridged(raw, known))
    return Grid(raw, level, _without_steps(level, first), first.astype(np.intp))


def _bridged(raw: Floats, known: NDArray[np.bool_]) -> Floats:
    """Draw straight lines over gaps; before the first and after the last hour known, hold it."""
    size = raw.shape[1]
    hours = np.arange(size)
    before = np.maximum.accumulate(np.where(known, hours, -1), axis=1)
    after = np.minimum.accumulate(np.where(known, hours, size)[:, ::-1], axis=1)[:, ::-1]
    left = np.where(before < 0, np.minimum(after, size - 1), before)
    right = np.where(after >= size, left, after)
    low, high = np.take_along_axis(raw, left, axis=1), np.take_along_axis(raw, right, axis=1)
    share = np.where(right > left, (hours - left) / np.maximum(right - left, 1), 0.0)
    return np.nan_to_num(low + share * (high - low))


def _without_strays(level: Floats) -> Floats:
    """Pull hours far outside the row's range to its fence, unless they last."""
    ordered = np.sort(level, axis=1)
    size = level.shape[1]
    low, high = ordered[:, size // 20, None], ordered[:, size - 1 - size // 20, None]
    reach = _FENCE * (high - low)
    stray = (level < low - reach) | (level > high + reach)
    lasting = sliding_window_view(stray, _LONE_HOURS, axis=1).all(axis=2)
    for offset in range(_LONE_HOURS):
        stray[:, offset : size - _LONE_HOURS + 1 + offset] &= ~lasting
    return np.where(stray, np.clip(level, low - reach, high + reach), level)


def _without_steps(level: Floats, first: Indices) -> Floats:
    """Sum up one-hour changes after clipping them to the row's usual ones: a single step leaves no slope."""
    changes = np.diff(level, axis=1)
    own = np.where(np.arange(1, level.shape[1]) > first[:, None], changes, np.nan)
    centre = np.nan_to_num(median(own))[:, None]
    reach = _JUMP * np.nan_to_num(median(np.abs(own - centre)))[:, None]
    usual = np.clip(changes, centre - reach, centre + reach)
    return np.concatenate([level[:, :1], level[:, :1] + np.cumsum(usual, axis=1)], axis=1)


def windows_at(matrix: Floats, origins: Indices, width: int) -> Floats:
    """Return the `width` hours that end at each origin, shape (rows, origins, width), padded with the first."""
    padded = np.concatenate([np.repeat(matrix[:, :1], width - 1, axis=1), matrix], axis=1)
    return np.asarray(sliding_window_view(padded, width, axis=1)[:, origins])


def slope_at(matrix: Floats, origins: Indices, width: int) -> Floats:
    """Return the robust slope per hour over the `width` hours up to each origin, shape (rows, origins)."""
    half = width // 2
    window = windows_at(matrix, origins, 2 * half)
    return _middle(window[..., half:] - window[..., :half]) / half


def daily_change_at(matrix: Floats, origins: Indices) -> Floats:
    """Return the change a day that both of the last two days agree on (the smaller one, 0 if they differ in sign)."""
    window = windows_at(matrix, origins, 72)
    newer = _middle(window[..., 48:] - window[..., 24:48])
    older = _middle(window[..., 24:48] - window[..., :24])
    return np.where(newer * older > 0.0, np.sign(newer) * np.minimum(np.abs(newer), np.abs(older)), 0.0)


def middle_at(matrix: Floats, origins: Indices, width: int) -> Floats:
    """Return the median of the `width` hours up to each origin."""
    return _middle(windows_at(matrix, origins, width))


def _middle(values: Floats) -> Floats:
    """Return the median over the last axis of complete values: the mean of the two middle ones."""
    ordered = np.sort(values, axis=-1)
    size = ordered.shape[-1]
    return np.asarray((ordered[..., (size - 1) // 2] + ordered[..., size // 2]) / 2.0)


def run_of(grid: Grid) -> tuple[Floats, Floats]:
    """Return slope per hour and length in hours of a steady movement such as the row has never shown; else 0.

    It must exceed every movement over as many hours up to a day ago, most of its hours must go its way, and no
    single hour may make up the most of it: a step is no run.
    """
    rows, size = grid.level.shape
    slope, length = np.zeros(rows), np.zeros(rows)
    for width in _RUN_HOURS:
        moved = grid.level[:, -1] - grid.level[:, -1 - width]
        found = _unprecedented(grid, width, moved) & _steady(grid.level[:, -1 - width :], moved)
        found &= grid.first <= size - 1 - max(_RUN_PAST, 5 * width)
        steep = slope_at(grid.level, np.array([size - 1]), width + width % 2)[:, 0]
        found &= np.sign(steep) == np.sign(moved)
        slope, length = np.where(found, steep, slope), np.where(found, float(width), length)
    return slope, length


def _unprecedented(grid: Grid, width: int, moved: Floats) -> NDArray[np.bool_]:
    earlier = grid.level[:, width:-_RUN_FRESH] - grid.level[:, : -_RUN_FRESH - width]
    own = np.where(np.arange(earlier.shape[1]) >= grid.first[:, None], earlier, 0.0)
    up, down = own.max(axis=1, initial=0.0), own.min(axis=1, initial=0.0)
    beyond = np.where(moved > 0, moved > _RUN_BEYOND * up, moved < _RUN_BEYOND * down)
    return np.asarray(beyond & (moved != 0.0))


def _steady(window: Floats, moved: Floats) -> NDArray[np.bool_]:
    changes = np.diff(window, axis=1) * np.sign(moved)[:, None]
    largest_share = 0.45 if changes.shape[1] <= 3 else 0.35
    size, half = np.abs(moved), changes.shape[1] // 2
    agree = (changes > 0.0).mean(axis=1) >= _RUN_AGREE
    straight = size >= _RUN_STRAIGHT * np.abs(changes).sum(axis=1)
    even = changes[:, :half].sum(axis=1) >= _RUN_EVEN * half / changes.shape[1] * size
    return np.asarray(agree & straight & even & (changes.max(axis=1) <= largest_share * size))
