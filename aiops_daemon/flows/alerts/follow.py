"""The end of every step: incidents are brought into step with their alerts, once each however many alerts changed.

Enters: touched cases. Leaves: changed incidents and their lines in the draft, and what the counters will count.
"""

from __future__ import annotations

from collections.abc import Iterable

from aiops_daemon.core.incidents.lifecycle import followed
from aiops_daemon.core.model.incident import IncidentState
from aiops_daemon.flows.alerts.case import Case
from aiops_daemon.flows.alerts.draft import Draft
from aiops_daemon.flows.alerts.surroundings import Surroundings


def follow(cases: Iterable[Case], around: Surroundings, draft: Draft, now: float) -> None:
    """Bring each touched incident into step with its facts; one that all left ends."""
    for case in cases:
        before = case.incident
        case.incident, entries = followed(before, case.facts(), now)
        draft.write(entries)
        draft.put(before, case.incident)
        if case.incident.state is IncidentState.RESOLVED and before.state is not IncidentState.RESOLVED:
            around.grouper.close(before.uid, now)


def count(draft: Draft, around: Surroundings) -> None:
    """Count what a committed step opened, acknowledged and resolved."""
    meter = around.meter
    for incident in draft.opened:
        current = draft.incidents.get(incident.uid, incident)
        meter.inc("aiops_incidents_opened_total", severity=str(current.severity), team=current.team)
    for uid, incident in draft.incidents.items():
        known = draft.before.get(uid)
        labels = {"severity": str(incident.severity), "team": incident.team}
        if incident.acknowledged_at is not None and (known is None or known.acknowledged_at is None):
            lasted = incident.acknowledged_at - incident.opened_at
            meter.observe("aiops_incident_time_to_acknowledge_seconds", lasted, **labels)
        if incident.state is IncidentState.RESOLVED and (known is None or known.state is not IncidentState.RESOLVED):
            ended = incident.resolved_at if incident.resolved_at is not None else incident.updated_at
            meter.observe("aiops_incident_time_to_resolve_seconds", ended - incident.opened_at, **labels)
