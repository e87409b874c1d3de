"""Remote read: raw samples of a bare selector as XOR chunks, put on a grid.

Enters: matchers, a grid and a transport. Leaves: a HistoryAnswer whose keys are those of the query API. The
request asks for STREAMED_XOR_CHUNKS alone; the answer is decoded in batches while it streams in, with the event
loop running between lock steps. Format: prompb/remote.proto and prompb/types.proto of Prometheus. Never holds
more raw samples than one batch, and never yields a part of a broken stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.labels import Labels
from aiops_daemon.edges.prometheus import wire, xor
from aiops_daemon.edges.prometheus.resample import Grid
from aiops_daemon.edges.prometheus.selector import Matcher
from aiops_daemon.edges.prometheus.transport import Request
from aiops_daemon.errors import SourceError, SourceReason

Ints: TypeAlias = NDArray[np.int64]

PATH = "/api/v1/read"
LOOKBACK_MS = 300_000  # Prometheus' default query.lookback-delta
_STREAMED_XOR_CHUNKS = 1
_XOR = 1
_LONGEST_FRAME = 64 << 20  # Prometheus writes frames of about 1 MiB, a single chunk more at most
_BATCH_CELLS = 1 << 17  # samples decoded in lock step at once, counted with padding
_HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Read-Version": "0.1.0",
}


def request(matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Request:
    """Write a ReadRequest for one query over [start, end]."""
    query = wire.field(1, max(0, start_ms)) + wire.field(2, max(0, end_ms))
    for matcher in matchers:
        parts = wire.field(1, int(matcher.kind)) + wire.field(2, matcher.name.encode())
        query += wire.field(3, parts + wire.field(3, matcher.value.encode()))
    return Request(PATH, body=wire.snappy(wire.field(1, query) + wire.field(2, _STREAMED_XOR_CHUNKS)), headers=_HEADERS)


class Reading:
    """One answer as it streams in: series get rows in order of appearance, chunks are decoded in batches."""

    def __init__(self, times_ms: Ints) -> None:
        self.labels: list[Labels] = []
        self.samples = 0
        self.skipped = 0  # chunks of native histograms
        self._grid = Grid(times_ms, lookback_ms=LOOKBACK_MS)
        self._row_of: dict[bytes, int] = {}
        self._chunks: list[memoryview] = []
        self._rows: list[int] = []
        self._deepest = 0

    async def consume(self, body: AsyncIterator[bytes]) -> Reading:
        """Read the whole stream; raises SourceError(MALFORMED) when it is broken."""
        try:
            async for message in wire.frames(body, longest=_LONGEST_FRAME):
                for number, value in wire.fields(message):
                    if number == 1 and isinstance(value, memoryview):
                        self._take(value)
                if self._deepest * len(self._chunks) >= _BATCH_CELLS:
                    await self._decode()
            await self._decode()
        except (ValueError, UnicodeDecodeError) as error:
            raise SourceError(SourceReason.MALFORMED, f"the remote read stream is broken: {error}") from None
        return self

    def values(self) -> NDArray[np.float64]:
        """Return the matrix: a row for each of `labels`."""
        return self._grid.values(len(self.labels))

    def _take(self, series: memoryview) -> None:
        """Queue the XOR chunks of one ChunkedSeries; a series may go on in the next frame."""
        pairs: list[memoryview] = []
        for number, value in wire.fields(series):
            if not isinstance(value, memoryview):
                continue
            if number == 1:
                pairs.append(value)
            elif number == 2:
                self._queue(value)
        row = self._row(pairs)
        self._rows += [row] * (len(self._chunks) - len(self._rows))

    def _row(self, pairs: list[memoryview]) -> int:
        identity = b"\xff".join(pairs)
        row = self._row_of.get(identity)
        if row is None:
            row = self._row_of[identity] = len(self.labels)
            self.labels.append(tuple(_label(pair) for pair in pairs))
        return row

    def _queue(self, chunk: memoryview) -> None:
        encoding, payload = 0, memoryview(b"")
        for number, value in wire.fields(chunk):
            if number == 3 and isinstance(value, int):
                encoding = value
            elif number == 4 and isinstance(value, memoryview):
                payload = value
        if encoding != _XOR:
            self.skipped += 1
            return
        self._deepest = max(self._deepest, xor.count(payload))
        self._chunks.append(payload)

    async def _decode(self) -> None:
        """Decode and place what is queued, giving way to the event loop in between."""
        chunks, rows = self._chunks, np.array(self._rows, dtype=np.intp)
        self._chunks, self._rows, self._deepest = [], [], 0
        steps = xor.decode(chunks)
        while True:
            try:
                next(steps)
            except StopIteration as done:
                samples: xor.Samples = done.value
                break
            await asyncio.sleep(0)
        self.samples += len(samples.times)
        self._grid.place(np.repeat(rows, samples.counts), samples.times, samples.bits)
        await asyncio.sleep(0)


def _label(pair: memoryview) -> tuple[str, str]:
    name = value = ""
    for number, text in wire.fields(pair):
        if isinstance(text, memoryview):
            decoded = bytes(text).decode()
            name, value = (decoded, value) if number == 1 else (name, decoded)
    return name, value
