"""Foreign errors as reasons of the store: each known one by its code, and words that quote nobody's alert."""

from __future__ import annotations

import errno
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, text
from sqlalchemy.exc import DataError, OperationalError
from store_world import delivery, opened

from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.edges.store.engine import connect
from aiops_daemon.edges.store.faults import is_about_data, mapped, reason_of, store_error
from aiops_daemon.errors import StoreError, StoreReason


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("53100", StoreReason.FULL),
        ("53300", StoreReason.UNREACHABLE),
        ("55P03", StoreReason.LOCKED),
        ("57014", StoreReason.LOCKED),
        ("40P01", StoreReason.LOCKED),
        ("25006", StoreReason.READ_ONLY),
        ("42501", StoreReason.READ_ONLY),
        ("XX001", StoreReason.CORRUPT),
        ("57P01", StoreReason.UNREACHABLE),
        ("57P03", StoreReason.UNREACHABLE),
        ("08006", StoreReason.UNREACHABLE),
        ("28P01", StoreReason.UNREACHABLE),
        ("3D000", StoreReason.UNREACHABLE),
        ("42P01", StoreReason.FAILED),
    ],
)
def test_postgresql_tells_by_sqlstate(state: str, reason: StoreReason) -> None:
    """The longest prefix that is known decides."""
    original = psycopg.errors.lookup(state)("words")

    assert reason is reason_of(OperationalError("SELECT 1", {}, original))


def test_a_connection_that_breaks_is_unreachable() -> None:
    """The driver raises it without a code."""
    assert StoreReason.UNREACHABLE is reason_of(OperationalError("SELECT 1", {}, psycopg.OperationalError("closed")))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.ENOSPC, StoreReason.FULL),
        (errno.EDQUOT, StoreReason.FULL),
        (errno.EROFS, StoreReason.READ_ONLY),
        (errno.EACCES, StoreReason.READ_ONLY),
        (errno.ENOENT, StoreReason.UNREACHABLE),
        (errno.EIO, StoreReason.UNREACHABLE),
    ],
)
def test_the_system_tells_by_errno(code: int, reason: StoreReason) -> None:
    """Whatever the words."""
    assert reason is reason_of(OSError(code, "words"))


def test_sqlite_tells_by_its_code(tmp_path: Path) -> None:
    """Read from the error, whose words change from release to release."""
    (tmp_path / "text.db").write_bytes(b"not a database" * 100)
    with closing(sqlite3.connect(tmp_path / "text.db")) as connection, pytest.raises(sqlite3.DatabaseError) as raised:
        connection.execute("SELECT * FROM sqlite_schema")

    assert StoreReason.CORRUPT is reason_of(raised.value)
    with pytest.raises(sqlite3.OperationalError) as missing:
        sqlite3.connect(f"{(tmp_path / 'none' / 'x.db').as_uri()}?mode=rw", uri=True)
    assert StoreReason.UNREACHABLE is reason_of(missing.value)


@given(st.text(min_size=1, max_size=40))
def test_a_value_that_is_refused_is_not_quoted(secret: str) -> None:
    """A Unicode error's own words hold the text."""
    error = UnicodeEncodeError("utf-8", secret, 0, 1, "surrogates not allowed")

    assert "store: a text that is not Unicode" == str(store_error(error, "store"))
    assert is_about_data(error)


def test_only_data_is_tried_again_row_by_row() -> None:
    """A value out of range is; a lock or a lost connection is not."""
    assert is_about_data(DataError("INSERT", {}, psycopg.DataError("NUL")))
    assert is_about_data(OverflowError("too large"))
    assert not is_about_data(OperationalError("INSERT", {}, psycopg.OperationalError("closed")))
    assert not is_about_data(OSError(errno.ENOSPC, "full"))


def test_errors_of_ours_pass_unchanged() -> None:
    """A reason that is known already is not lost, and a fault in the program stays one."""
    for error in (StoreError(StoreReason.FENCED, "words"), KeyError("name")):
        with pytest.raises(type(error)) as raised, mapped("store"):
            raise error
        assert error is raised.value


async def test_a_statement_of_sqlalchemy_shows_no_parameters(storage: StorageSpec) -> None:
    """Neither in the words nor in what caused them."""
    async with opened(storage):
        pass
    database = connect(storage)
    with pytest.raises(StoreError) as raised, database.writing() as connection:
        connection.execute(text("INSERT INTO nowhere (name) VALUES (:name)"), {"name": "hunter2"})
    database.dispose()

    assert "nowhere" in str(raised.value)
    assert "hunter2" not in f"{raised.value}{raised.value.__cause__}"


async def test_a_standby_is_read_only(postgres_url: str) -> None:
    """Writes say so; after promotion they go on."""
    async with opened(StorageSpec(url=postgres_url)) as store:
        name = postgres_url.rpartition("/")[2]
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
            _end_sessions(connection)
            with pytest.raises(StoreError) as raised:
                await store.accept(delivery())
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
            _end_sessions(connection)
        await store.accept(delivery())

    assert raised.value.reason is StoreReason.READ_ONLY
    assert "a primary" in str(raised.value)


def test_a_connection_that_is_found_busy_is_replaced(postgres_url: str) -> None:
    """Its session was ended while somebody asked it something, and the driver has not noticed."""
    database = connect(StorageSpec(url=postgres_url))
    lines: list[psycopg.Connection] = []
    event.listen(database.writer.pool, "connect", lambda line, _record: lines.append(line))
    try:
        with database.writing() as connection:
            connection.execute(text("SELECT 1"))
        lines[0].pgconn.send_query(b"SELECT 1")
        with database.writing() as connection:
            answer = connection.execute(text("SELECT 2")).scalar()
    finally:
        database.dispose()

    assert 2 == answer
    assert 2 == len(lines)


def _end_sessions(connection: psycopg.Connection) -> None:
    """End every other session of the database, and wait until it has ended."""
    connection.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def test_postgresql_without_psycopg_says_what_to_install() -> None:
    """In a process that lacks it."""
    script = """
        import sys
        sys.modules["psycopg"] = None
        from aiops_daemon.core.model.settings import StorageSpec
        from aiops_daemon.edges.store.engine import connect
        from aiops_daemon.errors import StoreError
        try:
            connect(StorageSpec(url="postgresql://localhost/x"))
        except StoreError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False, timeout=60
    )

    assert "pip install aiops-daemon[postgres]" in done.stdout, done.stderr
