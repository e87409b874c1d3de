"""Poll one source: every due query once a tick, then tell the publisher.

Enters: ticks of the clock and answers of the source. Leaves: judged streams. A failed or partial answer keeps
the old state and is counted by reason; it never reads as "the series is gone". History that cannot be read at
once is read in the background. Never publishes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.finding import FindingKind
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.errors import SourceError
from aiops_daemon.flows.burn import SEVERITIES, SloWatch
from aiops_daemon.flows.detect import judge
from aiops_daemon.flows.findings import FindingBook
from aiops_daemon.flows.learn import expected_samples, learn
from aiops_daemon.flows.outlook import look_ahead
from aiops_daemon.flows.stream import Stream
from aiops_daemon.flows.supervise import ticks
from aiops_daemon.flows.troubles import PASSING, Troubles
from aiops_daemon.logs import fields
from aiops_daemon.meter import Meter
from aiops_daemon.ports import InstantAnswer, MetricSource

log = logging.getLogger(__name__)

HISTORY_ATTEMPTS = 3
HISTORY_PAUSE = 60.0  # seconds between attempts to read history that failed
_ALWAYS_PARTIAL = 3  # partial answers in a row after which history is read for what they have


@dataclass(slots=True)
class Surroundings:
    """What every flow of one generation of the configuration shares."""

    clock: Clock
    meter: Meter
    book: FindingBook
    settings: Settings
    changed: asyncio.Event = field(default_factory=asyncio.Event)  # a cycle ended; the publisher waits for it
    history_left: int = 0  # samples that may still be read before ready


class Poller:
    """All streams and SLO watches of one source, and the loop that serves them."""

    def __init__(self, spec: SourceSpec, source: MetricSource, around: Surroundings) -> None:
        self.spec = spec
        self.source = source
        self.streams: dict[str, Stream] = {}
        self.slos: list[SloWatch] = []
        self.backlog: list[Stream] = []  # streams whose history is read in the background
        self.cycles = 0
        self._troubles = Troubles(spec.name)
        self._around = around
        self._last_polled: dict[Stream | SloWatch, float] = {}
        for name in ("aiops_cycles_skipped_total", "aiops_source_warnings_total", "aiops_source_partial_answers_total"):
            around.meter.inc(name, 0, source=spec.name)
        around.meter.inc("aiops_history_samples_read_total", 0, source=spec.name)
        around.meter.initialise("aiops_source_last_success_timestamp_seconds", source=spec.name)  # 0: never

    def add(self, streams: Iterable[Stream]) -> None:
        """Watch more streams from the next tick on."""
        for stream in streams:
            self.streams[stream.spec.name] = stream
            labels = {"source": self.spec.name, "query": stream.spec.name}
            self._around.meter.initialise("aiops_query_failures_total", **labels)
            self._around.meter.initialise("aiops_series_dropped_total", **labels)
            self._around.meter.initialise("aiops_query_last_success_timestamp_seconds", **labels)
            self._around.meter.set("aiops_series_limit", stream.spec.max_series, **labels)
            self._around.book.expect(FindingKind.ANOMALY, stream.spec.severity)
            for threshold in stream.spec.thresholds if stream.spec.horizons else ():
                self._around.book.expect(FindingKind.FORECAST_BREACH, threshold.name)

    def add_slo(self, watch: SloWatch) -> None:
        """Watch one more SLO from the next tick on."""
        self.slos.append(watch)
        labels = {"source": self.spec.name, "query": watch.spec.name}
        self._around.meter.initialise("aiops_query_failures_total", **labels)
        if watch.spec.grouping:
            self._around.meter.initialise("aiops_series_dropped_total", **labels)
            self._around.meter.set("aiops_series_limit", watch.spec.max_groups, **labels)
        for severity in SEVERITIES.values():
            self._around.book.expect(FindingKind.BURN, severity)

    @property
    def interval(self) -> float:
        """Seconds between ticks: the shortest interval of all that is polled, or that packs may bring."""
        return min([self.spec.interval, *(stream.interval for stream in self.streams.values())])

    async def run(self, prepare: Callable[[float], Awaitable[None]], beat: Callable[[], None]) -> None:
        """Poll for ever; `prepare` is awaited before each cycle (discovery of packs)."""
        async for at in ticks(self._around.clock, self.interval, self._skipped):
            await self.cycle(at, prepare)
            beat()

    async def cycle(self, at: float, prepare: Callable[[float], Awaitable[None]]) -> None:
        """Serve one tick: every due stream, every due SLO, then wake the publisher.

        A stream that fails for a fault of ours spoils no other; the first such fault is raised at the end.
        """
        await prepare(at)
        streams = [stream for stream in self.streams.values() if self._is_due(stream, at)]
        watches = [watch for watch in self.slos if self._is_due(watch, at)]
        self._last_polled |= dict.fromkeys((*streams, *watches), at)
        polls = [self._poll(stream, at) for stream in streams]
        ended = await asyncio.gather(*polls, self._poll_slos(watches, at), return_exceptions=True)
        self._troubles.tell()
        self.cycles += 1
        self._around.changed.set()
        for fault in ended:
            if fault is not None:
                raise fault

    def _is_due(self, served: Stream | SloWatch, at: float) -> bool:
        last = self._last_polled.get(served)
        return last is None or at < last or at // served.interval > last // served.interval

    async def _poll_slos(self, watches: Iterable[SloWatch], at: float) -> None:
        """Poll SLOs side by side: the source bounds how many queries are in flight."""
        ended = await asyncio.gather(*(self._poll_slo(watch, at) for watch in watches), return_exceptions=True)
        for fault in ended:
            if fault is not None:
                raise fault

    async def _poll_slo(self, watch: SloWatch, at: float) -> None:
        labels = {"source": self.spec.name, "query": watch.spec.name}
        try:
            await watch.poll(self.source, at, self._around.book)
        except SourceError as error:
            self._around.meter.inc("aiops_query_failures_total", **labels, reason=error.reason)
            self._troubles.failed(watch.spec.name, error)
            watch.last_error = f"{error.reason}: {error}"
            return
        self._troubles.succeeded(watch.spec.name)
        if watch.spec.grouping:
            self._around.meter.inc("aiops_series_dropped_total", watch.budgets.refused, reason="limit", **labels)
            self._around.meter.set("aiops_series", len(watch.budgets), **labels)

    async def _poll(self, stream: Stream, at: float) -> None:
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
        if _may_learn(stream, answer) and stream not in self.backlog:
            await self._learn(stream, answer, at)
        meter.observe("aiops_cycle_duration_seconds", clock.monotonic() - started, stage="detect")
        started = clock.monotonic()
        await look_ahead(stream, at, self._around.book)
        meter.observe("aiops_cycle_duration_seconds", clock.monotonic() - started, stage="forecast")
        self._count_series(stream)

    async def _learn(self, stream: Stream, answer: InstantAnswer, at: float) -> None:
        """Read history before the first judgement, or queue it when the budget before ready is spent."""
        around, history = self._around, self._around.settings.history
        cost = expected_samples(stream, history, at)
        if cost > around.history_left:
            self.backlog.append(stream)
            log.info("history will be read in the background", extra=fields(query=stream.spec.name, samples=cost))
            return
        around.history_left -= cost
        await self.learn_one(stream, at)
        if stream.learned:
            await judge(stream, answer, at, around.book)
        else:
            self.backlog.append(stream)

    async def learn_one(self, stream: Stream, until: float) -> None:
        """Read the history of one stream up to `until`; give up when that cannot help, or failed too often."""
        try:
            await learn(stream, self.source, self._around.settings.history, until=until, meter=self._around.meter)
        except SourceError as error:
            stream.health.history_failures += 1
            final = error.reason not in PASSING or stream.health.history_failures >= HISTORY_ATTEMPTS
            stream.learned = final
            log.warning(
                "history not read; bands warm up live" if final else "history not read; it will be tried again",
                extra=fields(query=stream.spec.name, source=self.spec.name, reason=error.reason, err=error),
            )

    async def learn_backlog(self, beat: Callable[[], None]) -> None:
        """Read history in the background for ever, one stream at a time."""
        while True:
            for stream in list(self.backlog):
                self.backlog.append(self.backlog.pop(0))  # last in line from now on: one that breaks starves no other
                await self.learn_one(stream, self._around.clock.now())
                if stream.learned:
                    self.backlog.remove(stream)
                beat()
            self._around.meter.set("aiops_history_progress_ratio", self.progress(), source=self.spec.name)
            beat()
            await self._around.clock.sleep(HISTORY_PAUSE if self.backlog else min(5.0, self.spec.interval))

    def progress(self) -> float:
        """Return the share of the series seen so far whose history is read; 0 before anything was asked."""
        streams = [stream for stream in self.streams.values() if len(stream.table)]
        series = sum(len(stream.table) for stream in streams)
        if not series:
            return float(all(stream.health.tried for stream in self.streams.values()))
        return sum(len(stream.table) for stream in streams if stream.learned) / series

    def _failed(self, stream: Stream, error: SourceError) -> None:
        labels = {"source": self.spec.name, "query": stream.spec.name}
        self._around.meter.inc("aiops_query_failures_total", **labels, reason=error.reason)
        self._troubles.failed(stream.spec.name, error)
        stream.health.last_error = f"{error.reason}: {error}"
        stream.health.tried = True

    def _succeeded(self, stream: Stream, answer: InstantAnswer, at: float) -> None:
        meter, labels = self._around.meter, {"source": self.spec.name, "query": stream.spec.name}
        self._troubles.succeeded(stream.spec.name)
        stream.health.tried = True
        stream.health.last_error = ""
        meter.set("aiops_source_last_success_timestamp_seconds", at, source=self.spec.name)
        meter.inc("aiops_source_warnings_total", len(answer.warnings), source=self.spec.name)
        stream.health.partial_answers = stream.health.partial_answers + 1 if answer.partial else 0
        if answer.partial:
            meter.inc("aiops_source_partial_answers_total", source=self.spec.name)
            stream.health.last_error = "partial answer: " + "; ".join(answer.warnings)
            return
        meter.set("aiops_query_last_success_timestamp_seconds", at, **labels)

    def _count_series(self, stream: Stream) -> None:
        meter, labels = self._around.meter, {"source": self.spec.name, "query": stream.spec.name}
        meter.set("aiops_series", len(stream.table), **labels)
        stream.health.dropped = sum(stream.table.dropped.values())
        for reason, count in stream.table.dropped.items():
            meter.inc("aiops_series_dropped_total", count, reason=reason, **labels)
        stream.table.dropped.clear()

    def _skipped(self, count: int) -> None:
        self._around.meter.inc("aiops_cycles_skipped_total", count, source=self.spec.name)


def _may_learn(stream: Stream, answer: InstantAnswer) -> bool:
    """Say whether this answer names the series whose history is wanted: an empty or partial one may just be early."""
    whole = not answer.partial or stream.health.partial_answers >= _ALWAYS_PARTIAL
    return not stream.learned and whole and len(stream.table) > 0
