"""The past of a store, read beside a running daemon: what fired, where it went, what people corrected.

Enters: where rows are kept, since when. Leaves: episodes in the order in which they began, and corrections. Never
writes, never migrates, never holds the store's lock. Synchronous.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from aiops_daemon.core.model.alert import Episode
from aiops_daemon.core.model.incident import Correction
from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.edges.store import desk, migrate, schema
from aiops_daemon.edges.store.engine import connect, sqlite_path
from aiops_daemon.edges.store.rows import episode_of
from aiops_daemon.errors import StoreError, StoreReason


@dataclass(frozen=True, slots=True)
class Past:
    """Episodes oldest first, those that were only recorded left out; corrections oldest first."""

    episodes: tuple[Episode, ...]
    corrections: tuple[Correction, ...]


def read_past(spec: StorageSpec, since: float) -> Past:
    """Read every episode in an incident that began at or after `since`; raises StoreError."""
    path = sqlite_path(spec)
    if path is not None and not path.exists():
        raise StoreError(StoreReason.UNREACHABLE, f"{path}: there is no such file; the daemon makes it when it starts")
    columns = schema.episodes.c
    statement = (
        select(schema.episodes)
        .where(columns.incident != "", columns.starts_at >= since)
        .order_by(columns.first_starts_at, columns.uid)
    )
    database = connect(spec)
    try:
        with database.reading() as connection:
            migrate.check_version(connection, database.where)
            episodes = tuple(map(episode_of, connection.execute(statement)))
            corrections = tuple(one for one in desk.corrections(connection) if one.at >= since)
    finally:
        database.dispose()
    return Past(episodes, corrections)
