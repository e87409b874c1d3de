"""The alert road whole: built around one store, started, given new settings, stopped.

Enters: an open store, settings, and what the world gives as plain functions. Leaves: running loops and a verdict on
readiness. The store, the inbox and the desk stay over a reload; what follows from settings is built anew.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from aiops_daemon.clock import Clock
from aiops_daemon.core.incidents.grouping.grouper import Grouper
from aiops_daemon.core.incidents.topology import Graph
from aiops_daemon.core.model.alert import AlertKey
from aiops_daemon.core.model.alertmanager import AlertmanagerSpec, HeartbeatSpec
from aiops_daemon.core.model.finding import Finding, FindingKind
from aiops_daemon.core.model.incident import Incident
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Notification, NotificationState
from aiops_daemon.core.model.query import OnFinding
from aiops_daemon.core.model.repair import Lookup
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.model.view import View
from aiops_daemon.core.quality.judge import Judge
from aiops_daemon.core.response.telling import Telling
from aiops_daemon.errors import StoreError
from aiops_daemon.flows.alerts.desk import LEASE, Desk
from aiops_daemon.flows.alerts.evaluations import Evaluations
from aiops_daemon.flows.alerts.hand import Handing
from aiops_daemon.flows.alerts.heartbeat import Heartbeat
from aiops_daemon.flows.alerts.housekeep import BACKUP_EVERY, EXPIRE_EVERY, MEASURE_EVERY, Housekeeping
from aiops_daemon.flows.alerts.intake import Intake
from aiops_daemon.flows.alerts.notices import Notices
from aiops_daemon.flows.alerts.past import SinceAlive
from aiops_daemon.flows.alerts.process import Decode, Processor
from aiops_daemon.flows.alerts.quality import QualityWatch
from aiops_daemon.flows.alerts.reconcile import Past, Reconciler
from aiops_daemon.flows.alerts.surroundings import Surroundings
from aiops_daemon.flows.alerts.topology import TopologyWatch
from aiops_daemon.flows.alerts.volume import VolumeWatch
from aiops_daemon.flows.alerts.watchdogs import LOOK_EVERY, Watchdogs
from aiops_daemon.flows.findings import FindingBook
from aiops_daemon.flows.paging.audit import LOOK_EVERY as AUDIT_EVERY
from aiops_daemon.flows.paging.audit import Auditor
from aiops_daemon.flows.paging.changes import Changes
from aiops_daemon.flows.paging.confirm import Confirming
from aiops_daemon.flows.paging.deliver import Deliverer, MakeNotifier
from aiops_daemon.flows.paging.gaps import LOOK_EVERY as GAPS_EVERY
from aiops_daemon.flows.paging.gaps import GapWatch
from aiops_daemon.flows.paging.remote import Remote, Taken
from aiops_daemon.flows.paging.trial import Trials
from aiops_daemon.flows.paging.wake import Waking
from aiops_daemon.flows.supervise import LONGEST_PAUSE, Supervisor
from aiops_daemon.ids import Ids
from aiops_daemon.meter import Meter
from aiops_daemon.ports import MetricSource
from aiops_daemon.ports.acts import ActStore
from aiops_daemon.ports.alertmanager import AlertmanagerSource
from aiops_daemon.ports.forest import Forest
from aiops_daemon.ports.paging import PagingStore
from aiops_daemon.ports.store import AlertStore

log = logging.getLogger(__name__)

_REACHING = ("paging-", "alerts-lead", "alerts-process", "alerts-tick", "alerts-handed")  # loops that people need
ASKS_EVERY = 0.5  # seconds between two looks at a lease that somebody else holds
TICK = 5.0  # seconds between two looks at what time alone changes
SAVE_EVERY = 300.0  # seconds between two writes of what was learned
FINDINGS_EVERY = 10.0  # seconds
BACK_WITHIN = 2.0  # seconds after which alerts and pages go on once the store is there again
REMOTE_PATIENCE = 3.0  # seconds; PagerDuty is answered within four, and sends again what was only stored
_PATIENCE = 120.0  # seconds without a beat after which a loop counts as stalled
_SLOW = 1800.0  # the same for loops that ask many

_MODES = {NotificationState.SHADOW: Mode.SHADOW, NotificationState.MUTED: Mode.MUTED}

Sources = Sequence[tuple[SourceSpec, MetricSource]]


@dataclass(frozen=True, slots=True)
class AlertWorld:
    """What the road needs from outside, as plain functions."""

    clock: Clock
    decode: Decode
    make_alertmanager: Callable[[AlertmanagerSpec], AlertmanagerSource]
    send_heartbeat: Callable[[HeartbeatSpec], Awaitable[None]]
    view: Callable[[], View]  # findings and their plots
    paging: PagingStore
    acts: ActStore
    make_notifier: MakeNotifier
    leisure: float = 0.0  # seconds that loops pause at least
    holder: str = "aiops-daemon"  # names this replica in the lease
    shared: bool = False  # other replicas may hold the desk
    forest: Forest | None = None  # grows isolation forests of what alerts are made of


class AlertRoad:
    """From accepted bodies to incidents."""

    def __init__(
        self, settings: Settings, world: AlertWorld, store: AlertStore, meter: Meter, book: FindingBook
    ) -> None:
        self.store = store
        self._world = world
        self._meter = meter
        self._book = book
        self._graph = Graph(settings.topology)
        self.around = self._surroundings(settings)
        self.notices = Notices(world.clock)
        self.intake = Intake(store, world.clock, meter, self.notices, lambda source: source in self._alertmanagers)
        self.desk = Desk(self.around, world.holder)
        self.handing = Handing(world.acts, self.desk, world.clock, self.around.mint, shared=world.shared)
        self.processor = Processor(self.around, self.desk, self.intake, world.decode)
        self.volume = VolumeWatch(world.clock, book, meter, forest=world.forest)
        self.around.heard.append(self.volume.heard)
        self.around.memories["volume"] = self.volume
        self._keeping = Housekeeping(self.around, self.desk, self.notices)
        self.deliverer = Deliverer(world.paging, lambda: self.around.telling, world.make_notifier, world.clock, meter)
        self.remote = Remote(
            Taken(world.paging, world.acts),
            partial(self.handing.act, patience=REMOTE_PATIENCE),
            lambda: self.around.settings.cluster,
            lambda: self.around.settings.people,
            self._key_of,
            lambda: self.desk.leads,
            world.clock,
        )
        self.trials = Trials(
            world.paging, lambda: self.around.telling, world.clock, self.around.mint, self.deliverer.news
        )
        self.changes = Changes(
            world.paging,
            lambda: self.around.settings,
            lambda: self.around.telling,
            world.clock,
            self.around.mint,
            self.deliverer.news,
        )
        self._confirming = Confirming(world.paging, self.deliverer, world.clock)
        self._waking = Waking(world.paging, self.desk, world.clock)
        self._auditor = Auditor(world.paging, lambda: self.around.telling, world.clock, meter, self.notices)
        self._gaps = GapWatch(lambda: self.around.settings, world.clock, meter)
        self._watchdogs = Watchdogs((), world.clock, meter, self.notices)
        self._alertmanagers: dict[str, AlertmanagerSource] = {}
        self._reconciler: Reconciler | None = None
        self._sources: Sources = ()
        self._peers: set[tuple[str, str]] = set()  # source and URL
        self._supervisor = Supervisor(world.clock, meter)

    def configure(self, settings: Settings, sources: Sources) -> None:
        """Follow new settings; no loop may run meanwhile."""
        around = self.around
        around.settings, self._sources = settings, sources
        self.notices.rules = settings.rules
        if not settings.quality.volume:
            self.volume.stop()
        seen = [edge for edge in self._graph.dependencies if edge.origin != "config"]
        self._graph = Graph(settings.topology)
        self._graph.take(seen)
        around.grouper.reconfigure(settings.grouping, self._graph)
        around.judge.reconfigure(settings.quality, self.desk.firing())
        self.evaluations = evaluations = Evaluations(sources, around.clock)
        watchdogs = Watchdogs(settings.watchdogs, around.clock, self._meter, self.notices)
        watchdogs.succeed(self._watchdogs)
        self._watchdogs = watchdogs
        self.processor.watch = watchdogs.watch
        around.telling = Telling(settings)
        self.desk.reroute()
        asked = [spec for spec in settings.alertmanagers if spec.urls]
        peers = {(spec.name, url) for spec in asked for url in spec.urls}
        for name, url in self._peers - peers:
            self._meter.forget(source=name, url=url)
        self._peers = peers
        for spec in settings.alertmanagers:  # what is born at 1 has no increase that an alert could see
            self._meter.initialise("aiops_webhook_body_too_large_total", source=spec.name)
        self._alertmanagers = {spec.name: self._world.make_alertmanager(spec) for spec in asked}
        self._reconciler = Reconciler(
            settings.alertmanagers, self._alertmanagers, evaluations, self.desk, around.clock, self._meter, self._past()
        )
        self.desk.looking_back = partial(_looking_back, self._reconciler)
        around.evaluating, around.look_up = evaluations, self._reconciler.lookup

    def start(self) -> None:
        """Start every loop."""
        settings = self.around.settings
        self._start("alerts-lead", self._lead)
        self._start("alerts-process", self.processor.run)
        self._start("alerts-tick", self._tick)
        if self._world.shared:
            self._start("alerts-handed", self.handing.run)
        self._start("alerts-findings", self._findings)
        self._start("alerts-notices", partial(self.notices.run, self.desk))
        self._start("paging-deliver", self.deliverer.run)
        self._start("paging-wake", self._waking.run)
        self._start("paging-remote", self.remote.run)
        self._start("schedule-gaps", self._gaps.run, GAPS_EVERY)
        self._start("paging-confirm", self._confirming.run)
        if self._world.leisure < AUDIT_EVERY:  # where time is replayed faster, everything would be overdue
            self._start("paging-audit", self._auditor.run, AUDIT_EVERY)
        self._start("alerts-save", self._save, SAVE_EVERY)
        self._start("alerts-measure", self._keeping.measure, MEASURE_EVERY)
        self._start("alerts-expire", self._keeping.expire, EXPIRE_EVERY)
        self._start("alerts-backup", self._keeping.back_up, BACKUP_EVERY)
        if self._reconciler is not None:
            self._start("alerts-reconcile", self._when_leading(self._reconciler.run), _SLOW)
        self._start("alerts-watchdogs", partial(self._watchdogs.run, self._timing), LOOK_EVERY)
        self._start("alerts-quality", QualityWatch(self.store, self.around.clock, self._meter, settings).run, _SLOW)
        if settings.topology.trace_metrics:
            asked = [source for _, source in self._sources]
            self._start("alerts-topology", TopologyWatch(self._graph, asked, self.around.clock).run, _SLOW)
        if settings.quality.volume:
            self._start("alerts-volume", self._when_leading(self.volume.run))
        if settings.heartbeat.url is not None:
            self._start("heartbeat", self._heartbeat(settings.heartbeat), settings.heartbeat.interval)

    async def stop(self) -> None:
        """Stop every loop; what was learned is written by then or stays as it was."""
        await self._supervisor.stop()
        await self.deliverer.stop()
        if self.desk.leads:
            try:
                await self.desk.save()
            except StoreError as error:
                log.warning("what was learned of alerts is not saved", exc_info=error)
        for source in self._alertmanagers.values():
            await source.close()

    async def close(self) -> None:
        """Stop for good: another replica need not wait until the lease ends."""
        await self.stop()
        try:
            await self.desk.resign()
        except StoreError as error:
            log.warning("the lease is not given up; another replica waits for its end", exc_info=error)

    def waiting(self) -> tuple[str, ...]:
        """Name what is not ready."""
        stalled = (f"loop {name} stalled" for name in self._supervisor.stalled())
        return (*([self._keeping.failing] if self._keeping.failing else []), *stalled)

    def _start(self, name: str, run: Callable[[Callable[[], None]], Awaitable[None]], every: float = 0.0) -> None:
        beat = partial(self._supervisor.beat, name)
        patience = _PATIENCE + 3 * max(every, self._world.leisure)
        longest_pause = LONGEST_PAUSE if every else BACK_WITHIN
        self._supervisor.start(name, lambda: run(beat), patience=patience, longest_pause=longest_pause)

    def _when_leading(self, run: Callable[[Callable[[], None]], Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        """Hold a loop until this replica processes alerts."""

        async def wait_and_run(beat: Callable[[], None]) -> None:
            while not self.desk.leads:
                beat()
                await self.around.clock.sleep(1.0)
            await run(beat)

        return wait_and_run

    def _past(self) -> Past | None:
        """Return what looks back, once, at what fired while no daemon ran; a reload before that begins anew."""
        if self._reconciler is not None and not self._reconciler.looking_back:
            return None
        return SinceAlive(self._sources, self.store, self.desk)

    def _timing(self, labels: Labels) -> tuple[float, float] | None:
        """Return the intervals of the first Alertmanager whose routes are known."""
        reconciler = self._reconciler
        if reconciler is None:
            return None
        known = (reconciler.repeat_and_group_interval(spec.name, labels) for spec in self.around.settings.alertmanagers)
        return next((intervals for intervals in known if intervals is not None), None)

    async def _lead(self, beat: Callable[[], None]) -> None:
        while True:
            led = self.desk.leads
            leads = await self.desk.lead()
            if leads and not led:
                self._waking.news.set()  # what became due while nobody led
            beat()
            await self.around.clock.sleep(LEASE / 3 if leads else ASKS_EVERY)

    async def _tick(self, beat: Callable[[], None]) -> None:
        while True:
            if self.desk.leads:
                await self.desk.tick()
            beat()
            await self.around.clock.sleep(TICK)

    async def _findings(self, beat: Callable[[], None]) -> None:
        while True:
            view = self._world.view()
            if self.desk.leads and view.at:
                await self.desk.found(view.findings, view.plots)
            beat()
            await self.around.clock.sleep(FINDINGS_EVERY)

    async def _save(self, beat: Callable[[], None]) -> None:
        await self._when_leading(self._first_sign)(beat)
        while True:
            await self.around.clock.sleep(SAVE_EVERY)
            if self.desk.leads:
                await self.desk.save()
            beat()

    async def _first_sign(self, beat: Callable[[], None]) -> None:
        """Note in a new store that we live, or an outage before the first save would not be looked back at."""
        await self.desk.open_episodes("")  # reads the store
        if self.desk.alive_until is None:
            await self.desk.save()
        beat()

    def _heartbeat(self, spec: HeartbeatSpec) -> Callable[[Callable[[], None]], Awaitable[None]]:
        send = partial(self._world.send_heartbeat, spec)
        sender = Heartbeat(self.around.clock, self._meter, self.store, send, self._unreaching)
        return partial(sender.run, spec.interval)

    def _unreaching(self) -> list[str]:
        """Name the loops that stand still and by which people are reached."""
        return [name for name in self._supervisor.stalled() if name.startswith(_REACHING)]

    def _surroundings(self, settings: Settings) -> Surroundings:
        clock = self._world.clock
        self.evaluations = evaluations = Evaluations((), clock)
        return Surroundings(
            clock=clock,
            meter=self._meter,
            store=self.store,
            mint=Ids(clock),
            settings=settings,
            make_grouper=lambda memory: Grouper(self.around.settings.grouping, self._graph, memory),
            make_judge=lambda memory: Judge(self.around.settings.quality, memory),
            grouper=Grouper(settings.grouping, self._graph),
            judge=Judge(settings.quality),
            evaluating=evaluations,
            look_up=_nobody_to_ask,
            on_finding=self._on_finding,
            paging=self._world.paging,
            acts=self._world.acts,
            telling=Telling(settings),
            written=self._written,
        )

    async def _key_of(self, remote_id: str) -> str | None:
        """Ask the services that have incidents of their own which of ours they call so; "": none.

        None: one could not be asked, and the others do not know it.
        """
        answers = []
        for channel in self.deliverer.counterparts():
            answers.append(await channel.dedup_key(remote_id))
            if answers[-1]:
                return answers[-1]
        return None if None in answers else ""

    def _written(self, messages: Sequence[Notification], unheard: Sequence[tuple[Incident, str]]) -> None:
        """Wake delivery, count pages, and say of whom nobody could be told."""
        for one in messages:
            if one.message.event in (MessageEvent.TRIGGER, MessageEvent.STORM):
                mode = _MODES.get(one.state, Mode.LIVE)
                self._meter.inc("aiops_pages_total", team=one.team, severity=one.message.severity, mode=str(mode))
        self._waking.news.set()
        if messages:
            self.deliverer.news.set()
        for incident, why in unheard:
            self.notices.say("AiopsNobodyTold", f"{incident.name}: {why}", incident=incident.name)

    def _on_finding(self, finding: Finding) -> OnFinding:
        policies: Mapping[str, OnFinding]
        if finding.kind is FindingKind.BURN:
            policies = {slo.name: slo.on_finding for slo in self.around.settings.slos}
        else:
            policies = {query.name: query.on_finding for query in self.around.settings.queries}
        return policies.get(finding.query, OnFinding.ENRICH)


def _looking_back(reconciler: Reconciler) -> bool:
    return reconciler.looking_back


async def _nobody_to_ask(key: AlertKey) -> Lookup:
    del key
    return Lookup.UNREACHABLE
