"""Digests: incidents beyond the limit of a chat or mailbox, each named in one message and in no other.

Enters: what is to be named, and a digest that nobody has tried to send yet. Leaves: a digest that names both, or
nothing where one would become too long to name all: then a second one follows. A digest that somebody may have seen is
never changed: the next one names only what is new.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from aiops_daemon.core.model.message import Message, MessageEvent, Named
from aiops_daemon.core.model.notification import Notification
from aiops_daemon.core.response.message import storm

MOST_NAMED = 50  # what every medium shows with title and link: Slack's blocks, a card of Teams, a template


def digest(first: Message, named: tuple[Named, ...], at: float, why: str) -> Message:
    """Make the message that names incidents instead of telling each: as grave as the gravest of them."""
    return replace(storm(first, "", named, at, why), event=MessageEvent.DIGEST, name="", evidence=())


def order_key(destination: str) -> str:
    """Return the key within which the digests of a destination go out in their order."""
    return f"{destination}|digest"


def joined(earlier: Message, later: Message) -> Message | None:
    """Name in one digest what two would, each incident once; None: it would be too long."""
    known = {one.incident for one in earlier.named}
    named = (*earlier.named, *(one for one in later.named if one.incident not in known))
    if len(named) > MOST_NAMED:
        return None
    return replace(digest(earlier, named, later.at, later.why_you), opened_at=earlier.opened_at)


def gathered(rows: Sequence[Notification], row: Notification) -> list[Notification]:
    """Add a digest to those of one step, by naming its incidents in the last one that goes the same way."""
    for number, one in reversed(list(enumerate(rows))):
        if (one.key, one.state) == (row.key, row.state):
            both = joined(one.message, row.message)
            if both is not None:
                return [*rows[:number], replace(one, message=both), *rows[number + 1 :]]
            break
    return [*rows, row]


def without(message: Message, gone: Collection[tuple[str, str]]) -> Message | None:
    """Return a digest or a storm page that no longer names these (incident, policy); None: it names nothing else."""
    left = tuple(one for one in message.named if (one.incident, one.track) not in gone)
    if len(left) == len(message.named):
        return message
    made = storm(message, "", left, message.at, message.why_you)
    if message.event is MessageEvent.DIGEST:
        made = digest(message, left, message.at, message.why_you)
    return replace(made, opened_at=message.opened_at) if left else None


def about(row: Notification, incident: str) -> Notification | None:
    """Return a message as that of one incident, a storm page too; None: it does not name it (any more)."""
    if row.message.event not in (MessageEvent.DIGEST, MessageEvent.STORM):
        return row
    found = next((one for one in row.message.named if one.incident == incident), None)
    return replace(row, incident=incident, track=found.track) if found else None
