"""All loops of one configuration: built whole, then started, stopped whole, succeeded by the next.

Enters: settings, sources and what the world gives as plain functions. Leaves: a view and a verdict on
readiness. A successor adopts what its predecessor learned about queries that did not change.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.learned import LearnedState
from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.model.view import Readiness, View
from aiops_daemon.flows.burn import SloWatch
from aiops_daemon.flows.discover import Discovery
from aiops_daemon.flows.findings import FindingBook
from aiops_daemon.flows.keep import SAVE_EVERY, Keeper, Save, restore_slo, restore_stream
from aiops_daemon.flows.lag import LagWatch
from aiops_daemon.flows.poll import Poller, Surroundings
from aiops_daemon.flows.publish import Publisher, Render
from aiops_daemon.flows.stream import PLOT_ROWS, Stream
from aiops_daemon.flows.supervise import Supervisor
from aiops_daemon.flows.write_rules import LOOK_EVERY, RuleWriter, WriteRules
from aiops_daemon.logs import fields
from aiops_daemon.meter import Meter
from aiops_daemon.ports import MetricSource

log = logging.getLogger(__name__)

LEARN_PATIENCE = 1800.0  # seconds without a finished stream after which the background reader counts as stalled


@dataclass(frozen=True, slots=True)
class World:
    """What a generation needs from outside, as plain functions."""

    clock: Clock
    make_source: Callable[[SourceSpec], MetricSource]
    render: Render
    save: Save
    write_rules: Callable[[Settings], WriteRules | None]
    lag_every: float = 0.25  # seconds between two measurements of the event loop's lag


class Generation:
    """The flows of one configuration."""

    def __init__(
        self, settings: Settings, world: World, meter: Meter, book: FindingBook, states: Mapping[str, LearnedState]
    ) -> None:
        self.settings = settings
        self._world = world
        self._states = dict(states)
        self.around = Surroundings(world.clock, meter, book, settings, history_left=settings.history.max_samples)
        self.pollers = [Poller(spec, world.make_source(spec), self.around) for spec in settings.sources]
        self.discoveries = [self._discovery(poller) for poller in self.pollers]
        self._add_configured()
        self.publisher = Publisher(self.pollers, self.discoveries, self.around, world.render)
        self.keeper = Keeper(self.pollers, self.around, world.save)
        self._supervisor = Supervisor(world.clock, meter)

    def start(self) -> None:
        """Start every loop."""
        for poller, discovery in zip(self.pollers, self.discoveries, strict=True):
            name = f"poll-{poller.spec.name}"
            patience = 3 * poller.interval + poller.spec.timeout + LEARN_PATIENCE * (poller.cycles == 0)
            self._start(name, partial(poller.run, discovery.look), patience)
            self._start(f"history-{poller.spec.name}", poller.learn_backlog, LEARN_PATIENCE)
        self._start("publish", self.publisher.run, self.publisher.patience() + LEARN_PATIENCE)
        self._start("save", self.keeper.run, 3 * SAVE_EVERY)
        lag = LagWatch(self._world.clock, self.around.meter, self._world.lag_every)
        self._start("lag", lag.run, 60.0 + 3 * self._world.lag_every)
        write = self._world.write_rules(self.settings)
        if write is not None:
            writer = RuleWriter(self.pollers, self.around, write)
            self._start("rules", writer.run, 3 * LOOK_EVERY + 120.0)

    def _start(self, name: str, run: Callable[[Callable[[], None]], Awaitable[None]], patience: float) -> None:
        beat = partial(self._supervisor.beat, name)
        self._supervisor.start(name, lambda: run(beat), patience=patience)

    async def stop(self) -> None:
        """Stop every loop; learners keep what they know."""
        await self._supervisor.stop()

    async def close(self) -> None:
        """Release the sources."""
        for poller in self.pollers:
            await poller.source.close()

    def view(self) -> View:
        """Return the last published view."""
        return self.publisher.view

    def readiness(self) -> Readiness:
        """Ready when every source was asked once, history before ready is read, and no loop stalls."""
        waiting = [f"loop {name} stalled" for name in self._supervisor.stalled()]
        waiting += [f"first poll of {poller.spec.name}" for poller in self.pollers if poller.cycles == 0]
        if self.publisher.published == 0:
            waiting.append("first findings page")
        return Readiness(not waiting, tuple(waiting))

    def adopt(self, old: Generation) -> None:
        """Take over what the predecessor learned, through the same form in which it would be saved."""
        for stream in self._streams():
            twin = old.stream(*stream.key)
            if twin is None or not twin.learned or twin.spec.expr != stream.spec.expr:
                continue
            texts, arrays = twin.export_state(twin.table.live())
            now = self._world.clock.now()
            state = LearnedState({"expr": stream.spec.expr, "at": now}, texts, arrays)
            until = restore_stream(stream, {f"{stream.spec.name}@{stream.source.name}#0": state}, now)
            if until is not None:
                self.around.learned_until[stream.key] = until
        self._adopt_slos(old)

    def _adopt_slos(self, old: Generation) -> None:
        ledgers = {watch.name: watch for poller in old.pollers for watch in poller.slos}
        for poller in self.pollers:
            for watch in poller.slos:
                twin = ledgers.get(watch.name)
                if twin is not None and twin.spec == watch.spec:
                    watch.succeed(twin)

    def stream(self, query: str, source: str) -> Stream | None:
        """Return the stream of a query on a source."""
        for poller in self.pollers:
            if poller.spec.name == source:
                return poller.streams.get(query)
        return None

    def watch_queries(self, poller: Poller, queries: Iterable[QuerySpec]) -> None:
        """Start streams for queries on a poller's source, with what was saved of them."""
        for query in queries:
            stream = Stream(query, poller.spec, trail=self._count() < PLOT_ROWS)
            until = restore_stream(stream, self._states, self._world.clock.now())
            if until is not None:
                self.around.learned_until[stream.key] = until
                log.debug("learned state restored", extra=fields(query=query.name, series=len(stream.table)))
            poller.add([stream])

    def _add_configured(self) -> None:
        for poller in self.pollers:
            name = poller.spec.name
            self.watch_queries(poller, [q for q in self.settings.queries if not q.sources or name in q.sources])
            for slo in self.settings.slos:
                if not slo.sources or name in slo.sources:
                    watch = SloWatch(slo, poller.spec)
                    restore_slo(watch, self._states)
                    poller.slos.append(watch)

    def _discovery(self, poller: Poller) -> Discovery:
        return Discovery(
            poller,
            self.settings.packs,
            (query.name for query in self.settings.queries),
            start=partial(self.watch_queries, poller),
            meter=self.around.meter,
        )

    def _streams(self) -> list[Stream]:
        return [stream for poller in self.pollers for stream in poller.streams.values()]

    def _count(self) -> int:
        return sum(len(stream.table) for stream in self._streams())
