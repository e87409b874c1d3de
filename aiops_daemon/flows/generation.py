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
from aiops_daemon.core.model.findingspage import Block
from aiops_daemon.core.model.learned import LearnedState
from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.model.view import Readiness, View
from aiops_daemon.flows.burn import SloWatch
from aiops_daemon.flows.discover import Discovery
from aiops_daemon.flows.findings import FindingBook
from aiops_daemon.flows.keep import SAVE_EVERY, Keeper, Save, restore_slo, restore_standings, restore_stream
from aiops_daemon.flows.lag import LagWatch
from aiops_daemon.flows.loaded import ASK_EVERY, LoadWatch
from aiops_daemon.flows.poll import Poller, Surroundings
from aiops_daemon.flows.publish import Publisher, Render
from aiops_daemon.flows.stream import PLOT_ROWS, Stream
from aiops_daemon.flows.succeed import adopt_slos, adopt_streams, forget
from aiops_daemon.flows.supervise import Supervisor
from aiops_daemon.flows.write_rules import LOOK_EVERY, RuleWriter, WriteRules
from aiops_daemon.meter import Meter
from aiops_daemon.ports import MetricSource

log = logging.getLogger(__name__)

POLL_TIMEOUTS = 10  # timeouts of requests, one after the other, that a cycle may take before it counts as stalled
WRITE_PATIENCE = 600.0  # seconds that promtool may take for checks and tests
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
    more_blocks: Callable[[], list[Block]] = list  # what others add to the findings page


class Generation:
    """The flows of one configuration."""

    def __init__(
        self, settings: Settings, world: World, meter: Meter, book: FindingBook, states: Mapping[str, LearnedState]
    ) -> None:
        self.settings = settings
        self._world = world
        self.states = dict(states)  # what no stream has claimed yet
        self.around = Surroundings(world.clock, meter, book, settings, history_left=settings.history.max_samples)
        self.pollers = [Poller(spec, world.make_source(spec), self.around) for spec in settings.sources]
        self.discoveries = [self._discovery(poller) for poller in self.pollers]
        self._add_configured()
        self.publisher = Publisher(self.pollers, self.discoveries, self.around, world.render, world.more_blocks)
        restore_standings(self.publisher.standings, self.states)
        self.keeper = Keeper(self.pollers, self.around, world.save, self.publisher.standings)
        self.loops: set[str] = set()
        self._supervisor = Supervisor(world.clock, meter)

    def start(self) -> None:
        """Start every loop."""
        for poller, discovery in zip(self.pollers, self.discoveries, strict=True):
            name = f"poll-{poller.spec.name}"
            patience = 3 * poller.interval + POLL_TIMEOUTS * poller.spec.timeout
            self._start(name, partial(poller.run, discovery.look), patience, first=LEARN_PATIENCE)
            self._start(f"history-{poller.spec.name}", poller.learn_backlog, LEARN_PATIENCE)
        self._start("publish", self.publisher.run, self.publisher.patience())
        self._start("save", self.keeper.run, 3 * SAVE_EVERY)
        lag = LagWatch(self._world.clock, self.around.meter, self._world.lag_every)
        self._start("lag", lag.run, 60.0 + 3 * self._world.lag_every)
        write = self._world.write_rules(self.settings)
        if write is not None:
            writer = RuleWriter(self.pollers, self.discoveries, self.around, write)
            self._start("rules", writer.run, 3 * LOOK_EVERY + WRITE_PATIENCE)
            timeouts = sum(spec.timeout for spec in self.settings.sources)
            loaded = LoadWatch(self.pollers, writer, self.around)
            self._start("rules-loaded", loaded.run, 3 * ASK_EVERY + POLL_TIMEOUTS * timeouts)

    def _start(
        self, name: str, run: Callable[[Callable[[], None]], Awaitable[None]], patience: float, first: float = 0.0
    ) -> None:
        beat = partial(self._supervisor.beat, name)
        self.loops.add(name)
        self._supervisor.start(name, lambda: run(beat), patience=patience, first=first)

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
        waiting += [_first_poll(poller) for poller in self.pollers if poller.cycles == 0]
        if self.publisher.published == 0:
            waiting.append("first findings page")
        return Readiness(not waiting, tuple(waiting))

    async def adopt(self, old: Generation) -> None:
        """Take over what the predecessor learned, found and published; nothing of either may run meanwhile."""
        discoveries = {one.source: one for one in old.discoveries}
        for discovery in self.discoveries:
            if discovery.source in discoveries:
                discovery.succeed(discoveries[discovery.source])
        now, book = self._world.clock.now(), self.around.book
        await adopt_streams(old.streams(), self.streams(), book, now)
        await adopt_slos(old.slos(), self.slos())
        forget(old.pollers, self.pollers, book, self.around.meter, now)
        cycles = {(poller.spec.name, poller.spec.urls): poller.cycles for poller in old.pollers}
        for poller in self.pollers:
            poller.cycles = cycles.get((poller.spec.name, poller.spec.urls), 0)
        self.publisher.succeed(old.publisher)

    def watch_queries(self, poller: Poller, queries: Iterable[QuerySpec]) -> None:
        """Start streams for queries on a poller's source, with what was saved of them."""
        for query in queries:
            stream = Stream(query, poller.spec, trail=self._count() < PLOT_ROWS)
            restore_stream(stream, self.states, self._world.clock.now())
            poller.add([stream])

    def _add_configured(self) -> None:
        for poller in self.pollers:
            name = poller.spec.name
            self.watch_queries(poller, [q for q in self.settings.queries if not q.sources or name in q.sources])
            for slo in self.settings.slos:
                if not slo.sources or name in slo.sources:
                    watch = SloWatch(slo, poller.spec)
                    restore_slo(watch, self.states)
                    poller.add_slo(watch)

    def _discovery(self, poller: Poller) -> Discovery:
        return Discovery(
            poller,
            self.settings.packs,
            (query.name for query in self.settings.queries),
            start=partial(self.watch_queries, poller),
            meter=self.around.meter,
        )

    def sources(self) -> list[tuple[SourceSpec, MetricSource]]:
        """List every source with what it was made from."""
        return [(poller.spec, poller.source) for poller in self.pollers]

    def streams(self) -> list[Stream]:
        """List every stream."""
        return [stream for poller in self.pollers for stream in poller.streams.values()]

    def slos(self) -> list[SloWatch]:
        """List every SLO watch."""
        return [watch for poller in self.pollers for watch in poller.slos]

    def _count(self) -> int:
        return sum(len(stream.table) for stream in self.streams())


def _first_poll(poller: Poller) -> str:
    read, total = sum(stream.learned for stream in poller.streams.values()), len(poller.streams)
    progress = f": history of {read} of {total} queries read" if total else ""
    return f"first poll of {poller.spec.name}{progress}"
