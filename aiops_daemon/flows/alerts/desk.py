"""The desk: the one place where alerts, people and findings change incidents, one step at a time.

Enters: events, repairs, actions, findings, ticks. Leaves: one transaction a step; what is in memory is only ever what
is on disk. After a failed commit the working set is thrown away and read anew, so that a step is whole or never was.
Needs the lease: of several replicas one holds the desk.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiops_daemon.core.model.action import Action, Answered, Done, Refusal, RefusalReason
from aiops_daemon.core.model.alert import AlertEvent, AlertKey, AlertStatus, Episode
from aiops_daemon.core.model.escalation import Timer, TimerKind
from aiops_daemon.core.model.finding import Finding
from aiops_daemon.core.model.inbox import Quarantined
from aiops_daemon.core.model.incident import Incident
from aiops_daemon.core.model.repair import Evaluation, Lookup, Repair
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.core.model.view import Plot
from aiops_daemon.core.response.folding import REMEMBERED
from aiops_daemon.errors import StoreError, StoreReason
from aiops_daemon.flows.alerts.acting import Acting
from aiops_daemon.flows.alerts.admit import Admission
from aiops_daemon.flows.alerts.breath import breathing
from aiops_daemon.flows.alerts.draft import Draft
from aiops_daemon.flows.alerts.fire import Firing
from aiops_daemon.flows.alerts.follow import count, follow
from aiops_daemon.flows.alerts.link import Linking
from aiops_daemon.flows.alerts.outgoing import Outgoing
from aiops_daemon.flows.alerts.respond import Responding
from aiops_daemon.flows.alerts.seat import candidate_of
from aiops_daemon.flows.alerts.surroundings import Surroundings
from aiops_daemon.flows.alerts.tell import tell
from aiops_daemon.flows.alerts.working import WorkingSet
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

ANEW_AT_ONCE = 200  # escalations looked at anew in one step
AT_ONCE = 500  # alerts in one step: whoever acts meanwhile waits for its end
FRESH = 10.0  # seconds: how old what is known of rule evaluation may be when a resolve is judged
FRESHER = 1.0  # seconds: the same where what is known contradicts what is told
ALIVE = "alive"  # name of what is known of when we were up last
LEASE = 3.0  # seconds, so that another has read the store and acts within five of the end; renewed at a third of that


@dataclass(frozen=True, slots=True)
class Batch:
    """What the processor hands over at once."""

    events: tuple[AlertEvent, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    done: tuple[int, ...] = ()
    progress: tuple[tuple[int, int], ...] = ()


class Desk:
    """Owns the working set; every method is one step under one lock."""

    def __init__(self, around: Surroundings, holder: str) -> None:
        self.around = around
        self.committed = asyncio.Condition()
        self._holder = holder
        self._token: int | None = None
        self._working: WorkingSet | None = None
        self._whole = False  # the working set is what is on disk
        self._lock = asyncio.Lock()
        self.alive_until: float | None = None  # when an earlier run last said that it lived; None: never, or not known
        self.looking_back: Callable[[], bool] = lambda: False  # the time before this run is still to be looked at
        self.alive_since: float | None = None  # when this run first read the store
        self._again: set[str] = set()  # incidents whose timers are due
        self._anew = True  # every escalation is to be looked at: after a start, and after a reload
        self._unseen: deque[str] = deque()  # incidents whose escalation is still to be looked at anew

    @property
    def leads(self) -> bool:
        """Say whether this replica holds the desk."""
        return self._token is not None

    async def lead(self) -> bool:
        """Take or renew the lease; losing it drops what is in memory."""
        lease = await self.around.store.lease("desk", self._holder, LEASE)
        token = lease.token if lease else None
        if token != self._token:
            async with self._lock:
                self._token, self._working = token, None
            log.info("this replica processes alerts" if token else "another replica processes alerts")
        return token is not None

    def reroute(self) -> None:
        """Let routes, modes and people of a new configuration hold from the next step on."""
        self._anew = True
        for case in self._working.unresolved() if self._working else ():
            case.response.routes = None

    @property
    def behind(self) -> bool:
        """Say whether escalations are still to be looked at, after a start or a reload."""
        return self.leads and (self._anew or bool(self._unseen))

    async def catch_up(self) -> None:
        """Look at the next of them."""
        async with self._step():
            pass

    async def resign(self) -> None:
        """Give up the lease, so that another replica need not wait for its end."""
        async with self._lock:
            token, self._token, self._working = self._token, None, None
        if token is not None:
            await self.around.store.lease("desk", self._holder, 0.0)

    async def take(self, batch: Batch) -> None:
        """Process events and note their inbox rows as done, in one transaction."""
        if any(event.status is AlertStatus.RESOLVED for event in batch.events):
            await self._refresh(batch.events)
        async with self._step() as (working, draft):
            draft.done += batch.done
            draft.progress |= dict(batch.progress)
            draft.quarantined += batch.quarantined
            admission = await self._admission(working, draft, [event.key for event in batch.events])
            async for event in breathing(batch.events):
                if not admission.observe(event):
                    admission.observe(event, await self._looked_up(event.key))
            follow(admission.touched.values(), self.around, draft, admission.now)

    async def _refresh(self, events: Sequence[AlertEvent]) -> None:
        """Know what Prometheus says of the alerts that are told resolved.

        What is known may be older than the news: where it still says firing, Prometheus is asked again, for one that
        died since makes Alertmanager tell the very same.
        """
        evaluating = self.around.evaluating
        await evaluating.refresh(FRESH)
        ended = (event for event in events if event.status is AlertStatus.RESOLVED)
        if any(evaluating.judge(event.labels) is Evaluation.FIRING for event in ended):
            await evaluating.refresh(FRESHER)

    async def repair(self, repairs: Sequence[Repair]) -> None:
        """Put right what webhooks did not tell; each is counted by class."""
        if not repairs:
            return
        async with self._step() as (working, draft):
            admission = await self._admission(working, draft, [repair.key for repair in repairs])
            counted = [repair async for repair in breathing(repairs) if admission.repair(repair)]
            follow(admission.touched.values(), self.around, draft, admission.now)
        for repair in counted:
            self.around.meter.inc("aiops_alerts_repaired_total", **{"source": repair.key[0], "class": str(repair.kind)})
            log.debug("repaired", extra=fields(source=repair.key[0], kind=repair.kind, why=repair.text))

    async def act(self, action: Action, scope: Scope, uid: str = "") -> Done | Refusal:
        """Do what a person asks; what was done under a `uid` is not done again, and has the same answer."""
        async with self._step() as (working, draft):
            known = await self.around.acts.answer(uid) if uid else None
            if known is not None:
                return known
            answer = await Acting(self.around, working, draft).act(action, scope)
            if uid:
                draft.answers.append(Answered(uid, answer, self.around.clock.now()))
            return answer

    async def refuse(self, uid: str, why: str) -> None:
        """Answer an act that cannot be done."""
        async with self._step() as (_, draft):
            if await self.around.acts.answer(uid) is not None:
                return
            refusal = Refusal(RefusalReason.UNAVAILABLE, why)
            draft.answers.append(Answered(uid, refusal, self.around.clock.now()))

    async def found(self, findings: Sequence[Finding], plots: Mapping[str, Plot] | None = None) -> None:
        """Take the findings that are open now: they enrich or open incidents, as their queries say."""
        async with self._step() as (working, draft):
            admission = await self._admission(working, draft, [])
            Linking(self.around, working, admission).take(findings, plots or {})
            follow(admission.touched.values(), self.around, draft, admission.now)

    async def fire(self, due: Sequence[Timer]) -> None:
        """Do what timers wait for; one whose incident is closed or gone waits no more."""
        late = [timer for timer in due if timer.kind is TimerKind.UNDELIVERED]
        sent = await self.around.paging.notifications(timer.name.partition("/")[2] for timer in late)
        heard = await self.around.paging.heard(timer.incident for timer in late)
        async with self._step() as (working, draft):
            now = self.around.clock.now()
            firing = Firing(self.around, working, draft, now)
            for case in Acting(self.around, working, draft).wake(now):
                follow([case], self.around, draft, now)
            firing.undelivered(late, sent, heard)
            self._again |= firing.due(timer for timer in due if timer.kind is not TimerKind.UNDELIVERED)

    async def tick(self) -> None:
        """End snoozes, look again at what was held back, forget what is long closed, save what was learned."""
        async with self._step() as (working, draft):
            steady = self.around.judge.settle(self.around.clock.now())
            admission = await self._admission(working, draft, steady)
            for case in Acting(self.around, working, draft).wake(admission.now):
                admission.touched[case.incident.uid] = case
            for key in steady:
                episode = admission.latest(key)
                if episode is not None and episode.flapping:
                    admission.steady(episode)
            follow(admission.touched.values(), self.around, draft, admission.now)
            Outgoing(self.around, working, draft, admission.now).end_storms()
            self._forget(working, admission.now)
            held = list(working.held)
        for start in range(0, len(held), AT_ONCE):
            await self._look_again(held[start : start + AT_ONCE])

    async def _look_again(self, held: Sequence[AlertKey]) -> None:
        """Judge again what was held back; few at once, for people wait meanwhile."""
        async with self._step() as (working, draft):
            admission = await self._admission(working, draft, [])
            async for key in breathing(held):
                if key in working.held:
                    admission.look_again(working.open[key])
            follow(admission.touched.values(), self.around, draft, admission.now)

    async def save(self) -> None:
        """Write what grouping and quality learned."""
        async with self._step() as (_, draft):
            draft.knowledge = {"grouping": self.around.grouper.export(), "quality": self.around.judge.export()}
            draft.knowledge |= {name: memory.export() for name, memory in self.around.memories.items()}
            if (
                self.alive_until is None or not self.looking_back()
            ):  # else the outage before this run would be forgotten
                draft.knowledge[ALIVE] = str(self.around.clock.now()).encode()

    async def open_episodes(self, source: str) -> list[Episode]:
        """List the open alerts of one source."""
        async with self._lock:
            return (await self._loaded()).of_source(source)

    def firing(self) -> Iterable[Episode]:
        """List the open alerts, as of the last step."""
        return self._working.open.values() if self._working else ()

    def open_incidents(self) -> list[Incident]:
        """List the incidents that are not closed, as of the last step."""
        return [case.incident for case in self._working.unresolved()] if self._working else []

    def open_alerts(self) -> Counter[tuple[str, str]]:
        """Count the open alerts by source and state."""
        if self._working is None:
            return Counter()
        return Counter((one.source, str(one.state)) for one in self._working.open.values())

    async def changed(self) -> None:
        """Return when something was committed next."""
        async with self.committed:
            await self.committed.wait()

    async def _looked_up(self, key: AlertKey) -> Lookup:
        return await self.around.look_up(key)

    def _forget(self, working: WorkingSet, now: float) -> None:
        before = now - self.around.settings.grouping.reopen_within
        working.forget(before)
        self.around.grouper.forget(before)

    async def _admission(self, working: WorkingSet, draft: Draft, keys: Sequence[AlertKey]) -> Admission:
        missing = {key for key in keys if key not in working.open}
        latest = await self.around.store.latest_episodes(missing) if missing else {}
        await self._find_merged(working, {episode.incident for episode in latest.values() if episode.incident})
        return Admission(self.around, working, latest, draft)

    async def _find_merged(self, working: WorkingSet, uids: set[str]) -> None:
        """Learn into which incidents those were merged that are no cases any more."""
        while unknown := uids - working.cases.keys() - working.merged.keys():
            found = await self.around.store.incidents_by_uid(unknown)
            working.merged |= {uid: found[uid].merged_into if uid in found else "" for uid in unknown}
            uids = {working.merged[uid] for uid in unknown} - {""}

    @asynccontextmanager
    async def _step(self) -> AsyncIterator[tuple[WorkingSet, Draft]]:
        """Hold the desk for one step and commit what it drafted; on any fault nothing of it stays in memory."""
        async with self._lock:
            working = await self._loaded()
            draft = Draft(self.around.mint)
            self._whole = False  # whatever ends this step early, a cancellation too: memory is read anew
            yield working, draft
            await Responding(self.around, working, draft, self.around.clock.now()).respond(self._due(working))
            await self._commit(draft)
            self._whole = True
        count(draft, self.around)
        tell(draft)
        self.around.written([*draft.notifications, *draft.digests], draft.unheard)

    def _due(self, working: WorkingSet) -> list[str]:
        """Return the incidents whose escalation is looked at although nothing changed.

        First those whose timers are due; after a start or a reload a few of the others too: nobody waits for thousands.
        """
        due, self._again = list(self._again), set()
        if self._anew:
            self._anew = False
            cases = working.cases.values()
            self._unseen = deque(case.incident.uid for case in cases if case.owes or not case.incident.state.closed)
        return due + [self._unseen.popleft() for _ in range(min(ANEW_AT_ONCE, len(self._unseen)))]

    async def _commit(self, draft: Draft) -> None:
        changes = draft.changes()
        if not changes:
            return
        started = self.around.clock.monotonic()
        try:
            await self.around.store.commit(changes, token=self._token)
        except StoreError as error:
            self.around.meter.inc("aiops_store_failures_total", reason=str(error.reason))
            raise
        elapsed = self.around.clock.monotonic() - started
        self.around.meter.observe("aiops_store_commit_duration_seconds", elapsed, kind="desk")
        async with self.committed:
            self.committed.notify_all()

    async def _loaded(self) -> WorkingSet:
        """Return the working set; read it anew when there is none."""
        if self._token is None:
            raise StoreError(StoreReason.FENCED, "another replica processes alerts; ask that one")
        if self._working is None or not self._whole:
            self._working, self._whole = await self._load(), True
        return self._working

    async def _load(self) -> WorkingSet:
        around = self.around
        now = around.clock.now()
        await around.store.begin(now)
        learned = await around.store.knowledge()
        around.grouper = around.make_grouper(learned.get("grouping", b""))
        around.judge = around.make_judge(learned.get("quality", b""))
        state = await around.store.load_desk(reopen_since=now - around.settings.grouping.reopen_within)
        for name, memory in around.memories.items():
            memory.load(learned.get(name, b""))
        alive = learned.get(ALIVE)
        if self.alive_since is None:
            self.alive_since, self.alive_until = now, float(alive) if alive else None
        latest = {one.key: one for one in sorted(state.episodes, key=lambda one: (one.heard_at, one.uid))}
        around.judge.resume(latest.values(), now)
        async for episode in breathing(sorted(state.episodes, key=lambda one: one.starts_at)):
            if episode.incident:
                around.grouper.join(candidate_of(episode), episode.incident, min(episode.starts_at, now))
                if not episode.open:
                    around.grouper.leave(episode.uid, now)
        async for incident in breathing(state.incidents):
            if incident.state.closed:
                around.grouper.close(incident.uid, now)
        self._anew = True
        working = WorkingSet(state, around.settings.topology.service_labels)
        await working.fill(state)
        working.remember(await around.paging.pages_since(now - REMEMBERED))
        return working
