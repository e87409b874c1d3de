"""When an error budget ends, if errors go on as they do now.

Enters: the buckets of a rolling window or the sums of a calendar period, and the present error ratio and traffic.
Leaves: seconds until the budget is spent, or None. Errors that age out of a rolling window give budget back, which a
straight line (T = r P / B) forgets.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.signals.burn.ring import Sums


def exhaustion_time(
    past: NDArray[np.float64], present: Sums, budget_ratio: float, *, step: float, first: float
) -> float | None:
    """Return seconds until bad >= budget * total over the rolling window, None when not within one window.

    `past` (3, n) holds bad, total and known seconds per bucket, oldest first; the first bucket has left after
    `first` + `step` seconds, each next one `step` later. bad(t) = bad - aged(t) + e q t, with e and q the present
    error ratio and events per second; total likewise. Between steps it is interpolated.
    """
    ratio = present.error_ratio
    if not ratio or present.known_seconds <= 0.0 or past.shape[1] == 0:
        return None
    rate = present.total / present.known_seconds
    waits = first + step * np.arange(1, past.shape[1] + 1)
    aged = np.cumsum(past[:2], axis=1)
    sums = past[:2].sum(axis=1)[:, None] - aged + rate * np.array([[ratio], [1.0]]) * np.maximum(0.0, waits)
    left = budget_ratio * sums[1] - sums[0]  # events that may still fail
    left, waits = _with_now(left, waits, budget_ratio * past[1].sum() - past[0].sum())
    ended = np.flatnonzero(left <= 0.0)
    if not len(ended):
        return None
    at = int(ended[0])
    if at == 0:
        return 0.0
    share = left[at - 1] / (left[at - 1] - left[at])
    return float(max(0.0, waits[at - 1] + share * (waits[at] - waits[at - 1])))


def exhaustion_within(so_far: Sums, present: Sums, budget_ratio: float, *, left: float) -> float | None:
    """Return seconds until a calendar period's budget is spent, None when not before it ends in `left` seconds.

    Nothing ages out: bad + e q t = b (total + q t), with e and q the present error ratio and events per second.
    """
    ratio = present.error_ratio
    if not ratio or ratio <= budget_ratio or present.known_seconds <= 0.0 or present.total <= 0.0:
        return None
    rate = present.total / present.known_seconds
    wait = (budget_ratio * so_far.total - so_far.bad) / (rate * (ratio - budget_ratio))
    return max(0.0, wait) if wait < left else None


def _with_now(
    left: NDArray[np.float64], waits: NDArray[np.float64], now: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    ahead = waits > 0.0
    return np.concatenate([[now], left[ahead]]), np.concatenate([[0.0], waits[ahead]])
