"""What is old enough goes, a little at a time, so that nothing waits long for it.

Enters: a connection in a transaction, the time and how long rows are kept. Leaves: fewer rows. Never deletes anything
open: no open incident, no incident with an open alert, no open alert, nothing that waits to be processed. What belongs
to an incident goes before it, so that a half deleted one is found again by the next call.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, bindparam, delete, exists, func, select

from aiops_daemon.core.model.alert import EpisodeState
from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.model.incident import IncidentState
from aiops_daemon.core.model.settings import RetentionSpec
from aiops_daemon.edges.store import schema

MAX_ROWS = 500
QUARANTINE_SECONDS = 30 * DAY
QUARANTINE_ROWS = 10_000  # of 64 KiB at most: a sender that never gets it right must not fill the disk for the others
SEEN_SECONDS = 7 * DAY  # PagerDuty repeats a webhook for two days

_INCIDENTS_AT_ONCE = 50
_episodes = schema.episodes.c
_incidents = schema.incidents.c
_CLOSED = tuple(state.value for state in IncidentState if state.closed)
_RESOLVED = EpisodeState.RESOLVED.value

_BELONGING = (
    (schema.timeline, schema.timeline.c.incident),
    (schema.episodes, _episodes.incident),
    (schema.linked_findings, schema.linked_findings.c.incident),
    (schema.outcomes, schema.outcomes.c.incident),
    (schema.words, schema.words.c.incident),
    (schema.timers, schema.timers.c.incident),
    (schema.outbox, schema.outbox.c.incident),
    (schema.escalations, schema.escalations.c.incident),
    (schema.incident_teams, schema.incident_teams.c.incident),
    (schema.incidents, _incidents.uid),
)
"""Where rows of an incident are, and the column that says so; the incident itself last."""


def expire(conn: Connection, now: float, retention: RetentionSpec) -> int:
    """Delete at most 500 rows that are older than the retention; returns how many went."""
    gone = _expire_incidents(conn, now - retention.resolved_incidents)
    gone += _delete(conn, schema.episodes, _old_episodes(now - retention.alerts), MAX_ROWS - gone)
    newest = select(func.max(schema.quarantine.c.id)).scalar_subquery()
    many = schema.quarantine.c.id <= newest - QUARANTINE_ROWS
    gone += _delete(conn, schema.quarantine, many, MAX_ROWS - gone)
    old = schema.quarantine.c.at < now - QUARANTINE_SECONDS
    gone += _delete(conn, schema.quarantine, old, MAX_ROWS - gone)
    seen = schema.deliveries_seen.c.at < now - SEEN_SECONDS
    gone += _delete(conn, schema.deliveries_seen, seen, MAX_ROWS - gone)
    answered = and_(schema.acts.c.answered_at.is_not(None), schema.acts.c.asked_at < now - SEEN_SECONDS)
    return gone + _delete(conn, schema.acts, answered, MAX_ROWS - gone)


def _expire_incidents(conn: Connection, before: float) -> int:
    uids = conn.execute(_old_incidents(before)).scalars().all()
    gone = 0
    for table, incident in _BELONGING if uids else ():
        gone += _delete(conn, table, incident.in_(uids), MAX_ROWS - gone)
    return gone


def _old_incidents(before: float) -> Select[tuple[str]]:
    """Choose the oldest; the one with the highest number stays, for the next number is counted from it."""
    highest = select(func.max(_incidents.number)).scalar_subquery()
    still_open = exists().where(_episodes.incident == _incidents.uid, _episodes.state != _RESOLVED)
    chosen = select(_incidents.uid).where(
        _incidents.state.in_(_CLOSED),
        _incidents.opened_at < before,
        func.coalesce(_incidents.resolved_at, _incidents.updated_at) < before,
        _incidents.number < highest,
        ~still_open,
    )
    return chosen.order_by(_incidents.opened_at).limit(_INCIDENTS_AT_ONCE)


def _old_episodes(before: float) -> ColumnElement[bool]:
    alone = and_(_episodes.incident == "", _episodes.heard_at < before)  # what the index knows
    return and_(alone, _episodes.state == _RESOLVED, _episodes.seen_at < before)


def _delete(conn: Connection, table: Table, condition: ColumnElement[bool], limit: int) -> int:
    key = table.primary_key.columns
    rows = conn.execute(select(*key).where(condition).limit(limit)).all() if limit > 0 else []
    if rows:
        statement = delete(table).where(*(column == bindparam(f"key_{column.name}") for column in key))
        names = [f"key_{column.name}" for column in key]
        conn.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])
    return len(rows)
