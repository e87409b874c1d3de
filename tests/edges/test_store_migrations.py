"""Migrations: the newest step and schema.py describe the same tables, on both engines; versions are kept apart."""

from __future__ import annotations

from typing import Any

import pytest
from real_postgres import Postgres
from sqlalchemy import Engine, create_engine, delete, event, inspect, text, update
from store_world import delivery, opened

from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.edges.store import schema, sqlitefile
from aiops_daemon.edges.store.engine import connect, sqlite_path
from aiops_daemon.edges.store.migrate import head, migrate
from aiops_daemon.errors import StoreError, StoreReason


def described(engine: Engine) -> dict[str, Any]:
    """Write down every table as the database itself sees it, alembic's own aside."""
    found = inspect(engine)
    return {
        table: {
            "columns": [
                (one["name"], str(one["type"]), one["nullable"], one["default"], one.get("autoincrement"))
                for one in found.get_columns(table)
            ],
            "key": found.get_pk_constraint(table),
            "indexes": sorted(
                (str(one["name"]), str(one["column_names"]), bool(one["unique"]), _options(one))
                for one in found.get_indexes(table)
            ),
            "uniques": sorted(
                (str(one["name"]), tuple(one["column_names"])) for one in found.get_unique_constraints(table)
            ),
        }
        for table in sorted(found.get_table_names())
        if table != "alembic_version"
    }


def _options(index: Any) -> str:
    return str(sorted((name, str(value)) for name, value in index.get("dialect_options", {}).items()))


def migrated(spec: StorageSpec) -> dict[str, Any]:
    """Migrate an empty store and describe it."""
    path = sqlite_path(spec)
    if path:
        sqlitefile.prepare(path, "stamp")
    database = connect(spec)
    try:
        assert migrate(database)
        assert not migrate(database)
        return described(database.writer)
    finally:
        database.dispose()


def made(url: str) -> dict[str, Any]:
    """Make the schema from schema.py and describe it."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    try:
        schema.metadata.create_all(engine)
        return described(engine)
    finally:
        engine.dispose()


def test_a_migrated_store_is_as_schema_says_on_sqlite(tmp_path) -> None:
    """Columns, types, defaults, keys, indexes, uniques; so is what SQLite keeps of each statement."""
    spec = StorageSpec(url=f"sqlite:///{tmp_path / 'migrated.db'}")

    assert made(f"sqlite:///{tmp_path / 'made.db'}") == migrated(spec)
    assert len(migrated_tables(tmp_path / "migrated.db")) > 10
    assert migrated_tables(tmp_path / "made.db") == migrated_tables(tmp_path / "migrated.db")


def migrated_tables(path) -> set[str]:
    """Return the statements that made tables, without their white space."""
    engine = create_engine(f"sqlite:///{path}")
    try:
        with engine.connect() as connection:
            found = connection.execute(text("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")).scalars().all()
    finally:
        engine.dispose()
    return {"".join(sql.split()) for sql in found if "alembic" not in sql}


def test_a_migrated_store_is_as_schema_says_on_postgresql(postgres: Postgres, postgres_url: str) -> None:
    """The same there."""
    other = postgres.new_database()
    try:
        assert made(other) == migrated(StorageSpec(url=postgres_url))
    finally:
        postgres.drop(other)


async def test_a_newer_store_is_refused(storage: StorageSpec) -> None:
    """By the oldest version that may write it; nothing is changed."""
    async with opened(storage):
        pass
    _set_version(storage, 99)

    with pytest.raises(StoreError, match="store version 99, this one writes 1") as raised:
        async with opened(storage):
            pass

    assert raised.value.reason is StoreReason.VERSION


def _set_version(spec: StorageSpec, version: int) -> None:
    database = connect(spec)
    with database.writing() as connection:
        if database.is_sqlite:
            connection.execute(text(f"PRAGMA user_version={version}"))
        name = schema.installation.c.name == schema.MIN_WRITER_VERSION
        connection.execute(update(schema.installation).where(name).values(value=str(version)))
    database.dispose()


async def test_a_store_that_a_newer_release_only_extended_is_used(storage: StorageSpec) -> None:
    """Replicas of two versions run together: a step that is not known here is left alone."""
    async with opened(storage) as store:
        await store.accept(delivery())
    database = connect(storage)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    async with opened(storage) as store:
        await store.accept(delivery())
        assert 2 == (await store.backlog()).pending
    with database.reading() as connection:
        assert "9999" == connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    database.dispose()


def test_the_newest_step_has_a_name() -> None:
    """There is at least one, and one line of them."""
    assert "0001" <= head()


async def test_a_current_store_is_opened_without_touching_its_schema(storage: StorageSpec) -> None:
    """The second start writes no DDL."""
    async with opened(storage):
        pass
    database = connect(storage)
    statements: list[str] = []
    event.listen(database.writer, "before_cursor_execute", lambda *call: statements.append(call[2]))

    assert not migrate(database)
    database.dispose()
    assert statements
    assert not [one for one in statements if one.startswith(("CREATE", "ALTER", "DROP", "INSERT", "UPDATE"))]


async def test_a_store_without_its_version_counts_as_empty_of_promises(storage: StorageSpec) -> None:
    """A row that somebody deleted by hand keeps nobody out."""
    async with opened(storage):
        pass
    database = connect(storage)
    with database.writing() as connection:
        connection.execute(delete(schema.installation))
    database.dispose()

    async with opened(storage) as store:
        await store.probe()
