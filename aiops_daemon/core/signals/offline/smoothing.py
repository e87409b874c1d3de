"""Exponential smoothing and Theta for one series without season; parameters by a grid, all of it at once.

Enters: values, oldest first. Leaves: a path of coming steps. No optimiser, so nothing can fail to converge.
"""

from __future__ import annotations

import numpy as np

from aiops_daemon.core.model.series import Floats

_NEWEST = 1500  # older values no longer move a smoothed level
_ALPHAS = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.75, 0.9, 0.999])
_BETAS = np.array([0.01, 0.05, 0.15, 0.3])
_PHIS = np.array([0.8, 0.9, 0.97])


def level_path(values: Floats, horizon: int) -> Floats:
    """Return simple exponential smoothing: the last level, flat."""
    return np.full(horizon, _smoothed(values[-_NEWEST:])[0])


def theta_path(values: Floats, horizon: int) -> Floats:
    """Return Theta (Assimakopoulos and Nikolopoulos 2000; Hyndman and Billah 2003): smoothing with half the drift.

    forecast(k) = level + b/2 * (k - 1 + (1 - (1 - alpha)^n) / alpha), b the least-squares slope.
    """
    level, alpha = _smoothed(values[-_NEWEST:])
    place = np.arange(len(values)) - (len(values) - 1) / 2.0
    slope = float(place @ values) / max(float(place @ place), 1.0)
    lag = (1.0 - (1.0 - alpha) ** len(values)) / alpha
    return np.asarray(level + 0.5 * slope * (np.arange(horizon) + lag))


def damped_path(values: Floats, horizon: int) -> Floats:
    """Return damped trend smoothing (Gardner and McKenzie 1985)."""
    values = values[-_NEWEST:]
    alpha, beta, phi = (grid.ravel() for grid in np.meshgrid(_ALPHAS, _BETAS, _PHIS, indexing="ij"))
    level = np.full(alpha.shape, values[0])
    trend = np.full(alpha.shape, float(np.median(np.diff(values[:10]))) if len(values) > 1 else 0.0)
    losses = np.zeros(alpha.shape)
    for value in values[1:].tolist():
        expected = level + phi * trend
        error = value - expected
        losses += np.abs(error)
        level = expected + alpha * error
        trend = phi * trend + alpha * beta * error
    best = int(np.argmin(losses))
    fade = np.cumsum(phi[best] ** np.arange(1, horizon + 1))
    return np.asarray(level[best] + trend[best] * fade)


def drift_path(values: Floats, horizon: int) -> Floats:
    """Return the last value and the mean change since the first, or over the last 300 steps."""
    recent = values[-300:]
    slope = (recent[-1] - recent[0]) / max(len(recent) - 1, 1)
    return np.asarray(values[-1] + slope * np.arange(1, horizon + 1))


def middle_path(values: Floats, horizon: int) -> Floats:
    """Return the median of the last values, flat: at least 10, or twice the horizon."""
    return np.full(horizon, float(np.median(values[-max(10, 2 * horizon) :])))


def last_path(values: Floats, horizon: int) -> Floats:
    """Return the last value, flat."""
    return np.full(horizon, values[-1])


def _smoothed(values: Floats) -> tuple[float, float]:
    """Return level and alpha with the least sum of absolute one-step errors."""
    level = np.full(len(_ALPHAS), float(np.mean(values[:3])))
    losses = np.zeros(len(_ALPHAS))
    for value in values.tolist():
        error = value - level
        losses += np.abs(error)
        level = level + _ALPHAS * error
    best = int(np.argmin(losses))
    return float(level[best]), float(_ALPHAS[best])
