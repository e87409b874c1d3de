"""The composition root: builds everything that can fail, then starts it; stops last in, first out.

Enters: settings and the functions that touch the world. Leaves: a running daemon with one listener. A reload
builds the next generation whole before the running one is stopped, so a fault changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from aiops_daemon import __version__
from aiops_daemon.clock import Clock
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.model.view import Readiness, ReloadOutcome, View
from aiops_daemon.edges.exporter.findings import render
from aiops_daemon.edges.prometheus.client import PrometheusClient
from aiops_daemon.edges.rulefiles.promtool import checker_for
from aiops_daemon.edges.rulefiles.write import write_rule_files
from aiops_daemon.edges.store import learned
from aiops_daemon.edges.web.server import WebPorts, WebServer
from aiops_daemon.errors import AiopsError, ConfigError
from aiops_daemon.flows.estimate import SourceEstimate, estimate_source
from aiops_daemon.flows.findings import FindingBook
from aiops_daemon.flows.generation import Generation, World
from aiops_daemon.flows.write_rules import WriteRules
from aiops_daemon.logs import fields
from aiops_daemon.meter import Meter
from aiops_daemon.ports import MetricSource

log = logging.getLogger(__name__)

STOP_DEADLINE = 8.0  # seconds; the promise to the outside is ten
WATCH_EVERY = 5.0  # seconds between two looks at the configuration file


@dataclass(frozen=True, slots=True)
class Options:
    """What flags say, and what demo and tests replace."""

    clock: Clock
    listen_address: str = "127.0.0.1:9641"
    load: Callable[[], Settings] | None = None  # reads the configuration anew; None: nothing to reload
    fingerprint: Callable[[], str] | None = None  # changes when the configuration file does
    make_source: Callable[[SourceSpec], MetricSource] | None = None
    lag_every: float = 0.25


class Daemon:
    """One running daemon: a listener that stays, and a generation that reloads replace."""

    def __init__(self, settings: Settings, options: Options) -> None:
        self.settings = settings
        self.meter = Meter()
        self.book = FindingBook(self.meter)
        self._options = options
        self._clock = options.clock
        self._generation: Generation | None = None
        self._web: WebServer | None = None
        self._reloading = asyncio.Lock()
        self._teardown: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        self._stopping = False

    @property
    def address(self) -> str:
        """Return where the listener listens, as a URL."""
        return self._web.address if self._web else ""

    async def start(self) -> None:
        """Build, then start; each step registers its named teardown at once."""
        states = await asyncio.to_thread(learned.load, self._state_directory())
        for note in states.notes:
            log.warning("learned state set aside", extra=fields(note=note))
        self._generation = Generation(self.settings, self._world(), self.meter, self.book, states.states)
        self._teardown.append(("sources", self._close_generation))
        self._web = WebServer(self._web_ports(), listen_address=self._options.listen_address)
        await self._web.start()
        self._teardown.append(("listener", self._web.stop))
        self._generation.start()
        self._teardown.append(("learned state", self._save))
        self._teardown.append(("loops", self._stop_generation))
        self._loaded()
        log.info("started", extra=fields(version=__version__, address=self.address, sources=len(self.settings.sources)))

    async def stop(self) -> None:
        """Stop last in, first out; idempotent; a step that takes too long is named and left."""
        self._stopping = True
        while self._teardown:
            name, step = self._teardown.pop()
            try:
                async with asyncio.timeout(STOP_DEADLINE / 2):
                    await step()
            except TimeoutError:
                log.warning("not stopped in time", extra=fields(step=name))
        log.info("stopped")

    async def reload(self) -> ReloadOutcome:
        """Load the configuration anew; all fallible work first, then the swap."""
        if self._options.load is None:
            return ReloadOutcome(("no configuration file was given, so there is nothing to reload",))
        async with self._reloading:
            try:
                settings = await asyncio.to_thread(self._options.load)
                await self._succeed(settings)
            except (ConfigError, AiopsError) as error:
                return self._refused(error)
        self._loaded()
        log.info("configuration reloaded", extra=fields(hash=settings.config_hash))
        return ReloadOutcome()

    async def watch(self) -> None:
        """Reload whenever the configuration file changes, for ever."""
        fingerprint = self._options.fingerprint
        if fingerprint is None:
            return
        seen = await asyncio.to_thread(fingerprint)
        while True:
            await self._clock.sleep(WATCH_EVERY)
            now = await asyncio.to_thread(fingerprint)
            if now != seen:
                seen = now
                await self.reload()

    def view(self) -> View:
        """Return the last published view."""
        return self._generation.view() if self._generation else View(at=0.0)

    def readiness(self) -> Readiness:
        """Say whether traffic may come."""
        if self._stopping or self._generation is None:
            return Readiness(False, ("stopping" if self._stopping else "starting",))
        return self._generation.readiness()

    async def _succeed(self, settings: Settings) -> None:
        old = self._generation
        if old is None:
            raise AiopsError("not started yet")
        new = Generation(settings, self._world(), self.meter, self.book, {})
        await old.stop()
        new.adopt(old)
        self._forget(old, new)
        self.settings, self._generation = settings, new
        new.start()
        await old.close()

    def _forget(self, old: Generation, new: Generation) -> None:
        """Close findings and drop metrics of what is no longer watched."""
        now = self._clock.now()
        for poller in old.pollers:
            for name in poller.streams:
                key = (name, poller.spec.name)
                if new.stream(*key) is None and name in {query.name for query in old.settings.queries}:
                    for place in self.book.places(key):
                        self.book.close(place, now, "the query was removed from the configuration")
                    for metric in ("aiops_series", "aiops_series_limit", "aiops_query_last_success_timestamp_seconds"):
                        self.meter.forget(metric, query=name, source=poller.spec.name)

    def _refused(self, error: AiopsError) -> ReloadOutcome:
        faults = error.faults if isinstance(error, ConfigError) else (str(error),)
        self.meter.set("aiops_config_last_reload_successful", 0)
        for fault in faults:
            log.error("configuration refused; the old one stays", extra=fields(fault=fault))
        return ReloadOutcome(tuple(faults))

    def _loaded(self) -> None:
        self.meter.set("aiops_config_hash", self.settings.config_hash)
        self.meter.set("aiops_config_last_reload_successful", 1)
        self.meter.set("aiops_config_last_reload_success_timestamp_seconds", self._clock.now())

    def _world(self) -> World:
        directory = self._state_directory()
        return World(
            clock=self._clock,
            make_source=self._options.make_source or PrometheusClient,
            render=render,
            save=lambda states: learned.save(directory, states),
            write_rules=_rule_writer,
            lag_every=self._options.lag_every,
        )

    def _web_ports(self) -> WebPorts:
        return WebPorts(
            view=self.view,
            ready=self.readiness,
            reload=self.reload,
            self_page=lambda openmetrics: self.meter.page(openmetrics=openmetrics),
            now=self._clock.now,
            stale_after=lambda: self._generation.publisher.patience() if self._generation else 0.0,
            version=__version__,
            external_url=self.settings.external_url,
        )

    def _state_directory(self) -> Path:
        return Path(self.settings.storage_directory) / "learned"

    async def _save(self) -> None:
        if self._generation:
            await self._generation.keeper.save()

    async def _stop_generation(self) -> None:
        if self._generation:
            await self._generation.stop()

    async def _close_generation(self) -> None:
        if self._generation:
            await self._generation.close()


def _rule_writer(settings: Settings) -> WriteRules | None:
    if not settings.rules.directory:
        return None
    checker = checker_for(settings.rules.promtool)
    return lambda queries: write_rule_files(Path(settings.rules.directory), settings, queries, checker)


async def estimate(settings: Settings, clock: Clock) -> list[SourceEstimate]:
    """Ask every source what a configuration would cost it."""
    estimates = []
    for spec in settings.sources:
        source = PrometheusClient(spec)
        try:
            estimates.append(await estimate_source(settings, spec, source, clock.now()))
        finally:
            await source.close()
    return estimates
