"""What people do to a store by hand: look whether it is whole, copy it, put a copy back, migrate it.

Enters: where rows are kept, a UTC time stamp for names. Leaves: what was found or done. Restoring and migrating a file
hold its folder, so that no daemon runs meanwhile; looking and copying disturb none. Synchronous.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, inspect, select

from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.edges.store import backup, migrate, schema, sqlitefile
from aiops_daemon.edges.store.claim import claim
from aiops_daemon.edges.store.engine import Database, connect, sqlite_path
from aiops_daemon.errors import StoreError, StoreReason

_COUNTED = (schema.inbox, schema.quarantine, schema.episodes, schema.incidents, schema.timeline)


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found; `faults` empty and `current` true is a good store. Sizes and backups are SQLite's only."""

    where: str
    engine: str
    revision: str
    current: bool
    faults: tuple[str, ...] = ()
    rows: Mapping[str, int] | None = None
    size_bytes: int | None = None
    newest_backup: str | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """Which copy was put in place, and under what name the file before it lies."""

    backup: Path
    replaced: Path | None


def check(spec: StorageSpec) -> Checked:
    """Look at every page of a file, at the schema, and count rows; raises StoreError when that cannot be done."""
    path = sqlite_path(spec)
    faults = _faults(path) if path else ()
    if path and faults:
        size, newest = _size(path), _newest(path)
        return Checked(str(path), _sqlite(), "", current=False, faults=faults, size_bytes=size, newest_backup=newest)
    with _connected(spec) as database, database.reading() as connection:
        migrate.check_version(connection, database.where)
        revision = migrate.revision(connection) or ""
        return Checked(
            where=database.where,
            engine=_sqlite() if path else _postgres(connection),
            revision=revision,
            current=revision == migrate.head(),
            rows=_rows(connection),
            size_bytes=_size(path) if path else None,
            newest_backup=_newest(path) if path else None,
        )


def back_up(spec: StorageSpec, stamp: str) -> Path | None:
    """Copy a file beside the daemon that uses it; None for PostgreSQL, which has means of its own."""
    path = _existing(spec)
    return backup.back_up(path, stamp, spec.backups) if path else None


def restore(spec: StorageSpec, stamp: str, source: Path | None) -> Restored | None:
    """Put a copy (the newest usable one by default) in place; None for PostgreSQL. Raises StoreError."""
    path = sqlite_path(spec)
    if path is None:
        return None
    with _alone(path):
        chosen = source or _newest_usable(path)
        fault = sqlitefile.examine(chosen) if chosen.exists() else "there is no such file"
        if fault is not None:
            raise StoreError(StoreReason.CORRUPT, f"{chosen}: {fault}; nothing was changed")
        replaced = sqlitefile.set_aside(path, stamp, "replaced") if path.exists() else None
        sqlitefile.put(chosen, path)
        return Restored(chosen, replaced)


def migrate_by_hand(spec: StorageSpec) -> tuple[str, bool]:
    """Bring a store to today's schema; return its revision and whether anything was done."""
    path = _existing(spec)
    if path is None:
        return _migrate(spec)
    with _alone(path):
        faults = _faults(path)
        if faults:
            raise StoreError(StoreReason.CORRUPT, f"{path}: {faults[0]}; run `aiops-daemon db restore`")
        return _migrate(spec)


def _migrate(spec: StorageSpec) -> tuple[str, bool]:
    with _connected(spec) as database:
        return migrate.head(), migrate.migrate(database)


def _existing(spec: StorageSpec) -> Path | None:
    path = sqlite_path(spec)
    if path is not None and not path.exists():
        raise StoreError(StoreReason.UNREACHABLE, f"{path}: there is no such file; the daemon makes it when it starts")
    return path


def _faults(path: Path) -> tuple[str, ...]:
    if not path.exists():
        raise StoreError(StoreReason.UNREACHABLE, f"{path}: there is no such file; the daemon makes it when it starts")
    fault = sqlitefile.examine(path)
    return tuple(sqlitefile.full_check(path)) if fault is None else (fault,)


def _size(path: Path) -> int:
    """Return what the file takes with its log, in which all may be that was written lately."""
    log = path.with_name(path.name + "-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


def _newest(path: Path) -> str | None:
    return next((copy.name for copy in sqlitefile.backups(path.parent)), None)


def _newest_usable(path: Path) -> Path:
    for candidate in sqlitefile.backups(path.parent):
        if sqlitefile.examine(candidate) is None:
            return candidate
    raise StoreError(StoreReason.CORRUPT, f"{path.parent / sqlitefile.BACKUPS}: no usable backup; nothing was changed")


def _sqlite() -> str:
    return f"SQLite {sqlite3.sqlite_version}"


def _postgres(connection: Connection) -> str:
    return f"PostgreSQL {'.'.join(map(str, connection.dialect.server_version_info or ()))}"


def _rows(connection: Connection) -> dict[str, int]:
    present = set(inspect(connection).get_table_names())
    counted = (table for table in _COUNTED if table.name in present)
    return {table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in counted}


@contextmanager
def _connected(spec: StorageSpec) -> Iterator[Database]:
    database = connect(spec)
    try:
        yield database
    finally:
        database.dispose()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    held = claim(path.parent, remedy="stop it first")
    try:
        yield
    finally:
        held.release()
