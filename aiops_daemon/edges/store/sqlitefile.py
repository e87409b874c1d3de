"""The file of a SQLite store before it is opened for work: made, checked, and when it is broken set aside and replaced.

Enters: a path and a UTC time stamp for names. Leaves: a file that opens, and notes about everything that had to be done
to it. Never deletes a file that holds rows, never starts empty without a note, never touches what is not ours.
Synchronous: callers use a thread.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from aiops_daemon.edges.durable import sync_directory
from aiops_daemon.edges.store.faults import mapped, reason_of, store_error
from aiops_daemon.edges.store.schema import SCHEMA_VERSION
from aiops_daemon.edges.store.sqliteengine import APPLICATION_ID
from aiops_daemon.errors import StoreError, StoreReason

BACKUPS = "backups"
_BUSY_SECONDS = 5.0
_MAGIC = b"SQLite format 3\0"
_SIDECARS = ("-wal", "-shm")  # they belong to the file: without its log a store lacks its latest rows


def prepare(path: Path, stamp: str) -> list[str]:
    """Make or mend the file; return notes. Raises StoreError when it is not ours, newer, locked or cannot be read."""
    with mapped(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(path.parent, os.W_OK):
            raise PermissionError(errno.EACCES, f"{path.parent} cannot be written")
        if not path.exists():
            return _begin(path, stamp)
        fault = examine(path)
        return [] if fault is None else [*_replace(path, stamp, fault)]


def examine(path: Path) -> str | None:
    """Return what is broken in a store's file, None when nothing is; raises StoreError as `prepare`."""
    fault = _foreign(path)
    if fault is not None:
        return fault
    try:
        with closing(_open(path)) as connection:
            fault = _check(connection)
            if fault is None:
                _check_ours(connection, path)
            return fault
    except sqlite3.Error as error:
        if reason_of(error) is StoreReason.CORRUPT:
            return str(error)
        raise store_error(error, str(path)) from error


def full_check(path: Path, opened: Callable[[sqlite3.Connection], None] = lambda connection: None) -> list[str]:
    """Return what SQLite finds wrong with the whole file, indexes included; what is `opened` may be interrupted."""
    with mapped(str(path)), closing(_open(path)) as connection:
        opened(connection)
        rows = [row[0] for row in connection.execute("PRAGMA integrity_check(20)")]
    return [] if rows == ["ok"] else rows


def backups(folder: Path) -> list[Path]:
    """List the copies of a store, newest first."""
    return sorted((folder / BACKUPS).glob("aiops-*.db"), reverse=True)


def set_aside(path: Path, stamp: str, kind: str = "corrupt") -> Path:
    """Rename a file with its log; return its new name."""
    target = path.with_name(f"{path.name}.{kind}-{stamp}")
    number = 1
    while target.exists():
        target = path.with_name(f"{path.name}.{kind}-{stamp}-{(number := number + 1)}")
    for suffix in (*_SIDECARS, ""):
        sidecar = path.with_name(path.name + suffix)
        if sidecar.exists():
            sidecar.rename(target.with_name(target.name + suffix))
    return target


def put(source: Path, path: Path) -> None:
    """Put a copy of a backup in the place of the store, which must be gone; whole or not at all."""
    unfinished = path.with_name(f"{path.name}.new")
    shutil.copyfile(source, unfinished)
    sync_file(unfinished)
    unfinished.rename(path)
    sync_directory(path.parent)


def _begin(path: Path, stamp: str) -> list[str]:
    """Make a store where there is none; one that is lost while its backups are there is restored."""
    notes = []
    orphans = [path.with_name(path.name + suffix) for suffix in _SIDECARS]
    for orphan in (orphan for orphan in orphans if orphan.exists()):
        orphan.rename(aside := orphan.with_name(f"{orphan.name}.corrupt-{stamp}"))
        notes.append(f"{path} was missing while its log was there; the log was set aside as {aside.name}")
    restored = _restore_newest(path)
    if restored is not None:
        return [*notes, f"{path} was missing; {restored}"]
    _make(path)
    return notes


def _replace(path: Path, stamp: str, fault: str) -> Iterator[str]:
    aside = set_aside(path, stamp)
    yield f"{path} was broken ({fault}) and was set aside as {aside.name}"
    restored = _restore_newest(path)
    if restored is None:
        _make(path)
        yield "no backup was usable: the store starts empty; what fires is learned again from Alertmanager"
    else:
        yield restored


def _restore_newest(path: Path) -> str | None:
    for backup in backups(path.parent):
        try:
            if examine(backup) is None:
                put(backup, path)
                return f"the backup {backup.name} was restored; what changed after it is lost"
        except StoreError:  # newer, or cannot be read: an older one may do
            continue
    return None


def _make(path: Path) -> None:
    """Make an empty store under another name first, so that a kill leaves no half of one."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    with closing(sqlite3.connect(unfinished, isolation_level=None)) as connection:
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")  # only before the first table
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute("PRAGMA journal_mode=WAL")
    sync_file(unfinished)
    unfinished.rename(path)
    sync_directory(path.parent)


def _foreign(path: Path) -> str | None:
    """Look at the first bytes before SQLite does: it deletes the log of what it takes for empty."""
    with path.open("rb") as file:
        first = file.read(len(_MAGIC))
    if not first:
        return "it has no bytes"
    return None if first == _MAGIC else "it is not a SQLite file"


def _open(path: Path) -> sqlite3.Connection:
    """Open for reading only: closing must not move the log into a file that may be broken."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS, isolation_level=None
    )
    connection.execute("PRAGMA trusted_schema=OFF")
    return connection


def _check(connection: sqlite3.Connection) -> str | None:
    finding = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    return None if finding == "ok" else finding.splitlines()[-1]


def _check_ours(connection: sqlite3.Connection, path: Path) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if application != APPLICATION_ID and tables:
        raise StoreError(
            StoreReason.FAILED, f"{path}: a database of another program; give --storage.url a file of its own"
        )
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise StoreError(
            StoreReason.VERSION,
            f"{path}: written by a newer release (store version {version}, this one writes {SCHEMA_VERSION}); "
            "run that release, or restore a backup made before it",
        )


def sync_file(path: Path) -> None:
    """Make a file's bytes durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
