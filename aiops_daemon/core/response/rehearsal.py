"""What would be told of an incident that nobody answers: the escalation run ahead, from one due moment to the next.

Enters: a configuration, and the labels of alerts that are supposed to be one incident. Leaves: the routes that take
them, and who is told when, and why, or why nobody is. The state machine is the one that runs; nothing is sent, nothing
waits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aiops_daemon.core.incidents.describe import priority
from aiops_daemon.core.incidents.facts import Facts
from aiops_daemon.core.incidents.owner import owner, service
from aiops_daemon.core.model.escalation import Escalation, Track
from aiops_daemon.core.model.incident import Incident, IncidentState, Priority
from aiops_daemon.core.model.labels import Labels, get
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.severity import worst
from aiops_daemon.core.response.escalation import advance
from aiops_daemon.core.response.reach import Destination
from aiops_daemon.core.response.routing import Matched, Router, made
from aiops_daemon.core.response.standing import Page, Remark, Standing
from aiops_daemon.core.response.telling import Reaching, Telling

MOST_TURNS = 1_000
"""Rounds of the longest policy end long before; a policy that never ends is cut here."""


@dataclass(frozen=True, slots=True)
class Supposed:
    """An incident that might open, and the routes that take its alerts, each once."""

    incident: Incident
    matched: tuple[Matched, ...]


@dataclass(frozen=True, slots=True)
class Foretold:
    """One thing that would happen. `destination` None: nobody is told, and `why` says why not."""

    at: float
    why: str
    destination: Destination | None = None
    track: str = ""
    mode: Mode = Mode.SHADOW


def suppose(settings: Settings, alerts: Sequence[Labels], at: float, urgency: Priority | None = None) -> Supposed:
    """Return the incident that alerts would be, all of them firing, as this daemon reads their labels.

    Without an urgency it is that of their severity and services. There must be at least one alert.
    """
    severities = [settings.severities.of(get(labels, "severity")) for labels in alerts]
    owners = [owner(labels, settings.teams) for labels in alerts]
    services = [service(labels, settings.topology.service_labels) for labels in alerts]
    counted = tuple(Counter(filter(None, services)).items())
    facts = Facts(alerts=len(alerts), firing=len(alerts), worst=worst(severities), services=counted)
    usual, reason = priority(facts, facts.worst, at)
    incident = Incident(
        uid="", number=0, team=owners[0], teams=tuple(sorted(set(owners))), title="", state=IncidentState.OPEN,
        severity=facts.worst, priority=urgency or usual, priority_reason="as given" if urgency else reason,
        opened_at=at, updated_at=at, service=services[0], notify_at=at, alerts=len(alerts), firing=len(alerts),
    )  # fmt: skip
    matched: dict[str, Matched] = {}
    router = Router(settings.route) if settings.route is not None else None
    for labels, severity, team, name in zip(alerts, severities, owners, services, strict=True):
        ours = made(labels, severity=str(severity), team=team, service=name, priority=str(incident.priority))
        for one in router.match(labels, ours) if router else ():
            matched.setdefault(one.route.path, one)
    return Supposed(incident, tuple(matched.values()))


def rehearse(telling: Telling, incident: Incident, tracks: Sequence[Track], at: float) -> tuple[Foretold, ...]:
    """Return what would be told, in order, while nobody acknowledges and everything arrives."""
    return tuple(_turns(telling, Standing(incident, tuple(tracks), telling.muted), at))


def _turns(telling: Telling, standing: Standing, at: float) -> Iterator[Foretold]:
    state: Escalation | None = None
    for _ in range(MOST_TURNS):
        reach = Reaching(telling, at, standing.incident.severity)
        state, asked = advance(state, standing, at, reach)
        for one in asked:
            if isinstance(one, Page):
                yield Foretold(at, one.why, reach.found[one.destination], one.track, one.mode)
            elif isinstance(one, Remark):
                yield Foretold(at, one.text)
        due = [position.due_at for position in state.positions if position.due_at is not None]
        if not due:
            return
        at = min(due)
