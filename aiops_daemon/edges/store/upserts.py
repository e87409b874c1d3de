"""The statements that write rows, each made once for both databases.

Enters: a connection (in a transaction) and rows as dicts. Leaves: those rows in their table, new or in place of the
one with the same key. One statement a table, whatever the number of rows. Never decides what is written.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite

from aiops_daemon.edges.store import schema

Rows = list[dict[str, Any]]


def _upsert(dialect: str, table: Table) -> Executable:
    insert = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    key = [column.name for column in table.primary_key]
    kept = {column.name: insert.excluded[column.name] for column in table.columns if column.name not in key}
    return insert.on_conflict_do_update(index_elements=key, set_=kept) if kept else insert.on_conflict_do_nothing()


_REPLACED = (
    schema.episodes,
    schema.incidents,
    schema.incident_teams,
    schema.words,
    schema.linked_findings,
    schema.corrections,
    schema.knowledge,
    schema.escalations,
    schema.timers,
    schema.storms,
)
_UPSERTS = {
    (dialect, table.name): _upsert(dialect, table) for dialect in ("sqlite", "postgresql") for table in _REPLACED
}


def upsert(conn: Connection, table: Table, rows: Rows) -> None:
    """Insert rows, or replace those with the same primary key; of several rows with one key the last one stands."""
    if rows:
        conn.execute(_UPSERTS[conn.dialect.name, table.name], rows)


def insert(conn: Connection, table: Table, rows: Rows) -> None:
    """Insert rows in their order."""
    if rows:
        conn.execute(table.insert(), rows)
