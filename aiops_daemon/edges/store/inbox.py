"""Statements on what waits and on what was set aside.

Enters: deliveries and ids. Leaves: rows of the inbox, oldest first. A body of 16 KiB or more lies compressed.
Synchronous, on a connection whose transaction the caller owns.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from aiops_daemon.core.model.inbox import Backlog, Delivery, InboxRow, Quarantined
from aiops_daemon.edges.store.rows_beside import quarantined_row
from aiops_daemon.edges.store.schema import inbox, quarantine
from aiops_daemon.edges.store.storable import storable
from aiops_daemon.errors import StoreError, StoreReason

COMPRESS_FROM = 16 * 1024
PLAIN_MOST = 1024 * 1024  # a larger body is handed out as it lies, for it need never be whole in memory
ERROR_KEPT = 2_000
_ZLIB = "zlib"
_IDS = 500  # ids a statement

_INSERT = insert(inbox).returning(inbox.c.id, sort_by_parameter_order=True)
_INSERT_ONE = insert(inbox).returning(inbox.c.id)
_QUARANTINE = insert(quarantine)
_HEADS = select(inbox.c.id, func.length(inbox.c.body).label("size")).order_by(inbox.c.id).limit(bindparam("rows"))
_ROWS = select(
    inbox.c.id, inbox.c.source, inbox.c.team, inbox.c.received_at, inbox.c.body, inbox.c.encoding,
    inbox.c.attempts, inbox.c.skip,
).where(inbox.c.id <= bindparam("last")).order_by(inbox.c.id)  # fmt: skip
_OLDEST = select(inbox.c.received_at).order_by(inbox.c.id).limit(1)
_COUNT = select(func.count()).select_from(inbox)
_DONE = delete(inbox).where(inbox.c.id.in_(bindparam("ids", expanding=True)))
_FAILED = (
    update(inbox)
    .where(inbox.c.id == bindparam("row"))
    .values(attempts=inbox.c.attempts + 1, error=bindparam("words"))
    .returning(inbox.c.attempts)
)


def parameters(delivery: Delivery) -> dict[str, Any]:
    """Prepare one delivery as a row; compresses a large body, so never on the event loop."""
    body, encoding = delivery.body, ""
    if len(body) >= COMPRESS_FROM:
        body, encoding = zlib.compress(body, 1), _ZLIB
    return {
        "team": delivery.team,
        "source": delivery.source,
        "received_at": delivery.received_at,
        "body": body,
        "encoding": encoding,
    }


def insert_all(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Insert rows and return their ids, in order."""
    if len(rows) == 1:
        return [connection.execute(_INSERT_ONE, rows[0]).scalar_one()]
    return list(connection.execute(_INSERT, rows).scalars())


def oldest(connection: Connection, limit: int, bytes_limit: int) -> list[InboxRow]:
    """Return the oldest rows: at most `limit`, and `bytes_limit` of bodies as they lie on disk, but at least one."""
    total, last = 0, None
    for row in connection.execute(_HEADS, {"rows": limit}):
        total += row.size
        if last is not None and total > bytes_limit:
            break
        last = row.id
    if last is None:
        return []
    return [_row(*row) for row in connection.execute(_ROWS, {"last": last})]


def _row(
    row: int, source: str, team: str, received_at: float, body: bytes, encoding: str, attempts: int, skip: int
) -> InboxRow:
    if encoding != _ZLIB:
        return InboxRow(row, source, team, received_at, bytes(body), attempts, skip)
    inflating = zlib.decompressobj()
    plain = inflating.decompress(body, PLAIN_MOST)
    if inflating.eof:
        return InboxRow(row, source, team, received_at, plain, attempts, skip)
    return InboxRow(row, source, team, received_at, bytes(body), attempts, skip, packed=True)


def backlog(connection: Connection) -> Backlog:
    """Count what waits by looking at every row's id."""
    return Backlog(connection.execute(_COUNT).scalar_one(), oldest_at(connection))


def oldest_at(connection: Connection) -> float | None:
    """Return when the oldest row that waits was received."""
    return connection.execute(_OLDEST).scalar()


def finish(connection: Connection, rows: Sequence[int]) -> int:
    """Delete rows that are done; return how many there were."""
    gone = 0
    for low in range(0, len(rows), _IDS):
        gone += connection.execute(_DONE, {"ids": list(rows[low : low + _IDS])}).rowcount
    return gone


def fail(connection: Connection, row: int, error: str) -> int:
    """Count a failed attempt; raises StoreError when there is no such row."""
    words = storable(error[:ERROR_KEPT])
    attempts = connection.execute(_FAILED, {"row": row, "words": words}).scalar()
    if attempts is None:
        raise StoreError(StoreReason.FAILED, f"row {row} is not in the inbox any more")
    return int(attempts)


def set_aside(connection: Connection, rejected: Sequence[Quarantined]) -> None:
    """Keep copies of what was refused."""
    if rejected:
        connection.execute(_QUARANTINE, [quarantined_row(row) for row in rejected])
