"""What a message says: what, since when, how bad, the evidence, who is next, and why it comes to you.

Enters: an incident and what was gathered about it. Leaves: a message for every medium. Says nothing where nothing is
known; takes addresses from annotations only where they are http or https.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from aiops_daemon.core.incidents.facts import Facts
from aiops_daemon.core.model.alert import Episode
from aiops_daemon.core.model.incident import Incident, IncidentState
from aiops_daemon.core.model.labels import get
from aiops_daemon.core.model.message import Link, Message, MessageEvent, Named
from aiops_daemon.core.model.severity import Severity

_SENTENCES = 6  # of the evidence
_SERVICES = 4  # named in the impact
_WORDS = 300  # characters of one sentence
_RUNBOOKS = ("runbook_url", "runbook")
_DASHBOARDS = ("dashboard_url", "dashboard")


@dataclass(frozen=True, slots=True)
class Place:
    """Where this daemon is."""

    cluster: str = ""
    external_url: str = ""
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is known of an incident: its facts, sentences of findings, and its gravest open alerts."""

    facts: Facts
    findings: tuple[str, ...] = ()
    alerts: tuple[Episode, ...] = ()


@dataclass(frozen=True, slots=True)
class Next:
    """When the escalation tells somebody else."""

    at: float | None = None
    who: str = ""


def compose(
    event: MessageEvent,
    incident: Incident,
    gathered: Gathered,
    place: Place,
    at: float,
    *,
    why: str = "",
    next_: Next | None = None,
    note: str = "",
) -> Message:
    """Make the message about one incident."""
    upcoming = next_ or Next()
    return Message(
        event=event,
        incident=incident.uid,
        name=incident.name,
        title=incident.title,
        state=str(incident.state),
        severity=str(incident.severity),
        priority=str(incident.priority),
        at=at,
        opened_at=incident.opened_at,
        team=incident.team,
        service=incident.service,
        cluster=place.cluster,
        priority_reason=incident.priority_reason,
        alerts=incident.alerts,
        firing=incident.firing,
        impact=_impact(incident, gathered.facts),
        evidence=tuple(_evidence(gathered)),
        why_you=why,
        next_at=upcoming.at,
        next_who=upcoming.who,
        actor=_actor(event, incident),
        note=note,
        labels=incident.labels,
        links=tuple(_links(incident, gathered, place)),
        time_zone=place.time_zone,
        snoozed_until=incident.snoozed_until,
        snoozed_why=incident.notify_reason if incident.snoozed_until is not None else "",
    )


def storm(first: Message, uid: str, named: tuple[Named, ...], at: float, why: str) -> Message:
    """Make the page that names incidents instead of paging each: as grave as the gravest of them."""
    gravest = max((Severity(one.severity) for one in named), key=lambda one: one.rank, default=Severity.WARNING)
    count = len(named)
    return Message(
        event=MessageEvent.STORM,
        incident="",
        name=f"storm of {count}",
        title=f"{count} further incident{'s' if count != 1 else ''}: {', '.join(one.name for one in named[:10])}",
        state="open",
        severity=str(gravest),
        priority=first.priority,
        at=at,
        opened_at=first.at,
        team=first.team,
        cluster=first.cluster,
        evidence=tuple(f"{one.name} {one.severity}: {one.title}"[:_WORDS] for one in named),
        why_you=why,
        links=tuple(link for link in first.links if link.name == "incidents"),
        named=named,
        time_zone=first.time_zone,
    )


def storm_over(last: Message, uid: str, named: tuple[Named, ...], at: float) -> Message:
    """Make the end of a storm page: every incident that it named has ended, `last` as the last of them."""
    count = len(named)
    title = "the incident that it named has ended" if count == 1 else f"all {count} incidents that it named have ended"
    return replace(storm(last, uid, named, at, ""), event=MessageEvent.RESOLVE, state="resolved", title=title)


def named(message: Message) -> Named:
    """Name an incident in a storm page."""
    return Named(message.name, message.title, message.severity, message.service, message.url, message.incident)


def _impact(incident: Incident, facts: Facts) -> str:
    """Say how much fires, and where: `12 of 15 alerts fire on checkout, payment and 2 more services`."""
    parts = [_firing(incident)]
    names = [name for name, _ in facts.services]
    if names:
        shown = names[:_SERVICES]
        more = len(names) - len(shown)
        parts.append("on " + ", ".join(shown) + (f" and {more} more services" if more else ""))
    sentence = " ".join(parts)
    return f"{sentence}; {facts.burning}" if facts.burning else sentence


def _firing(incident: Incident) -> str:
    if incident.firing == incident.alerts:
        return "1 alert fires" if incident.alerts == 1 else f"{incident.alerts} alerts fire"
    return f"{incident.firing} of {incident.alerts} alert{'s' if incident.alerts != 1 else ''} fire"


def _evidence(gathered: Gathered) -> Iterator[str]:
    """Yield findings first, for they have numbers; then the gravest alerts, and why one of them belongs here."""
    alerts = [_alert(one) for one in gathered.alerts]
    together = next((one.joined_reason for one in gathered.alerts[1:] if one.joined_reason), "")
    sentences = [*gathered.findings, *alerts][:_SENTENCES]
    yield from (one[:_WORDS] for one in sentences)
    if together:
        yield f"together because: {together}"[:_WORDS]


def _alert(one: Episode) -> str:
    said = get(one.annotations, "summary") or get(one.annotations, "description")
    where = " ".join(value for name in ("service", "instance") if (value := get(one.labels, name)))
    head = f"{one.rule}" + (f" on {where}" if where else "")
    return f"{head}: {said}" if said else head


def _links(incident: Incident, gathered: Gathered, place: Place) -> Iterator[Link]:
    if place.external_url:
        yield Link("incident", f"{place.external_url}/incidents/{incident.name}")
        yield Link("incidents", f"{place.external_url}/incidents")
    for name, keys in (("runbook", _RUNBOOKS), ("dashboard", _DASHBOARDS)):
        url = next((found for one in gathered.alerts for key in keys if (found := _web(get(one.annotations, key)))), "")
        if url:
            yield Link(name, url)
    graph = next((found for one in gathered.alerts if (found := _web(one.generator_url))), "")
    if graph:
        yield Link("graph", graph)


def _web(url: str) -> str:
    return url if url.startswith(("https://", "http://")) and url.isprintable() and " " not in url else ""


def _actor(event: MessageEvent, incident: Incident) -> str:
    answered = event is MessageEvent.UPDATE and incident.state is IncidentState.ACKNOWLEDGED
    if event is MessageEvent.ACKNOWLEDGE or answered:
        return incident.acknowledged_by
    return incident.resolved_by if event is MessageEvent.RESOLVE else ""
