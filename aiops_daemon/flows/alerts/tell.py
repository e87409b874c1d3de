"""What the log says of a step of the desk: what opened, joined forces, ended, and why somebody is not told yet.

Enters: a committed draft. Leaves: a line for each change that matters, the first ones of a storm one by one and the
rest as a number; the timeline has them all.
"""

from __future__ import annotations

import logging

from aiops_daemon.core.model.incident import Entry, EntryKind
from aiops_daemon.flows.alerts.draft import Draft
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

_SPOKEN = 20  # lines of one step

_MESSAGES = {
    EntryKind.OPENED: "incident opened",
    EntryKind.REOPENED: "incident reopened",
    EntryKind.RESOLVED: "incident resolved",
    EntryKind.MERGED: "incident merged",
    EntryKind.SPLIT: "incident split",
    EntryKind.ACKNOWLEDGED: "incident acknowledged",
    EntryKind.SEVERITY: "incident's severity rose",
    EntryKind.VERDICT: "alert held back",
    EntryKind.FLAPPING: "alert flaps",
    EntryKind.ALERT_STALE: "alert is stale",
    EntryKind.ALERT_UNKNOWN: "nothing is known of an alert",
    EntryKind.REPAIRED: "repaired",
}


def tell(draft: Draft) -> None:
    """Log a committed step."""
    told = [entry for entry in draft.entries if entry.kind in _MESSAGES]
    told.sort(key=lambda entry: entry.kind is EntryKind.VERDICT)  # in a storm, incidents before held alerts
    for entry in told[:_SPOKEN]:
        log.info(_MESSAGES[entry.kind], extra=fields(**_fields(entry, draft)))
    if len(told) > _SPOKEN:
        log.info("more changes of incidents and alerts", extra=fields(changes=len(told) - _SPOKEN))


def _fields(entry: Entry, draft: Draft) -> dict[str, object]:
    incident = draft.incidents.get(entry.incident)
    named = {} if incident is None else {"incident": incident.name, "title": incident.title}
    reason = {"reason": entry.reason} if entry.reason else {}
    return {**named, "team": entry.team, "actor": entry.actor, **reason, "why": entry.text}
