"""What stands beside episodes and incidents as rows, and back: timeline, findings, outcomes, corrections, quarantine.

Enters: frozen values of core.model, or rows of those tables in their column order. Leaves: the other of the two.
Never touches a connection.
"""

from __future__ import annotations

from typing import Any

from aiops_daemon.core.model.inbox import Quarantined
from aiops_daemon.core.model.incident import Correction, Entry, EntryKind, LinkedFinding, Outcome
from aiops_daemon.edges.store.storable import label_sets_of, label_sets_text, labels_of, labels_text, storable


def entry_row(entry: Entry) -> dict[str, Any]:
    """Write a line of a timeline as a row."""
    return {
        "uid": entry.uid,
        "incident": entry.incident,
        "team": storable(entry.team),
        "at": entry.at,
        "kind": entry.kind.value,
        "actor": storable(entry.actor),
        "origin": storable(entry.origin),
        "text": storable(entry.text),
        "before": storable(entry.before),
        "after": storable(entry.after),
        "episode": entry.episode,
        "reason": storable(entry.reason),
    }


def entry_of(row: Any) -> Entry:
    """Read a line of a timeline from a row; the first column, the order of commits, is left out."""
    _, uid, incident, team, at, kind, *rest = row
    return Entry(uid, incident, team, at, EntryKind(kind), *rest)


def finding_row(finding: LinkedFinding) -> dict[str, Any]:
    """Write a finding of an incident as a row."""
    return {
        "uid": finding.uid,
        "incident": finding.incident,
        "team": storable(finding.team),
        "query": storable(finding.query),
        "kind": storable(finding.kind),
        "labels": labels_text(finding.labels),
        "severity": storable(finding.severity),
        "since": finding.since,
        "closed_at": finding.closed_at,
        "sentence": storable(finding.sentence),
        "reason": storable(finding.reason),
        "body": storable(finding.body),
    }


def finding_of(row: Any) -> LinkedFinding:
    """Read a finding of an incident from a row."""
    uid, incident, team, query, kind, labels, *rest = row
    return LinkedFinding(uid, incident, team, query, kind, labels_of(labels), *rest)


def outcome_row(outcome: Outcome) -> dict[str, Any]:
    """Write what people said at the end as a row."""
    return {
        "incident": outcome.incident,
        "team": storable(outcome.team),
        "at": outcome.at,
        "actor": storable(outcome.actor),
        "cause": storable(outcome.cause),
        "action": storable(outcome.action),
        "helped": outcome.helped,
    }


def outcome_of(row: Any) -> Outcome:
    """Read what people said at the end from a row; the first column only counts."""
    return Outcome(*row[1:])


def correction_row(correction: Correction) -> dict[str, Any]:
    """Write a correction of the grouping as a row."""
    return {
        "uid": correction.uid,
        "at": correction.at,
        "actor": storable(correction.actor),
        "kind": storable(correction.kind),
        "team": storable(correction.team),
        "left": label_sets_text(correction.left),
        "right": label_sets_text(correction.right),
    }


def correction_of(row: Any) -> Correction:
    """Read a correction of the grouping from a row."""
    uid, at, actor, kind, team, left, right = row
    return Correction(uid, at, actor, kind, team, label_sets_of(left), label_sets_of(right))


def quarantined_row(rejected: Quarantined) -> dict[str, Any]:
    """Write what was set aside as a row; the body is kept as it came, whatever is in it."""
    return {
        "team": storable(rejected.team),
        "source": storable(rejected.source),
        "at": rejected.at,
        "reason": rejected.reason.value,
        "detail": storable(rejected.detail),
        "body": rejected.body,
        "inbox": rejected.inbox,
    }
