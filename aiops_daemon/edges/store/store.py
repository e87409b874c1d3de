"""The store: every call of the port as a function on a thread, writes by the one writer, reads beside it.

Enters: calls on the event loop. Leaves: frozen values of core.model, or a StoreError. Owns threads and connections;
knows no statement (those are in the modules it calls). Never blocks the event loop, never retries what may have been
written.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.alert import AlertKey, Episode
from aiops_daemon.core.model.inbox import Backlog, Delivery, InboxRow, Quarantined
from aiops_daemon.core.model.incident import Correction, Entry, EntryKind, Incident
from aiops_daemon.core.model.listing import (
    AlertPage,
    AlertQuery,
    IncidentDetail,
    IncidentPage,
    IncidentQuery,
    RuleHistory,
)
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.core.model.settings import RetentionSpec, StorageSpec
from aiops_daemon.edges.store import (
    alerts_read,
    desk,
    inbox,
    incident_read,
    incidents_read,
    installed,
    leases,
    quality,
    retention,
    sqlitefile,
    timeline,
)
from aiops_daemon.edges.store.backup import back_up
from aiops_daemon.edges.store.ballast import Ballast
from aiops_daemon.edges.store.engine import PATIENCE, READERS, Database, Patience, connect, sqlite_path
from aiops_daemon.edges.store.migrate import migrate
from aiops_daemon.edges.store.vacuum import shrink
from aiops_daemon.edges.store.writer import Writer
from aiops_daemon.errors import StoreError, StoreReason
from aiops_daemon.ports.store import Changes, DeskState, Lease

_Result = TypeVar("_Result")


async def open_store(spec: StorageSpec, clock: Clock, *, patience: Patience = PATIENCE) -> SqlStore:
    """Make or mend what is there, migrate it, and open it; raises StoreError that says what to do."""
    return await asyncio.to_thread(_open, spec, clock, stamp(clock.now()), patience)


def stamp(at: float) -> str:
    """Write a time as it stands in names of files."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ")


def _open(spec: StorageSpec, clock: Clock, now: str, patience: Patience) -> SqlStore:
    path = sqlite_path(spec)
    ballast = Ballast(path.parent if path else None)
    try:
        database, notes = _prepared(spec, now, patience)
    except StoreError as error:
        if error.reason is not StoreReason.FULL:
            raise
        ballast.give_up()  # what is there can still be served
        database, notes = _prepared(spec, now, patience)
    if not ballast.make():
        notes.append(f"{path}: the disk is nearly full; new alerts are refused until there is room")
    waiting = _reading(database, inbox.backlog).pending
    return SqlStore(spec, clock, Writer(database, ballast, patience), waiting, tuple(notes))


def _prepared(spec: StorageSpec, now: str, patience: Patience) -> tuple[Database, list[str]]:
    path = sqlite_path(spec)
    notes = sqlitefile.prepare(path, now) if path else []
    database = connect(spec, patience)
    try:
        migrate(database)
    except StoreError:
        database.dispose()
        raise
    return database, notes


class SqlStore:
    """Rows in SQLite or PostgreSQL; `notes` say what had to be mended at the start."""

    def __init__(self, spec: StorageSpec, clock: Clock, writer: Writer, waiting: int, notes: tuple[str, ...]) -> None:
        self.notes = notes
        self._spec = spec
        self._clock = clock
        self._writer = writer
        self._database = writer.database
        self._closed = False
        self._checked: sqlite3.Connection | None = None  # that `check` uses
        self._readers = ThreadPoolExecutor(READERS, "store-reader")
        self._waiting = waiting  # rows in the inbox when the store was opened, less those done since

    # Intake

    async def accept(self, delivery: Delivery) -> int:
        """Write one body and return its row's id once it is on disk."""
        return await self._writer.accept(delivery)

    async def quarantine(self, rejected: Quarantined) -> None:
        """Keep a copy of what was refused."""
        await self._writer.run(lambda connection: inbox.set_aside(connection, [rejected]))

    async def pending(self, limit: int, *, bytes_limit: int) -> list[InboxRow]:
        """Return the oldest rows that wait, at most `limit` and (but for the first) `bytes_limit` of bodies."""
        return await self.read(lambda connection: inbox.oldest(connection, limit, bytes_limit))

    async def failed(self, row: int, error: str) -> int:
        """Count a failed attempt on an inbox row and return how many there were."""
        return await self._writer.run(lambda connection: inbox.fail(connection, row, error))

    async def backlog(self) -> Backlog:
        """Count what waits: from memory on SQLite, where nobody else writes."""
        if not self._database.is_sqlite:
            return await self.read(inbox.backlog)
        oldest_at = await self.read(inbox.oldest_at)
        return Backlog(self._waiting + self._writer.accepted, oldest_at)

    # The desk

    async def load_desk(self, *, reopen_since: float) -> DeskState:
        """Read what the desk starts from; incidents resolved since then come too, for they may reopen."""
        return await self.read(lambda connection: desk.load_desk(connection, reopen_since))

    async def latest_episodes(self, keys: Iterable[AlertKey]) -> dict[AlertKey, Episode]:
        """Return the latest episode of each alert that has one."""
        asked = tuple(keys)
        return await self.read(lambda connection: desk.latest_episodes(connection, asked))

    async def incidents_by_uid(self, uids: Iterable[str]) -> dict[str, Incident]:
        """Return these incidents."""
        asked = tuple(uids)
        return await self.read(lambda connection: desk.incidents_by_uid(connection, asked))

    async def episodes_of(self, incident: str) -> list[Episode]:
        """Return all episodes of an incident."""
        return await self.read(lambda connection: desk.episodes_of(connection, incident))

    async def knowledge(self) -> dict[str, bytes]:
        """Return all learned values by name."""
        return await self.read(desk.knowledge)

    async def commit(self, changes: Changes, *, token: int | None = None) -> None:
        """Write all changes in one transaction; refuses when `token` is no longer that of the desk's lease."""
        await self._writer.run(partial(_write, changes, token), self._count_done)

    async def begin(self, now: float) -> None:
        """Note that this store is in use since now, unless it is known already."""
        await self._writer.run(lambda connection: installed.begin(connection, now))

    # What people and flows ask

    async def find_incidents(self, query: IncidentQuery, scope: Scope) -> IncidentPage:
        """List incidents: filter, words, sort, page, facets."""
        return await self.read(lambda connection: incidents_read.find_incidents(connection, query, scope))

    async def find_incident(self, reference: str, scope: Scope) -> IncidentDetail | None:
        """Return one incident by number (`INC-42`, `42`) or uid, with all that belongs to it."""
        return await self.read(lambda connection: incident_read.find_incident(connection, reference, scope))

    async def find_alerts(self, query: AlertQuery, scope: Scope) -> AlertPage:
        """List alerts."""
        return await self.read(lambda connection: alerts_read.find_alerts(connection, query, scope))

    async def entries_after(self, uid: str, limit: int, scope: Scope) -> list[Entry]:
        """Return timeline entries in the order they were committed, after this one ("" from the first)."""
        return await self.read(lambda connection: timeline.entries_after(connection, uid, limit, scope))

    async def entries_since(self, incident: str, at: float, kinds: Iterable[EntryKind]) -> list[Entry]:
        """Return an incident's lines of these kinds that tell of what happened after then, the latest first, a few."""
        asked = tuple(kinds)
        return await self.read(lambda connection: timeline.entries_since(connection, incident, at, asked))

    async def last_entry(self) -> str:
        """Return the uid of the latest committed entry, "" when there is none."""
        return await self.read(timeline.last_entry)

    async def rule_histories(self, since: float, scope: Scope) -> list[RuleHistory]:
        """Return, by alert rule, the episodes heard since then."""
        return await self.read(lambda connection: quality.rule_histories(connection, since, scope))

    async def corrections(self) -> list[Correction]:
        """Return all corrections by people, oldest first."""
        return await self.read(desk.corrections)

    async def counts(self) -> Mapping[tuple[str, str, str], int]:
        """Count incidents by state, severity and team."""
        return await self.read(quality.counts)

    # Keeping house

    async def probe(self) -> None:
        """Write and commit something small; raises StoreError when that fails."""
        now = self._clock.now()
        await self._writer.run(partial(_probe, self._writer.ballast, now))

    async def lease(self, name: str, holder: str, seconds: float) -> Lease | None:
        """Take or renew a lease; None while somebody else holds it."""
        now = self._clock.now()
        return await self._writer.run(lambda connection: leases.take(connection, name, holder, seconds, now))

    async def expire(self, now: float) -> int:
        """Delete a batch of what is older than the retention; returns how many rows went."""
        return await self._writer.run(partial(_expire, now, self._spec.retention))

    async def backup(self) -> str:
        """Make a verified copy and return its path; "" on PostgreSQL, which has pg_dump and archiving."""
        path = self._database.path
        if path is None:
            return ""
        name, keep = stamp(self._clock.now()), self._spec.backups
        return str(await self._in_thread(lambda: back_up(path, name, keep, lambda: self._closed)))

    async def check(self) -> tuple[str, ...]:
        """Return what is wrong with any page or index of the file; () on PostgreSQL. Takes minutes on a large one."""
        path = self._database.path
        if path is None:
            return ()
        return tuple(await self._in_thread(partial(sqlitefile.full_check, path, self._check_begins)))

    def _check_begins(self, connection: sqlite3.Connection) -> None:
        self._checked = connection
        if self._closed:
            raise StoreError(StoreReason.CLOSED, "the store is closed: the daemon is stopping")

    async def close(self) -> None:
        """Write what waits, release everything; idempotent."""
        if not self._closed:
            self._closed = True
            if self._checked is not None:
                with suppress(sqlite3.ProgrammingError):  # it ended long ago
                    self._checked.interrupt()
            await asyncio.to_thread(self._readers.shutdown, cancel_futures=True)
        await self._writer.close()

    async def read(self, work: Callable[[Connection], _Result]) -> _Result:
        """Run a function on a connection that sees one state of the database and writes nothing."""
        return await self._in_thread(partial(_reading, self._database, work))

    async def write(self, work: Callable[[Connection], _Result]) -> _Result:
        """Run a function in a transaction that is committed when this returns, perhaps with others, perhaps twice."""
        return await self._writer.run(work, together=True)

    async def _in_thread(self, work: Callable[[], _Result]) -> _Result:
        if self._closed:
            raise StoreError(StoreReason.CLOSED, "the store is closed: the daemon is stopping")
        lines = self._database.reading_lines
        alarm = lines.watch() if lines else None
        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, work)
        finally:
            if alarm:
                alarm.cancel()

    def _count_done(self, done: int) -> None:
        self._waiting -= done


def _reading(database: Database, work: Callable[[Connection], _Result]) -> _Result:
    with database.reading() as connection:
        return work(connection)


def _write(changes: Changes, token: int | None, connection: Connection) -> int:
    """Write one step of the desk; return how many rows of the inbox are done by it."""
    if token is not None:
        leases.check(connection, token)
    done = inbox.finish(connection, changes.done)
    desk.write_changes(connection, replace(changes, done=()))
    return done


def _expire(now: float, spec: RetentionSpec, connection: Connection) -> int:
    gone = retention.expire(connection, now, spec)
    shrink(connection)
    return gone


def _probe(ballast: Ballast, now: float, connection: Connection) -> None:
    ballast.check()
    installed.probe(connection, now)
