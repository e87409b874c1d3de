"""Forecasts against seasonal naive on a mixed set of series, judged on a tail that no choice has seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from forecast_worlds import DAY, HOUR, START, Floats, mixed

from aiops_daemon.core.signals.forecast.forecaster import Forecaster, ForecastOptions

HORIZONS = (HOUR, 6 * HOUR, DAY)
TAIL = 12 * DAY  # methods are chosen on what lies before each prediction, judged on what follows it
EVERY = 5 * HOUR


@dataclass(frozen=True, slots=True)
class Judged:
    """Absolute errors over the scale of each series, and shares inside the interval: (horizons, series)."""

    names: list[str]
    own: Floats
    seasonal_naive: Floats
    inside: Floats


@pytest.fixture(scope="module")
def judged() -> Judged:
    """Live through the mixed world once; predict every five hours of the tail."""
    seconds, world = mixed(seed=11)
    values, rows = np.array(list(world.values())), np.arange(len(world))
    forecaster = Forecaster(ForecastOptions(HORIZONS), len(world))
    own, naive, inside = [], [], []
    for index, second in enumerate(seconds.tolist()):
        forecaster.observe(rows, values[:, index], START + second)
        if second >= TAIL and second % EVERY == 0 and second + DAY <= seconds[-1]:
            forecaster.fit(rows, START + second)
            step = forecaster.predict(rows, START + second)
            ahead = [index + int(horizon / 300) for horizon in HORIZONS]
            actual, before = values[:, ahead].T, values[:, [a - 288 for a in ahead]].T
            own.append(np.abs(step.value.T - actual))
            naive.append(np.abs(before - actual))
            inside.append((step.lower.T <= actual) & (actual <= step.upper.T))
    scale = np.mean(np.abs(values[:, 288:] - values[:, :-288]), axis=1) + 1e-9 * np.abs(values).max(axis=1) + 1e-12
    means = [np.mean(errors, axis=0) / scale for errors in (own, naive)]
    return Judged(list(world), means[0], means[1], np.mean(inside, axis=0))


def test_the_sum_over_mixed_series_is_never_worse_than_seasonal_naive(judged: Judged) -> None:
    """At every horizon the summed scaled error stays well under that of seasonal naive."""
    assert len(judged.names) >= 30
    for own, naive in zip(judged.own.sum(axis=1), judged.seasonal_naive.sum(axis=1), strict=True):
        assert own < 0.75 * naive


def test_no_kind_of_series_is_much_worse_than_seasonal_naive(judged: Judged) -> None:
    """Kinds on which seasonal naive is the best there is cost a little for choosing, not more."""
    kinds = np.array([name.rstrip("0123456789") for name in judged.names])
    for kind in sorted(set(kinds)):
        own, naive = judged.own[:, kinds == kind].sum(), judged.seasonal_naive[:, kinds == kind].sum()
        assert own <= 1.25 * naive + 1e-6, kind


def test_intervals_hold_about_the_promised_share(judged: Judged) -> None:
    """Of all values about 80 % fall into the 80 % interval, at each horizon."""
    for share in judged.inside.mean(axis=1):
        assert 0.72 <= share <= 0.92
