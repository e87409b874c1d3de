"""Bring a store to today's schema, or refuse one that a newer release wrote.

Enters: an open database. Leaves: the schema that `schema.py` describes, made in one transaction: a migration that is
killed never happened. Never touches a store whose `min_writer_version` is above this release's.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, delete, insert, inspect, select, text

from aiops_daemon.edges.store.engine import Database
from aiops_daemon.edges.store.schema import MIN_WRITER_VERSION, SCHEMA_VERSION, installation
from aiops_daemon.edges.store.sqliteengine import APPLICATION_ID
from aiops_daemon.errors import StoreError, StoreReason

_STEPS = Path(__file__).parent / "migrations"
_LOCK = 0x41494F50  # two replicas that start at once migrate one after the other


def migrate(database: Database) -> bool:
    """Run the steps that are lacking; say whether there were any. Raises StoreError."""
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '60s'"))  # steps are files to read
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        check_version(connection, database.where)
        config = _config(connection)
        known = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
        present = revision(connection)
        if present is not None and present not in known:
            return False  # a newer release extended it, and says that this one may still write
        if present == head():
            return False
        command.upgrade(config, "head")
        _note_version(connection)
    return True


def head() -> str:
    """Return the newest step's name."""
    return ScriptDirectory.from_config(_config(None)).get_current_head() or ""


def revision(connection: Connection) -> str | None:
    """Return the step that the store is at; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def check_version(connection: Connection, where: str) -> None:
    """Raise StoreError when a newer release wrote this store and this one must not."""
    found = written_version(connection)
    if found > SCHEMA_VERSION:
        raise StoreError(
            StoreReason.VERSION,
            f"{where}: written by a newer release (store version {found}, this one writes {SCHEMA_VERSION}); "
            "run that release, or restore a backup made before it",
        )


def written_version(connection: Connection) -> int:
    """Return the oldest version that may write this store, 0 for an empty one."""
    if connection.dialect.name == "sqlite":
        return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    if not inspect(connection).has_table(installation.name):
        return 0
    value = connection.execute(select(installation.c.value).where(installation.c.name == MIN_WRITER_VERSION)).scalar()
    return int(value or 0)


def _note_version(connection: Connection) -> None:
    connection.execute(delete(installation).where(installation.c.name == MIN_WRITER_VERSION))
    connection.execute(insert(installation).values(name=MIN_WRITER_VERSION, value=str(SCHEMA_VERSION)))
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
        connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
