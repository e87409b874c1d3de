"""The candidate methods for one series at its own resolution.

Enters: the season lengths of a series and its size. Leaves: named functions from history and horizon to a path.
statsmodels is imported only when its Holt-Winters is tried.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

from aiops_daemon.core.model.series import Floats
from aiops_daemon.core.signals.offline import smoothing
from aiops_daemon.core.signals.offline.adjust import adjusted, unadjusted

Draw: TypeAlias = Callable[[Floats, int], Floats]

NAIVE = "naive"
_HOLT_WINTERS_LENGTH = 24  # longer seasons cost statsmodels seconds
_HOLT_WINTERS_SIZE = 600
_PLAIN: dict[str, Draw] = {
    "last": smoothing.last_path,
    "level": smoothing.level_path,
    "median": smoothing.middle_path,
    "theta": smoothing.theta_path,
    "damped": smoothing.damped_path,
    "drift": smoothing.drift_path,
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to forecast; `draw` needs at least `least` values of history."""

    name: str
    draw: Draw
    least: int


def candidates_for(values: Floats, lengths: tuple[int, ...]) -> tuple[Candidate, ...]:
    """Return the candidates; the first is seasonal naive of the strongest season (naive without one)."""
    found = [Candidate(f"seasonal_{NAIVE}_{length}", partial(_as_before, length), length) for length in lengths]
    found.append(Candidate(NAIVE, smoothing.last_path, 1))
    found += [Candidate(name, partial(_unseasonal, draw), 4) for name, draw in _PLAIN.items() if name != "last"]
    for length in lengths:
        found += _seasonal(length, positive=bool(np.min(values) > 0.0))
    found += [
        Candidate(f"means_{short}_{long}", partial(_two_seasons, short, long), 2 * long)
        for short in lengths
        for long in lengths
        if short < long and long % short == 0
    ]
    return tuple(found)


def _seasonal(length: int, *, positive: bool) -> list[Candidate]:
    least = 2 * length + 2
    found = [Candidate(f"mean_{length}", partial(_mean_cycle, length), least)]
    for multiplies in (False, True) if positive else (False,):
        sign = "x" if multiplies else "+"
        found += [
            Candidate(f"{name}{sign}season_{length}", partial(_adjusted, draw, length, multiplies), least)
            for name, draw in _PLAIN.items()
        ]
    if length <= _HOLT_WINTERS_LENGTH:
        found.append(Candidate(f"holt_winters_{length}", partial(_holt_winters, length), max(least, 10 + length)))
    return found


def _unseasonal(draw: Draw, values: Floats, horizon: int) -> Floats:
    return draw(unadjusted(values).values, horizon)


def _as_before(length: int, values: Floats, horizon: int) -> Floats:
    return np.resize(values[-length:], horizon)


def _adjusted(draw: Draw, length: int, multiplies: bool, values: Floats, horizon: int) -> Floats:
    plain = adjusted(values, length, multiplies=multiplies)
    return plain.restored(draw(plain.values, horizon))


def _mean_cycle(length: int, values: Floats, horizon: int) -> Floats:
    """Repeat the mean of the last cycles, the newest counting most."""
    cycles = min(len(values) // length, 8)
    table = values[-cycles * length :].reshape(cycles, length)
    weights = 0.7 ** np.arange(cycles)[::-1]
    return np.resize(weights @ table / weights.sum(), horizon)


def _two_seasons(short: int, long: int, values: Floats, horizon: int) -> Floats:
    """Average the last short cycle and the last long ones: a day like yesterday, and like a week ago."""
    return np.asarray((_as_before(short, values, horizon) + 2.0 * _mean_cycle(long, values, horizon)) / 3.0)


def _holt_winters(length: int, values: Floats, horizon: int) -> Floats:
    """Fit statsmodels' additive Holt-Winters with damped trend; what it warns of only costs it the choice."""
    from statsmodels.tools.sm_exceptions import ConvergenceWarning
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    values = values[-_HOLT_WINTERS_SIZE:]
    centre, scale = float(values.mean()), float(values.std()) or 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        model = ExponentialSmoothing(
            (values - centre) / scale,
            trend="add",
            damped_trend=True,
            seasonal="add",
            seasonal_periods=length,
            initialization_method="heuristic",
        )
        path = np.asarray(model.fit(optimized=True).forecast(horizon), dtype=np.float64)
    return path * scale + centre
