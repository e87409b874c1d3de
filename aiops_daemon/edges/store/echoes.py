"""What a service tells of our own messages: that a page was made of one, and what we did there ourselves.

Enters: a connection in a transaction, a dedup key, when it happened there. Leaves: pages that are confirmed; incidents
of a storm page; whether an answer or an end that is told as a person's was written by us. PagerDuty tells what its REST
API does in the name of a user, so such an echo is known by what we had said under that key by then. Clocks may differ.
"""

from __future__ import annotations

from sqlalchemy import Connection, and_, exists, or_, select, update

from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import NotificationState
from aiops_daemon.edges.store.outbox import ENDS
from aiops_daemon.edges.store.rows_paging import notification_of
from aiops_daemon.edges.store.schema import outbox

MADE_WITHIN = 60.0  # seconds by which a page may seem to be made before it was written
SKEW = 5.0  # seconds; what people do within these of what we did, and the same, is nothing new
WRITTEN_WITHIN = 600.0  # seconds after it was sent in which an end may be written by the REST API: see paging/confirm
UNDER_WAY = 20.0  # seconds that the writing of an end may still take when its key sounds again
_row = outbox.c
_SENT = NotificationState.SENT.value


def made(connection: Connection, dedup_key: str, at: float, now: float) -> int:
    """Note that a page of this key was made then; returns for how many messages that was news.

    Not for one that was written later, which is another page of the key, and for no end: that a page was made late says
    nothing of what came after it.
    """
    mine = and_(_row.dedup_key == dedup_key, _row.state == _SENT, _row.confirmed_at.is_(None))
    page = and_(_row.event.not_in(ENDS), _row.created_at <= at + MADE_WITHIN)
    return connection.execute(update(outbox).where(mine, page).values(confirmed_at=now)).rowcount


def named(connection: Connection, dedup_key: str, at: float) -> tuple[str, ...]:
    """Return the incidents that a storm page named by then: whoever answered it saw these."""
    sent = and_(_row.dedup_key == dedup_key, _row.state == _SENT, _row.sent_at <= at + SKEW)
    last = select(outbox).where(sent, _row.event == MessageEvent.STORM.value).order_by(_row.id.desc()).limit(1)
    row = connection.execute(last).first()
    told = () if row is None else notification_of(row).message.named
    return tuple(dict.fromkeys(one.incident for one in told if one.incident))


def ours(connection: Connection, dedup_key: str, event: MessageEvent, at: float) -> bool:
    """Say whether we may have written this answer or end there at that time ourselves.

    We did if it was sent before, and the service did not show it at once; what it shows by now is not written any more,
    nor what its key sounded after.
    """
    again = outbox.alias("again")
    behind = and_(again.c.key == _row.key, again.c.id > _row.id, again.c.event == MessageEvent.TRIGGER.value)
    sounded = exists().where(behind, again.c.created_at < at - UNDER_WAY)
    sent = and_(_row.state == _SENT, _row.sent_at <= at + SKEW, _row.sent_at >= at - WRITTEN_WITHIN - UNDER_WAY)
    open_ = or_(_row.confirmed_at.is_(None), and_(_row.confirmed_at > _row.sent_at, _row.confirmed_at >= at - SKEW))
    said = select(_row.id).where(_row.dedup_key == dedup_key, _row.event == event.value, sent, open_, ~sounded)
    return connection.execute(said.limit(1)).first() is not None
