"""kill -9 of a process that writes, of one that migrates, and of the database itself: nothing promised is lost."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from real_postgres import Postgres
from store_world import delivery, opened, sqlite_spec

from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.edges.store import sqlitefile
from aiops_daemon.edges.store.engine import Patience
from aiops_daemon.errors import StoreError, StoreReason

pytestmark = pytest.mark.real

TESTS = Path(__file__).resolve().parents[1]
EVERYTHING = 1 << 40


@dataclass
class Promises:
    """What processes were told before they died."""

    accepted: dict[int, str] = field(default_factory=dict)
    begun: set[int] = field(default_factory=set)
    done: set[int] = field(default_factory=set)

    def read(self, output: bytes) -> None:
        """Take the lines of one process; a line without its end was never finished."""
        for line in output[: output.rfind(b"\n") + 1].decode().splitlines():
            kind, *rest = line.split()
            if kind == "accepted":
                self.accepted[int(rest[0])] = rest[1]
            elif kind in ("begun", "done"):
                getattr(self, kind).add(int(rest[0]))


def killed_after(url: str, seconds: float) -> bytes:
    """Run a client, kill it some time after it is ready, and return what it said."""
    client = subprocess.Popen([sys.executable, str(TESTS / "store_client.py"), url], stdout=subprocess.PIPE, cwd=TESTS)
    assert client.stdout is not None
    said = client.stdout.readline()
    assert said == b"ready\n"
    time.sleep(seconds)
    client.kill()
    said += client.stdout.read()
    client.wait()
    client.stdout.close()
    return said


async def check(spec: StorageSpec, promises: Promises) -> None:
    """Hold a store against what was promised."""
    async with opened(spec) as store:
        waiting = {row.id: row.body for row in await store.pending(1_000_000, bytes_limit=EVERYTHING)}
        pending = (await store.backlog()).pending

    assert () == store.notes
    assert set() == promises.done & set(waiting)
    unheard = set(promises.accepted) - set(waiting) - promises.done
    assert unheard <= promises.begun  # its commit was on its way
    assert all(
        promises.accepted[row] == waiting[row].decode().rstrip("x") for row in promises.accepted if row in waiting
    )
    assert len(waiting) == pending
    promises.done |= unheard


async def rounds(spec: StorageSpec, number: int, seed: int) -> Promises:
    """Kill that many clients in turn on one store."""
    chance = random.Random(seed)
    promises = Promises()
    for _ in range(number):
        promises.read(await asyncio.to_thread(killed_after, spec.url, chance.uniform(0.05, 0.4)))
        await check(spec, promises)
    return promises


async def test_a_kill_loses_nothing_that_was_acknowledged(storage: StorageSpec) -> None:
    """Five times (PostgreSQL: twice), at any moment; the file needs no mending after."""
    promises = await rounds(storage, 5 if storage.url.startswith("sqlite") else 2, seed=7)

    assert len(promises.accepted) > 100
    assert promises.done


@pytest.mark.slow
async def test_a_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    """The same hundred times, with a whole check of the file at the end."""
    promises = await rounds(sqlite_spec(tmp_path), 100, seed=11)

    print(f"{len(promises.accepted)} acknowledged, {len(promises.done)} done, 0 lost")
    assert [] == sqlitefile.full_check(tmp_path / "aiops.db")


MIGRATE_AND_DIE = """
    import os, signal, sys
    from aiops_daemon.core.model.settings import StorageSpec
    from sqlalchemy import event
    from aiops_daemon.edges.store import sqlitefile
    from aiops_daemon.edges.store.engine import connect, sqlite_path
    from aiops_daemon.edges.store.migrate import head, migrate, revision

    spec = StorageSpec(url=sys.argv[1])

    def start(die_at):
        if sqlite_path(spec):
            assert sqlitefile.prepare(sqlite_path(spec), "stamp") == []
        database = connect(spec)
        seen = 0
        @event.listens_for(database.writer, "before_cursor_execute")
        def count(*_):
            nonlocal seen
            seen += 1
            if seen == die_at:
                os.kill(os.getpid(), signal.SIGKILL)
        migrate(database)
        with database.reading() as connection:
            assert revision(connection) == head()
        os._exit(7)

    for die_at in range(1, 500, 1 if sqlite_path(spec) else 7):
        child = os.fork()
        if child == 0:
            start(die_at)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (7, -9), status
        if status == 7:
            print(die_at)
            break
"""


def test_a_migration_that_is_killed_at_any_statement_runs_again(storage: StorageSpec) -> None:
    """Each start gets further (PostgreSQL: in bigger steps), and the next one finds either nothing or everything."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(MIGRATE_AND_DIE), storage.url],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


@pytest.fixture
def own_postgres():
    """A server that this test may kill."""
    server = Postgres()
    yield server
    server.remove()


async def test_postgresql_that_is_killed_and_started_again_is_used_again(own_postgres: Postgres) -> None:
    """Meanwhile every call is a StoreError, unreachable, within seconds; all that was promised is there after."""
    spec = StorageSpec(url=own_postgres.url())
    async with opened(spec) as store:
        kept = [await store.accept(delivery("before")) for _ in range(10)]
        flood = [asyncio.create_task(store.accept(delivery("during"))) for _ in range(500)]
        await asyncio.sleep(0)
        await asyncio.to_thread(own_postgres.kill)
        answers = await asyncio.gather(*flood, return_exceptions=True)
        kept += [answer for answer in answers if isinstance(answer, int)]
        for call in (store.accept(delivery()), store.probe(), store.backlog(), store.last_entry()):
            with pytest.raises(StoreError) as raised:
                await call
            assert raised.value.reason is StoreReason.UNREACHABLE
        assert all(isinstance(answer, int | StoreError) for answer in answers)

        await asyncio.to_thread(own_postgres.start)
        kept.append(await store.accept(delivery("after")))
        await store.probe()
        waiting = {row.id for row in await store.pending(10_000, bytes_limit=EVERYTHING)}

        assert set(kept) <= waiting


async def test_postgresql_that_hangs_is_given_up(own_postgres: Postgres) -> None:
    """A server that neither answers nor closes: calls fail in bounded time, and go on when it does."""
    async with opened(StorageSpec(url=own_postgres.url()), patience=Patience(answer_seconds=1.0)) as store:
        await store.accept(delivery("before"))
        own_postgres.pause()
        try:
            for call in (store.accept(delivery()), store.backlog()):
                async with asyncio.timeout(20):
                    with pytest.raises(StoreError) as raised:
                        await call
                assert raised.value.reason is StoreReason.UNREACHABLE
        finally:
            own_postgres.go_on()
        row = await store.accept(delivery("after"))

        assert row in [one.id for one in await store.pending(100, bytes_limit=EVERYTHING)]
