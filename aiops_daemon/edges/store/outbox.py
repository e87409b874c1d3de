"""Statements on messages: what is due, who may send it, and what came of it.

Enters: a connection in a transaction, the time, a holder. Leaves: claims under a lease, rows that are over. The lowest
open row of a key goes first, whatever its state of retrying; an expired lease is claimed by the same statement, so no
janitor can stall. The number of claims is the token: what a holder brings back late is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    and_,
    case,
    cast,
    exists,
    extract,
    func,
    literal,
    or_,
    select,
    update,
)

from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import (
    NOTES,
    Claim,
    Failed,
    FailureReason,
    Notification,
    NotificationState,
    Sent,
    Waiting,
)
from aiops_daemon.core.response.retry import SPAN
from aiops_daemon.edges.store.rows_paging import notification_of, notification_row
from aiops_daemon.edges.store.schema import outbox
from aiops_daemon.edges.store.storable import storable

WORDS_KEPT = 500
STALE = 120.0  # seconds after which a message that is due and that nobody tried breaks the promise
PAGES = (MessageEvent.TRIGGER.value, MessageEvent.STORM.value)
ENDS = (MessageEvent.ACKNOWLEDGE.value, MessageEvent.RESOLVE.value)
_row = outbox.c
_WAITING = NotificationState.WAITING.value
_SENT = NotificationState.SENT.value


def clock(connection: Connection, now: float) -> ColumnElement[float]:
    """Return the time by which all replicas go: the database's own, or on SQLite, where there is one, the caller's."""
    if connection.dialect.name == "postgresql":
        return cast(extract("epoch", func.clock_timestamp()), Double)
    return literal(now, Double)


def note() -> ColumnElement[bool]:
    """Ask whether it is a note: nobody is reached by one, so none is to take the place of a page or to count as one."""
    return _row.key.endswith(NOTES)


def first_of_key() -> ColumnElement[bool]:
    """Ask whether no earlier message of the same key waits."""
    before = outbox.alias("before")
    return ~exists().where(and_(before.c.key == _row.key, before.c.id < _row.id, before.c.state == _WAITING))


def claim(
    connection: Connection, now: float, *, limit: int, lease: float, busy: Iterable[str], full: Iterable[str], each: int
) -> list[Claim]:
    """Take up to `limit` due messages for `lease` seconds, at most `each` to one destination, and of all notes one.

    None in lanes that are busy, none by integrations that are full.
    """
    at = clock(connection, now)
    lane = case((note(), literal(NOTES)), else_=_row.destination)
    most = case((note(), literal(1)), else_=literal(each)).label("most")
    place = func.row_number().over(partition_by=lane, order_by=(_row.due_at, _row.id)).label("place")
    ready = (
        select(_row.id, place, most)
        .where(_row.state == _WAITING, _row.due_at <= at, _row.lease_until <= at, first_of_key())
        .where(lane.not_in(sorted(busy)), _row.integration.not_in(sorted(full)))
        .subquery()
    )
    due = (
        select(_row.id)
        .join(ready, ready.c.id == _row.id)
        .where(ready.c.place <= ready.c.most)
        .order_by(note(), _row.due_at, _row.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=outbox)
    )
    taken = (
        update(outbox)
        .where(_row.id.in_(due.scalar_subquery()), _row.state == _WAITING, _row.lease_until <= at)
        .values(attempts=_row.attempts + 1, lease_until=at + lease)
        .returning(*outbox.c)
    )
    rows = sorted(connection.execute(taken), key=lambda row: (row.due_at, row.id))
    threads = _threads(connection, {row.dedup_key for row in rows})
    return [
        Claim(notification_of(row, threads.get((row.destination, row.dedup_key), "")), row.attempts) for row in rows
    ]


def inherit(connection: Connection) -> None:
    """Free every claim on SQLite: whoever made it is dead, for one process holds the file."""
    if connection.dialect.name == "sqlite":
        held = and_(_row.state == _WAITING, _row.lease_until > 0.0)
        connection.execute(update(outbox).where(held).values(lease_until=0.0))


def _threads(connection: Connection, dedup_keys: set[str]) -> dict[tuple[str, str], str]:
    """Return what the last message of each destination and key that was sent is called there.

    Whoever answers under one that stands calls it the same; one that took the place of a removed one is the last.
    """
    if not dedup_keys:
        return {}
    told = (
        select(_row.destination, _row.dedup_key, _row.reply)
        .where(_row.dedup_key.in_(sorted(dedup_keys)), _row.state == _SENT, _row.reply != "")
        .order_by(_row.id)
    )
    return {(row.destination, row.dedup_key): row.reply for row in connection.execute(told)}


def _mine(claimed: Claim) -> ColumnElement[bool]:
    row = claimed.notification
    return and_(_row.uid == row.uid, _row.attempts == claimed.token, _row.state == _WAITING)


def sent(connection: Connection, claimed: Claim, outcome: Sent, now: float) -> bool:
    """Note that it was accepted; False: somebody else was given it meanwhile, and nothing is written."""
    confirmed_at = None if outcome.confirmable and not (outcome.told_once and _open(connection, claimed)) else now
    values = {"state": _SENT, "sent_at": now, "confirmed_at": confirmed_at, "reply": storable(outcome.reply)}
    statement = update(outbox).where(_mine(claimed)).values(reason="", detail="", lease_until=0.0, **values)
    return connection.execute(statement).rowcount == 1


def _open(connection: Connection, claimed: Claim) -> bool:
    """Ask whether an earlier message of its key made a page that was not ended since."""
    row = claimed.notification
    same = and_(_row.dedup_key == row.dedup_key, _row.key == row.key, _row.state == _SENT)
    last = select(_row.event, _row.confirmed_at).where(same, _row.event.in_((*PAGES, MessageEvent.RESOLVE.value)))
    before = connection.execute(last.order_by(_row.id.desc()).limit(1)).first()
    return before is not None and before.event in PAGES and before.confirmed_at is not None


def put_off(connection: Connection, claimed: Claim, outcome: Failed, due_at: float) -> bool:
    """Try again later; False: it is not ours any more."""
    statement = update(outbox).where(_mine(claimed)).values(due_at=due_at, lease_until=0.0, **_words(outcome))
    return connection.execute(statement).rowcount == 1


def give_up(connection: Connection, claimed: Claim, outcome: Failed) -> bool:
    """Try no more; False: it is not ours any more. A note that is lost is no page that is lost."""
    note = bool(claimed.notification.message.note)
    dead = (NotificationState.DROPPED if note else NotificationState.DEAD).value
    statement = update(outbox).where(_mine(claimed)).values(state=dead, lease_until=0.0, **_words(outcome))
    return connection.execute(statement).rowcount == 1


def _words(outcome: Failed) -> dict[str, Any]:
    return {"reason": outcome.reason.value, "detail": storable(outcome.detail[:WORDS_KEPT])}


def say_again(connection: Connection, key: str, uid: str, now: float) -> bool:
    """Send the last state of a key once more: somebody may have told an older one after it.

    Not while a message of the key waits, for that will say it; and no digest, for it is no state of anything.
    """
    if connection.execute(select(_row.id).where(_row.key == key, _row.state == _WAITING).limit(1)).first():
        return False
    said = and_(_row.key == key, _row.state == _SENT, _row.event != MessageEvent.DIGEST.value)
    last = select(outbox).where(said).order_by(_row.id.desc()).limit(1)
    row = connection.execute(last).first()
    if row is None:
        return False
    values = row._asdict() | {"uid": uid, "created_at": now, "due_at": now, "state": _WAITING, "attempts": 0}
    values |= {"sent_at": None, "confirmed_at": None, "step": "", "lease_until": 0.0}
    del values["id"]
    connection.execute(outbox.insert().values(**values))
    return True


def add(connection: Connection, notifications: Iterable[Notification], dues: Mapping[str, float] | None = None) -> None:
    """Write new messages in their order; one that took the place of others of its key goes out when those would."""
    known = dues or {}
    rows = [notification_row(one) for one in notifications]
    for row in rows:
        row["due_at"] = min(row["due_at"], known.get(row["key"], row["due_at"]))
    if rows:
        connection.execute(outbox.insert(), rows)


def supersede(
    connection: Connection, keys: Iterable[str], events: Sequence[str], reason: str
) -> tuple[dict[str, float], list[tuple[str, str]]]:
    """Drop messages of these events that wait and were never tried, for newer ones say more.

    A change that was tried goes too, unless somebody is at it: a page must not wait until a change is tried again.

    Returns by key when the first of them was due (whoever is to hear of it waits no longer because more happens), and
    the key and uid of each.
    """
    names = sorted(set(keys))
    if not names:
        return {}, []
    change = and_(_row.event == MessageEvent.UPDATE.value, _row.lease_until == 0.0)
    untried = or_(_row.attempts == 0, change)
    stale = and_(_row.key.in_(names), _row.event.in_(events), _row.state == _WAITING, untried)
    dropped = NotificationState.DROPPED.value
    statement = update(outbox).where(stale).values(state=dropped, reason=storable(reason))
    dues: dict[str, float] = {}
    gone = connection.execute(statement.returning(_row.key, _row.due_at, _row.uid)).all()
    for key, due_at, _ in gone:
        dues[key] = min(due_at, dues.get(key, due_at))
    return dues, [(row.key, row.uid) for row in gone]


def shown(connection: Connection, uid: str, now: float) -> None:
    """Note that a service showed what became of this message."""
    open_ = and_(_row.uid == uid, _row.state == _SENT, _row.confirmed_at.is_(None))
    connection.execute(update(outbox).where(open_).values(confirmed_at=now))


def unconfirmed(connection: Connection, after: float, before: float, limit: int) -> list[Notification]:
    """Return messages that were accepted between then and then and of which the service has shown nothing yet.

    The newest first: of an older one the fallback was told already.

    Not an end after which its key said something else: to make sure of that now would be false.
    """
    later = outbox.alias("later")
    behind = and_(later.c.dedup_key == _row.dedup_key, later.c.key == _row.key, later.c.id > _row.id)
    last = ~exists().where(behind, later.c.event.in_((*ENDS, MessageEvent.TRIGGER.value)))
    rows = select(outbox).where(
        _row.created_at >= after - SPAN, _row.state == _SENT, _row.confirmed_at.is_(None), _row.sent_at <= before
    )
    rows = rows.where(_row.sent_at >= after, or_(_row.event.not_in(ENDS), last))
    return [notification_of(row) for row in connection.execute(rows.order_by(_row.id.desc()).limit(limit))]


def paused(at: ColumnElement[float]) -> ColumnElement[bool]:
    """Ask whether its destination asked for a pause: one of its messages was refused for that, and waits still."""
    refused = outbox.alias("refused")
    limited = and_(refused.c.state == _WAITING, refused.c.reason == FailureReason.RATE_LIMITED.value)
    same = and_(refused.c.destination == _row.destination, ~refused.c.key.endswith(NOTES))
    return exists().where(same, limited, refused.c.due_at > at - STALE)


def waiting(connection: Connection, now: float) -> list[Waiting]:
    """Count what waits, by integration; people wait for no note."""
    held_back = func.sum(case((paused(clock(connection, now)), 1), else_=0))
    counted = (
        select(_row.integration, func.count(), func.min(_row.created_at), held_back)
        .where(_row.state == _WAITING, ~note())
        .group_by(_row.integration)
    )
    return [Waiting(*row) for row in connection.execute(counted)]


def next_due_at(connection: Connection) -> float | None:
    """Return when the next message that nobody holds is due."""
    soonest = select(func.min(func.max(_row.due_at, _row.lease_until)))
    if connection.dialect.name == "postgresql":
        soonest = select(func.min(func.greatest(_row.due_at, _row.lease_until)))
    return connection.execute(soonest.where(_row.state == _WAITING)).scalar()
