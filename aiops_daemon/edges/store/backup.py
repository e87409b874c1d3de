"""Copies of a SQLite store, made while it is written, checked before they get their name.

Enters: an open store's path and a UTC time stamp. Leaves: `backups/aiops-<stamp>.db`, and no more copies than are
wanted. Never fills the disk: a copy is not begun without room for it. Synchronous: callers use a thread.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from aiops_daemon.edges.durable import sync_directory
from aiops_daemon.edges.store.faults import mapped
from aiops_daemon.edges.store.sqlitefile import BACKUPS, backups, examine, sync_file
from aiops_daemon.errors import StoreError, StoreReason

_PAGES = 2_048  # copied at a time, 8 MiB
_SPARE = 32 * 1024 * 1024  # that must stay free beside a copy


def back_up(path: Path, stamp: str, keep: int, stopping: Callable[[], bool] = lambda: False) -> Path:
    """Copy, check, rename, and delete the oldest beyond `keep`; given up when `stopping`. Raises StoreError."""
    folder = path.parent / BACKUPS
    target = folder / f"aiops-{stamp}.db"
    unfinished = folder / f"{target.name}.tmp"
    with mapped(str(folder)):
        folder.mkdir(exist_ok=True)
        unfinished.unlink(missing_ok=True)
        _check_room(path, folder)
        try:
            _copy(path, unfinished, stopping)
            fault = examine(unfinished)
            if fault is not None:
                raise StoreError(StoreReason.CORRUPT, f"{target}: the copy is broken ({fault}); it was deleted")
            sync_file(unfinished)
            unfinished.rename(target)
            sync_directory(folder)
        finally:
            for suffix in ("", "-wal", "-shm", "-journal"):
                unfinished.with_name(unfinished.name + suffix).unlink(missing_ok=True)
        for old in backups(path.parent)[max(1, keep) :]:
            old.unlink()
    return target


def _copy(path: Path, target: Path, stopping: Callable[[], bool]) -> None:
    """Copy within one read transaction: writers go on meanwhile, and the copy need not begin anew for them."""

    def ask(_status: int, _remaining: int, _total: int) -> None:
        if stopping():
            raise StoreError(StoreReason.CLOSED, f"{target}: given up, the daemon is stopping")

    with (
        closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)) as source,
        closing(sqlite3.connect(target, isolation_level=None)) as copy,
    ):
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        source.backup(copy, pages=_PAGES, progress=ask)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, that may be copied on its own


def _check_room(path: Path, folder: Path) -> None:
    wanted = path.stat().st_size + _SPARE
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise StoreError(
            StoreReason.FULL,
            f"{folder}: a copy wants {wanted >> 20} MiB, {free >> 20} are free; free space, or lower storage.backups",
        )
