"""Read history back, so that bands exist within the first cycle.

Enters: a stream whose series are known from its first poll. Leaves: learners that have lived through the
past, stepped by the very same code as a live poll. A source that cannot give history leaves the stream to
warm up live; nothing is lost but time.
"""

from __future__ import annotations

import asyncio
import logging

import numpy as np

from aiops_daemon.core.model.series import Floats, Rows
from aiops_daemon.core.model.settings import HistorySpec
from aiops_daemon.errors import SourceError
from aiops_daemon.flows.stream import Stream
from aiops_daemon.logs import fields
from aiops_daemon.meter import Meter
from aiops_daemon.ports import HistoryAnswer, MetricSource

log = logging.getLogger(__name__)

_STEPS_PER_TURN = 20  # grid steps between two turns of the event loop, for few series
_ROWS_PER_STEP = 20_000


def expected_samples(stream: Stream, spec: HistorySpec) -> int:
    """Estimate the samples that a stream's history costs."""
    return int(len(stream.table) * spec.range_seconds / spec.step_seconds)


async def learn(
    stream: Stream, source: MetricSource, spec: HistorySpec, *, since: float, until: float, meter: Meter
) -> None:
    """Play history from `since` to `until` (unix seconds, exclusive) through the stream's learners."""
    start = (since // spec.step_seconds + 1) * spec.step_seconds
    samples = 0
    try:
        if len(stream.table) and start < until:
            answers = source.history(
                stream.spec.expr, start=start, end=until - 1.0, step=spec.step_seconds, series=len(stream.table)
            )
            async for part in answers:
                samples += part.samples
                meter.inc("aiops_history_samples_read_total", part.samples, source=source.name)
                await _play(stream, part)
    except SourceError as error:
        log.warning(
            "history not read; bands warm up live",
            extra=fields(query=stream.spec.name, source=source.name, reason=error.reason, err=error),
        )
    stream.learned = True
    log.debug("history learned", extra=fields(query=stream.spec.name, source=source.name, samples=samples))


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


def _step(stream: Stream, rows: Rows, column: Floats, at: float) -> None:
    usable = np.isfinite(column)
    present, values = rows[usable], column[usable]
    step = stream.bands.step(present, values, at)
    if stream.trail:
        stream.trail.note(present, values, step.lower, step.upper, at)
    if stream.outlook:
        stream.outlook.forecaster.observe(present, values, at)
