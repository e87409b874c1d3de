"""What answers mean for a budget: events per second, or a share of errors, over a stretch of time.

Enters: values by group, at one moment or on a grid. Leaves: bad and all events, or bad and all minutes. A group without
a total has nothing to judge; bad events that it lacks are none. Ratios are kept within 0..1 here, once for all windows.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.signals.burn.budgets import Gain, Past
from aiops_daemon.core.signals.burn.ring import Sums
from aiops_daemon.core.signals.burn.windows import BASE

Values = Mapping[Labels, float]
Rows = Mapping[Labels, NDArray[np.float64]]
_MINUTE = 60.0


def of_counters(total: Values, side: Values, *, bad: bool) -> dict[Labels, Gain]:
    """Return gains of increments since the poll before; `bad` below 0 where good was counted first."""
    return {
        group: Gain(side.get(group, 0.0) if bad else events - side.get(group, 0.0), events)
        for group, events in total.items()
    }


def of_rates(total: Values, bad: Values, seconds: float) -> dict[Labels, Gain]:
    """Return gains over the last `seconds` of events per second that were asked over five minutes."""
    gains = {}
    for group, every in total.items():
        rate = max(0.0, every)
        failed = min(rate, max(0.0, bad.get(group, 0.0)))
        gains[group] = Gain(failed * seconds, rate * seconds, lately=Sums(failed * BASE, rate * BASE, BASE))
    return gains


def of_shares(shares: Values, errors: Values, seconds: float, *, step: float) -> dict[Labels, Gain]:
    """Return gains of the last `seconds` in minutes, bad ones by their share of errors."""
    gains = {}
    for group, share in shares.items():
        bad, minutes = min(1.0, max(0.0, share)), seconds / _MINUTE
        lately = Sums(bad * BASE / _MINUTE, BASE / _MINUTE, BASE) if step >= BASE else None
        gains[group] = Gain(bad * minutes, minutes, max(0.0, errors.get(group, 0.0)) * seconds, lately)
    return gains


def past_of_rates(total: Rows, bad: Rows, seconds: float) -> dict[Labels, Past]:
    """Return what rates on a grid of `seconds` made; a moment without a total is unknown."""
    past = {}
    for group, every in total.items():
        rate = np.maximum(every, 0.0)
        failed = np.nan_to_num(bad.get(group, np.zeros(len(rate))))
        past[group] = Past(np.clip(failed, 0.0, rate) * seconds, rate * seconds)
    return past


def past_of_shares(shares: Rows, errors: Rows, seconds: float) -> dict[Labels, Past]:
    """Return what shares on a grid of `seconds` made, in minutes."""
    past = {}
    for group, share in shares.items():
        minutes = np.where(np.isnan(share), np.nan, seconds / _MINUTE)
        failed = np.nan_to_num(errors.get(group, np.zeros(len(share))))
        past[group] = Past(np.clip(share, 0.0, 1.0) * minutes, minutes, np.maximum(failed, 0.0) * seconds)
    return past
