"""A message as a row of the outbox, before it is said of what it is part.

Enters: a destination, a dedup key, a message. Leaves: a row whose order is kept within destination and key. Belongs to
no incident and no step: whoever pages says so.
"""

from __future__ import annotations

from aiops_daemon.core.model.message import Message
from aiops_daemon.core.model.notification import Notification, NotificationState
from aiops_daemon.core.response.reach import Destination


def written(
    uid: str, key: str, to: Destination, message: Message, state: NotificationState, now: float, due_at: float
) -> Notification:
    """Return the row; times are unix seconds."""
    return Notification(
        uid=uid,
        key=f"{to.id}|{key}",
        dedup_key=key,
        incident="",
        team=message.team,
        destination=to.id,
        integration=to.channel.integration,
        message=message,
        created_at=now,
        due_at=due_at,
        address=to.address,
        state=state,
    )
