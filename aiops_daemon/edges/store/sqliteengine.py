"""Connections to a SQLite file, with the settings that durability needs.

Enters: a path. Leaves: an engine whose transactions begin at once and whose commits are on disk. Never two connections
that write or checkpoint one file: releases of SQLite before 3.51.3 can then corrupt it.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

APPLICATION_ID = 0x41494F50  # "AIOP", bytes 68 to 71 of the file
_WAL_MAX = 64 * 1024 * 1024
_CHECKPOINT_PAGES = 1000


def sqlite_engine(path: Path, size: int, busy_seconds: float, *, writer: bool) -> Engine:
    """Make an engine of at most `size` connections; a lock of another process is waited for."""

    def open_file() -> sqlite3.Connection:
        # Never mode=rwc: a file that vanished is an error, not a new and empty store.
        uri = f"{path.as_uri()}?mode={'rw' if writer else 'ro'}"
        connection = sqlite3.connect(uri, uri=True, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
        try:
            _set_up(connection, writer=writer)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    engine = create_engine(
        "sqlite://", creator=open_file, poolclass=QueuePool, pool_size=size, max_overflow=0, hide_parameters=True
    )
    begin = "BEGIN IMMEDIATE" if writer else "BEGIN"

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _set_up(connection: sqlite3.Connection, *, writer: bool) -> None:
    """Sync every commit, and let only the writer move the log into the file."""
    if writer:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.execute("PRAGMA mmap_size=0")
    connection.execute(f"PRAGMA journal_size_limit={_WAL_MAX}")
    connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES if writer else 0}")
