"""Errors of drivers, the database and the file system as StoreError, in this one place.

Enters: whatever SQLAlchemy, sqlite3, psycopg or the system raised, and how the store is called. Leaves: a StoreError
with its reason and what a person can do. Never puts a statement's parameters into words: they are alerts of somebody.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, SQLAlchemyError

from aiops_daemon.errors import StoreError, StoreReason

FOREIGN = (SQLAlchemyError, sqlite3.Error, OSError, ValueError, OverflowError)
"""What may come out of a driver; ValueError and OverflowError: a value that it cannot bind."""

_REMEDIES = {
    StoreReason.FULL: "free space on that disk, or raise the quota; writing goes on by itself",
    StoreReason.LOCKED: "another process holds it for long: find it (fuser, pg_stat_activity) and end it",
    StoreReason.READ_ONLY: "make the folder writable for this user, or the database a primary",
    StoreReason.CORRUPT: "run `aiops-daemon db check`; a restart sets the file aside and restores the newest backup",
    StoreReason.UNREACHABLE: "check that the folder is mounted, or that the database runs and lets this user in",
}

_SQLITE = {
    sqlite3.SQLITE_FULL: StoreReason.FULL,
    sqlite3.SQLITE_BUSY: StoreReason.LOCKED,
    sqlite3.SQLITE_LOCKED: StoreReason.LOCKED,
    sqlite3.SQLITE_PROTOCOL: StoreReason.LOCKED,
    sqlite3.SQLITE_READONLY: StoreReason.READ_ONLY,
    sqlite3.SQLITE_PERM: StoreReason.READ_ONLY,
    sqlite3.SQLITE_CORRUPT: StoreReason.CORRUPT,
    sqlite3.SQLITE_NOTADB: StoreReason.CORRUPT,
    sqlite3.SQLITE_CANTOPEN: StoreReason.UNREACHABLE,
    sqlite3.SQLITE_IOERR: StoreReason.UNREACHABLE,
}
_IOERR_SHMSIZE = 10 | (19 << 8)  # the memory beside the log could not grow: the disk is full
_NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT))
_BLOCK = bytes(4096)

# SQLSTATE by its first characters, the longest that fits wins (PostgreSQL, appendix A).
_POSTGRES = {
    "53100": StoreReason.FULL,
    "53": StoreReason.UNREACHABLE,  # out of memory or connections
    "55P03": StoreReason.LOCKED,
    "57014": StoreReason.LOCKED,  # statement_timeout
    "40": StoreReason.LOCKED,  # deadlock, serialization
    "25006": StoreReason.READ_ONLY,
    "25P03": StoreReason.UNREACHABLE,  # idle_in_transaction_session_timeout: we stood still
    "42501": StoreReason.READ_ONLY,  # insufficient privilege
    "XX001": StoreReason.CORRUPT,
    "XX002": StoreReason.CORRUPT,
    "58": StoreReason.UNREACHABLE,
    "57": StoreReason.UNREACHABLE,
    "08": StoreReason.UNREACHABLE,
    "28": StoreReason.UNREACHABLE,
    "3D": StoreReason.UNREACHABLE,
}

_SYSTEM = {
    errno.ENOSPC: StoreReason.FULL,
    errno.EDQUOT: StoreReason.FULL,
    errno.EFBIG: StoreReason.FULL,
    errno.EROFS: StoreReason.READ_ONLY,
    errno.EACCES: StoreReason.READ_ONLY,
    errno.EPERM: StoreReason.READ_ONLY,
}


@contextmanager
def mapped(where: str, written: Path | None = None) -> Iterator[None]:
    """Turn foreign errors into StoreError; `where` names the store without its password, `written` is its file."""
    try:
        yield
    except FOREIGN as error:
        raise store_error(error, where, written) from error


def store_error(error: BaseException, where: str, written: Path | None = None) -> StoreError:
    """Build the StoreError for a foreign error.

    SQLite calls a used-up quota an I/O error, as any fault but ENOSPC, and does not tell errno: whoever was writing a
    file tries one block beside it.
    """
    reason = reason_of(error)
    if written is not None and _is_io(error) and not _has_room(written.parent):
        reason = StoreReason.FULL
    remedy = _REMEDIES.get(reason)
    return StoreError(reason, f"{where}: {_words(error)}" + (f"; {remedy}" if remedy else ""))


def reason_of(error: BaseException) -> StoreReason:
    """Classify a foreign error."""
    original = _original(error)
    if isinstance(original, sqlite3.Error):
        return _sqlite_reason(original)
    if isinstance(original, OSError):
        return _SYSTEM.get(original.errno or 0, StoreReason.UNREACHABLE)
    return _postgres_reason(error, getattr(original, "sqlstate", None))


def is_about_data(error: BaseException) -> bool:
    """Say whether a value of the statement was refused, so that other rows of a batch may still go in."""
    if isinstance(error, DataError | IntegrityError | InterfaceError):
        return True
    return isinstance(_original(error), ValueError | OverflowError | sqlite3.DataError | sqlite3.InterfaceError)


def _is_io(error: BaseException) -> bool:
    code = getattr(_original(error), "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_IOERR


def _has_room(folder: Path) -> bool:
    """Say whether a file without a name may have one block more; True when that fails for any other reason."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            os.pwrite(file.fileno(), _BLOCK, 0)
            os.fsync(file.fileno())
    except OSError as error:
        return error.errno not in _NO_ROOM
    return True


def _original(error: BaseException) -> BaseException:
    return getattr(error, "orig", None) or error


def _sqlite_reason(error: sqlite3.Error) -> StoreReason:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return StoreReason.FAILED
    if code == _IOERR_SHMSIZE:
        return StoreReason.FULL
    return _SQLITE.get(code & 0xFF, StoreReason.FAILED)


def _postgres_reason(error: BaseException, state: str | None) -> StoreReason:
    for length in (5, 2):
        if state and state[:length] in _POSTGRES:
            return _POSTGRES[state[:length]]
    lost = isinstance(error, DBAPIError) and (error.connection_invalidated or state is None)
    lost = lost and not is_about_data(error)
    return StoreReason.UNREACHABLE if lost or isinstance(error, TimeoutError) else StoreReason.FAILED


def _words(error: BaseException) -> str:
    original = _original(error)
    if isinstance(original, OSError) and original.strerror:
        return original.strerror
    if isinstance(original, UnicodeError):
        return "a text that is not Unicode"  # the error's own words quote the text
    return (str(original).strip().splitlines() or [type(original).__name__])[0]
