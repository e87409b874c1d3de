"""Read history back, so that bands exist within the first cycle.

Enters: a stream whose series are known from its first poll. Leaves: learners that have lived through the
past, stepped by the very same code as a live poll. What was played is never played again: when a source fails half
way, the next attempt goes on from there.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass

import numpy as np

from aiops_daemon.core.model.series import Floats, Rows
from aiops_daemon.core.model.settings import HistorySpec
from aiops_daemon.flows.stream import Stream
from aiops_daemon.meter import Meter
from aiops_daemon.ports import HistoryAnswer, MetricSource

RECENT = 2 * 3600.0  # seconds before now that are read at about the polling interval
_FINEST = 30.0  # seconds: a finer grid tells nothing more and costs samples
_STEPS_PER_TURN = 20  # grid steps between two turns of the event loop, for few series
_ROWS_PER_STEP = 20_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of history on one grid: `start`, start + step, ... < `end` (unix seconds)."""

    start: float
    end: float
    step: float

    @property
    def steps(self) -> int:
        """Count the moments of the grid."""
        return max(0, math.ceil((self.end - self.start) / self.step))


def stretches(since: float, until: float, spec: HistorySpec, interval: float) -> tuple[Stretch, ...]:
    """Part the history after `since` into a coarse past and the latest `RECENT` at about the polling interval.

    The past tells the seasons, the latest hours the noise as polls will see it; and a Prometheus that has
    existed for less than an hour still has enough moments for a band.
    """
    fine = min(spec.step_seconds, max(interval, _FINEST))
    coarse = Stretch(_after(since, spec.step_seconds), max(since, until - RECENT), spec.step_seconds)
    read = coarse.start + (coarse.steps - 1) * coarse.step if coarse.steps else since
    recent = Stretch(_after(read, fine), until, fine)
    return tuple(stretch for stretch in (coarse, recent) if stretch.steps)


def expected_samples(stream: Stream, spec: HistorySpec, until: float) -> int:
    """Estimate the samples that a stream's history up to `until` costs: one a series and step not yet learned."""
    parts = stretches(_since(stream, spec, until), until, spec, stream.interval)
    return len(stream.table) * sum(part.steps for part in parts)


async def learn(stream: Stream, source: MetricSource, spec: HistorySpec, *, until: float, meter: Meter) -> None:
    """Play history up to `until` (unix seconds, exclusive) through the stream's learners; raises SourceError."""
    for part in stretches(_since(stream, spec, until), until, spec, stream.interval):
        answers = source.history(
            stream.spec.expr, start=part.start, end=part.end - 1.0, step=part.step, series=len(stream.table)
        )
        async for answer in answers:
            meter.inc("aiops_history_samples_read_total", answer.samples, source=source.name)
            await _play(stream, answer)
    stream.learned = True


def _since(stream: Stream, spec: HistorySpec, until: float) -> float:
    return max(until - spec.range_seconds, stream.learned_until)


def _after(moment: float, step: float) -> float:
    """Return the first moment of a step's grid after `moment`."""
    return (moment // step + 1) * step


async def _play(stream: Stream, part: HistoryAnswer) -> None:
    rows = stream.table.find(part.keys)
    known = rows >= 0
    _, first = np.unique(rows, return_index=True)
    keep = np.zeros(len(rows), dtype=np.bool_)
    keep[first] = True
    keep &= known
    rows, values = rows[keep], part.values[keep]
    turn = max(1, min(_STEPS_PER_TURN, _ROWS_PER_STEP // max(1, len(rows))))
    for index, at in enumerate(part.times.tolist()):
        for start in range(0, len(rows), _ROWS_PER_STEP):
            _step(stream, rows[start : start + _ROWS_PER_STEP], values[start : start + _ROWS_PER_STEP, index], at)
            if index % turn == 0:
                await asyncio.sleep(0)
        stream.learned_until = at


def _step(stream: Stream, rows: Rows, column: Floats, at: float) -> None:
    usable = np.isfinite(column)
    present, values = rows[usable], column[usable]
    step = stream.bands.step(present, values, at)
    if stream.trail:
        stream.trail.note(present, values, step.lower, step.upper, at)
    if stream.outlook:
        stream.outlook.forecaster.observe(present, values, at)
