"""Choose a method per series and horizon by what it would have said before, and keep the errors it made.

Enters: a grid of hourly medians. Leaves: the method, and quantiles of its errors at that horizon. An origin's
forecasts use what was known at the origin; errors count half as much every five days back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.series import Floats, Rows
from aiops_daemon.core.signals.forecast.localhours import Indices
from aiops_daemon.core.signals.forecast.methods import CANDIDATES, Method, Parts, parts_at, say
from aiops_daemon.core.signals.forecast.trend import Grid

LEVELS = np.array([0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98])  # of the error quantiles
LOWER, UPPER = 1, 5  # the 80 % interval
MOST_ORIGINS = 40
_STEPS = ((48, 1), (240, 5), (10_000, 7))  # hours known up to, hours between origins: prime to the day
_LEAST_ERRORS = 6
_JUDGED_SHARE = 0.6  # of a short past: beyond it errors are taken at that distance and scaled up
_HALF_LIFE = 120.0  # hours
_PLAIN = (Method.LAST, Method.DAILY_NAIVE)
_MARGIN = 0.5  # standard errors by which another method must beat the plain ones


@dataclass(frozen=True, slots=True)
class Choice:
    """Per row and horizon: `method` (rows, horizons), `errors` (rows, horizons, levels), NaN where not ready."""

    method: NDArray[np.int8]
    errors: Floats

    @classmethod
    def none(cls, rows: int, horizons: int) -> Choice:
        """Make a choice that knows nothing."""
        return cls(np.zeros((rows, horizons), dtype=np.int8), np.full((rows, horizons, len(LEVELS)), np.nan))


def spacing_groups(first: Indices, hours: int) -> list[tuple[Rows, int]]:
    """Group rows by how long they are known: row numbers, hours between origins."""
    span = hours - first
    groups, least = [], 1
    for most, step in _STEPS:
        rows = np.flatnonzero((span >= least) & (span <= most))
        if len(rows):
            groups.append((rows, step))
        least = most + 1
    return groups


def choose(
    grid: Grid, horizons: NDArray[np.float64], noise: Floats, allowed: frozenset[Method], back: Indices, step: int
) -> Choice:
    """Judge every allowed method at origins `step` hours apart.

    `horizons` in hours; `noise` (rows, k): what samples scatter around their hour's median.
    """
    rows, size = grid.raw.shape
    choice = Choice.none(rows, len(horizons))
    start = int(grid.first.min())
    origins = np.arange(size - 2, max(start, size - 2 - step * MOST_ORIGINS), -step)[::-1].copy()
    if not len(origins):
        return choice
    parts = parts_at(grid, origins)
    span = (size - grid.first)[:, None]
    for index, horizon in enumerate(np.maximum(1, np.ceil(horizons)).astype(np.intp)):
        ahead = np.minimum(horizon, np.maximum(1, (_JUDGED_SHARE * span).astype(np.intp)))
        errors = _errors(parts, ahead, allowed, back)
        method = _best(errors, size - 1 - origins, _lead(ahead[:, 0], span[:, 0]))
        own = np.take_along_axis(errors, method[None, :, None], axis=0)[0] * (horizon / ahead)
        choice.method[:, index] = method
        choice.errors[:, index] = error_quantiles(own, noise)
    return choice


def _errors(parts: Parts, ahead: Indices, allowed: frozenset[Method], back: Indices) -> Floats:
    """Return actual less forecast, shape (methods, rows, origins); NaN where either is unknown."""
    raw = parts.grid.raw
    hours = parts.origins[None, :] + ahead
    inside = hours < raw.shape[1]
    hours = np.minimum(hours, raw.shape[1] - 1)
    row = np.arange(len(raw))[:, None]
    usable = inside & np.isfinite(raw[row, parts.origins[None, :]])
    actual = np.where(usable, raw[row, hours], np.nan)
    errors = np.full((len(CANDIDATES), *actual.shape), np.nan)
    for method in CANDIDATES:
        if method in allowed:
            errors[method] = actual - say(method, parts, hours, ahead.astype(np.float64), back)
    return errors


def _lead(ahead: Indices, span: Indices) -> Floats:
    """Return how far a plain method's error is discounted: by half of 1 / sqrt(independent stretches judged)."""
    return np.asarray(1.0 - _MARGIN * np.sqrt(np.minimum(1.0, ahead / np.maximum(span - ahead, 1))))


def _best(errors: Floats, age: Indices, lead: Floats) -> Indices:
    """Return the method with the least weighted absolute error relative to LAST on the same origins.

    Long horizons have few independent errors, among which a fanciful method wins by luck: `lead` discounts the
    errors of the plain ones.
    """
    size = np.abs(errors)
    counted = np.isfinite(size)
    weight = 0.5 ** (age / _HALF_LIFE)
    basis = np.where(counted, size[Method.LAST], 0.0) * weight
    total = basis.sum(axis=2)
    tiny = 1e-9 * np.nan_to_num(size).max(axis=(0, 2), initial=0.0) + 1e-300
    ratio = (np.where(counted, size, 0.0) * weight).sum(axis=2) + tiny
    ratio /= total + tiny
    counts = counted.sum(axis=2)
    enough = (counts >= _LEAST_ERRORS) & (counts >= 0.35 * counts[Method.LAST])
    ratio = np.where(enough, ratio, np.inf)
    ratio[Method.LAST] = np.minimum(ratio[Method.LAST], 1.0)
    ratio[list(_PLAIN)] *= lead
    return np.asarray(np.argmin(ratio, axis=0))


def error_quantiles(errors: Floats, noise: Floats) -> Floats:
    """Return quantiles of error plus sample noise, shape (rows, levels); NaN with fewer than six errors.

    Positions are those of (n + 1) * p, as few errors understate the tails.
    """
    count = np.isfinite(errors).sum(axis=1)
    sums = np.sort((errors[:, :, None] + noise[:, None, :]).reshape(len(errors), -1), axis=1)
    share = ((count[:, None] + 1) * LEVELS - 1.0) / np.maximum(count[:, None] - 1, 1)
    place = np.clip(share, 0.0, 1.0) * np.maximum(count * noise.shape[1] - 1, 0)[:, None]
    low = np.floor(place).astype(np.intp)
    high = np.minimum(low + 1, sums.shape[1] - 1)
    least, most = np.take_along_axis(sums, low, axis=1), np.take_along_axis(sums, high, axis=1)
    part = place - low
    found = np.where(part > 0.0, least + part * (most - least), least)
    return np.where(count[:, None] >= _LEAST_ERRORS, found, np.nan)
