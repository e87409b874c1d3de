"""Reconciliation against the real Alertmanager 0.25 and a real Prometheus: what they show when things go wrong."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

import pytest
from real_alertmanager import RealAlertmanager
from real_servers import Server, Servers
from repaired_desk import Desk

from aiops_daemon.clock import SystemClock
from aiops_daemon.core.alertmanager.fingerprint import fingerprint
from aiops_daemon.core.model.alert import AlertEvent, AlertStatus, EpisodeState
from aiops_daemon.core.model.alertmanager import AlertmanagerSpec
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.repair import Evaluation, Lookup, RepairClass
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.edges.prometheus.client import PrometheusClient
from aiops_daemon.flows.alerts.evaluations import Evaluations
from aiops_daemon.flows.alerts.reconcile import Reconciler
from aiops_daemon.meter import Meter

pytestmark = pytest.mark.real

CONFIG = """
route:
  receiver: aiops
  group_wait: 1s
  group_interval: 1s
  repeat_interval: 1h
  routes:
    - receiver: aiops
      matchers: [when="never"]
      mute_time_intervals: [always]
receivers:
  - name: aiops
time_intervals:
  - name: always
    time_intervals:
      - times: [{start_time: "00:00", end_time: "24:00"}]
"""
RULES = """
groups:
  - name: shop
    interval: 1s
    rules:
      - {alert: Firing, expr: vector(1), labels: {severity: page}}
      - {alert: Quiet, expr: vector(1) > 2}
"""
FIRING = {"alertname": "Firing", "severity": "page", "cluster": "eu-1"}
KEY = ("prod", fingerprint(make(FIRING)))


class World:
    """Alertmanager, a Prometheus that sends to it, and reconciliation step by step."""

    def __init__(self, servers: Servers) -> None:
        self.alertmanager = RealAlertmanager(servers, CONFIG)
        self.prometheus = self._prometheus(servers)
        external = make({"cluster": "eu-1"})
        spec = SourceSpec("main", (self.prometheus.url,), external_labels=external, timeout=5.0)
        self.source = PrometheusClient(spec)
        self.evaluations = Evaluations([(spec, self.source)], SystemClock())
        self.desk = Desk(self.evaluations)
        watched = AlertmanagerSpec("prod", (self.alertmanager.server.url,), interval=0.0)
        self.reconciler = Reconciler(
            [watched],
            {"prod": self.alertmanager.source},
            self.evaluations,
            self.desk,
            SystemClock(),
            Meter(),
        )

    def _prometheus(self, servers: Servers) -> Server:
        rules = servers.folder / "rules.yml"
        rules.write_text(RULES)
        target = f"static_configs: [{{targets: ['{self.alertmanager.server.address}']}}]"
        return servers.prometheus(
            f"global: {{external_labels: {{cluster: eu-1}}}}\nrule_files: [{rules}]\n"
            f"alerting: {{alertmanagers: [{{{target}}}]}}\n",
            flags=("--rules.alert.resend-delay=1s",),
        )

    async def until(self, wanted: RepairClass, within: float = 20.0) -> None:
        """Reconcile until this repair was made."""
        deadline = time.monotonic() + within
        while wanted not in self.desk.kinds:
            assert time.monotonic() < deadline, self.desk.kinds
            await self.reconciler.once("prod")
            await asyncio.sleep(0.2)

    async def rounds(self, count: int = 5) -> None:
        """Reconcile so many times."""
        for _ in range(count):
            await self.reconciler.once("prod")
            await asyncio.sleep(0.1)


@pytest.fixture
async def world(servers: Servers) -> AsyncIterator[World]:
    """All of it, with one alert that reconciliation has found."""
    made = World(servers)
    await made.until(RepairClass.MISSED_FIRING)
    yield made
    await made.source.close()
    await made.alertmanager.source.close()


async def test_what_alertmanager_shows_and_webhooks_do_not_tell(world: World) -> None:
    """An alert that fires; one on a muted route, which 0.25 shows as active; a silence on the firing one."""
    episode = world.desk.latest[KEY]
    assert make(FIRING) == episode.labels
    assert Evaluation.FIRING is world.evaluations.judge(episode.labels)
    assert Evaluation.INACTIVE is world.evaluations.judge(make({"alertname": "Quiet", "cluster": "eu-1"}))
    assert Lookup.ACTIVE is await world.reconciler.lookup(KEY)

    muted = {"alertname": "Night", "when": "never"}
    await world.alertmanager.fire(muted, time.time() - 600)
    (peer,) = (await world.alertmanager.source.ask()).peers
    assert ["active"] == [alert.state for alert in peer.alerts if alert.labels == make(muted)]

    await world.rounds()
    assert {KEY} == world.desk.latest.keys()
    assert [RepairClass.MISSED_FIRING] == world.desk.kinds

    await world.alertmanager.silence(FIRING)
    await world.until(RepairClass.MUTED)
    (silence,) = json.loads(world.alertmanager.server.get("/api/v2/silences"))
    assert (("silenced", silence["id"]),) == world.desk.latest[KEY].muted


async def test_a_killed_alertmanager_ends_nothing(world: World) -> None:
    """It answers nothing, then an empty list, until Prometheus sends again."""
    await world.alertmanager.kill()
    await world.rounds()
    world.prometheus.process.kill()
    world.prometheus.process.wait()
    await world.alertmanager.start()
    assert () == (await world.alertmanager.source.ask()).peers[0].alerts
    await world.rounds()

    assert world.desk.latest[KEY].open
    assert RepairClass.MISSED_RESOLVE not in world.desk.kinds
    assert Lookup.UNREACHABLE is await world.reconciler.lookup(KEY)


async def test_a_killed_prometheus_makes_its_alerts_stale(world: World) -> None:
    """Told resolved by a webhook, or absent: nothing is known to be well."""
    world.prometheus.process.kill()
    world.prometheus.process.wait()
    await world.evaluations.refresh(0.0)
    assert Evaluation.NOT_EVALUATING is world.evaluations.judge(make(FIRING))

    latest, now = world.desk.latest[KEY], time.time()
    world.desk.hear(AlertEvent(*KEY, AlertStatus.RESOLVED, latest.labels, (), latest.starts_at, now, now))
    assert world.desk.latest[KEY].state is EpisodeState.STALE

    world.desk.latest[KEY] = latest
    await world.alertmanager.resolve(FIRING)
    await world.until(RepairClass.STALE)
    assert world.desk.latest[KEY].open
