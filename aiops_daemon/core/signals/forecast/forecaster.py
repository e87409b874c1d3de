"""Forecasts of many series at once: robust trend plus season, intervals from own past errors, breaches.

Enters: polls and history steps, row by row. Leaves, every cycle: expected value and interval at the horizons, time
to breach and probability, direction and acceleration, and what `predict_linear` would say. `fit` chooses the
methods now and then; `predict` only follows the level. Values are float64 outside, anchored float32 within.
NaN means not ready and nothing else; nothing is ever infinite.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.query import QuerySpec, Season, Threshold
from aiops_daemon.core.model.series import Floats, Rows
from aiops_daemon.core.signals.forecast.breach import BreachDates, exceedance, first_crossing
from aiops_daemon.core.signals.forecast.choice import LOWER, UPPER
from aiops_daemon.core.signals.forecast.fitting import Fits, fit_rows
from aiops_daemon.core.signals.forecast.past import Past
from aiops_daemon.core.signals.forecast.recent import level_now, linear_at, motion


@dataclass(frozen=True, slots=True)
class ForecastOptions:
    """What to forecast; horizons in seconds, in any order; `seasons` None: chosen by past errors."""

    horizons: tuple[float, ...]
    thresholds: tuple[Threshold, ...] = ()
    seasons: tuple[Season, ...] | None = None
    time_zone: str = "UTC"
    exclude: tuple[tuple[float, float], ...] = ()  # unix seconds [start, end): not learned

    def __post_init__(self) -> None:
        if not self.horizons or min(self.horizons) <= 0.0:
            raise ValueError("there must be horizons, and all positive")

    @classmethod
    def of(cls, spec: QuerySpec) -> ForecastOptions:
        """Take from a query what concerns forecasts; horizons as they are given there."""
        return cls(tuple(spec.horizons), spec.thresholds, spec.seasons, spec.time_zone, spec.exclude)


@dataclass(frozen=True, slots=True)
class ForecastStep:
    """The outlook of some rows at one moment; NaN where not ready. The interval is to hold 80 % of the values."""

    value: Floats  # (rows, horizons)
    lower: Floats
    upper: Floats
    slope_per_second: Floats  # (rows,) over the last 6 hours
    acceleration: Floats  # (rows,) per second squared
    breach_at: Floats  # (rows, thresholds) unix seconds; NaN: not within the longest horizon
    probability: Floats  # (rows, thresholds, horizons) that the threshold is crossed by then
    linear: Floats  # (rows, horizons) least squares over the last 6 hours
    ready: NDArray[np.bool_]  # (rows,) at least one horizon is known


class Forecaster:
    """Forecasts for the rows of a SeriesTable."""

    def __init__(self, options: ForecastOptions, capacity: int = 64) -> None:
        self.options = options
        self._horizons = np.sort(np.array(options.horizons))
        self._place = np.argsort(np.argsort(options.horizons, kind="stable"))  # of each horizon among the sorted
        self._past = Past(capacity)
        self._fits = Fits.empty(self._horizons, capacity)
        self._dates = BreachDates(options.thresholds, capacity)

    @property
    def capacity(self) -> int:
        """Length of every column."""
        return self._past.capacity

    def grow(self, capacity: int) -> None:
        """Make room for more rows."""
        self._past.grow(capacity)
        self._fits.grow(capacity)
        self._dates.grow(capacity)

    def reset(self, rows: Rows) -> None:
        """Forget rows, which now stand for other series."""
        self._past.reset(rows)
        self._fits.reset(rows)
        self._dates.reset(rows)

    def observe(self, rows: Rows, values: Floats, at: float) -> None:
        """Note the values of one moment; what is not finite, or falls into an excluded time, is left out."""
        if any(start <= at < end for start, end in self.options.exclude):
            return
        usable = np.isfinite(values)
        if usable.any():
            self._past.observe(rows[usable], values[usable], at)

    def fit(self, rows: Rows, at: float) -> None:
        """Choose the methods of these rows anew; about 0.15 ms of CPU a row, so call it for blocks of up to 200."""
        if len(rows):
            self._fits.put(rows, fit_rows(self._past, rows, at, self._horizons, self.options), at)

    def predict(self, rows: Rows, at: float) -> ForecastStep:
        """Say what is to come, as the last fit chose it, from the level of now."""
        recent, anchor = self._past.recent(rows, at), self._past.anchor[rows]
        times = self._past.recent_times(rows, at)
        level = level_now(recent)
        view = self._fits.view(rows, level, at)
        value, errors = view.value + anchor[:, None], view.errors
        ready = np.isfinite(value) & np.isfinite(errors[..., 0])
        value = np.where(ready, value, np.nan)
        slope, bend = motion(recent)
        probability = self._probability(view.highest + anchor[:, None], view.lowest + anchor[:, None], errors)
        guess = self._guess(view.path + anchor[:, None], view.times, at)
        odds = np.nan_to_num(probability).max(axis=2, initial=0.0)
        place = self._place
        return ForecastStep(
            value=value[:, place],
            lower=(value + np.minimum(errors[..., LOWER], 0.0))[:, place],
            upper=(value + np.maximum(errors[..., UPPER], 0.0))[:, place],
            slope_per_second=slope,
            acceleration=bend,
            breach_at=self._dates.settle(rows, level + anchor, guess, odds, at),
            probability=probability[:, :, place],
            linear=linear_at(recent, times, self._horizons[place]) + anchor[:, None],
            ready=np.asarray(ready.any(axis=1)),
        )

    def methods(self, rows: Rows) -> NDArray[np.int8]:
        """Return which method (`methods.Method`) was chosen, shape (rows, horizons)."""
        return self._fits.method[rows][:, self._place]

    def export_state(self, rows: Rows) -> dict[str, NDArray[np.generic]]:
        """Return what was learned, first axis `rows`. Choices are left out: a fit makes them again."""
        return self._past.export(rows)

    def import_state(self, rows: Rows, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Take back what `export_state` gave; raises ValueError on a mismatch."""
        self._past.restore(rows, dict(state))
        self._fits.reset(rows)
        self._dates.reset(rows)

    def _probability(self, highest: Floats, lowest: Floats, errors: Floats) -> Floats:
        """Return P(crossed by each horizon): the largest along the path, never falling with the horizon."""
        found = np.full((len(highest), len(self.options.thresholds), len(self._horizons)), np.nan)
        for index, threshold in enumerate(self.options.thresholds):
            if threshold.above:
                found[:, index] = exceedance(errors, threshold.value - highest)
            else:
                odds = exceedance(errors, threshold.value - lowest)
                found[:, index] = 1.0 - odds
        known = np.isfinite(found)
        rising = np.maximum.accumulate(np.where(known, found, 0.0), axis=2)
        return np.where(known, rising, np.nan)

    def _guess(self, path: Floats, times: Floats, at: float) -> Floats:
        until = np.full(len(path), at + self._horizons[-1])
        found = np.full((len(path), len(self.options.thresholds)), np.nan)
        for index, threshold in enumerate(self.options.thresholds):
            found[:, index] = first_crossing(path, times, threshold, until)
        return found
