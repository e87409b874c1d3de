"""The store as delivery, timers and the auditor use it: each call one transaction on the store's own threads.

Enters: claims and what came of them. Leaves: rows as frozen values of core.model. What was given to somebody else
meanwhile is refused, and what the outside last heard of that key is said again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.escalation import Escalation, Timer
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import (
    Claim,
    Failed,
    FailureReason,
    Notification,
    NotificationPage,
    NotificationQuery,
    Sent,
    Violations,
    Waiting,
)
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.core.response.timers import deadlines
from aiops_daemon.edges.store import echoes, muting, notifications_read, outbox, schema, timers
from aiops_daemon.edges.store.rows_paging import timer_row
from aiops_daemon.edges.store.storable import storable
from aiops_daemon.edges.store.store import SqlStore
from aiops_daemon.edges.store.upserts import upsert
from aiops_daemon.ids import Mint

_PERHAPS_TAKEN = (FailureReason.DEADLINE_EXCEEDED, FailureReason.UNREACHABLE, FailureReason.SERVER_ERROR)
"""After these the other side may have taken what it did not answer: a reset, silence, a gateway's error."""


class SqlPaging:
    """Messages, timers and escalations in SQLite or PostgreSQL."""

    def __init__(self, store: SqlStore, clock: Clock, mint: Mint) -> None:
        self._store = store
        self._clock = clock
        self._mint = mint

    async def inherit(self) -> None:
        """Free what an earlier process had claimed, where there is never a second one: on SQLite."""
        await self._store.write(outbox.inherit)

    async def mute(self) -> int:
        """Let nothing that waits be sent, but for tests; returns how many messages that was."""
        now = self._clock.now()
        return await self._store.write(lambda conn: muting.mute(conn, now))

    async def unmute(self) -> int:
        """Let the ends that were muted be sent; returns how many messages that was."""
        now = self._clock.now()
        return await self._store.write(lambda conn: muting.unmute(conn, now))

    async def claim(
        self, *, limit: int, lease: float, busy: Iterable[str], full: Iterable[str], each: int
    ) -> list[Claim]:
        """Take up to `limit` due messages for `lease` seconds, at most `each` to one destination."""
        now, shut, used_up = self._clock.now(), tuple(busy), tuple(full)
        return await self._store.write(
            lambda conn: outbox.claim(conn, now, limit=limit, lease=lease, busy=shut, full=used_up, each=each)
        )

    async def sent(self, claimed: Claim, outcome: Sent) -> bool:
        """Note that it was accepted; False: the lease had gone to somebody else, and the key is said again."""
        now, uid = self._clock.now(), self._mint()

        def finish(conn: Connection) -> bool:
            done = outbox.sent(conn, claimed, outcome, now)
            if not done:
                outbox.say_again(conn, claimed.notification.key, uid, now)
            return done

        return await self._store.write(finish)

    async def put_off(self, claimed: Claim, outcome: Failed, due_at: float) -> bool:
        """Try again later; False: it is not ours any more, and if it may have been taken the key is said again."""
        now, uid = self._clock.now(), self._mint()

        def finish(conn: Connection) -> bool:
            done = outbox.put_off(conn, claimed, outcome, due_at)
            if not done and outcome.reason in _PERHAPS_TAKEN:
                outbox.say_again(conn, claimed.notification.key, uid, now)
            return done

        return await self._store.write(finish)

    async def give_up(self, claimed: Claim, outcome: Failed) -> bool:
        """Try no more: its deadline comes at once; False: it is not ours any more."""
        now, row = self._clock.now(), claimed.notification
        late = deadlines(row, now)

        def finish(conn: Connection) -> bool:
            done = outbox.give_up(conn, claimed, outcome)
            if done:
                upsert(conn, schema.timers, list(map(timer_row, late)))
                timers.hasten(conn, row.uid, now)  # of a storm page: of what earlier versions told, nobody waits
            return done

        return await self._store.write(finish)

    async def add(self, notification: Notification) -> None:
        """Write a message that belongs to no step of the desk: a test."""
        await self._store.write(lambda conn: outbox.add(conn, [notification]))

    async def add_once(self, key: str, notifications: Sequence[Notification]) -> bool:
        """Write messages that belong to no step of the desk, all or none; False: those of this key were written before.

        A key is remembered for a week. "": there is none, and they are written.
        """

        now = self._clock.now()

        def write(conn: Connection) -> bool:
            if key and not _first(conn, "changes", key, now):
                return False
            outbox.add(conn, notifications)
            return True

        return await self._store.write(write)

    async def shown(self, uid: str) -> None:
        """Note that a service showed what became of this message."""
        now = self._clock.now()
        await self._store.write(lambda conn: outbox.shown(conn, uid, now))

    async def made(self, dedup_key: str, at: float) -> int:
        """Note that a service made a page of this key then; returns for how many messages that was news."""
        now = self._clock.now()
        return await self._store.write(lambda conn: echoes.made(conn, storable(dedup_key), at, now))

    async def named(self, dedup_key: str, at: float) -> tuple[str, ...]:
        """Return the incidents that a storm page named by then."""
        return await self._store.read(lambda conn: echoes.named(conn, storable(dedup_key), at))

    async def ours(self, dedup_key: str, event: MessageEvent, at: float) -> bool:
        """Say whether an answer or an end there at that time may be one that we wrote."""
        return await self._store.read(lambda conn: echoes.ours(conn, storable(dedup_key), event, at))

    async def unconfirmed(self, after: float, before: float, limit: int) -> list[Notification]:
        """Return messages accepted between then and then, of which the service has shown nothing, the newest first."""
        return await self._store.read(lambda conn: outbox.unconfirmed(conn, after, before, limit))

    async def notifications(self, uids: Iterable[str]) -> dict[str, Notification]:
        """Return these messages."""
        asked = tuple(uids)
        return await self._store.read(lambda conn: notifications_read.by_uid(conn, asked))

    async def heard(self, incidents: Iterable[str]) -> set[str]:
        """Return those of these incidents of which some destination was told for certain."""
        asked = tuple(incidents)
        return await self._store.read(lambda conn: notifications_read.heard(conn, asked)) if asked else set()

    async def find_notifications(self, query: NotificationQuery, scope: Scope) -> NotificationPage:
        """List the delivery log."""
        return await self._store.read(lambda conn: notifications_read.find(conn, query, scope))

    async def pages_since(self, since: float) -> list[tuple[str, str, float]]:
        """Return lane (see folding), service and time of every page made since then, for storms."""
        return await self._store.read(lambda conn: notifications_read.pages_since(conn, since))

    async def due_timers(self, limit: int) -> list[Timer]:
        """Return timers that are due, the longest overdue first."""
        now = self._clock.now()
        return await self._store.read(lambda conn: timers.due(conn, now, limit))

    async def next_due(self) -> tuple[float | None, float | None]:
        """Return when the next timer, and the next message that nobody holds, are due."""
        return await self._store.read(lambda conn: (timers.next_at(conn), outbox.next_due_at(conn)))

    async def escalations(self, incidents: Iterable[str]) -> dict[str, Escalation]:
        """Return the escalations of these incidents."""
        asked = tuple(incidents)
        return await self._store.read(lambda conn: timers.states_of(conn, asked))

    async def waiting(self) -> list[Waiting]:
        """Count what waits, by integration."""
        now = self._clock.now()
        return await self._store.read(lambda conn: outbox.waiting(conn, now))

    async def violations(self, *, routed: bool) -> Violations:
        """Look for what must never be."""
        now = self._clock.now()
        return await self._store.read(lambda conn: timers.violations(conn, now, routed=routed))

    async def seen(self, source: str, uid: str) -> bool:
        """Note that a signed webhook came; True: it had come before."""
        now = self._clock.now()
        return await self._store.write(lambda conn: not _first(conn, source, uid, now))

    async def was_seen(self, source: str, uid: str) -> bool:
        """Say whether a signed webhook was taken before."""
        key = schema.deliveries_seen.c
        asked = select(key.uid).where(key.source == source, key.uid == storable(uid))
        return await self._store.read(lambda conn: conn.execute(asked).first() is not None)

    async def claim_request(self, key: str, until: float) -> bool:
        """Take a signed request of Slack; False: it came before. It is remembered for longer than it matters."""
        del until
        return not await self.seen("slack", key)


def _first(conn: Connection, source: str, uid: str, now: float) -> bool:
    """Note that something came; False: it had come before."""
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    row = {"source": source, "uid": storable(uid), "at": now}
    statement = insert(schema.deliveries_seen).values(**row).on_conflict_do_nothing()
    return conn.execute(statement.returning(schema.deliveries_seen.c.uid)).first() is not None
