"""Judge the series of a stream: step the bands, open and close anomaly findings.

Enters: slices of one complete or partial answer. Leaves: columns of the stream and findings in the book. Every
slice is one bounded step on the event loop, and the loop is given back between slices.
"""

from __future__ import annotations

import asyncio

import numpy as np

from aiops_daemon.core.model.durations import HOUR
from aiops_daemon.core.model.finding import Finding, FindingKind, Usual, uid_of
from aiops_daemon.core.model.series import Rows
from aiops_daemon.core.signals.findings.hold import Polled, watch
from aiops_daemon.core.signals.findings.sentence import anomaly_sentence
from aiops_daemon.flows.findings import FindingBook, Place
from aiops_daemon.flows.stream import Stream
from aiops_daemon.ports import InstantAnswer

FORGET_AFTER = HOUR  # seconds: rows of series that complete answers lack are freed
SENTENCES_PER_TURN = 100  # findings written between two turns of the event loop
GONE_AFTER = 300.0  # seconds without a number: findings are closed (Prometheus' own lookback)


async def judge(stream: Stream, answer: InstantAnswer, at: float, book: FindingBook) -> None:
    """Take one answer into the table and, once history is learned, judge every series that has a value."""
    stream.reserve(answer.series)
    for part in answer.slices:
        assigned = stream.place(part, at)
        if stream.learned:
            step = stream.bands.step(assigned.rows, assigned.values, at)
            stream.columns.put(assigned.rows, step)
            if stream.outlook:
                stream.outlook.forecaster.observe(assigned.rows, assigned.values, at)
            watch(stream.bands, stream.onsets, stream.holds, Polled(assigned.rows, assigned.values, step, at))
            if stream.trail:
                stream.trail.note(assigned.rows, assigned.values, *stream.holds.edges(assigned.rows, step), at)
        await asyncio.sleep(0)
    if stream.learned:
        stream.learned_until = at
    if not answer.partial:
        _forget_gone(stream, at, book)
    await settle(stream, at, book)


async def settle(stream: Stream, at: float, book: FindingBook) -> None:
    """Make the book agree with the onsets: put every open row with its present numbers, close the others."""
    rows = np.flatnonzero(stream.onsets.open)
    for place in book.places(stream.key, FindingKind.ANOMALY):
        if not stream.onsets.open[place.row]:
            book.close(place, at, "back in the expected range")
    for number, row in enumerate(rows.tolist()):
        if number % SENTENCES_PER_TURN == SENTENCES_PER_TURN - 1:
            await asyncio.sleep(0)
        if np.isfinite(stream.columns.expected[row]) and np.isfinite(stream.table.values[row]):
            book.put(Place(stream.key, FindingKind.ANOMALY, row), _anomaly(stream, row, at))


def _forget_gone(stream: Stream, at: float, book: FindingBook) -> None:
    freed = stream.table.age_out(at, after=FORGET_AFTER)
    rows = _open_rows(stream)
    patience = max(GONE_AFTER, 3 * stream.interval)
    gone = rows[stream.table.silent_for(rows, at) > patience]
    _close_rows(stream, np.union1d(gone, freed), at, book)


def _close_rows(stream: Stream, rows: Rows, at: float, book: FindingBook) -> None:
    stream.onsets.reset(rows)
    stream.holds.reset(rows)
    if stream.outlook:
        for onsets in stream.outlook.breaches:
            onsets.reset(rows)
    closing = set(rows.tolist())
    for place in book.places(stream.key):
        if place.row in closing:
            book.close(place, at, "the series is gone")


def _open_rows(stream: Stream) -> Rows:
    standing = stream.onsets.open
    for onsets in stream.outlook.breaches if stream.outlook else ():
        standing = standing | onsets.open
    return np.flatnonzero(standing)


def _anomaly(stream: Stream, row: int, at: float) -> Finding:
    spec, columns = stream.spec, stream.columns
    labels = stream.labels(row)
    since = float(stream.onsets.since[row])
    value = float(stream.table.values[row])
    usual = stream.holds.span(row) or _span(stream, row)
    score = max(float(columns.score[row]), usual.score(value))
    sentence = anomaly_sentence(
        spec,
        labels,
        value=value,
        usual=usual,
        score=score,
        since=since,
        now=at,
    )
    return Finding(
        uid=uid_of(FindingKind.ANOMALY, "@".join(stream.key), labels, since),
        kind=FindingKind.ANOMALY,
        query=spec.name,
        source=stream.source.name,
        labels=labels,
        severity=spec.severity,
        value=value,
        unit=spec.unit,
        lower=usual.lower,
        upper=usual.upper,
        score=score,
        confidence_ratio=float(columns.confidence[row]),
        since=since,
        updated_at=at,
        sentence=sentence,
    )


def _span(stream: Stream, row: int) -> Usual:
    columns = stream.columns
    return Usual(float(columns.expected[row]), float(columns.lower[row]), float(columns.upper[row]))
