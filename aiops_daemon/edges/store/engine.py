"""Connections to the database: one writer and a few readers, with the settings that durability needs.

Enters: where rows are kept. Leaves: transactions, for writing and for reading, whose foreign errors are StoreErrors.
Synchronous: only threads of the store call it. Never two connections that write or checkpoint one SQLite file:
releases before 3.51.3 can then corrupt it. Never waits for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.edges.store.faults import mapped
from aiops_daemon.edges.store.postgresengine import Lines, postgres_engine, several_hosts, written
from aiops_daemon.edges.store.sqliteengine import sqlite_engine
from aiops_daemon.errors import StoreError, StoreReason

READERS = 3


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a lock of another process, for PostgreSQL's answer to one transaction, for a delivery."""

    busy_seconds: float = 4.0
    answer_seconds: float = 30.0
    intake_seconds: float = 4.5  # for one delivery, whatever the reason: Alertmanager hangs up after ten seconds


PATIENCE = Patience()


@dataclass(slots=True)
class Database:
    """An open database; `where` names it in words, without its password; `path` is None on PostgreSQL."""

    where: str
    writer: Engine
    reader: Engine
    path: Path | None
    writing_lines: Lines | None = None  # None: a file answers
    reading_lines: Lines | None = None
    _inode: int = 0

    @property
    def is_sqlite(self) -> bool:
        """Say whether this is a file of ours."""
        return self.path is not None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Run a transaction that is committed at the end, or rolled back by any exception."""
        with mapped(self.where, self.path):
            self._check_there()
            with self.writer.begin() as connection:
                yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Run a transaction that sees one state of the database and writes nothing."""
        with mapped(self.where):
            self._check_there()
            with self.reader.begin() as connection:
                yield connection

    def dispose(self) -> None:
        """Close all connections; the writer last, for it alone may move the log into the file."""
        with mapped(self.where):
            self.reader.dispose()
            self.writer.dispose()

    def _check_there(self) -> None:
        """Refuse a file that was removed or replaced: rows would go into one that nobody ever finds."""
        if self.path is None:
            return
        inode = self.path.stat().st_ino
        if not self._inode:
            self._inode = inode
        elif inode != self._inode:
            raise StoreError(
                StoreReason.UNREACHABLE, f"{self.path}: the file was replaced while in use; restart the daemon"
            )


def parse_url(spec: StorageSpec) -> URL:
    """Read `storage.url`; raises StoreError for what is neither SQLite nor PostgreSQL."""
    try:
        url = several_hosts(spec.url) or make_url(spec.url)
    except (ArgumentError, ValueError) as error:
        raise _bad_url("not a URL") from error
    name = url.drivername.partition("+")[0]
    if name == "sqlite":
        if not url.database or url.database == ":memory:":
            raise _bad_url("it names no file")
        return url
    if name not in ("postgresql", "postgres"):
        raise _bad_url(f"scheme {name!r} is not known")
    return url.set(drivername="postgresql+psycopg")


def sqlite_path(spec: StorageSpec) -> Path | None:
    """Return the file of a SQLite store, None for PostgreSQL; raises as `parse_url`."""
    url = parse_url(spec)
    return Path(url.database or "").absolute() if url.get_backend_name() == "sqlite" else None


def connect(spec: StorageSpec, patience: Patience = PATIENCE) -> Database:
    """Make the engines; nothing is opened yet. Raises StoreError when a driver is not installed."""
    url = parse_url(spec)
    path = sqlite_path(spec)
    if path is not None:
        writer = sqlite_engine(path, 1, patience.busy_seconds, writer=True)
        return Database(str(path), writer, sqlite_engine(path, READERS, patience.busy_seconds, writer=False), path)
    try:
        writer = postgres_engine(url, spec.password, 1, writer=True)
        reader = postgres_engine(url, spec.password, READERS, writer=False)
    except ImportError as error:
        raise StoreError(
            StoreReason.FAILED, "psycopg is not installed, PostgreSQL needs it: pip install aiops-daemon[postgres]"
        ) from error
    where = written(url)
    lines = Lines(writer, patience.answer_seconds), Lines(reader, patience.answer_seconds)
    reader = reader.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Database(where, writer, reader, None, *lines)


def _bad_url(what: str) -> StoreError:
    return StoreError(
        StoreReason.FAILED,
        f"storage.url: {what}; write sqlite:////data/aiops.db or postgresql://user@host:5432/database",
    )
