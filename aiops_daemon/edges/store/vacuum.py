"""Give pages that retention emptied back to the disk, a few at a time.

Enters: a connection in a transaction. Leaves: a shorter file, when much of it is empty; else nothing, for empty pages
are used again by what comes next.
"""

from __future__ import annotations

from sqlalchemy import Connection

_PAGES = 1_000  # a step, 4 MiB: the writer is not held for long
_EMPTY_MIN = 4_096  # pages, 16 MiB: less is not worth the writing
_EMPTY_SHARE = 4  # a quarter of the file


def shrink(connection: Connection) -> int:
    """Cut empty pages off a SQLite file; return how many. PostgreSQL does so itself."""
    if connection.dialect.name != "sqlite":
        return 0
    empty = _pragma(connection, "freelist_count")
    if empty < max(_EMPTY_MIN, _pragma(connection, "page_count") // _EMPTY_SHARE):
        return 0
    cursor = connection.connection.cursor()
    for _ in range(_PAGES):  # Python's driver steps the statement once only, and a step is a page
        cursor.execute("PRAGMA incremental_vacuum(1)")
    cursor.close()
    return empty - _pragma(connection, "freelist_count")


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
