"""One incident with everything that belongs to it.

Enters: how people name it, and who asks. Leaves: a frozen value, or none for what is not there or not theirs to see.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Table, case, func, select

from aiops_daemon.core.model.alert import Episode, EpisodeState
from aiops_daemon.core.model.incident import Entry, Incident
from aiops_daemon.core.model.listing import IncidentDetail
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.edges.store import schema
from aiops_daemon.edges.store.references import number_of
from aiops_daemon.edges.store.rows import episode_of, incident_of
from aiops_daemon.edges.store.rows_beside import entry_of, finding_of, outcome_of
from aiops_daemon.edges.store.storable import storable
from aiops_daemon.edges.store.visible import incidents_for

_incidents = schema.incidents.c
_Value = TypeVar("_Value")


MOST_ALERTS = 1000
MOST_LINES = 2000
FIRST_LINES = 50  # of those: how it began


def find_incident(conn: Connection, reference: str, scope: Scope) -> IncidentDetail | None:
    """Read one incident by number (`INC-42`, `42`) or uid; all of it is visible to each of its teams.

    Of a storm at most MOST_ALERTS alerts and MOST_LINES lines are read, and what is left out is counted.
    """
    incident = _incident(conn, reference, scope)
    if incident is None:
        return None

    def belonging(table: Table, read: Callable[[Any], _Value], *order: Column[Any]) -> tuple[_Value, ...]:
        statement = select(table).where(table.c.incident == incident.uid).order_by(*order)
        return tuple(map(read, conn.execute(statement)))

    findings = schema.linked_findings.c
    episodes, timeline = _episodes(conn, incident.uid), _timeline(conn, incident.uid)
    return IncidentDetail(
        incident,
        episodes=episodes,
        timeline=timeline,
        alerts_left_out=_count(conn, schema.episodes, incident.uid) - len(episodes),
        lines_left_out=_count(conn, schema.timeline, incident.uid) - len(timeline),
        findings=belonging(schema.linked_findings, finding_of, findings.since, findings.uid),
        outcomes=belonging(schema.outcomes, outcome_of, schema.outcomes.c.id),
        merged=_merged(conn, incident.uid, scope),
    )


def _episodes(conn: Connection, uid: str) -> tuple[Episode, ...]:
    """Read the open alerts first; told in the order in which they were heard."""
    table = schema.episodes.c
    ended = case((table.state == EpisodeState.RESOLVED.value, 1), else_=0)
    chosen = select(schema.episodes).where(table.incident == uid).order_by(ended, table.heard_at, table.uid)
    found = map(episode_of, conn.execute(chosen.limit(MOST_ALERTS)))
    return tuple(sorted(found, key=lambda episode: (episode.heard_at, episode.uid)))


def _timeline(conn: Connection, uid: str) -> tuple[Entry, ...]:
    """Read how it began and what came last, in the order in which it was written."""
    table = schema.timeline.c
    lines = select(schema.timeline).where(table.incident == uid)
    first = conn.execute(lines.order_by(table.at, table.id).limit(FIRST_LINES)).all()
    last = conn.execute(lines.order_by(table.at.desc(), table.id.desc()).limit(MOST_LINES - FIRST_LINES)).all()
    known = {row.id for row in first}
    return tuple(map(entry_of, [*first, *(row for row in reversed(last) if row.id not in known)]))


def _count(conn: Connection, table: Table, uid: str) -> int:
    return conn.execute(select(func.count()).select_from(table).where(table.c.incident == uid)).scalar() or 0


def _incident(conn: Connection, reference: str, scope: Scope) -> Incident | None:
    number = number_of(reference)
    named = _incidents.number == number if number is not None else _incidents.uid == storable(reference)
    row = conn.execute(select(schema.incidents).where(named, incidents_for(scope))).first()
    return None if row is None else incident_of(row)


def _merged(conn: Connection, uid: str, scope: Scope) -> tuple[Incident, ...]:
    statement = select(schema.incidents).where(
        _incidents.merged_into == uid, _incidents.merged_into != "", incidents_for(scope)
    )
    return tuple(map(incident_of, conn.execute(statement.order_by(_incidents.number))))
