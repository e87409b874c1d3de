"""The grammar of acceptance tests of the alert road: a whole daemon, a fake Alertmanager, virtual time.

`async with AlertScenario(folder) as s:` starts a daemon whose store was in use before; `await s.at(minutes=5)` lets
time pass; `await s.fire(...)`, `await s.resolve(...)` tell the webhook and Alertmanager's API; `s.incidents()` and
`s.post(...)` are what a user sees and does.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
from alert_world import alert, body
from fake_alertmanager import FakeAlertmanager
from fakes import FaultySource

from aiops_daemon.app import Daemon, Options
from aiops_daemon.clock import LoopClock
from aiops_daemon.core.alertmanager.fingerprint import fingerprint
from aiops_daemon.core.model.alertmanager import AlertmanagerSpec, HeartbeatSpec
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.settings import Settings, StorageSpec
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.edges.prometheus.recorded import RecordedSource
from aiops_daemon.edges.store.store import open_store
from aiops_daemon.errors import AiopsError
from aiops_daemon.ports import MetricSource
from aiops_daemon.ports.alertmanager import AlertmanagerSource

EPOCH = 1_700_000_040.0  # a Tuesday, 22:14 UTC, on a minute
SOURCE = "prod"


class AlertScenario:
    """One daemon with one Alertmanager; everything it would touch is inside the process."""

    leisure = 10.0  # seconds that loops of the alert road pause at least
    epoch = EPOCH

    def __init__(self, folder: Path, *, used: bool = True, **given: Any) -> None:
        self.clock = LoopClock(self.epoch)
        self.folder = folder
        self.used = used
        self.alertmanager = FakeAlertmanager(self.clock.now)
        self.beats: list[float] = []
        self.settings = Settings(
            sources=(SourceSpec("main", ("http://recorded",), interval=60.0),),
            packs=(),
            alertmanagers=(AlertmanagerSpec(SOURCE, ("http://am-1:9093",)),),
            storage_directory=str(folder),
            **given,
        )
        self.next_settings: Settings | AiopsError = self.settings
        self.daemon = self._daemon()
        self._sent: dict[str, float] = {}  # startsAt by fingerprint

    def _daemon(self) -> Daemon:
        return Daemon(self.settings, self._options())

    def _options(self) -> Options:
        return Options(
            clock=self.clock,
            listen_address="127.0.0.1:0",
            load=self._load,
            make_source=self._source,
            make_alertmanager=self._alertmanager,
            heartbeat=self._beat,
            lag_every=600.0,
            alert_leisure=self.leisure,
        )

    def _load(self) -> Settings:
        if isinstance(self.next_settings, AiopsError):
            raise self.next_settings
        return self.next_settings

    def _source(self, spec: SourceSpec) -> MetricSource:
        return FaultySource(RecordedSource(spec.name, {}), self.clock, ())

    def _alertmanager(self, spec: AlertmanagerSpec) -> AlertmanagerSource:
        return self.alertmanager

    async def _beat(self, spec: HeartbeatSpec) -> None:
        self.beats.append(self.clock.now())

    async def __aenter__(self) -> Self:
        if self.used:
            url = f"sqlite:///{self.folder / 'aiops.db'}"
            store = await open_store(StorageSpec(url=url), self.clock)
            await store.begin(self.epoch - 86_400)
            await store.close()
        await self.daemon.start()
        await self.clock.sleep(1.0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.daemon.stop()

    async def restart(self, *, after: float = 0.0) -> None:
        """Stop the daemon, wait that many seconds, and start a new one on the same folder."""
        await self.daemon.stop()
        await self.clock.sleep(after)
        self.daemon = self._daemon()
        await self.daemon.start()
        await self.clock.sleep(1.0)

    async def at(self, *, minutes: float) -> None:
        """Let time pass up to that long after the start of the scenario."""
        await self.clock.sleep(max(0.0, self.epoch + minutes * 60 - self.clock.now()))

    async def fire(self, *alerts: dict[str, str], tell: bool = True) -> None:
        """Let alerts fire in Alertmanager, and (unless not told) at the webhook."""
        now = self.clock.now()
        told = []
        for labels in alerts:
            self.alertmanager.fire(labels, now)
            started = self._sent.setdefault(json.dumps(labels, sort_keys=True), now)
            told.append(self._alert(labels, started))
        if tell:
            await self.webhook(body(told))

    async def fire_unheard(self, *alerts: dict[str, str]) -> None:
        """Let alerts fire in Alertmanager while nobody listens."""
        await self.fire(*alerts, tell=False)

    async def resolve(self, *alerts: dict[str, str], tell: bool = True) -> None:
        """Let alerts end in Alertmanager, and (unless not told) at the webhook."""
        now = self.clock.now()
        told = []
        for labels in alerts:
            self.alertmanager.resolve(labels)
            started = self._sent.pop(json.dumps(labels, sort_keys=True), now)
            told.append(self._alert(labels, started, now))
        if tell:
            await self.webhook(body(told))

    def _alert(self, labels: dict[str, str], starts_at: float, ends_at: float | None = None) -> dict[str, Any]:
        return alert(labels, starts_at, ends_at) | {"fingerprint": fingerprint(make(labels))}

    async def webhook(self, content: bytes, expected: int = 200) -> None:
        """Send a body as Alertmanager does, and let the processor see it."""
        status, _ = await self._ask("POST", f"/webhooks/alertmanager/{SOURCE}", data=io.BytesIO(content))
        assert expected == status
        await self.clock.sleep(self.leisure + 2.0)

    async def incidents(self, *states: str) -> list[dict[str, Any]]:
        """List incidents, first opened first."""
        query = "&".join(f"state={state}" for state in states)
        listed = await self.get(f"/api/v1/incidents?limit=100&{query}")
        return sorted(listed["data"], key=lambda one: int(one["number"]))

    async def detail(self, incident: str = "INC-1") -> dict[str, Any]:
        """Return everything about one incident."""
        return dict((await self.get(f"/api/v1/incidents/{incident}"))["data"])

    async def get(self, path: str) -> dict[str, Any]:
        """Read a document of the API."""
        status, content = await self._ask("GET", path)
        assert 200 == status, content
        return dict(json.loads(content))

    async def post(self, path: str, **given: Any) -> tuple[int, dict[str, Any]]:
        """Ask the API for something."""
        headers = {"Content-Type": "application/json"}
        status, content = await self._ask("POST", path, data=json.dumps(given).encode(), headers=headers)
        return status, dict(json.loads(content))

    async def page(self, path: str) -> str:
        """Read a page."""
        status, content = await self._ask("GET", path)
        assert 200 == status
        return content

    async def _ask(self, method: str, path: str, **request: Any) -> tuple[int, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.daemon.address + path, **request) as answer,
        ):
            return answer.status, await answer.text()

    def metric(self, name: str, **labels: str) -> float:
        """Return a self metric."""
        return self.daemon.meter.value(name, **labels)
