"""Read history back, so that bands exist within the first cycle.

Enters: a stream whose series are known from its first poll. Leaves: learners that have lived through the
past, stepped by the very same code as a live poll. What was played is never played again: when a source fails half
way, the next attempt goes on from there.
"""

from __future__ import annotations

import asyncio
import math

import numpy as np

from aiops_daemon.core.model.series import Floats, Rows
from aiops_daemon.core.model.settings import HistorySpec
from aiops_daemon.flows.stream import Stream
from aiops_daemon.meter import Meter
from aiops_daemon.ports import HistoryAnswer, MetricSource

_STEPS_PER_TURN = 20  # grid steps between two turns of the event loop, for few series
_ROWS_PER_STEP = 20_000


def expected_samples(stream: Stream, spec: HistorySpec, until: float) -> int:
    """Estimate the samples that a stream's history up to `until` costs: one a series and step not yet learned."""
    return len(stream.table) * max(0, math.ceil((until - _start(stream, spec, until)) / spec.step_seconds))


async def learn(stream: Stream, source: MetricSource, spec: HistorySpec, *, until: float, meter: Meter) -> None:
    """Play history up to `until` (unix seconds, exclusive) through the stream's learners; raises SourceError."""
    start = _start(stream, spec, until)
    if start < until:
        answers = source.history(
            stream.spec.expr, start=start, end=until - 1.0, step=spec.step_seconds, series=len(stream.table)
        )
        async for part in answers:
            meter.inc("aiops_history_samples_read_total", part.samples, source=source.name)
            await _play(stream, part)
    stream.learned = True


def _start(stream: Stream, spec: HistorySpec, until: float) -> float:
    since = max(until - spec.range_seconds, stream.learned_until)
    return (since // spec.step_seconds + 1) * spec.step_seconds


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
