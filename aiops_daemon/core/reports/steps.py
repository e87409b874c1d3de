"""What an SLO counted, step by step, put together from the answers of a source.

Enters: answers on one grid, for each group of an SLO. Leaves: bad and all events of each step, and which steps are
known at all: a step without a value is not one without errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.labels import Labels

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Answer: TypeAlias = Mapping[Labels, Floats]
"""By the labels of a group, values on the grid; NaN where there is none."""


@dataclass(frozen=True, slots=True)
class Steps:
    """One group of an SLO. Each time ends a step of `step` seconds; arrays have one shape."""

    group: Labels
    step: float
    times: Floats
    bad: Floats
    total: Floats
    known: Bools

    def within(self, start: float, end: float) -> Bools:
        """Say which steps lie between two moments."""
        return np.asarray((self.times > start) & (self.times <= end))


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of which nothing is known."""

    start: float
    end: float


def put_together(times: Floats, step: float, bad: Answer, total: Answer | None, present: Answer) -> list[Steps]:
    """Return the steps of every group; without `total` each step with a value counts as one.

    A step is known where any group has a series: a group without one had no events. What is bad is at most what there
    was, for rates are extrapolated apart.
    """
    some = np.zeros(len(times), dtype=np.bool_)
    for values in present.values():
        some |= ~np.isnan(values)
    return [_steps(group, times, step, bad, total, some) for group in _groups(bad, present)]


def over(values: Floats, steps: int) -> Floats:
    """Add up the last `steps` values at every step."""
    summed = np.concatenate([np.zeros(1), np.cumsum(values)])
    first = np.maximum(0, np.arange(1, len(summed)) - steps)
    return np.asarray(summed[1:] - summed[first], dtype=np.float64)


def gaps(steps: Steps, within: Bools) -> tuple[Gap, ...]:
    """Return the stretches of a part of the grid that are not known."""
    return tuple(
        Gap(float(steps.times[first]) - steps.step, float(steps.times[beyond - 1]))
        for first, beyond in runs(within & ~steps.known)
    )


def runs(holds: Bools) -> list[tuple[int, int]]:
    """Return the first step of each run, and the first one after it."""
    edges = np.diff(np.concatenate([[False], holds, [False]]).astype(np.int8))
    return list(zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True))


def _groups(bad: Answer, present: Answer) -> Iterable[Labels]:
    return sorted({*bad, *present}) or [()]


def _steps(group: Labels, times: Floats, step: float, bad: Answer, total: Answer | None, some: Bools) -> Steps:
    nothing = np.full(len(times), np.nan)
    failed = bad.get(group, nothing)
    events = (~np.isnan(failed)).astype(np.float64) if total is None else np.nan_to_num(total.get(group, nothing))
    errors = np.clip(np.nan_to_num(failed), 0.0, events)
    return Steps(group, step, times, errors, events, some)
