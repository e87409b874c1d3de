"""History on a grid: remote read for bare selectors, range queries for everything else.

Enters: an expression and a grid. Leaves: HistoryAnswers, oldest first, each over a stretch short enough for the
server's limits and for our memory. A server without remote read is remembered as such. A stretch that proves
too large or too slow is halved and asked again. Never joins parts of two replicas into one answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.edges.prometheus import decode, remoteread, selector
from aiops_daemon.edges.prometheus.keys import KeyRing
from aiops_daemon.edges.prometheus.selector import Matcher
from aiops_daemon.edges.prometheus.transport import Request, Transport
from aiops_daemon.errors import SourceError, SourceReason
from aiops_daemon.ports import HistoryAnswer

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

_MOST_POINTS = 10_000  # a series in one range query; Prometheus refuses more than 11,000
_MOST_CELLS = 500_000  # series times points in one part
_MOST_HALVINGS = 4  # of a stretch, until one succeeds
_TOO_MUCH = ("too many samples", "maximum resolution", "-search.max")  # Prometheus', VictoriaMetrics' words
# Answers of a server that lacks remote read or forbids it: it is not asked again.
_LACKING = frozenset(
    {SourceReason.CLIENT_ERROR, SourceReason.QUERY_ERROR, SourceReason.AUTH_ERROR, SourceReason.REDIRECTED}
)
# A failing server or a broken stream: range queries serve for this stretch.
_FAILING = frozenset({SourceReason.SERVER_ERROR, SourceReason.MALFORMED})


class History:
    """Reads back one source."""

    def __init__(self, transport: Transport, *, timeout: float) -> None:
        self._transport = transport
        self._timeout = timeout
        self._remote_read = True

    async def read(
        self, expr: str, *, start: float, end: float, step: float, series: int
    ) -> AsyncIterator[HistoryAnswer]:
        """Yield `expr` on start, start + step, ... <= end in parts; raises SourceError."""
        matchers = selector.parse(expr)
        times = grid_times(start, end, step)
        size = min(_MOST_POINTS, max(1, _MOST_CELLS // max(1, series)))
        at = halvings = 0
        while at < len(times):
            stretch = times[at : at + size]
            try:
                answer = await self._stretch(expr, matchers, stretch)
            except SourceError as error:
                halvings += 1
                if not _smaller_may_do(error) or len(stretch) == 1 or halvings > _MOST_HALVINGS:
                    raise
                size = (len(stretch) + 1) // 2
                continue
            halvings = 0
            at += len(stretch)
            size = min(size, max(1, _MOST_CELLS // max(1, len(answer.keys))))
            yield answer

    async def _stretch(self, expr: str, matchers: tuple[Matcher, ...] | None, times_ms: Ints) -> HistoryAnswer:
        if matchers is None or not self._remote_read:
            return await self._range(expr, times_ms)
        try:
            return await self._raw(expr, matchers, times_ms)
        except SourceError as error:
            if error.reason not in _LACKING | _FAILING:
                raise
            self._remote_read = error.reason in _FAILING
            warnings = (f"remote read failed: {error}",) if self._remote_read else ()
        answer = await self._range(expr, times_ms)
        return replace(answer, warnings=warnings + answer.warnings)

    async def _raw(self, expr: str, matchers: tuple[Matcher, ...], times_ms: Ints) -> HistoryAnswer:
        """Read raw samples and put them on the grid."""
        start, end = int(times_ms[0]) - remoteread.LOOKBACK_MS, int(times_ms[-1])

        async def consume(body: AsyncIterator[bytes]) -> remoteread.Reading:
            return await remoteread.Reading(times_ms).consume(body)

        reading = await self._transport.consume(remoteread.request(matchers, start, end), consume)
        ring = KeyRing()
        form = {"match[]": expr, "start": _seconds(start), "end": _seconds(end)}
        await ring.learn(await self._transport.fetch(Request("/api/v1/series", form), decode.label_sets))
        values = reading.values()
        shown = np.flatnonzero(~np.isnan(values).all(axis=1))
        keys = await ring.keys([reading.labels[row] for row in shown.tolist()])
        warnings = (f"{reading.skipped} native histogram chunks were skipped",) if reading.skipped else ()
        return HistoryAnswer(keys, times_ms / 1000.0, values[shown], reading.samples, warnings)

    async def _range(self, expr: str, times_ms: Ints) -> HistoryAnswer:
        step = int(times_ms[1] - times_ms[0]) if len(times_ms) > 1 else 1000
        form = {
            "query": expr,
            "start": _seconds(times_ms[0]),
            "end": _seconds(times_ms[-1]),
            "step": _seconds(step),
            "timeout": f"{self._timeout:g}",
        }

        async def onto_grid(body: bytearray) -> HistoryAnswer:
            return await decode.grid(body, times_ms / 1000.0)

        return await self._transport.fetch(Request("/api/v1/query_range", form), onto_grid)


def grid_times(start: float, end: float, step: float) -> Ints:
    """Return the grid in milliseconds: start, start + step, ... <= end."""
    first, last, width = round(start * 1000), round(end * 1000), max(1, round(step * 1000))
    return np.arange(first, last + 1, width, dtype=np.int64)


def _seconds(milliseconds: int | np.int64) -> str:
    return f"{int(milliseconds) / 1000:.3f}"


def _smaller_may_do(error: SourceError) -> bool:
    """Say whether half the stretch may succeed where the whole did not."""
    if error.reason in (SourceReason.TOO_LARGE, SourceReason.TIMEOUT):
        return True
    return error.reason is SourceReason.QUERY_ERROR and any(words in str(error) for words in _TOO_MUCH)
