"""The past of alert rules, read beside a running daemon.

Enters: where rows are kept, since when. Leaves: the episodes of each rule. Never writes, never migrates, never holds
the store's lock. Synchronous.
"""

from __future__ import annotations

from aiops_daemon.core.model.listing import RuleHistory
from aiops_daemon.core.model.scope import DAEMON
from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.edges.store import migrate, quality
from aiops_daemon.edges.store.engine import connect, sqlite_path
from aiops_daemon.errors import StoreError, StoreReason


def read_histories(spec: StorageSpec, since: float) -> list[RuleHistory]:
    """Read the episodes heard at or after `since`, by rule; raises StoreError."""
    path = sqlite_path(spec)
    if path is not None and not path.exists():
        raise StoreError(StoreReason.UNREACHABLE, f"{path}: there is no such file; the daemon makes it when it starts")
    database = connect(spec)
    try:
        with database.reading() as connection:
            migrate.check_version(connection, database.where)
            return quality.rule_histories(connection, since, DAEMON)
    finally:
        database.dispose()
