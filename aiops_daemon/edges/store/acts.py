"""Statements on acts on their way between replicas, and on changes made elsewhere that could not be placed yet.

Enters: a connection in a transaction, acts with ids of their own, answers, changes. Leaves: rows in the order in which
they came. An act is written once whatever is repeated; its answer is written by the step that did it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from aiops_daemon.core.model.action import Answered, Done, Handed, Refusal
from aiops_daemon.core.model.remote import RemoteChange
from aiops_daemon.edges.store.outbox import clock
from aiops_daemon.edges.store.rows_acts import act_row, answer_json, answer_of, change_of, change_row
from aiops_daemon.edges.store.schema import acts, deliveries_seen, remote_changes
from aiops_daemon.edges.store.storable import storable

_row = acts.c
_kept = remote_changes.c


def hand(connection: Connection, handed: Handed) -> None:
    """Write an act, unless one with its uid is there."""
    _new(connection, acts, act_row(handed))


def answer(connection: Connection, uid: str) -> Done | Refusal | None:
    """Return what came of an act; None: it is not done, or not known."""
    told = connection.execute(select(_row.answer).where(_row.uid == storable(uid))).scalar()
    return None if told is None else answer_of(told)


def waits(connection: Connection) -> bool:
    """Say whether any act waits."""
    return connection.execute(select(_row.id).where(_row.answered_at.is_(None)).limit(1)).first() is not None


def begin(connection: Connection) -> Row[Any] | None:
    """Count an attempt at the oldest act that waits, and return its row."""
    oldest = select(func.min(_row.id)).where(_row.answered_at.is_(None)).scalar_subquery()
    counted = update(acts).where(_row.id == oldest).values(attempts=_row.attempts + 1)
    return connection.execute(counted.returning(*acts.c)).first()


def write_answers(connection: Connection, answers: Iterable[Answered]) -> None:
    """Write what came of acts, in the transaction of the step that did them; one that came directly gets a row."""
    for one in answers:
        told = {"answer": answer_json(one.answer), "answered_at": one.at}
        found = connection.execute(update(acts).where(_row.uid == storable(one.uid)).values(**told))
        if not found.rowcount:
            row = {"uid": storable(one.uid), "act": b"{}", "asked_at": one.at, "attempts": 1}
            connection.execute(insert(acts).values(**row, **told))


def stale(connection: Connection, now: float, late: float, limit: int) -> list[str]:
    """List acts that were asked for longer ago than that and are not done, and changes that nobody looks at again."""
    at = clock(connection, now) - late
    old = select(_row.uid).where(_row.answered_at.is_(None), _row.asked_at < at).order_by(_row.id).limit(limit)
    left = select(_kept.source, _kept.uid).where(_kept.due_at < at).order_by(_kept.due_at).limit(limit)
    return [*connection.execute(old).scalars(), *(f"{source} {uid}" for source, uid in connection.execute(left))]


def keep(connection: Connection, change: RemoteChange, now: float, due_at: float) -> None:
    """Keep a change made elsewhere, and remember that it came."""
    row = change_row(change, now, due_at)
    _new(connection, remote_changes, row)
    _new(connection, deliveries_seen, {"source": row["source"], "uid": row["uid"], "at": now})


def kept(connection: Connection, now: float, limit: int) -> list[tuple[RemoteChange, float, int]]:
    """Return kept changes that are due, the oldest first, when each came, and how often it was looked at."""
    due = select(remote_changes).where(_kept.due_at <= clock(connection, now)).order_by(_kept.at).limit(limit)
    return [(change_of(row), row.at, row.attempts) for row in connection.execute(due)]


def put_off(connection: Connection, change: RemoteChange, due_at: float) -> None:
    """Look at a kept change again later."""
    connection.execute(update(remote_changes).where(_is(change)).values(due_at=due_at, attempts=_kept.attempts + 1))


def drop(connection: Connection, change: RemoteChange) -> None:
    """Keep a change no longer."""
    connection.execute(delete(remote_changes).where(_is(change)))


def _new(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    made = postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
    connection.execute(made.values(**row).on_conflict_do_nothing())


def _is(change: RemoteChange) -> ColumnElement[bool]:
    return and_(_kept.source == storable(change.source), _kept.uid == storable(change.uid))
