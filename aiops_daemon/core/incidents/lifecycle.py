"""How an incident lives: opened by its first alert, kept in step with the facts, closed when all is quiet.

Pure: `(incident, facts, now) -> (incident, entries)`. Entries come without uid; whoever writes them gives each one.
Invariants: an incident never falls in severity while it is open; it is never resolved by itself while an alert fires,
flaps, is stale or unknown; `firing`, `alerts` and `muted` are those of the facts.
"""

from __future__ import annotations

from dataclasses import replace

from aiops_daemon.core.incidents.describe import priority, title
from aiops_daemon.core.incidents.facts import Facts
from aiops_daemon.core.model.incident import Entry, EntryKind, Incident, IncidentState, Priority
from aiops_daemon.core.model.scope import DAEMON, Scope
from aiops_daemon.core.model.severity import worst

_SNOOZE_ENDED = "the snooze ended; what still fires is looked at as new"

Step = tuple[Incident, list[Entry]]


def entry(
    incident: Incident, kind: EntryKind, now: float, text: str, *, by: Scope = DAEMON, before: str = "", after: str = ""
) -> Entry:
    """Make a line of an incident's timeline, without uid."""
    return Entry("", incident.uid, incident.team, now, kind, by.actor, by.origin, text, before, after)


def opened(uid: str, number: int, team: str, facts: Facts, now: float, *, why: str, digest: bool = False) -> Step:
    """Open an incident for its first alert."""
    urgency, reason = priority(facts, facts.worst, now)
    incident = Incident(
        uid=uid,
        number=number,
        team=team,
        teams=facts.teams or (team,),
        title=title(facts),
        state=IncidentState.OPEN,
        severity=facts.worst,
        priority=urgency,
        priority_reason=reason,
        opened_at=now,
        updated_at=now,
        digest=digest,
    )
    incident = _counted(incident, facts)
    return incident, [entry(incident, EntryKind.OPENED, now, why, after=str(IncidentState.OPEN))]


def followed(incident: Incident, facts: Facts, now: float) -> Step:
    """Bring an incident into step with what its alerts amount to now."""
    if incident.state is IncidentState.MERGED:
        return incident, []
    after = _counted(incident, facts)
    entries: list[Entry] = []
    after, raised = _severity(after, facts, now)
    entries += raised
    after, moved = _priority(after, facts, now)
    entries += moved
    if facts.quiet and not after.state.closed:
        after, ended = _resolved_by_itself(after, now)
        entries += ended
    if after != incident:
        after = replace(after, updated_at=now)
    return after, entries


def reopened(incident: Incident, now: float, why: str, *, by: Scope = DAEMON) -> Step:
    """Open a resolved incident again: what people did about it no longer stands."""
    after = replace(
        incident,
        state=IncidentState.OPEN,
        resolved_at=None,
        resolved_by="",
        acknowledged_at=None,
        acknowledged_by="",
        snoozed_until=None,
        false_positive=False,
        reopened=incident.reopened + 1,
        updated_at=now,
    )
    return after, [entry(after, EntryKind.REOPENED, now, why, by=by, before=str(incident.state), after="open")]


def awake(incident: Incident, now: float) -> Step:
    """End a snooze: what still fires is looked at as new."""
    if incident.snoozed_until is None or incident.snoozed_until > now:
        return incident, []
    after = replace(incident, snoozed_until=None, notify_at=now, notify_reason=_SNOOZE_ENDED, updated_at=now)
    return after, [entry(after, EntryKind.SNOOZE_ENDED, now, _SNOOZE_ENDED)]


def taken_back(incident: Incident, now: float, why: str) -> Step:
    """Take an acknowledgement or a snooze back: what is told anew waits for an answer again."""
    before = str(incident.state)
    after = replace(
        incident,
        state=IncidentState.OPEN,
        acknowledged_at=None,
        acknowledged_by="",
        snoozed_until=None,
        notify_at=now,
        updated_at=now,
    )
    return after, [entry(after, EntryKind.UNACKNOWLEDGED, now, why, before=before, after="open")]


def _counted(incident: Incident, facts: Facts) -> Incident:
    services = facts.services
    notify_at, reason = _notice(incident, facts)
    return replace(
        incident,
        alerts=facts.alerts,
        firing=facts.firing,
        muted=facts.muted,
        teams=tuple(sorted({*incident.teams, *facts.teams})),
        title=title(facts) if facts.rules and not incident.digest else incident.title,
        service=services[0][0] if services else incident.service,
        labels=facts.labels,
        notify_at=notify_at,
        notify_reason=reason,
    )


def _notice(incident: Incident, facts: Facts) -> tuple[float | None, str]:
    """Say when to tell people: never of what is closed, and not again of what was told before a snooze ended."""
    if incident.state.closed:
        return None, incident.notify_reason
    if incident.snoozed_until is not None:
        return incident.snoozed_until, incident.notify_reason
    at, woken_at = facts.notify_at, incident.notify_at
    if incident.notify_reason == _SNOOZE_ENDED and at is not None and woken_at is not None and at < woken_at:
        return woken_at, _SNOOZE_ENDED
    return at, facts.notify_reason


def _severity(incident: Incident, facts: Facts, now: float) -> Step:
    severity = worst([incident.severity, facts.worst])
    if severity is incident.severity:
        return incident, []
    text = f"severity rose from {incident.severity} to {severity}: an alert of that severity fires"
    after = replace(incident, severity=severity)
    return after, [
        entry(after, EntryKind.SEVERITY, now, text, before=str(incident.severity), after=str(severity)),
    ]


def _priority(incident: Incident, facts: Facts, now: float) -> Step:
    """Raise the priority, never lower it; a digest is many faults, so that it is wide says nothing."""
    urgency, reason = priority(replace(facts, services=()) if incident.digest else facts, incident.severity, now)
    if not _rises(incident.priority, urgency):
        return incident, []
    after = replace(incident, priority=urgency, priority_reason=reason)
    text = f"priority rose from {incident.priority} to {urgency}: {reason}"
    return after, [
        entry(after, EntryKind.PRIORITY, now, text, before=str(incident.priority), after=str(urgency)),
    ]


def _rises(before: Priority, after: Priority) -> bool:
    return str(after) < str(before)


def _resolved_by_itself(incident: Incident, now: float) -> Step:
    after = replace(
        incident,
        state=IncidentState.RESOLVED,
        resolved_at=now,
        resolved_by=DAEMON.actor,
        snoozed_until=None,
        notify_at=None,
    )
    text = f"resolved: all {incident.alerts} alert{'s' if incident.alerts != 1 else ''} ended"
    before = str(incident.state)
    return after, [entry(after, EntryKind.RESOLVED, now, text, before=before, after="resolved")]
