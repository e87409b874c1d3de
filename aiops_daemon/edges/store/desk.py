"""What the desk reads at its start and writes at each of its steps.

Enters: a connection (for writing one in a transaction) and frozen values of core.model. Leaves: those values, or rows
on their way to disk. The caller commits; nothing here begins or ends a transaction, and nothing asks who may see what:
the desk is the daemon itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, and_, bindparam, func, or_, select

from aiops_daemon.core.model.alert import AlertKey, Episode, EpisodeState
from aiops_daemon.core.model.escalation import Phase
from aiops_daemon.core.model.incident import Correction, Incident, IncidentState
from aiops_daemon.edges.store import schema
from aiops_daemon.edges.store.changes import write_changes
from aiops_daemon.edges.store.chunks import chunks
from aiops_daemon.edges.store.rows import episode_of, incident_of
from aiops_daemon.edges.store.rows_beside import correction_of, finding_of
from aiops_daemon.edges.store.rows_paging import escalation_of, storm_of
from aiops_daemon.edges.store.storable import storable
from aiops_daemon.ports.store import DeskState

__all__ = [
    "corrections",
    "episodes_of",
    "incidents_by_uid",
    "knowledge",
    "latest_episodes",
    "load_desk",
    "write_changes",
]

_episodes = schema.episodes.c
_incidents = schema.incidents.c

_OPEN_STATES = tuple(state.value for state in IncidentState if not state.closed)
_OWED = select(schema.escalations.c.incident).where(
    schema.escalations.c.phase == Phase.ENDED.value, schema.escalations.c.over.is_(True)
)
_ON_DESK = or_(
    _incidents.state.in_(_OPEN_STATES),
    and_(_incidents.state == IncidentState.RESOLVED.value, _incidents.firing > 0),  # closed by a person all the same
    and_(_incidents.state == IncidentState.RESOLVED.value, _incidents.resolved_at >= bindparam("reopen_since")),
    _incidents.uid.in_(_OWED),  # closed while all was muted: somebody is still to be told
)
_DESK_INCIDENTS = select(schema.incidents).where(_ON_DESK).order_by(_incidents.number)
_DESK_EPISODES = (
    select(schema.episodes)
    .where(_episodes.incident.in_(select(_incidents.uid).where(_ON_DESK)))
    .order_by(_episodes.heard_at, _episodes.uid)
)
_DESK_FINDINGS = (
    select(schema.linked_findings)
    .where(schema.linked_findings.c.incident.in_(select(_incidents.uid).where(_ON_DESK)))
    .order_by(schema.linked_findings.c.since)
)
_DESK_ESCALATIONS = select(schema.escalations).where(
    schema.escalations.c.incident.in_(select(_incidents.uid).where(_ON_DESK))
)
_OPEN_EPISODE_STATES = tuple(state.value for state in EpisodeState if state is not EpisodeState.RESOLVED)
_DESK_RECORDED = (
    select(schema.episodes)
    .where(_episodes.state.in_(_OPEN_EPISODE_STATES), _episodes.incident == "")
    .order_by(_episodes.heard_at, _episodes.uid)
)
_LAST_NUMBER = select(func.max(_incidents.number))
_FACT = select(schema.installation.c.value).where(schema.installation.c.name == bindparam("name"))

_RANKED = (
    select(
        _episodes.uid,
        func.row_number()
        .over(
            partition_by=_episodes.fingerprint,
            order_by=(_episodes.starts_at.desc(), _episodes.heard_at.desc(), _episodes.uid.desc()),
        )
        .label("place"),
    )
    .where(
        _episodes.source == bindparam("source"),
        _episodes.fingerprint.in_(bindparam("fingerprints", expanding=True)),
    )
    .subquery()
)
_LATEST = select(schema.episodes).join(_RANKED, and_(_RANKED.c.uid == _episodes.uid, _RANKED.c.place == 1))

_BY_UID = select(schema.incidents).where(_incidents.uid.in_(bindparam("uids", expanding=True)))
_OF_INCIDENT = (
    select(schema.episodes)
    .where(_episodes.incident == bindparam("incident"))
    .order_by(_episodes.heard_at, _episodes.uid)
)


def load_desk(conn: Connection, reopen_since: float) -> DeskState:
    """Read what the desk starts from; incidents resolved since then come too, those merged never."""
    since = {"reopen_since": reopen_since}
    of_incidents = conn.execute(_DESK_EPISODES, since)
    first_started_at = conn.execute(_FACT, {"name": schema.FIRST_STARTED_AT}).scalar()
    return DeskState(
        incidents=tuple(map(incident_of, conn.execute(_DESK_INCIDENTS, since))),
        episodes=(*map(episode_of, of_incidents), *map(episode_of, conn.execute(_DESK_RECORDED))),
        next_number=(conn.execute(_LAST_NUMBER).scalar() or 0) + 1,
        first_started_at=None if first_started_at is None else float(first_started_at),
        findings=tuple(map(finding_of, conn.execute(_DESK_FINDINGS, since))),
        escalations=tuple(map(escalation_of, conn.execute(_DESK_ESCALATIONS, since))),
        storms=tuple(map(storm_of, conn.execute(select(schema.storms)))),
    )


def latest_episodes(conn: Connection, keys: Iterable[AlertKey]) -> dict[AlertKey, Episode]:
    """Read the latest episode of each alert that has one: greatest starts_at, then heard_at."""
    asked = {(storable(source), storable(fingerprint)): (source, fingerprint) for source, fingerprint in keys}
    fingerprints: dict[str, list[str]] = {}
    for source, fingerprint in asked:
        fingerprints.setdefault(source, []).append(fingerprint)
    found = (
        episode_of(row)
        for source, names in fingerprints.items()
        for part in chunks(names)
        for row in conn.execute(_LATEST, {"source": source, "fingerprints": part})
    )
    return {asked[episode.key]: episode for episode in found}


def incidents_by_uid(conn: Connection, uids: Iterable[str]) -> dict[str, Incident]:
    """Read these incidents, whoever's they are."""
    rows = (row for part in chunks(dict.fromkeys(uids)) for row in conn.execute(_BY_UID, {"uids": part}))
    return {incident.uid: incident for incident in map(incident_of, rows)}


def episodes_of(conn: Connection, incident: str) -> list[Episode]:
    """Read all episodes of an incident, first heard first."""
    return list(map(episode_of, conn.execute(_OF_INCIDENT, {"incident": incident})))


def knowledge(conn: Connection) -> dict[str, bytes]:
    """Read all learned values by name."""
    return {name: bytes(value) for name, value in conn.execute(select(schema.knowledge))}


def corrections(conn: Connection) -> list[Correction]:
    """Read all corrections by people, oldest first."""
    order = (schema.corrections.c.at, schema.corrections.c.uid)
    return list(map(correction_of, conn.execute(select(schema.corrections).order_by(*order))))
