"""Pages that wait and are to be sent no more, because their route was turned to shadow.

Enters: a connection in a transaction, incidents and policies. Leaves: rows that are recorded as in shadow, with the
reason, and what would have followed them, dropped. What somebody is sending at this moment, and what tells those who
were told before, is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, update

from aiops_daemon.core.model.notification import NotificationState
from aiops_daemon.edges.store import digests
from aiops_daemon.edges.store.outbox import clock
from aiops_daemon.edges.store.schema import outbox
from aiops_daemon.edges.store.storable import storable
from aiops_daemon.edges.store.untold import drop_untold

WHY = "its route was turned to shadow before it was sent"
_row = outbox.c


def withdraw(connection: Connection, policies: Iterable[tuple[str, str, float]]) -> None:
    """Let the pages of these policies of these incidents never be sent."""
    keys: list[str] = []
    gone = tuple(policies)
    digests.withdraw(connection, gone, WHY)
    for incident, track, now in gone:
        waiting = update(outbox).where(
            _row.incident == incident,
            _row.track == storable(track),
            _row.state == NotificationState.WAITING.value,
            _row.lease_until <= clock(connection, now),
        )
        withdrawn = waiting.values(state=NotificationState.SHADOW.value, reason=WHY).returning(_row.key)
        keys += connection.execute(withdrawn).scalars()
    drop_untold(connection, keys)
