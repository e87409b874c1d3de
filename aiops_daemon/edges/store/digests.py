"""Digests on disk: what is new joins the one that waits, unless somebody may have been sent that already.

Enters: a connection in a transaction, digests that name what one step adds. Leaves: rows of the outbox, and a deadline
for each incident, so that its fallback is told of a digest that does not arrive. That a digest was never tried is asked
and acted upon under one lock: no replica can be sending what is changed, and nothing is named in two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, and_, select, true, update

from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Notification, NotificationState
from aiops_daemon.core.response.digest import joined, without
from aiops_daemon.core.response.timers import ARRIVES_WITHIN, deadlines
from aiops_daemon.edges.store import outbox, schema
from aiops_daemon.edges.store.rows_paging import as_json, notification_of, timer_row
from aiops_daemon.edges.store.storable import storable
from aiops_daemon.edges.store.upserts import upsert

_row = schema.outbox.c
_DIGEST = MessageEvent.DIGEST.value
_OF_MANY = (_DIGEST, MessageEvent.STORM.value)
_WAITING = NotificationState.WAITING.value


def write(conn: Connection, digests: Iterable[Notification]) -> None:
    """Write digests in their order, each in the one that waits for the same destination, or by itself."""
    for one in digests:
        row = _join(conn, one)
        if row is None:
            outbox.add(conn, [one])
            row = one
        if row.state is NotificationState.WAITING:
            late = max(row.due_at, one.created_at) + ARRIVES_WITHIN
            upsert(conn, schema.timers, list(map(timer_row, deadlines(replace(row, message=one.message), late))))


def _join(conn: Connection, one: Notification) -> Notification | None:
    """Name its incidents in the last digest of its key that was never tried; None: there is none with room."""
    recorded = and_(_row.due_at > one.created_at, _row.reason == "")  # not one that was withdrawn
    open_ = true() if one.state is NotificationState.WAITING else recorded
    waiting = (
        select(schema.outbox)
        .where(_row.key == storable(one.key), _row.event == _DIGEST, _row.state == one.state.value, _row.attempts == 0)
        .where(open_)
        .order_by(_row.id.desc())
        .limit(1)
        .with_for_update()
    )
    found = conn.execute(waiting).first()
    before = None if found is None else notification_of(found)
    both = None if before is None else joined(before.message, one.message)
    if found is None or before is None or both is None:
        return None
    _rewrite(conn, found.id, message=as_json(both))
    return before


def withdraw(conn: Connection, gone: Iterable[tuple[str, str, float]], why: str) -> None:
    """Name in no digest or storm page that waits the incidents of these policies; one of nothing else is never sent."""
    policies = {(incident, track): now for incident, track, now in gone}
    if not policies:
        return
    at = outbox.clock(conn, max(policies.values()))
    waiting = select(schema.outbox).where(_row.event.in_(_OF_MANY), _row.state == _WAITING, _row.lease_until <= at)
    for row in conn.execute(waiting.with_for_update()).all():
        message = notification_of(row).message
        left = without(message, policies.keys())
        if left is None:
            _rewrite(conn, row.id, state=NotificationState.SHADOW.value, reason=storable(why))
        elif left is not message:
            _rewrite(conn, row.id, message=as_json(left))


def _rewrite(conn: Connection, row: int, **values: Any) -> None:
    conn.execute(update(schema.outbox).where(_row.id == row).values(**values))
