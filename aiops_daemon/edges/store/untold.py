"""What follows a page that was never sent: an end of it would name a key that nobody saw.

Enters: a connection in a transaction, keys of messages. Leaves: rows that are dropped, with the reason. A page that was
tried counts as sent, for it may have been taken without an answer; one whose row is gone too.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, FromClause, and_, exists, or_, update

from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import NotificationState
from aiops_daemon.edges.store.chunks import chunks
from aiops_daemon.edges.store.schema import outbox

WHY = "what it follows was never sent"
FOLLOWING = frozenset((MessageEvent.UPDATE, MessageEvent.ACKNOWLEDGE, MessageEvent.RESOLVE))
_row = outbox.c
_WAITING = NotificationState.WAITING.value
_TAKEN_BACK = (NotificationState.SHADOW.value, NotificationState.MUTED.value)


def untold(row: FromClause) -> ColumnElement[bool]:
    """Ask whether the pages of its key before it were all taken back before anybody tried to send them."""
    page, tried = outbox.alias("page"), outbox.alias("tried")
    is_page = page.c.event == MessageEvent.TRIGGER.value
    going = and_(tried.c.state == _WAITING, tried.c.event == MessageEvent.TRIGGER.value)
    return and_(
        exists().where(_before(page, row), is_page, page.c.state.in_(_TAKEN_BACK)),
        ~exists().where(_before(tried, row), or_(tried.c.attempts > 0, going)),
    )


def drop_untold(connection: Connection, keys: Iterable[str]) -> None:
    """Send nothing more of these keys where no page was sent."""
    following = and_(_row.state == _WAITING, _row.attempts == 0, _row.event.in_(sorted(FOLLOWING)), untold(outbox))
    for part in chunks(dict.fromkeys(keys)):
        dropped = update(outbox).where(_row.key.in_(part), following)
        connection.execute(dropped.values(state=NotificationState.DROPPED.value, reason=WHY))


def _before(other: FromClause, row: FromClause) -> ColumnElement[bool]:
    """Ask whether a row comes before another of its key; the dedup key has an index."""
    return and_(other.c.dedup_key == row.c.dedup_key, other.c.key == row.c.key, other.c.id < row.c.id)
