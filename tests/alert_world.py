"""The alert road without a listener: a real SQLite store, the real desk, fakes for Alertmanager and Prometheus.

`world.fire(...)` and `world.resolve(...)` put bodies through intake and processor as the listener would;
`world.incidents()` reads what the store holds, as a user's list would.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiops_daemon.clock import LoopClock
from aiops_daemon.core.incidents.grouping.grouper import Grouper
from aiops_daemon.core.incidents.topology import Graph
from aiops_daemon.core.model.action import Action, ActionKind, Done, Refusal
from aiops_daemon.core.model.alert import AlertKey, Episode
from aiops_daemon.core.model.finding import Finding
from aiops_daemon.core.model.inbox import Delivery
from aiops_daemon.core.model.incident import Incident
from aiops_daemon.core.model.labels import Labels, make, text
from aiops_daemon.core.model.listing import AlertQuery, IncidentDetail, IncidentQuery
from aiops_daemon.core.model.query import OnFinding
from aiops_daemon.core.model.repair import Evaluation, Lookup
from aiops_daemon.core.model.scope import DAEMON, Role, Scope
from aiops_daemon.core.model.settings import Settings, StorageSpec
from aiops_daemon.core.quality.judge import Judge
from aiops_daemon.core.response.telling import Telling
from aiops_daemon.edges.store.handing import SqlActs
from aiops_daemon.edges.store.paging import SqlPaging
from aiops_daemon.edges.store.store import SqlStore, open_store
from aiops_daemon.edges.web.alertmanager.decode import decode
from aiops_daemon.flows.alerts.desk import Desk
from aiops_daemon.flows.alerts.intake import Intake
from aiops_daemon.flows.alerts.notices import Notices
from aiops_daemon.flows.alerts.process import Processor
from aiops_daemon.flows.alerts.surroundings import Surroundings
from aiops_daemon.ids import Ids
from aiops_daemon.meter import Meter

EPOCH = 1_700_000_000.0
ANN = Scope("ann", None, Role.RESPONDER, "api")
ZERO = "0001-01-01T00:00:00Z"


def iso(at: float) -> str:
    """Write a time as Alertmanager does."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def fingerprint(labels: dict[str, str]) -> str:
    """Return something that identifies a label set."""
    return f"{abs(hash(text(make(labels)))):016x}"[:16]


def alert(labels: dict[str, str], starts_at: float, ends_at: float | None = None) -> dict[str, Any]:
    """Make one alert of a webhook body."""
    return {
        "status": "firing" if ends_at is None else "resolved",
        "labels": labels,
        "annotations": {"summary": f"{labels.get('alertname', '')} happened"},
        "startsAt": iso(starts_at),
        "endsAt": ZERO if ends_at is None else iso(ends_at),
        "generatorURL": "http://prometheus/graph",
        "fingerprint": fingerprint(labels),
    }


def body(alerts: Sequence[dict[str, Any]], **more: Any) -> bytes:
    """Make a webhook body."""
    return json.dumps(
        {
            "receiver": "aiops",
            "status": "firing",
            "alerts": list(alerts),
            "groupLabels": {},
            "commonLabels": {},
            "commonAnnotations": {},
            "externalURL": "http://alertmanager:9093",
            "version": "4",
            "groupKey": "{}:{}",
            "truncatedAlerts": 0,
            **more,
        }
    ).encode()


@dataclass
class FakeEvaluating:
    """What Prometheus says, as told by the test."""

    says: Evaluation = Evaluation.NOT_OURS

    async def refresh(self, max_age: float) -> None:
        """Know everything already."""

    def judge(self, labels: Labels) -> Evaluation:
        """Say the same of every alert."""
        return self.says


@dataclass
class AlertWorld:
    """One road; times are seconds after EPOCH."""

    clock: LoopClock
    store: SqlStore
    settings: Settings
    lookup: Lookup = Lookup.ABSENT
    evaluating: FakeEvaluating = field(default_factory=FakeEvaluating)
    policies: dict[str, OnFinding] = field(default_factory=dict)
    lookups: list[AlertKey] = field(default_factory=list)
    unheard: list[tuple[Incident, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.meter = Meter()
        self.paging = SqlPaging(self.store, self.clock, Ids(self.clock))
        self.acts = SqlActs(self.store, self.clock)
        graph = Graph(self.settings.topology)
        self.around = Surroundings(
            clock=self.clock,
            meter=self.meter,
            store=self.store,
            mint=Ids(self.clock),
            settings=self.settings,
            make_grouper=lambda memory: Grouper(self.settings.grouping, graph, memory),
            make_judge=lambda memory: Judge(self.settings.quality, memory),
            grouper=Grouper(self.settings.grouping, graph),
            judge=Judge(self.settings.quality),
            evaluating=self.evaluating,
            look_up=self._look_up,
            on_finding=lambda finding: self.policies.get(finding.query, OnFinding.ENRICH),
            paging=self.paging,
            acts=self.acts,
            telling=Telling(self.settings),
            written=lambda messages, unheard: self.unheard.extend(unheard),
        )
        self.notices = Notices(self.clock)
        self.intake = Intake(self.store, self.clock, self.meter, self.notices)
        self.desk = Desk(self.around, "test")
        self.processor = Processor(self.around, self.desk, self.intake, decode)

    async def _look_up(self, key: AlertKey) -> Lookup:
        self.lookups.append(key)
        return self.lookup

    async def begin(self) -> None:
        """Take the desk."""
        assert await self.desk.lead()

    def restarted(self) -> AlertWorld:
        """Return a world on the same store with an empty memory."""
        return AlertWorld(self.clock, self.store, self.settings, self.lookup, self.evaluating, self.policies)

    async def send(self, content: bytes, source: str = "eu1") -> None:
        """Let a body be accepted and processed."""
        await self.intake.accept(Delivery(source, content, self.clock.now()))
        await self.process()

    async def process(self) -> None:
        """Process everything that waits."""
        while await self.processor.step():
            pass

    async def fire(self, *alerts: dict[str, str], ago: float = 0.0) -> None:
        """Tell that alerts fire, since now or `ago` seconds."""
        await self.send(body([alert(labels, self.clock.now() - ago) for labels in alerts]))

    async def resolve(self, *alerts: dict[str, str], started: float = 0.0) -> None:
        """Tell that alerts ended now."""
        now = self.clock.now()
        await self.send(body([alert(labels, EPOCH + started, now) for labels in alerts]))

    async def act(self, kind: ActionKind, incident: str, scope: Scope = ANN, **given: Any) -> Done | Refusal:
        """Do something to an incident."""
        return await self.desk.act(Action(kind, incident, **given), scope)

    async def incidents(self, *states: str) -> list[Incident]:
        """List incidents, first opened first."""
        page = await self.store.find_incidents(IncidentQuery(states=states, limit=500), DAEMON)
        return sorted(page.incidents, key=lambda one: one.number)

    async def only(self) -> Incident:
        """Return the one incident there is."""
        (incident,) = await self.incidents()
        return incident

    async def detail(self, incident: str = "1") -> IncidentDetail:
        """Return everything about an incident."""
        found = await self.store.find_incident(incident, DAEMON)
        assert found is not None
        return found

    async def alerts(self, **given: Any) -> list[Episode]:
        """List alerts, first heard first."""
        page = await self.store.find_alerts(AlertQuery(limit=500, **given), DAEMON)
        return sorted(page.alerts, key=lambda one: (one.heard_at, one.uid))

    async def found(self, *findings: Finding) -> None:
        """Say which findings are open."""
        await self.desk.found(findings)


async def make_world(folder: Path, *, used: bool = True, **settings: Any) -> AlertWorld:
    """Open a store and a road on it; a used store has nothing that counts as found at first use."""
    clock = LoopClock(EPOCH)
    store = await open_store(StorageSpec(url=f"sqlite:///{folder / 'aiops.db'}"), clock)
    if used:
        await store.begin(EPOCH - 86_400)
    world = AlertWorld(clock, store, Settings(**settings))
    await world.begin()
    return world
