"""Poll one source: every due query once a tick, then tell the publisher.

Enters: ticks of the clock and answers of the source. Leaves: judged streams. A failed or partial answer keeps
the old state and is counted by reason; it never reads as "the series is gone". Never publishes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.errors import SourceError
from aiops_daemon.flows.burn import SloWatch
from aiops_daemon.flows.detect import judge
from aiops_daemon.flows.findings import FindingBook
from aiops_daemon.flows.learn import expected_samples, learn
from aiops_daemon.flows.outlook import look_ahead
from aiops_daemon.flows.stream import Stream
from aiops_daemon.flows.supervise import ticks
from aiops_daemon.logs import fields
from aiops_daemon.meter import Meter
from aiops_daemon.ports import InstantAnswer, MetricSource

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Surroundings:
    """What every flow of one generation of the configuration shares."""

    clock: Clock
    meter: Meter
    book: FindingBook
    settings: Settings
    changed: asyncio.Event = field(default_factory=asyncio.Event)  # a cycle ended; the publisher waits for it
    history_left: int = 0  # samples that may still be read before ready
    learned_until: dict[tuple[str, str], float] = field(default_factory=dict)  # restored state, by stream


class Poller:
    """All streams and SLO watches of one source, and the loop that serves them."""

    def __init__(self, spec: SourceSpec, source: MetricSource, around: Surroundings) -> None:
        self.spec = spec
        self.source = source
        self.streams: dict[str, Stream] = {}
        self.slos: list[SloWatch] = []
        self.backlog: list[Stream] = []  # streams whose history is read in the background
        self.cycles = 0
        self._around = around
        self._last_polled: dict[str, float] = {}

    def add(self, streams: Iterable[Stream]) -> None:
        """Watch more streams from the next tick on."""
        for stream in streams:
            self.streams[stream.spec.name] = stream
            labels = {"source": self.spec.name, "query": stream.spec.name}
            self._around.meter.initialise("aiops_query_failures_total", **labels)
            self._around.meter.initialise("aiops_series_dropped_total", **labels)
            self._around.meter.set("aiops_series_limit", stream.spec.max_series, **labels)

    @property
    def interval(self) -> float:
        """Seconds between ticks: the shortest interval of all that is polled."""
        return min((stream.interval for stream in self.streams.values()), default=self.spec.interval)

    async def run(self, prepare: Callable[[float], Awaitable[None]], beat: Callable[[], None]) -> None:
        """Poll for ever; `prepare` is awaited before each cycle (discovery of packs)."""
        async for at in ticks(self._around.clock, self.interval, self._skipped):
            await self.cycle(at, prepare)
            beat()

    async def cycle(self, at: float, prepare: Callable[[float], Awaitable[None]]) -> None:
        """Serve one tick: every due stream, every SLO, then wake the publisher."""
        await prepare(at)
        due = [stream for stream in self.streams.values() if self._is_due(stream, at)]
        await asyncio.gather(*(self._poll(stream, at) for stream in due))
        for watch in self.slos:
            await watch.poll(self.source, at, self._around.book)
        self.cycles += 1
        self._around.changed.set()

    def _is_due(self, stream: Stream, at: float) -> bool:
        last = self._last_polled.get(stream.spec.name)
        return last is None or at < last or at // stream.interval > last // stream.interval

    async def _poll(self, stream: Stream, at: float) -> None:
        self._last_polled[stream.spec.name] = at
        meter, clock = self._around.meter, self._around.clock
        labels = {"source": self.spec.name, "query": stream.spec.name}
        started = clock.monotonic()
        try:
            answer = await self.source.instant(stream.spec.expr, at)
        except SourceError as error:
            self._failed(stream, error)
            return
        meter.observe("aiops_query_duration_seconds", clock.monotonic() - started, **labels)
        self._succeeded(stream, answer, at)
        started = clock.monotonic()
        await judge(stream, answer, at, self._around.book)
        if not answer.partial:  # only now: until every slice is judged, what is current is what was before
            stream.health.last_success = at
        if not stream.learned and stream not in self.backlog:
            await self._learn(stream, answer, at)
        meter.observe("aiops_cycle_duration_seconds", clock.monotonic() - started, stage="detect")
        started = clock.monotonic()
        await look_ahead(stream, at, self._around.book)
        meter.observe("aiops_cycle_duration_seconds", clock.monotonic() - started, stage="forecast")
        self._count_series(stream)

    async def _learn(self, stream: Stream, answer: InstantAnswer, at: float) -> None:
        """Read history before the first judgement, or queue it when the budget before ready is spent."""
        around, history = self._around, self._around.settings.history
        cost = expected_samples(stream, history)
        if cost > around.history_left:
            self.backlog.append(stream)
            log.info("history will be read in the background", extra=fields(query=stream.spec.name, samples=cost))
            return
        around.history_left -= cost
        await self.learn_one(stream, at)
        await judge(stream, answer, at, around.book)

    async def learn_one(self, stream: Stream, until: float) -> None:
        """Read the history of one stream up to `until`."""
        history = self._around.settings.history
        since = max(until - history.range_seconds, self._around.learned_until.get(stream.key, 0.0))
        await learn(stream, self.source, history, since=since, until=until, meter=self._around.meter)

    async def learn_backlog(self, beat: Callable[[], None]) -> None:
        """Read history in the background for ever, one stream at a time."""
        while True:
            while self.backlog:
                await self.learn_one(self.backlog[0], self._around.clock.now())
                self.backlog.pop(0)
                beat()
            self._progress()
            beat()
            await self._around.clock.sleep(min(5.0, self.spec.interval))

    def _progress(self) -> None:
        streams = [stream for stream in self.streams.values() if stream.health.tried]
        learned = sum(stream.learned for stream in streams)
        ratio = learned / len(streams) if streams else 1.0
        self._around.meter.set("aiops_history_progress_ratio", ratio, source=self.spec.name)

    def _failed(self, stream: Stream, error: SourceError) -> None:
        labels = {"source": self.spec.name, "query": stream.spec.name}
        self._around.meter.inc("aiops_query_failures_total", **labels, reason=error.reason)
        if not stream.health.last_error:
            log.warning("query failed; old state is kept", extra=fields(**labels, reason=error.reason, err=error))
        stream.health.last_error = f"{error.reason}: {error}"
        stream.health.tried = True

    def _succeeded(self, stream: Stream, answer: InstantAnswer, at: float) -> None:
        meter, labels = self._around.meter, {"source": self.spec.name, "query": stream.spec.name}
        if stream.health.last_error:
            log.info("query recovered", extra=fields(**labels))
        stream.health.tried = True
        stream.health.last_error = ""
        meter.set("aiops_source_last_success_timestamp_seconds", at, source=self.spec.name)
        meter.inc("aiops_source_warnings_total", len(answer.warnings), source=self.spec.name)
        if answer.partial:
            meter.inc("aiops_source_partial_answers_total", source=self.spec.name)
            stream.health.last_error = "partial answer: " + "; ".join(answer.warnings)
            return
        meter.set("aiops_query_last_success_timestamp_seconds", at, **labels)

    def _count_series(self, stream: Stream) -> None:
        meter, labels = self._around.meter, {"source": self.spec.name, "query": stream.spec.name}
        meter.set("aiops_series", len(stream.table), **labels)
        for reason, count in stream.table.dropped.items():
            meter.inc("aiops_series_dropped_total", count, reason=reason, **labels)
        stream.table.dropped.clear()

    def _skipped(self, count: int) -> None:
        self._around.meter.inc("aiops_cycles_skipped_total", count, source=self.spec.name)
