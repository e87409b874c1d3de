"""Backups of a store in use: whole, few, checked, never at the price of the disk."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from store_world import delivery, opened, sqlite_spec

from aiops_daemon.clock import LoopClock
from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.edges.store import sqlitefile
from aiops_daemon.edges.store.backup import back_up
from aiops_daemon.errors import StoreError, StoreReason
from aiops_daemon.ports.store import Changes

NOON = 1_767_268_800.0  # 2026-01-01 12:00 UTC


def bodies(copy: str | Path) -> list[bytes]:
    """Return the bodies in a copy, read without the store."""
    with closing(sqlite3.connect(copy)) as connection:
        return [body for (body,) in connection.execute("SELECT body FROM inbox ORDER BY id")]


async def test_a_copy_holds_what_was_there_and_is_one_file(tmp_path: Path) -> None:
    """Named for its time in UTC; rows accepted later are not in it."""
    async with opened(sqlite_spec(tmp_path), LoopClock(NOON)) as store:
        await store.accept(delivery("before"))
        copy = await store.backup()
        await store.accept(delivery("after"))

    assert str(tmp_path / "backups" / "aiops-20260101T120000Z.db") == copy
    assert [b"before"] == bodies(copy)
    assert ["aiops-20260101T120000Z.db"] == os.listdir(tmp_path / "backups")
    assert [] == sqlitefile.full_check(Path(copy))


@pytest.mark.looptime
async def test_the_newest_copies_are_kept(tmp_path: Path) -> None:
    """As many as the configuration says; the oldest go."""
    async with opened(sqlite_spec(tmp_path, backups=3), LoopClock(NOON)) as store:
        for number in range(5):
            await store.accept(delivery(f"{number}"))
            await store.backup()
            await asyncio.sleep(3_600)
        copies = sqlitefile.backups(tmp_path)

    assert [5, 4, 3] == [len(bodies(copy)) for copy in copies]


async def test_copying_does_not_stop_intake(tmp_path: Path) -> None:
    """Rows go in while a copy of 60 MB is made; the copy is whole, and of one moment."""
    async with opened(sqlite_spec(tmp_path)) as store:
        await asyncio.gather(*(store.accept(delivery(os.urandom(15_000))) for _ in range(4_000)))
        copying = asyncio.create_task(store.backup())
        during = 0
        while not copying.done():
            await store.accept(delivery("during"))
            during += 1
        copy = await copying

    assert during > 5
    assert 4_000 <= len(bodies(copy)) <= 4_000 + during


async def test_closing_gives_a_copy_up(tmp_path: Path) -> None:
    """Nothing unfinished is left."""
    async with opened(sqlite_spec(tmp_path)) as store:
        await store.accept(delivery())

    with pytest.raises(StoreError) as raised:
        back_up(tmp_path / "aiops.db", "stamp", 3, stopping=lambda: True)

    assert raised.value.reason is StoreReason.CLOSED
    assert [] == os.listdir(tmp_path / "backups")


async def test_a_copy_without_room_is_not_begun(tmp_path: Path) -> None:
    """The store's own room counts more; the words say how much is wanted."""
    async with opened(sqlite_spec(tmp_path)) as store:
        await store.accept(delivery())
        with (tmp_path / "aiops.db").open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.truncate(shutil.disk_usage(tmp_path).free * 2)  # a hole: it takes no room itself
        with pytest.raises(StoreError, match="MiB") as raised:
            await store.backup()
        os.truncate(tmp_path / "aiops.db", size)

    assert raised.value.reason is StoreReason.FULL


async def test_postgresql_makes_no_copy(postgres_url: str) -> None:
    """It has means of its own: the path is empty."""
    async with opened(StorageSpec(url=postgres_url)) as store:
        assert "" == await store.backup()


async def test_a_file_that_is_mostly_empty_gets_shorter(tmp_path: Path) -> None:
    """Step by step, as retention runs; a store that is in use keeps its empty pages for what comes next."""
    path = tmp_path / "aiops.db"
    async with opened(sqlite_spec(tmp_path)) as store:
        rows = await asyncio.gather(*(store.accept(delivery(os.urandom(12_000))) for _ in range(3_000)))
        await store.commit(Changes(done=tuple(rows[:1_000])))
        await store.expire(NOON)
        full = path.stat().st_size
        await store.commit(Changes(done=tuple(rows[1_000:])))
        for _ in range(12):
            await store.expire(NOON)

    assert path.stat().st_size < full / 1.5
    assert [] == sqlitefile.full_check(path)
