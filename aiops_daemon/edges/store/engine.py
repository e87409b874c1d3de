"""Connections to the database: one writer and a few readers, with the settings that durability needs.

Enters: where rows are kept. Leaves: transactions, for writing and for reading, whose foreign errors are StoreErrors.
Synchronous: only threads of the store call it. Never two connections that write or checkpoint one SQLite file:
releases before 3.51.3 can then corrupt it. Never waits for ever.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.core.model.source import Secret
from aiops_daemon.edges.store.faults import mapped
from aiops_daemon.errors import StoreError, StoreReason

APPLICATION_ID = 0x41494F50  # "AIOP", bytes 68 to 71 of the file
READERS = 3
BUSY_SECONDS = 5.0
"""How long to wait for a lock that another process holds."""
_WAL_MAX = 64 * 1024 * 1024
_CHECKPOINT_PAGES = 1000
_CONNECT_SECONDS = 5
_POSTGRES_OPTIONS = (
    "-c statement_timeout=30000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=60000"
    " -c synchronous_commit=on -c timezone=UTC -c client_encoding=UTF8"
)


@dataclass(slots=True)
class Database:
    """An open database; `where` names it in words, without its password; `path` is None on PostgreSQL."""

    where: str
    writer: Engine
    reader: Engine
    path: Path | None
    _inode: int = 0

    @property
    def is_sqlite(self) -> bool:
        """Say whether this is a file of ours."""
        return self.path is not None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Run a transaction that is committed at the end, or rolled back by any exception."""
        with mapped(self.where):
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
        url = make_url(spec.url)
    except ArgumentError as error:
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


def connect(spec: StorageSpec, busy_seconds: float = BUSY_SECONDS) -> Database:
    """Make the engines; nothing is opened yet. Raises StoreError when a driver is not installed."""
    url = parse_url(spec)
    path = sqlite_path(spec)
    if path is not None:
        return Database(
            str(path), _sqlite(path, busy_seconds, writer=True), _sqlite(path, busy_seconds, writer=False), path
        )
    try:
        writer = _postgres(url, spec.password, 1)
        reader = _postgres(url, spec.password, READERS).execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
    except ImportError as error:
        raise StoreError(
            StoreReason.FAILED, "psycopg is not installed, PostgreSQL needs it: pip install aiops-daemon[postgres]"
        ) from error
    return Database(url.set(password=None).render_as_string(), writer, reader, None)


def _bad_url(what: str) -> StoreError:
    return StoreError(
        StoreReason.FAILED,
        f"storage.url: {what}; write sqlite:////data/aiops.db or postgresql://user@host:5432/database",
    )


def _sqlite(path: Path, busy_seconds: float, *, writer: bool) -> Engine:
    def open_file() -> sqlite3.Connection:
        # mode=rw: a file that vanished is an error, never a new and empty store.
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode=rw", uri=True, timeout=busy_seconds, isolation_level=None, check_same_thread=False
        )
        set_pragmas(connection, writer=writer)
        return connection

    engine = create_engine(
        "sqlite://",
        creator=open_file,
        poolclass=QueuePool,
        pool_size=1 if writer else READERS,
        max_overflow=0,
        hide_parameters=True,
    )
    begin = "BEGIN IMMEDIATE" if writer else "BEGIN"

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def set_pragmas(connection: sqlite3.Connection, *, writer: bool) -> None:
    """Set up a connection: FULL syncs every commit, and only the writer moves the log into the file."""
    if writer:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.execute("PRAGMA mmap_size=0")
    connection.execute(f"PRAGMA journal_size_limit={_WAL_MAX}")
    connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES if writer else 0}")
    if not writer:
        connection.execute("PRAGMA query_only=ON")


def _postgres(url: URL, password: Secret | None, size: int) -> Engine:
    arguments: dict[str, Any] = {
        "connect_timeout": _CONNECT_SECONDS,
        "options": _POSTGRES_OPTIONS,
        "application_name": f"aiops-daemon/{os.getpid()}",
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    }
    engine = create_engine(
        url,
        connect_args=arguments,
        pool_size=size,
        max_overflow=0,
        pool_timeout=BUSY_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,
    )
    if password is None:
        return engine

    @event.listens_for(engine, "do_connect")
    def sign_in(_dialect: Any, _record: Any, _arguments: Any, named: dict[str, Any]) -> None:
        named["password"] = password()  # read each time: it may have been rotated

    return engine
