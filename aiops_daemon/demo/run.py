"""Replay the recorded world through the very same daemon as a live run.

Enters: a folder for state and an address to listen on. Leaves: progress while the replay runs, then the running
daemon with everything it found. Needs no network and no Prometheus.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiops_daemon.app import Daemon, Options
from aiops_daemon.clock import ReplayClock
from aiops_daemon.core.model.channels.log import LogSpec
from aiops_daemon.core.model.finding import Finding
from aiops_daemon.core.model.listing import MAX_LIMIT
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import NotificationQuery
from aiops_daemon.core.model.receiver import ChannelSpec
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.demo.alerts import bodies
from aiops_daemon.demo.config import settings
from aiops_daemon.demo.world import World
from aiops_daemon.edges.notify.log import LogNotifier
from aiops_daemon.edges.notify.render import Renderer
from aiops_daemon.edges.notify.sandbox import Medium
from aiops_daemon.edges.remote.client import DaemonClient
from aiops_daemon.ports import MetricSource
from aiops_daemon.ports.notify import Notifier

_LEISURE = 0.2  # real seconds that loops of the alert road pause at least
_SETTLING = 40  # looks at what waits
_LOOK_EVERY = 0.25  # real seconds between two progress reports


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the replay is; `ratio` runs from 0 to 1, `at` is unix seconds of the replayed world."""

    at: float
    ratio: float
    open: int
    closed: int


class Replay:
    """One daemon in the recorded world, running `seconds` of real time until the world's present."""

    def __init__(self, world: World, *, folder: Path, listen_address: str, seconds: float) -> None:
        speed = (world.end - world.incident_start) / seconds
        self.world = world
        self._clock = ReplayClock(world.incident_start, speed=speed, until=world.end)
        options = Options(
            clock=self._clock,
            listen_address=listen_address,
            make_source=self._source,
            lag_every=600.0,
            alert_leisure=speed * _LEISURE,
            make_notifier=_only_logged,
        )
        self.sent = 0  # alerts that Alertmanager sent, repetitions and ends included
        self.daemon = Daemon(settings(world, folder), options)

    def _source(self, spec: SourceSpec) -> MetricSource:
        return self.world.source(spec.name)

    async def progress(self) -> AsyncIterator[Progress]:
        """Start the daemon and report until the replay has reached the world's present."""
        await self.daemon.start()
        while not self.daemon.readiness().ready:
            await asyncio.sleep(_LOOK_EVERY)
            yield Progress(self.world.incident_start, 0.0, 0, 0)
        self._clock.go()
        sending = asyncio.create_task(self._send_alerts())
        length = self.world.end - self.world.incident_start
        while self._clock.now() < self.world.end:
            await asyncio.sleep(_LOOK_EVERY)
            view = self.daemon.view()
            ratio = min(1.0, max(0.0, (view.at - self.world.incident_start) / length))
            yield Progress(view.at, ratio, len(view.findings), len(view.recent))
        await sending
        await self._settled()

    async def incidents(self) -> list[dict[str, Any]]:
        """Ask the daemon, as a user would, which incidents there are, first opened first, each with its alerts."""
        client = DaemonClient(self.daemon.address)
        listed = (await client.get("/api/v1/incidents", [("limit", "100")]))["data"]
        told = [(await client.get(f"/api/v1/incidents/{one['name']}"))["data"] for one in listed]
        return sorted(told, key=_number)

    async def page(self, incident: str) -> str:
        """Return the first message about an incident as a letter's text, "" when nobody was to be told."""
        messages = await self.daemon.messages(NotificationQuery(incident, limit=MAX_LIMIT))
        first = [one.message for one in reversed(messages) if one.message.event is MessageEvent.TRIGGER]
        return Renderer().write("email", Medium.TEXT, first[0]) if first else ""

    async def _send_alerts(self) -> None:
        """Be the shop's Alertmanager: send each body to the webhook when its time comes."""
        client = DaemonClient(self.daemon.address)
        for body in bodies(self.world.incident_start, self.world.end):
            await self._clock.sleep(body.at - self._clock.now())
            await client.post("/webhooks/alertmanager", body.content)
            self.sent += body.alerts

    async def _settled(self) -> None:
        """Wait until everything sent is processed."""
        for _ in range(_SETTLING):
            if not await self.daemon.backlog():
                return
            await asyncio.sleep(_LOOK_EVERY)

    def found(self) -> list[Finding]:
        """Return everything found, oldest first, closed and open."""
        view = self.daemon.view()
        return sorted((*view.findings, *view.recent), key=lambda finding: finding.since)

    def is_open(self, finding: Finding) -> bool:
        """Say whether a finding still stands."""
        return any(one.uid == finding.uid for one in self.daemon.view().findings)


def _only_logged(spec: ChannelSpec) -> Notifier:
    """Make no channel that reaches anybody, whatever is asked of a demo that is left running."""
    del spec
    return LogNotifier(LogSpec())


def _number(told: dict[str, Any]) -> int:
    return int(told["incident"]["number"])
