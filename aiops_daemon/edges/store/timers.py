"""Statements on escalations and what they wait for.

Enters: a connection in a transaction. Leaves: timers that are due, escalations by incident, what breaks an invariant.
The timers of an escalation are written as a whole set: what is not in it is not waited for any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection, and_, delete, exists, func, select, update

from aiops_daemon.core.model.escalation import Escalation, Phase, Timer, TimerKind
from aiops_daemon.core.model.incident import IncidentState
from aiops_daemon.core.model.notification import NotificationState, Violations
from aiops_daemon.edges.store import acts, schema
from aiops_daemon.edges.store.chunks import chunks
from aiops_daemon.edges.store.outbox import STALE, clock, first_of_key, note, paused
from aiops_daemon.edges.store.rows_paging import escalation_of, escalation_row, timer_of, timer_row
from aiops_daemon.edges.store.upserts import upsert

LATE = 60.0  # seconds after which a timer, an act or a body of alerts that nobody took breaks the promise
LISTED = 20
_timers = schema.timers.c
_states = schema.escalations.c
_UNDELIVERED = TimerKind.UNDELIVERED.value


def due(connection: Connection, now: float, limit: int) -> list[Timer]:
    """Return timers that are due, the longest overdue first."""
    rows = select(schema.timers).where(_timers.due_at <= clock(connection, now)).order_by(_timers.due_at).limit(limit)
    return [timer_of(row) for row in connection.execute(rows)]


def next_at(connection: Connection) -> float | None:
    """Return when the next timer is due."""
    return connection.execute(select(func.min(_timers.due_at))).scalar()


def states_of(connection: Connection, incidents: Iterable[str]) -> dict[str, Escalation]:
    """Return the escalations of these incidents."""
    rows = (
        row
        for part in chunks(dict.fromkeys(incidents))
        for row in connection.execute(select(schema.escalations).where(_states.incident.in_(part)))
    )
    return {row.incident: escalation_of(row) for row in rows}


def write(
    connection: Connection,
    states: Sequence[Escalation],
    waits: Mapping[str, Sequence[Timer]],
    deadlines: Sequence[Timer],
    met: Sequence[tuple[str, str]],
) -> None:
    """Write escalations, the whole set of each one's timers, new deadlines of messages, and which of those are over."""
    upsert(connection, schema.escalations, [escalation_row(one) for one in states])
    for part in chunks(waits):
        gone = and_(_timers.incident.in_(part), _timers.kind != _UNDELIVERED)
        connection.execute(delete(schema.timers).where(gone))
    rows = [timer_row(timer) for timers in waits.values() for timer in timers]
    upsert(connection, schema.timers, [*rows, *map(timer_row, deadlines)])
    for incident, name in met:
        connection.execute(delete(schema.timers).where(_timers.incident == incident, _timers.name == name))


def hand_on(connection: Connection, messages: Iterable[tuple[str, str]]) -> None:
    """Let what waits for a message wait for another one, that says the same and more."""
    for before, after in messages:
        waits = connection.execute(select(schema.timers).where(_timers.name == f"{_UNDELIVERED}/{before}")).all()
        moved = [replace(timer_of(row), name=f"{_UNDELIVERED}/{after}") for row in waits]
        upsert(connection, schema.timers, list(map(timer_row, moved)))
        connection.execute(delete(schema.timers).where(_timers.name == f"{_UNDELIVERED}/{before}"))


def hasten(connection: Connection, message: str, now: float) -> None:
    """Let all that waits for a message wait no longer."""
    waits = update(schema.timers).where(_timers.name == f"{_UNDELIVERED}/{message}", _timers.due_at > now)
    connection.execute(waits.values(due_at=now))


def violations(connection: Connection, now: float, *, routed: bool) -> Violations:
    """Look for what must never be; without routes nobody is to be told of any incident."""
    at = clock(connection, now)
    overdue = connection.execute(
        select(_timers.incident, _timers.name, _timers.due_at)
        .where(_timers.due_at < at - LATE)
        .order_by(_timers.due_at)
        .limit(LISTED)
    ).all()
    box = schema.outbox.c
    stale = connection.execute(
        select(box.uid)
        .where(box.state == NotificationState.WAITING.value, box.due_at < at - STALE, box.lease_until < at)
        .where(first_of_key(), ~note(), ~paused(at))
        .order_by(box.due_at)
        .limit(LISTED)
    ).scalars()
    inbox = schema.inbox.c
    old = select(func.count()).select_from(schema.inbox).where(inbox.received_at < at - LATE)
    return Violations(
        without_timer=tuple(_forgotten(connection, now)) if routed else (),
        overdue_timers=tuple(f"{row.incident} {row.name}" for row in overdue),
        stale_outbox=tuple(stale),
        stale_inbox=connection.execute(old).scalar_one(),
        stale_acts=tuple(acts.stale(connection, now, LATE, LISTED)),
        overdue_since=overdue[0].due_at if overdue else None,
    )


def _forgotten(connection: Connection, now: float) -> list[str]:
    """List open, unanswered incidents whose time to tell has come and that nothing waits for."""
    incidents = schema.incidents.c
    awaited = exists().where(_timers.incident == incidents.uid)
    settled = exists().where(
        and_(
            _states.incident == incidents.uid,
            _states.over.is_(True) | _states.phase.in_((Phase.PAUSED.value,)),
        )
    )
    rows = (
        select(incidents.uid)
        .where(incidents.state == IncidentState.OPEN.value, incidents.firing > 0)
        .where(incidents.notify_at.is_not(None), incidents.notify_at < clock(connection, now) - LATE)
        .where(~awaited, ~settled)
        .limit(LISTED)
    )
    return list(connection.execute(rows).scalars())
