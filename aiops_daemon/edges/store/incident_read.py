"""One incident with everything that belongs to it.

Enters: how people name it, and who asks. Leaves: a frozen value, or none for what is not there or not theirs to see.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Table, select

from aiops_daemon.core.model.incident import Incident
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


def find_incident(conn: Connection, reference: str, scope: Scope) -> IncidentDetail | None:
    """Read one incident by number (`INC-42`, `42`) or uid; all of it is visible to each of its teams."""
    incident = _incident(conn, reference, scope)
    if incident is None:
        return None

    def belonging(table: Table, read: Callable[[Any], _Value], *order: Column[Any]) -> tuple[_Value, ...]:
        statement = select(table).where(table.c.incident == incident.uid).order_by(*order)
        return tuple(map(read, conn.execute(statement)))

    episodes, findings = schema.episodes.c, schema.linked_findings.c
    return IncidentDetail(
        incident,
        episodes=belonging(schema.episodes, episode_of, episodes.heard_at, episodes.uid),
        timeline=belonging(schema.timeline, entry_of, schema.timeline.c.at, schema.timeline.c.id),
        findings=belonging(schema.linked_findings, finding_of, findings.since, findings.uid),
        outcomes=belonging(schema.outcomes, outcome_of, schema.outcomes.c.id),
        merged=_merged(conn, incident.uid, scope),
    )


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
