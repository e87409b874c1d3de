"""The grammar of acceptance tests: a whole daemon, a recorded world, virtual time.

`async with Scenario(...) as s:` starts the daemon with a week of history behind it; `await s.until(hours=2)`
lets time pass; `s.open()`, `s.scrape()` and `s.metric()` say what a user would see.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
from fakes import Fault, FaultySource, Recording
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from aiops_daemon.app import Daemon, Options
from aiops_daemon.clock import LoopClock
from aiops_daemon.core.model.finding import Finding
from aiops_daemon.core.model.grouping import TopologySpec
from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.slo import SloSpec
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.edges.prometheus.recorded import RecordedSource
from aiops_daemon.ports import MetricSource

EPOCH = 1_700_000_040.0  # a Tuesday, on a minute
HOUR = 3600.0
DAY = 86_400.0
WEEK = 7 * DAY


class Scenario:
    """One daemon in one world; everything it would touch is inside the process."""

    def __init__(
        self,
        folder: Path,
        recordings: dict[str, Recording],
        *,
        queries: tuple[QuerySpec, ...],
        slos: tuple[SloSpec, ...] = (),
        faults: tuple[Fault, ...] = (),
        start: float = EPOCH,
        interval: float = 60.0,
        api_listen_address: str = "",
    ) -> None:
        self.api_listen_address = api_listen_address
        self.fingerprint: Callable[[], str] | None = None  # of the configuration file
        self.clock = LoopClock(start)
        self.start = start
        self.recordings = recordings
        self.faults = faults
        self.sources: list[FaultySource] = []
        self.settings = Settings(
            sources=(SourceSpec("main", ("http://recorded",), interval=interval),),
            packs=(),
            queries=queries,
            slos=slos,
            topology=TopologySpec(trace_metrics=False),
            storage_directory=str(folder),
        )
        self.next_settings: Settings | Exception = self.settings
        self.daemon = self._daemon()

    def _daemon(self) -> Daemon:
        options = Options(
            clock=self.clock,
            listen_address="127.0.0.1:0",
            api_listen_address=self.api_listen_address,
            load=self._load,
            fingerprint=self.fingerprint,
            make_source=self._source,
            lag_every=600.0,
            alert_leisure=HOUR,
        )
        return Daemon(self.settings, options)

    def _load(self) -> Settings:
        if isinstance(self.next_settings, Exception):
            raise self.next_settings
        return self.next_settings

    def _source(self, spec: SourceSpec) -> MetricSource:
        source = FaultySource(RecordedSource(spec.name, self.recordings), self.clock, self.faults)
        self.sources.append(source)
        return source

    async def __aenter__(self) -> Self:
        await self.daemon.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.daemon.stop()

    async def restart(self) -> None:
        """Stop the daemon as SIGTERM does, and start a new one on the same folder."""
        await self.daemon.stop()
        self.daemon = self._daemon()
        await self.daemon.start()

    async def until(self, *, hours: float = 0.0, minutes: float = 0.0) -> None:
        """Let time pass up to that long after the start of the scenario, and a little for the cycle to end."""
        due = self.start + hours * HOUR + minutes * 60 + 1.0
        await self.clock.sleep(due - self.clock.now())

    def open(self, query: str = "") -> list[Finding]:
        """Return open findings, of one query or all."""
        return [finding for finding in self.daemon.view().findings if query in ("", finding.query)]

    def closed(self) -> list[Finding]:
        """Return findings that were open once and are not any more."""
        return list(self.daemon.view().recent)

    def metric(self, name: str, **labels: str) -> float:
        """Return a self metric."""
        return self.daemon.meter.value(name, **labels)

    async def get(self, path: str) -> tuple[int, str]:
        """Ask the daemon as a user would."""
        async with aiohttp.ClientSession() as session, session.get(self.daemon.address + path) as response:
            return response.status, await response.text()

    async def post(self, path: str) -> tuple[int, str]:
        """Post nothing to a path."""
        async with aiohttp.ClientSession() as session, session.post(self.daemon.address + path) as response:
            return response.status, await response.text()

    async def scrape(self) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
        """Scrape the findings page as OpenMetrics: name -> labels -> value."""
        accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
        url = self.daemon.address + "/findings/metrics"
        async with aiohttp.ClientSession(headers=accept) as session, session.get(url) as response:
            text = await response.text()
        found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
        return found
