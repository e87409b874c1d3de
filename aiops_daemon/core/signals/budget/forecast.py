"""When an error budget ends if errors go on as they do now, and when some of it is back.

Enters: the events of the SLO's window in steps, the present error ratio and traffic. Leaves: seconds until the budget
is spent and until it returns, None where that is not in sight. Errors that age out of a rolling window give budget
back, which the workbook's straight line T = r P / B forgets; a calendar window gives it all back when it ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.durations import DAY, WEEK

Floats: TypeAlias = NDArray[np.float64]

_SEASONS = (WEEK, DAY)  # traffic is expected as it was at this time of the week, else of the day


@dataclass(frozen=True, slots=True)
class Past:
    """Events of a window in steps of equal length, oldest first; arrays have shape (n,).

    `leaves`: seconds until the oldest step has left a rolling window, 0 < leaves <= step; of that step the share
    leaves / step is still in it. `known`: seconds of each step that were observed.
    """

    bad: Floats
    total: Floats
    known: Floats
    step: float
    leaves: float


@dataclass(frozen=True, slots=True)
class Pace:
    """How things go now: the share of events that fail, and events per second."""

    error_ratio: float
    events_per_second: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """Seconds until the budget is spent (0: it is), and until some of it is back; None: not in sight."""

    exhaustion_seconds: float | None = None
    return_seconds: float | None = None


def forecast(past: Past, pace: Pace, budget_ratio: float, *, resets: float | None = None) -> Forecast:
    """Say when bad(t) >= b total(t) first holds, and when it holds no longer.

    total(t) = total - aged(t) + c(t), bad(t) = bad - aged_bad(t) + e c(t): e is the present error ratio, c(t) the
    events that come, as many as at the same time a week (else a day) before, else at the present pace; b is the
    budget. It looks one window ahead, when everything that is known has aged out; between steps it is interpolated.
    `resets`: seconds until a calendar window begins anew; nothing ages out of it, and then all is back. Without
    present errors no budget ends: that good events age out spends nothing. O(n). Source: the definition of the
    rolling error ratio (SRE workbook, chapter 5), simulated forward.
    """
    waits = _waits(past, resets)
    total, bad = _kept(past, past.total, resets, len(waits)), _kept(past, past.bad, resets, len(waits))
    coming = np.concatenate([[0.0], np.cumsum(_coming(past, pace, len(waits) - 1) * np.diff(waits))])
    bad = bad + pace.error_ratio * coming
    left = budget_ratio * (total + coming) - bad  # events that may still fail
    spent = (left <= 0.0) & (bad > 0.0)
    ended = _first(spent)
    if ended is None or (ended > 0 and pace.error_ratio <= 0.0):
        return Forecast()
    back = _first(~spent[ended:])
    returns = resets if back is None else _crossing(waits, left, ended + back)
    return Forecast(_crossing(waits, left, ended), returns)


def _waits(past: Past, resets: float | None) -> Floats:
    """Return the moments that are looked at: now, and each time a step has left, or the end of a calendar window."""
    if resets is None:
        return np.concatenate([[0.0], past.leaves + past.step * np.arange(len(past.total))])
    ahead = past.step * np.arange(np.ceil(max(0.0, resets) / past.step))
    return np.append(ahead, max(0.0, resets))


def _kept(past: Past, events: Floats, resets: float | None, moments: int) -> Floats:
    """Return how many events of the past are still in the window at each moment; exactly none at the end."""
    if resets is not None:
        return np.full(moments, events.sum())
    inside = events.copy()
    inside[:1] *= past.leaves / past.step
    return np.append(np.cumsum(inside[::-1])[::-1], 0.0)


def _coming(past: Past, pace: Pace, steps: int) -> Floats:
    """Return the events per second that are expected in each step to come, shape (steps,)."""
    size = len(past.total)
    season = next((count for count in (round(one / past.step) for one in _SEASONS) if 0 < count <= size), 0)
    if not season:
        return np.full(steps, pace.events_per_second)
    before = size - season + np.arange(steps) % season
    known = past.known[before]
    rates = np.divide(past.total[before], known, out=np.full(steps, pace.events_per_second), where=known > 0.0)
    return np.where(known >= past.step / 2, rates, pace.events_per_second)


def _first(holds: NDArray[np.bool_]) -> int | None:
    found = np.flatnonzero(holds)
    return int(found[0]) if len(found) else None


def _crossing(waits: Floats, left: Floats, at: int) -> float:
    """Return when `left` passes zero between the moment before `at` and it."""
    if at == 0:
        return 0.0
    before, after = float(left[at - 1]), float(left[at])
    share = before / (before - after) if before != after else 1.0
    return float(waits[at - 1] + min(1.0, max(0.0, share)) * (waits[at] - waits[at - 1]))
