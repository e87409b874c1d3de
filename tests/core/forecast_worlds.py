"""Made-up series for forecast tests: mixed kinds with a seed, and a driver that lives through them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.signals.forecast.forecaster import Forecaster, ForecastStep

HOUR, DAY = 3600.0, 86400.0
START = 1_699_999_200.0  # on the hour

Floats = NDArray[np.float64]


def steps(days: float, step: float = 300.0) -> Floats:
    """Return seconds since START."""
    return np.arange(0.0, days * DAY, step)


def mixed(seed: int, days: float = 16.0) -> tuple[Floats, dict[str, Floats]]:
    """Return seconds and over forty series of twelve kinds."""
    rng = np.random.default_rng(seed)
    t = steps(days)
    size = len(t)
    sine, weekday = np.sin(2 * np.pi * t / DAY), np.where((t // DAY) % 7 < 5, 1.0, 0.5)
    world: dict[str, Floats] = {}
    for k in range(4):
        world[f"walk{k}"] = 50.0 + np.cumsum(rng.normal(0.0, 0.2, size))
        world[f"daily{k}"] = 100.0 + 10.0 * (k + 1) * sine + rng.normal(0.0, 3.0, size)
        world[f"weekly{k}"] = (100.0 + 60.0 * np.maximum(sine, 0.0) ** (k + 1)) * weekday + rng.normal(0.0, 3.0, size)
        world[f"noise{k}"] = rng.normal(10.0, 1.0, size) if k % 2 else rng.exponential(3.0, size)
    for k in range(3):
        period = (3 + 2 * k) * DAY
        world[f"leak{k}"] = 1e9 + np.maximum(0.0, t - (12 - k) * DAY) * 300.0 + rng.normal(0.0, 1e6, size)
        world[f"disk{k}"] = 1e11 * (0.3 + 0.5 * ((t + k * DAY) % period) / period) + rng.normal(0.0, 1e8, size)
        world[f"counter{k}"] = 300.0 * np.cumsum(np.maximum(0.0, 5 * (k + 1) * (1 + 0.6 * sine)))
        world[f"wander{k}"] = 30.0 + np.convolve(rng.normal(0.0, 1.0, size), 0.995 ** np.arange(800))[:size]
        world[f"climb{k}"] = 100.0 + 15.0 * sine + t / DAY * (3 + k) + rng.normal(0.0, 2.0, size)
        world[f"tail{k}"] = np.abs(0.2 + 0.02 * rng.standard_t(3, size))
        world[f"step{k}"] = np.where(t < (8 + 2 * k) * DAY, 1000.0, 950.0) + rng.normal(0.0, 2.0, size)
        world[f"constant{k}"] = np.full(size, 42.0 * k)
        world[f"spiked{k}"] = 100.0 + 20.0 * sine + 500.0 * (rng.random(size) < 0.004) + rng.normal(0.0, 2.0, size)
    return t, world


def live(
    forecaster: Forecaster, seconds: Floats, values: Floats, *, since: float, fit_every: float = 1800.0
) -> Iterator[tuple[int, ForecastStep]]:
    """Play (rows, steps) through a forecaster; from `since` on fit now and then, and yield every prediction."""
    rows = np.arange(len(values))
    fitted_at = -np.inf
    for index, second in enumerate(seconds.tolist()):
        at = START + second
        forecaster.observe(rows, values[:, index], at)
        if second < since:
            continue
        if at - fitted_at >= fit_every:
            forecaster.fit(rows, at)
            fitted_at = at
        yield index, forecaster.predict(rows, at)


def taught(forecaster: Forecaster, seconds: Floats, values: Floats) -> float:
    """Play everything, fit once at the end, and return that moment."""
    rows = np.arange(len(values))
    for index, second in enumerate(seconds.tolist()):
        forecaster.observe(rows, values[:, index], START + second)
    at = START + float(seconds[-1])
    forecaster.fit(rows, at)
    return at
