"""An alert road in memory, and a small night of incidents for its pages and its API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import aiohttp
from web_world import NOW, FakeDaemon, disk_finding, disk_plot, finding, latency_plot

from aiops_daemon.core.model.action import ActionKind, Done, Refusal, RefusalReason, Stored
from aiops_daemon.core.model.alert import Episode, EpisodeState, Verdict, VerdictKind, VerdictReason
from aiops_daemon.core.model.attachment import write_attachment
from aiops_daemon.core.model.escalation import (
    Escalation,
    EscalationSpec,
    Phase,
    Position,
    StepSpec,
    Told,
    Track,
)
from aiops_daemon.core.model.incident import (
    Entry,
    EntryKind,
    Incident,
    IncidentState,
    LinkedFinding,
    Outcome,
    Priority,
)
from aiops_daemon.core.model.listing import AlertPage, IncidentDetail, IncidentPage
from aiops_daemon.core.model.message import Message, MessageEvent
from aiops_daemon.core.model.notification import Notification, NotificationPage, NotificationState
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.model.rulequality import Proposal, RuleQuality
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.edges.web.ports import AlertPorts, PagerDutyPorts, WebPorts
from aiops_daemon.edges.web.server import WebServer

STATE_AFTER = {
    ActionKind.ACK: IncidentState.ACKNOWLEDGED,
    ActionKind.UNACK: IncidentState.OPEN,
    ActionKind.INVESTIGATE: IncidentState.INVESTIGATING,
    ActionKind.MITIGATE: IncidentState.MITIGATED,
    ActionKind.RESOLVE: IncidentState.RESOLVED,
    ActionKind.REOPEN: IncidentState.OPEN,
    ActionKind.MERGE: IncidentState.MERGED,
}
KIND_AFTER = {
    ActionKind.ACK: EntryKind.ACKNOWLEDGED,
    ActionKind.UNACK: EntryKind.UNACKNOWLEDGED,
    ActionKind.INVESTIGATE: EntryKind.INVESTIGATING,
    ActionKind.MITIGATE: EntryKind.MITIGATED,
    ActionKind.ASSIGN: EntryKind.ASSIGNED,
    ActionKind.NOTE: EntryKind.NOTE,
    ActionKind.SNOOZE: EntryKind.SNOOZED,
    ActionKind.RESOLVE: EntryKind.RESOLVED,
    ActionKind.REOPEN: EntryKind.REOPENED,
    ActionKind.MERGE: EntryKind.MERGED,
    ActionKind.SPLIT: EntryKind.SPLIT,
    ActionKind.FALSE_POSITIVE: EntryKind.FALSE_POSITIVE,
}


def uid(number):
    """Make a uuid7 that orders by its number."""
    return f"019a9f00-0000-7000-8000-{number:012x}"


def incident(number=42, **changes):
    """Make an incident; anything can be said otherwise."""
    defaults = {
        "uid": uid(number), "number": number, "team": "shop", "teams": ("data", "shop"),
        "title": "CheckoutLatencyHigh and 3 more rules in checkout", "state": IncidentState.OPEN,
        "severity": Severity.CRITICAL, "priority": Priority.P1,
        "priority_reason": "critical, and checkout-availability burns its budget 16 times too fast",
        "opened_at": NOW - 1500, "updated_at": NOW - 30, "service": "checkout",
        "labels": (("cluster", "eu1"), ("service", "checkout")), "notify_at": NOW - 1500,
        "notify_reason": "CheckoutLatencyHigh is critical and new", "alerts": 5, "firing": 4, "muted": 1,
    }  # fmt: skip
    return Incident(**(defaults | changes))


def episode(number=1, rule="CheckoutLatencyHigh", **changes):
    """Make one alert of an incident."""
    labels = {"alertname": rule, "cluster": "eu1", "service": "checkout", "pod": f"checkout-{number}"}
    defaults = {
        "uid": uid(1000 + number), "team": "shop", "source": "eu1", "fingerprint": f"{number:016x}",
        "labels": tuple(sorted((labels | changes.pop("labels", {})).items())),
        "annotations": (("runbook_url", "https://runbooks.example.org/checkout"),
                        ("summary", "99th percentile of checkout is 2.4 s")),
        "severity": "critical", "state": EpisodeState.FIRING, "first_starts_at": NOW - 1500,
        "starts_at": NOW - 1500, "ends_at": None, "heard_at": NOW - 1490, "seen_at": NOW - 60, "incident": uid(42),
        "joined_reason": "joined: 20 s after the first, same service checkout (weight 2.1), together 4 times before",
        "verdict": Verdict(VerdictKind.NOTIFY, VerdictReason.CRITICAL, "critical alerts are never delayed", NOW - 1500,
                           score=0.91, parts=(("severity", 0.6), ("acted", 0.31))),
        "generator_url": "http://prom.example.org:9090/graph?g0.expr=x",
        "external_url": "http://am.example.org:9093", "receiver": "aiops",
    }  # fmt: skip
    return Episode(**(defaults | changes))


def entry(number, kind=EntryKind.OPENED, text="opened by CheckoutLatencyHigh", **changes):
    """Make a line of the timeline of INC-42."""
    defaults = {
        "uid": uid(5000 + number), "incident": uid(42), "team": "shop", "at": NOW - 1500 + 60 * number, "kind": kind,
        "actor": "aiops-daemon", "origin": "webhook", "text": text,
    }  # fmt: skip
    return Entry(**(defaults | changes))


def busy_detail(**changes):
    """Make an incident with everything that a page may have to show."""
    transient = Verdict(VerdictKind.DELAY, VerdictReason.TRANSIENT, "8 of 10 ended within 4m", NOW + 200, score=0.2)
    silenced = Verdict(VerdictKind.SUPPRESS, VerdictReason.SILENCED, "silence 7f3a holds it", None, NOW + 3600)
    episodes = (
        episode(1), episode(2),
        episode(3, "CheckoutErrors", severity="warning", flapping=True, starts=6, verdict=transient),
        episode(4, "PodRestarts", severity="warning", muted=(("silenced", "7f3a"),), verdict=silenced),
        episode(5, "NodeDown", state=EpisodeState.STALE, ends_at=NOW - 300),
        episode(6, "DiskSlow", state=EpisodeState.UNKNOWN),
        episode(7, "QueueFull", state=EpisodeState.RESOLVED, ends_at=NOW - 700),
    )  # fmt: skip
    findings = (
        LinkedFinding("u1", uid(42), "shop", "checkout_p99", "anomaly", finding().labels, "warning", NOW - 1400, None,
                      finding().sentence, "same service checkout, 100 s after the first alert",
                      write_attachment(finding(), latency_plot())),
        LinkedFinding("u2", uid(42), "shop", "disk_used", "forecast_breach", disk_finding().labels, "critical",
                      NOW - 1300, NOW - 200, disk_finding().sentence, "same instance db-1",
                      write_attachment(disk_finding(), disk_plot())),
    )  # fmt: skip
    timeline = (
        entry(0),
        entry(1, EntryKind.JOINED, "CheckoutErrors joined: 20 s gap, same service", episode=uid(1003)),
        entry(2, EntryKind.APART, "BatchLate kept apart: no common label, 0.12 under 0.35", episode=uid(1099)),
        entry(3, EntryKind.NOTE, "looking at the database", actor="ann", origin="page"),
        entry(4, EntryKind.ACKNOWLEDGED, "acknowledged", actor="ann", origin="api", before="open",
              after="acknowledged"),
    )  # fmt: skip
    defaults = {
        "incident": incident(assignee="ann", snoozed_until=None), "episodes": episodes, "timeline": timeline,
        "findings": findings,
        "outcomes": (Outcome(uid(42), "shop", NOW - 100, "ann", "index missing", "index built", True),),
        "merged": (incident(41, title="BatchLate", state=IncidentState.MERGED, merged_into=uid(42)),),
    }  # fmt: skip
    return IncidentDetail(**(defaults | changes))


def rule_quality():
    """Make the quality of a noisy rule."""
    proposal = Proposal("CheckoutErrors", "for", "5m", 40, 9, 0, "for: 5m would have opened 9 incidents, not 40")
    return RuleQuality("shop", "CheckoutErrors", 52, 40, 0.8, 0.1, None, 7, 190.0, 0.05, proposals=(proposal,))


def notification(number=1, *, event=MessageEvent.TRIGGER, name="INC-42", **changes):
    """Make a message of INC-42 to ann that arrived."""
    told = Message(event, uid(42) if name else "", name, "CheckoutLatencyHigh and 3 more rules in checkout", "open",
                   "critical", "P1", NOW - 1500, NOW - 1500, why_you="step 1 of shop: ann is on call in schedule shop",
                   next_at=NOW + 300, next_who="schedule/backup")  # fmt: skip
    defaults = {
        "uid": uid(9000 + number), "key": f"k{number}", "dedup_key": f"aiops/eu1/{uid(42)}", "incident": uid(42),
        "team": "shop", "destination": "person/ann/sms", "integration": "sms", "message": told,
        "created_at": NOW - 1500, "due_at": NOW - 1500, "address": "+49301", "track": "shop", "step": "1.0.0",
        "state": NotificationState.SENT, "attempts": 1, "sent_at": NOW - 1498, "confirmed_at": NOW - 1498,
    }  # fmt: skip
    return Notification(**(defaults | changes))


def night_of_messages():
    """Make the messages of INC-42, latest first: one that failed, one that arrived."""
    return [
        notification(2, destination="person/ann/email", integration="email", address="ann@example.org",
                     state=NotificationState.DEAD, attempts=3, reason="client_error", sent_at=None, confirmed_at=None,
                     detail="550 no mailbox Ann@example.org"),
        notification(1),
    ]  # fmt: skip


def escalation(**changes):
    """Make the running escalation of INC-42: its second step is due in 5 minutes."""
    policy = EscalationSpec("shop", (StepSpec(("schedule/shop",)), StepSpec(("schedule/backup",), 900.0)), repeat=1,
                            fallback="receiver/chat")  # fmt: skip
    track = Track(policy, Mode.LIVE, 'route 1 matched severity="critical"')
    defaults = {
        "incident": uid(42), "team": "shop", "phase": Phase.RUNNING, "run": 1, "started_at": NOW - 1500,
        "severity": Severity.CRITICAL, "priority": "P1", "tracks": (track,),
        "positions": (Position(1, 0, NOW + 300, None, Mode.LIVE),),
        "told": (Told("person/ann/sms", 1, True),),
    }  # fmt: skip
    return Escalation(**(defaults | changes))


@dataclass
class FakeRoad:
    """What the ports ask; tests fill `details` and `refusal`, or say that acts are only `stored`."""

    details: list[IncidentDetail] = field(default_factory=lambda: [busy_detail()])
    refusal: Refusal | None = None
    keys: set[str] = field(default_factory=set)
    stored: bool = False
    failure: Exception | None = None
    asked: list[object] = field(default_factory=list)
    acted: list[tuple[object, object]] = field(default_factory=list)
    uids: list[str] = field(default_factory=list)
    waiting: list[asyncio.Future[None]] = field(default_factory=list)
    tokens: tuple[object, ...] = ()
    told: list[Notification] = field(default_factory=night_of_messages)
    escalations: dict[str, Escalation] = field(default_factory=lambda: {uid(42): escalation()})
    outcome: dict[str, object] = field(
        default_factory=lambda: {"state": NotificationState.SENT, "sent_at": NOW, "attempts": 1}
    )  # of tests

    def ports(self) -> AlertPorts:
        """Wire this road to a listener."""
        return AlertPorts(
            accept=self._nothing,
            quarantine=self._nothing,
            too_large=lambda source, size: None,
            sources=lambda: frozenset({"eu1"}),
            tokens=lambda: self.tokens,
            find_incidents=self.find_incidents,
            find_incident=self.find_incident,
            find_alerts=self.find_alerts,
            find_notifications=self.find_notifications,
            escalations=self.find_escalations,
            who=lambda target, at, severity: f"bo is on call in {target} until 09:00",
            send_test=self.send_test,
            tell_change=self.tell_change,
            entries_after=self.entries_after,
            last_entry=self.last_entry,
            changed=self.changed,
            act=self.act,
            quality=self.quality,
        )

    async def find_incidents(self, query, scope):
        """List visible incidents in the wanted states, the newest first; the cursor is an offset."""
        self._ask(query, scope)
        found = [
            each.incident
            for each in self.details
            if scope.sees(each.incident.teams) and (not query.states or each.incident.state in query.states)
            and query.words.lower() in each.incident.title.lower()
        ]  # fmt: skip
        found.sort(key=lambda each: -each.opened_at)
        start = int(query.cursor) if query.cursor.isdigit() else 0
        part, rest = found[start : start + query.limit], len(found) - start - query.limit
        facets = {"state": {}, "severity": {}, "priority": {}, "team": {}, "service": {}, "assignee": {}}
        for each in found:
            for name, counts in facets.items():
                value = str(getattr(each, name))
                counts[value] = counts.get(value, 0) + 1
        cursor = str(start + query.limit) if rest > 0 else None
        return IncidentPage(tuple(part), cursor, len(found), facets if query.facets else {})

    async def find_incident(self, reference, scope):
        """Return an incident by any of its names."""
        self._ask(reference, scope)
        for each in self.details:
            names = (each.incident.name, str(each.incident.number), each.incident.uid)
            if reference in names and scope.sees(each.incident.teams):
                return each
        return None

    async def find_alerts(self, query, scope):
        """List all alerts."""
        self._ask(query, scope)
        alerts = tuple(alert for each in self.details for alert in each.episodes)
        return AlertPage(alerts[: query.limit], None, len(alerts))

    async def find_notifications(self, query, scope):
        """List the messages of an incident, or all; the cursor is an offset."""
        self._ask(query, scope)
        whole = [
            one
            for one in self.told
            if scope.sees((one.team,)) and query.incident in ("", one.incident, one.message.name)
            and (not query.states or one.state in query.states)
            and query.destination in ("", one.destination)
        ]  # fmt: skip
        start = int(query.cursor) if query.cursor.isdigit() else 0
        part = whole[start : start + query.limit]
        return NotificationPage(tuple(part), str(start + query.limit) if len(whole) > start + query.limit else None)

    async def find_escalations(self, incidents):
        """Return the escalations of these incidents."""
        self._ask(tuple(incidents), None)
        return {each: self.escalations[each] for each in incidents if each in self.escalations}

    async def send_test(self, trial, scope):
        """Send at once; the names that nobody has are refused."""
        self._ask(trial, scope)
        if self.refusal:
            return self.refusal
        one = notification(9, incident="", destination=f"{trial.target}/log/0", integration="log", track="", step="",
                           event=MessageEvent.TEST, name="", state=NotificationState.WAITING, attempts=0, sent_at=None,
                           confirmed_at=None)  # fmt: skip
        self.told.insert(0, replace(one, **self.outcome))
        return (one,)

    async def tell_change(self, change, scope, key):
        """Write it for one channel; a key that came before is left alone."""
        self._ask((change, key), scope)
        if self.refusal:
            return self.refusal
        if key and key in self.keys:
            return ()
        self.keys.add(key)
        one = notification(9, incident="", destination="receiver/duty/pagerduty/0", integration="pagerduty", track="",
                           step="", event=MessageEvent.CHANGE, name="", state=NotificationState.WAITING, attempts=0,
                           sent_at=None, confirmed_at=None)  # fmt: skip
        return (one,)

    async def entries_after(self, after, limit, scope):
        """Return entries by uid."""
        self._ask(after, scope)
        entries = sorted((line for each in self.details for line in each.timeline), key=lambda line: line.uid)
        return [line for line in entries if line.uid > after and scope.sees((line.team,))][:limit]

    async def last_entry(self):
        """Return the greatest uid."""
        return max((line.uid for each in self.details for line in each.timeline), default="")

    async def changed(self):
        """Wait for the next `note`."""
        waiter = asyncio.get_running_loop().create_future()
        self.waiting.append(waiter)
        await waiter

    async def act(self, action, scope, uid=""):
        """Do what was asked, without asking whether it makes sense; then tell those who wait."""
        self._ask(action, scope)
        self.uids.append(uid)
        self.acted.append((action, scope))
        if self.stored:
            return Stored("a1")
        found = await self.find_incident(action.incident, scope)
        if self.refusal or found is None:
            return self.refusal or Refusal(RefusalReason.NOT_FOUND, f"there is no incident {action.incident}")
        after = replace(found.incident, state=STATE_AFTER.get(action.kind, found.incident.state))
        self.details[self.details.index(found)] = replace(found, incident=after)
        self.note(entry(len(self.acted) + 100, KIND_AFTER[action.kind], action.text, actor=scope.actor))
        return Done(after, incident(77) if action.kind is ActionKind.SPLIT else None)

    async def quality(self, since, scope):
        """Return the quality of one rule."""
        self._ask(since, scope)
        return [rule_quality()]

    def note(self, line):
        """Write a line into the first timeline and wake who waits."""
        first = self.details[0]
        self.details[0] = replace(first, timeline=(*first.timeline, line))
        waiting, self.waiting = self.waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    def _ask(self, what, scope):
        if self.failure:
            raise self.failure
        self.asked.append((what, scope))

    async def _nothing(self, what):
        self._ask(what, None)


@dataclass
class AlertDaemon(FakeDaemon):
    """A daemon with an alert road."""

    road: FakeRoad = field(default_factory=FakeRoad)

    def ports(self, external_url=""):
        """Wire both; nobody has a secret of PagerDuty's webhooks."""
        pagerduty = PagerDutyPorts(secrets=tuple, seen=_unheard, deliver=_unheard)
        return replace(super().ports(external_url), alerts=self.road.ports(), pagerduty=pagerduty)


async def _unheard(_given):
    raise AssertionError("nothing is let in without a secret")


@asynccontextmanager
async def listening(ports: WebPorts) -> AsyncIterator[aiohttp.ClientSession]:
    """Serve these ports, and yield a client of them."""
    server = WebServer(ports, listen_address="127.0.0.1:0")
    await server.start()
    async with aiohttp.ClientSession(server.address) as session:
        yield session
    await server.stop()
