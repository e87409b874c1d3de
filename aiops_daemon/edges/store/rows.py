"""Episodes and incidents as rows, and back.

Enters: frozen values of core.model, or rows of the tables `episodes` and `incidents` in their column order. Leaves: the
other of the two. Runs for every alert of a burst, so it is plain code without loops over columns. Never touches a
connection.
"""

from __future__ import annotations

from typing import Any

import msgspec

from aiops_daemon.core.model.alert import Episode, EpisodeState, Origin, Verdict, VerdictKind, VerdictReason
from aiops_daemon.core.model.incident import Incident, IncidentState, Priority
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.edges.store.storable import (
    labels_of,
    labels_text,
    names_of,
    names_text,
    pairs_of,
    pairs_text,
    storable,
)

MAX_INDEXED = 256
"""Characters of a label value that an index holds: PostgreSQL refuses index rows over 2,704 bytes."""

_encode = msgspec.json.Encoder().encode
_VerdictDetail = tuple[str, float | None, float | None, float, tuple[tuple[str, float], ...]]
_decode_verdict = msgspec.json.Decoder(_VerdictDetail).decode


def indexed(text: str) -> str:
    """Shorten what an index holds."""
    return storable(text[:MAX_INDEXED])


def episode_row(episode: Episode) -> dict[str, Any]:
    """Write an episode as a row."""
    verdict = episode.verdict
    return {
        "uid": episode.uid,
        "team": storable(episode.team),
        "source": storable(episode.source),
        "fingerprint": storable(episode.fingerprint),
        "rule": indexed(episode.rule),
        "labels": labels_text(episode.labels),
        "annotations": labels_text(episode.annotations),
        "severity": storable(episode.severity),
        "state": episode.state.value,
        "first_starts_at": episode.first_starts_at,
        "starts_at": episode.starts_at,
        "ends_at": episode.ends_at,
        "heard_at": episode.heard_at,
        "seen_at": episode.seen_at,
        "incident": episode.incident,
        "joined_reason": storable(episode.joined_reason),
        "muted": pairs_text(episode.muted),
        "starts": episode.starts,
        "flapping": episode.flapping,
        "verdict": verdict.kind.value,
        "verdict_reason": verdict.reason.value,
        "verdict_detail": _verdict_detail(verdict),
        "generator_url": storable(episode.generator_url),
        "receiver": storable(episode.receiver),
        "external_url": storable(episode.external_url),
        "origin": episode.origin.value,
        "extra": storable(episode.extra),
    }


def episode_of(row: Any) -> Episode:
    """Read an episode from a row of its table."""
    return Episode(
        uid=row[0],
        team=row[1],
        source=row[2],
        fingerprint=row[3],
        labels=labels_of(row[5]),  # row[4] is the rule: a shortened copy of a label
        annotations=labels_of(row[6]),
        severity=row[7],
        state=EpisodeState(row[8]),
        first_starts_at=row[9],
        starts_at=row[10],
        ends_at=row[11],
        heard_at=row[12],
        seen_at=row[13],
        incident=row[14],
        joined_reason=row[15],
        muted=pairs_of(row[16]),
        starts=row[17],
        flapping=row[18],
        verdict=_verdict(row[19], row[20], row[21]),
        generator_url=row[22],
        receiver=row[23],
        external_url=row[24],
        origin=Origin(row[25]),
        extra=row[26],
    )


def _verdict_detail(verdict: Verdict) -> str:
    parts = [(storable(name), value) for name, value in verdict.parts]
    detail = (storable(verdict.sentence), verdict.notify_at, verdict.until, verdict.score, parts)
    return _encode(detail).decode()


def _verdict(kind: str, reason: str, detail: str) -> Verdict:
    return Verdict(VerdictKind(kind), VerdictReason(reason), *_decode_verdict(detail))


def incident_row(incident: Incident) -> dict[str, Any]:
    """Write an incident as a row; its teams go to a table of their own besides."""
    return {
        "uid": incident.uid,
        "number": incident.number,
        "team": storable(incident.team),
        "teams": names_text(incident.teams),
        "title": storable(incident.title),
        "state": incident.state.value,
        "severity": incident.severity.value,
        "severity_rank": incident.severity.rank,
        "priority": incident.priority.value,
        "priority_reason": storable(incident.priority_reason),
        "opened_at": incident.opened_at,
        "updated_at": incident.updated_at,
        "service": indexed(incident.service),
        "labels": labels_text(incident.labels),
        "acknowledged_at": incident.acknowledged_at,
        "acknowledged_by": storable(incident.acknowledged_by),
        "resolved_at": incident.resolved_at,
        "resolved_by": storable(incident.resolved_by),
        "merged_into": incident.merged_into,
        "assignee": storable(incident.assignee),
        "snoozed_until": incident.snoozed_until,
        "notify_at": incident.notify_at,
        "notify_reason": storable(incident.notify_reason),
        "alerts": incident.alerts,
        "firing": incident.firing,
        "muted": incident.muted,
        "reopened": incident.reopened,
        "false_positive": incident.false_positive,
        "digest": incident.digest,
    }


def incident_of(row: Any) -> Incident:
    """Read an incident from a row of its table."""
    return Incident(
        uid=row[0],
        number=row[1],
        team=row[2],
        teams=names_of(row[3]),
        title=row[4],
        state=IncidentState(row[5]),
        severity=Severity(row[6]),
        priority=Priority(row[8]),  # row[7] is the rank of the severity
        priority_reason=row[9],
        opened_at=row[10],
        updated_at=row[11],
        service=row[12],
        labels=labels_of(row[13]),
        acknowledged_at=row[14],
        acknowledged_by=row[15],
        resolved_at=row[16],
        resolved_by=row[17],
        merged_into=row[18],
        assignee=row[19],
        snoozed_until=row[20],
        notify_at=row[21],
        notify_reason=row[22],
        alerts=row[23],
        firing=row[24],
        muted=row[25],
        reopened=row[26],
        false_positive=row[27],
        digest=row[28],
    )
