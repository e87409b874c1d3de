"""What the kill switch does to messages that wait, and which of them it owes when it is off again.

Enters: a connection in a transaction, the time. Leaves: rows that are recorded as muted, and ends that are due anew: of
each key the last answer or end, if somebody may have been told of its beginning. Never brings back a page.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, update

from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import NotificationState
from aiops_daemon.edges.store.outbox import ENDS, clock
from aiops_daemon.edges.store.schema import outbox
from aiops_daemon.edges.store.untold import untold

_MUTED = NotificationState.MUTED.value
_WAITING = NotificationState.WAITING.value
_row = outbox.c


def mute(connection: Connection, now: float) -> int:
    """Let everything that waits and that nobody is sending not be sent; tests, which somebody asked for, wait on."""
    asked = MessageEvent.TEST.value
    idle = and_(_row.state == _WAITING, _row.lease_until <= clock(connection, now), _row.event != asked)
    return connection.execute(update(outbox).where(idle).values(state=_MUTED)).rowcount


def unmute(connection: Connection, now: float) -> int:
    """Send the ends that were muted, for what they end is still open there; their six hours begin anew."""
    owed = and_(_row.state == _MUTED, _row.event.in_(ENDS), ~_outdated(), ~untold(outbox))
    at = clock(connection, now)
    anew = update(outbox).where(owed).values(state=_WAITING, created_at=at, due_at=at, attempts=0, reason="", detail="")
    return connection.execute(anew).rowcount


def _outdated() -> ColumnElement[bool]:
    """Ask whether a later end says more, or the key sounded again: to end that now would be false."""
    later = outbox.alias("later")
    ends = and_(later.c.event.in_(ENDS), later.c.state != NotificationState.SHADOW.value)
    sounded = and_(later.c.event == MessageEvent.TRIGGER.value, later.c.attempts > 0)
    behind = and_(later.c.dedup_key == _row.dedup_key, later.c.key == _row.key, later.c.id > _row.id)
    return exists().where(behind, or_(ends, sounded))
