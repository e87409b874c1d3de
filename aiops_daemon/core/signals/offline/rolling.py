"""Forecast one series at its own resolution, by what did best from earlier origins.

Enters: values on a regular grid. Leaves: a path with an interval. Each origin hides what follows it; methods and
means of the best are ranked by their errors there, and the interval is made of those errors. The chosen one was
never worse than seasonal naive at the origins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aiops_daemon.core.model.series import Floats
from aiops_daemon.core.signals.offline.candidates import NAIVE, Candidate, candidates_for
from aiops_daemon.core.signals.offline.periods import season_lengths

LEAST_VALUES = 4
_ORIGINS = 6
_MOST_VALUES = 20_000
_POOLED = 5  # means of the best so many are ranked too
_LEAD = 0.92  # seasonal naive and naive are kept unless others are this much better
_WIDER = 1.1  # errors on which the choice was made understate those to come


@dataclass(frozen=True, slots=True)
class SeriesForecast:
    """The coming steps; lower <= expected <= upper. `method` names what was chosen."""

    expected: Floats
    lower: Floats
    upper: Floats
    method: str
    season_lengths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Trial:
    """Paths of every candidate from every origin, shape (candidates, origins, steps), and what came."""

    paths: Floats
    actual: Floats


def forecast_series(
    values: Floats,
    horizon: int,
    *,
    spacing_seconds: float,
    season_length: int | None = None,
    interval_ratio: float = 0.8,
) -> SeriesForecast:
    """Forecast `horizon` steps; `season_length` None: found in the data, 1: none. Raises ValueError when too short."""
    values = values[-_MOST_VALUES:]
    if len(values) < LEAST_VALUES:
        raise ValueError(f"{len(values)} values are too few to forecast from; at least {LEAST_VALUES} are needed")
    lengths = _lengths(values, spacing_seconds, season_length)
    steps = max(1, min(horizon, len(values) // 3))
    origins = _origins(len(values), steps, max(lengths, default=1))
    candidates = [one for one in candidates_for(values, lengths) if one.least <= min(origins)]
    trial = _tried(values, candidates, origins, steps)
    chosen = _ranked(trial, [index for index, one in enumerate(candidates) if NAIVE in one.name])
    errors = _WIDER * (trial.actual - trial.paths[chosen].mean(axis=0))
    expected = _drawn(values, [candidates[index] for index in chosen], horizon)
    low, high = _reach(errors, horizon, interval_ratio)
    name = " + ".join(candidates[index].name for index in chosen)
    return SeriesForecast(expected, expected + low, expected + high, name, lengths)


def _lengths(values: Floats, spacing_seconds: float, given: int | None) -> tuple[int, ...]:
    if given is None:
        return season_lengths(values, spacing_seconds)
    return (given,) if 1 < given <= len(values) // 2 else ()


def _origins(size: int, steps: int, season: int) -> list[int]:
    """Spread origins over the newest part, leaving the oldest two seasons and a third to learn from."""
    newest = size - steps
    oldest = min(newest, max(LEAST_VALUES - 1, size // 3, 2 * season + 2, newest - 5 * steps - season))
    return sorted({int(place) for place in np.linspace(oldest, newest, _ORIGINS)})


def _tried(values: Floats, candidates: list[Candidate], origins: list[int], steps: int) -> _Trial:
    paths = [[one.draw(values[:origin], steps) for origin in origins] for one in candidates]
    actual = np.array([values[origin : origin + steps] for origin in origins])
    return _Trial(np.array(paths), actual)


def _ranked(trial: _Trial, plain: list[int]) -> list[int]:
    """Return the candidates whose mean did best; the best of the `plain` ones wins near ties."""
    losses = np.nan_to_num(_loss(trial.paths, trial.actual), nan=np.inf, posinf=np.inf)
    order = np.argsort(losses, kind="stable").tolist()
    first = min(plain, key=lambda index: float(losses[index]))
    best, least = [first], float(losses[first]) * _LEAD
    for count in range(1, min(_POOLED, len(order)) + 1):
        loss = float(_loss(trial.paths[order[:count]].mean(axis=0, keepdims=True), trial.actual)[0])
        if loss < least:
            best, least = order[:count], loss
    return best


def _loss(paths: Floats, actual: Floats) -> Floats:
    """Return the mean absolute error over origins and steps."""
    return np.asarray(np.abs(paths - actual).mean(axis=(1, 2)))


def _drawn(values: Floats, chosen: list[Candidate], horizon: int) -> Floats:
    return np.asarray(np.mean([one.draw(values, horizon) for one in chosen], axis=0))


def _reach(errors: Floats, horizon: int, ratio: float) -> tuple[Floats, Floats]:
    """Return how far the interval reaches below and above, per step, never narrowing with the distance.

    Quantiles of the errors of all origins at about the same step, at (n + 1) p; beyond the steps tried they grow
    with the square root of the distance.
    """
    tried = errors.shape[1]
    width = max(1, tried // 6)
    low, high = np.empty(tried), np.empty(tried)
    for step in range(tried):
        near = np.sort(errors[:, max(0, step - width) : step + width + 1].ravel())
        tail = (1.0 - ratio) / 2.0
        low[step], high[step] = _quantile(near, tail), _quantile(near, 1.0 - tail)
    low, high = np.minimum.accumulate(np.minimum(low, 0.0)), np.maximum.accumulate(np.maximum(high, 0.0))
    beyond = np.sqrt(np.maximum(np.arange(1, horizon + 1) / tried, 1.0))
    place = np.minimum(np.arange(horizon), tried - 1)
    return low[place] * beyond, high[place] * beyond


def _quantile(ordered: Floats, share: float) -> float:
    size = len(ordered)
    place = min(max(((size + 1) * share - 1.0) / max(size - 1, 1), 0.0), 1.0)
    return float(np.quantile(ordered, place))
