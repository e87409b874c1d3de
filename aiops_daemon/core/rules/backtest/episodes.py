"""Presence of a series on the evaluation grid becomes episodes of an alert, as Prometheus' rule manager makes them.

Enters: for one series, at which evaluations the expression gave it; `for` and `keep_firing_for`. Leaves: firing
episodes, by the rules of Prometheus (rules/alerting.go): pending from the first evaluation with the series, firing at
the first one at least `for` later; gone before that, it starts anew. A firing alert without its series ends, or, with
`keep_firing_for`, at the first evaluation at least that long after the first without it; the series coming back
meanwhile continues the episode.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Bools: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Episode:
    """One alert firing from `start` until it is resolved at `end`, in unix seconds; `open`: not resolved at the end."""

    start: float
    end: float
    open: bool = False

    @property
    def seconds(self) -> float:
        """Return how long it fired."""
        return self.end - self.start


def episodes(times: Floats, present: Bools, hold: float, keep: float) -> tuple[Episode, ...]:
    """Replay one series over the evaluations at `times` (ascending); `present` has the same shape."""
    found: list[Episode] = []
    started: float | None = None  # firing since
    for first, last, after in _runs(times, present):
        if started is not None and found and first <= found[-1].end:
            found.pop()  # the series came back while the alert was kept
        else:
            started = _fires(times, first, last, hold)
        if started is None:
            continue
        found.append(_ended(times, started, after, keep))
    return tuple(found)


def _runs(times: Floats, present: Bools) -> Iterator[tuple[float, float, float | None]]:
    """Yield first and last evaluation with the series, and the first one without it; None: there is none."""
    edges = np.diff(np.concatenate(([False], present, [False])).astype(np.int8))
    for first, beyond in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        after = float(times[beyond]) if beyond < len(times) else None
        yield float(times[first]), float(times[beyond - 1]), after


def _fires(times: Floats, first: float, last: float, hold: float) -> float | None:
    """Return the first evaluation of a run that is at least `hold` after its first."""
    index = int(np.searchsorted(times, first + hold - 1e-6))
    at = float(times[index]) if index < len(times) else None
    return at if at is not None and at <= last else None


def _ended(times: Floats, started: float, after: float | None, keep: float) -> Episode:
    if after is None:
        return Episode(started, float(times[-1]), open=True)
    index = int(np.searchsorted(times, after + keep - 1e-6))
    if index >= len(times):
        return Episode(started, float(times[-1]), open=True)
    return Episode(started, float(times[index]))


def clipped(found: tuple[Episode, ...], start: float) -> tuple[Episode, ...]:
    """Leave out what ended before `start`, and cut what began before it."""
    return tuple(Episode(max(one.start, start), one.end, one.open) for one in found if one.end > start or one.open)
