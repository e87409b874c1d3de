"""A metric source that answers from memory: the recorded world of the demo, of tests and of benchmarks.

Enters: expression text mapped to a recording. Leaves: the same answers as the live API gives, with the same
rules: an instant query returns each series' last sample within the lookback window, left end excluded, as
Prometheus 3 does. Never evaluates PromQL: an expression that was not recorded has no series.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.ports import HistoryAnswer, InstantAnswer, VectorSlice
from aiops_daemon.ports.rules import EvaluatedRule, LoadedGroup

Floats = NDArray[np.float64]

_SLICE = 20_000
_STRETCH = 500_000


class Tape(Protocol):
    """What the source replays: a stored or a generated recording."""

    @property
    def keys(self) -> list[bytes]:
        """Return the raw JSON label object of each series."""

    def values_on(self, grid: Floats, lookback: float) -> Floats:
        """Return values of shape (series, len(grid)), NaN where absent."""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Stored samples: `times` shape (n,) rising unix seconds, `values` shape (series, n), NaN where absent."""

    keys: list[bytes]
    times: Floats
    values: Floats

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.keys), len(self.times)):
            raise ValueError(f"{self.values.shape} values for {len(self.keys)} series at {len(self.times)} times")
        if np.any(np.diff(self.times) <= 0):
            raise ValueError("times must rise")

    def values_on(self, grid: Floats, lookback: float) -> Floats:
        """Return each series' last sample in (at - lookback, at] for every `at` of the grid.

        A running maximum of the last present column gives all series and all steps in one pass.
        """
        first = int(np.searchsorted(self.times, grid[0] - lookback, side="right"))
        ends = np.searchsorted(self.times, grid, side="right") - first
        block = self.values[:, first : first + int(ends[-1])]
        if block.shape[1] == 0:
            return np.full((len(self.keys), len(grid)), np.nan)
        last = np.maximum.accumulate(np.where(np.isnan(block), -1, np.arange(block.shape[1])), axis=1)
        chosen = last[:, np.maximum(ends - 1, 0)]
        fresh = (chosen >= 0) & (ends > 0) & (self.times[first + np.maximum(chosen, 0)] > grid - lookback)
        values = np.take_along_axis(block, np.maximum(chosen, 0), axis=1)
        return np.where(fresh, values, np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class GeneratedRecording:
    """Samples made when asked for: `values_at(at)` has shape (series,), NaN where absent."""

    keys: list[bytes]
    values_at: Callable[[float], Floats]

    def values_on(self, grid: Floats, lookback: float) -> Floats:
        """Return values of shape (series, len(grid)); a formula knows no lookback."""
        return np.stack([self.values_at(at) for at in grid.tolist()], axis=1)


class RecordedSource:
    """Implements ports.MetricSource. Holds no resources; recordings are shared, never written."""

    def __init__(
        self,
        name: str,
        recordings: Mapping[str, Tape],
        *,
        metric_names: frozenset[str] = frozenset(),
        lookback: float = 300.0,
    ) -> None:
        self._name = name
        self._recordings = recordings
        self._metric_names = metric_names
        self._lookback = lookback

    @property
    def name(self) -> str:
        """Return the source's name in the configuration."""
        return self._name

    async def instant(self, expr: str, at: float) -> InstantAnswer:
        """Return the last sample of each series within the lookback window, in slices of at most 20,000."""
        tape = self._recordings.get(expr)
        if tape is None:
            return InstantAnswer(slices=())
        values = tape.values_on(np.array([at]), self._lookback)[:, 0]
        slices: list[VectorSlice] = []
        for low in range(0, len(values), _SLICE):
            part = _present(tape.keys[low : low + _SLICE], values[low : low + _SLICE])
            if part.keys:
                slices.append(part)
            await asyncio.sleep(0)
        return InstantAnswer(slices=tuple(slices))

    async def history(
        self, expr: str, *, start: float, end: float, step: float, series: int
    ) -> AsyncIterator[HistoryAnswer]:
        """Yield the grid start, start+step, ... <= end in parts of at most 500,000 values, oldest first."""
        tape = self._recordings.get(expr)
        if tape is None or end < start:
            return
        grid = np.arange(int((end - start) / step + 1e-9) + 1, dtype=np.float64) * step + start
        stretch = max(1, _STRETCH // max(1, series, len(tape.keys)))
        for low in range(0, len(grid), stretch):
            times = grid[low : low + stretch]
            values = tape.values_on(times, self._lookback)
            samples = values.size - int(np.isnan(values).sum())
            yield HistoryAnswer(keys=tape.keys, times=times, values=values, samples=samples)
            await asyncio.sleep(0)

    async def samples_read(self, expr: str, at: float) -> int:
        """Return the number of series: a recording reads one sample each."""
        return (await self.instant(expr, at)).series

    async def metric_names(self) -> frozenset[str]:
        """Return the names the recording was made with."""
        return self._metric_names

    async def alerting_rules(self) -> tuple[EvaluatedRule, ...]:
        """Return none: a recording evaluates no rules."""
        return ()

    async def rule_groups(self) -> tuple[LoadedGroup, ...] | None:
        """Return None: a recording has no rules API."""
        return None

    async def close(self) -> None:
        """Do nothing: a recording holds no connections."""


def _present(keys: list[bytes], values: Floats) -> VectorSlice:
    there = ~np.isnan(values)
    if there.all():
        return VectorSlice(keys, values)
    return VectorSlice([keys[index] for index in np.flatnonzero(there).tolist()], values[there])
