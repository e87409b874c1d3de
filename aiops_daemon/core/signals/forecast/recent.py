"""The last hours by five minutes: level, direction, and least squares as Prometheus does them.

Enters: matrices (rows, slots) of the newest samples, NaN where there are none. Leaves: one number a row.
"""

from __future__ import annotations

import numpy as np

from aiops_daemon.core.model.series import Floats
from aiops_daemon.core.signals.forecast.past import SLOT, median

_LEVEL_SLOTS = 6  # half an hour
_STALE_SLOTS = 36  # after three hours without a sample there is no level


def level_now(recent: Floats) -> Floats:
    """Return the median of the last half hour, moved on to now by the slope that the last hours agree on.

    After a gap it is the last sample; NaN after three hours without any.
    """
    half = recent[:, -_LEVEL_SLOTS:]
    quick = np.asarray(median(half - recent[:, -2 * _LEVEL_SLOTS : -_LEVEL_SLOTS]), dtype=np.float64) / _LEVEL_SLOTS
    slow = motion(recent)[0] * SLOT
    agreed = np.where(quick * slow > 0.0, np.sign(slow) * np.minimum(np.abs(quick), np.abs(slow)), 0.0)
    age = np.arange(_LEVEL_SLOTS - 1, -1, -1)
    newest = np.asarray(median(half + agreed[:, None] * age), dtype=np.float64)
    lately = recent[:, -_STALE_SLOTS:]
    last = lately.shape[1] - 1 - np.isfinite(lately[:, ::-1]).argmax(axis=1)
    return np.where(np.isnan(newest), lately[np.arange(len(lately)), last], newest)


def motion(recent: Floats) -> tuple[Floats, Floats]:
    """Return slope per second and its change per second, from the medians of three equal stretches.

    With medians a, b, c of stretches of d seconds: slope (c - a) / 2d, acceleration (a - 2b + c) / d^2.
    """
    size = recent.shape[1] // 3
    stretches = recent[:, -3 * size :].reshape(len(recent), 3, size)
    old, middle, new = np.asarray(median(stretches), dtype=np.float64).T
    seconds = size * SLOT
    slope = np.where(np.isnan(old), (new - middle) / seconds, (new - old) / (2.0 * seconds))
    return slope, (old - 2.0 * middle + new) / seconds**2


def linear_at(recent: Floats, times: Floats, horizons: Floats) -> Floats:
    """Return predict_linear: least squares over the samples, drawn on to each horizon; NaN under two samples.

    promql/functions.go, linearRegression: with x = t - now, slope = (sum xy - sum x sum y / n) /
    (sum x^2 - (sum x)^2 / n), intercept = sum y / n - slope sum x / n, value = intercept + slope * horizon.
    """
    known = np.isfinite(recent) & (times <= 0.0)
    count = known.sum(axis=1)
    share = np.maximum(count, 1)[:, None]
    x, y = np.where(known, times, 0.0), np.where(known, recent, 0.0)
    centre_x, centre_y = x.sum(axis=1, keepdims=True) / share, y.sum(axis=1, keepdims=True) / share
    off_x, off_y = np.where(known, x - centre_x, 0.0), np.where(known, y - centre_y, 0.0)
    spread = (off_x**2).sum(axis=1)
    usable = (count >= 2) & (spread > 0.0)
    slope = (off_x * off_y).sum(axis=1) / np.where(usable, spread, 1.0)
    found = centre_y + slope[:, None] * (horizons[None, :] - centre_x)
    return np.where(usable[:, None], found, np.nan)
