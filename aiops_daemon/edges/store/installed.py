"""Facts about this store: since when it is in use, and when it was last written for a test.

Enters: a connection in a transaction and a time. Leaves: a row of `installation`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert as insert_postgres
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from aiops_daemon.edges.store.schema import FIRST_STARTED_AT, installation

_PROBED_AT = "probed_at"


def begin(connection: Connection, now: float) -> None:
    """Note when this store was first used, unless that is known."""
    connection.execute(_insert(connection, FIRST_STARTED_AT, now).on_conflict_do_nothing())


def probe(connection: Connection, now: float) -> None:
    """Write a row that nobody reads."""
    statement = _insert(connection, _PROBED_AT, now)
    replaced = {"value": statement.excluded.value}
    connection.execute(statement.on_conflict_do_update(index_elements=[installation.c.name], set_=replaced))


def _insert(connection: Connection, name: str, at: float) -> Any:
    insert = insert_postgres if connection.dialect.name == "postgresql" else insert_sqlite
    return insert(installation).values(name=name, value=repr(at))
