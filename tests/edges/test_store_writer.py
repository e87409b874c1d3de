"""The one writer: groups, bad rows, tasks that go away, turns, virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event, text
from store_world import delivery, sqlite_store

from aiops_daemon.core.model.inbox import Delivery
from aiops_daemon.edges.store.store import SqlStore
from aiops_daemon.errors import StoreError, StoreReason
from aiops_daemon.ports.store import Changes

EVERYTHING = 1 << 30
SURROGATE = Delivery("am \ud800", b"bad", 1.0)  # what no text column takes


async def bodies(store: SqlStore) -> list[bytes]:
    """Return the bodies that wait, oldest first."""
    return [row.body for row in await store.pending(10_000, bytes_limit=EVERYTHING)]


async def gathered(store: SqlStore, deliveries: list[Delivery]) -> list[int | BaseException]:
    """Accept all at once; an error stands in its place."""
    return await asyncio.gather(*(store.accept(one) for one in deliveries), return_exceptions=True)


async def test_a_bad_row_fails_alone(store: SqlStore) -> None:
    """Its neighbours of the same group are on disk, and so is what comes later."""
    answers = await gathered(store, [delivery("a"), SURROGATE, delivery("b")])

    assert [int, StoreError, int] == [type(answer) for answer in answers]
    assert isinstance(answers[1], StoreError)
    assert "not Unicode" in str(answers[1])
    await store.accept(delivery("c"))
    assert [b"a", b"b", b"c"] == await bodies(store)
    assert 3 == (await store.backlog()).pending


async def test_a_bad_row_alone_wedges_nothing(store: SqlStore) -> None:
    """Ten in a row, then a good one."""
    for _ in range(10):
        with pytest.raises(StoreError):
            await store.accept(SURROGATE)

    await store.accept(delivery("good"))
    assert [b"good"] == await bodies(store)


async def test_who_goes_away_before_the_group_is_taken_is_left_out(tmp_path: Path) -> None:
    """The first runs, the others wait behind it; those cancelled meanwhile are never written."""
    async with sqlite_store(tmp_path) as store:
        tasks = [asyncio.create_task(store.accept(delivery(f"{number}"))) for number in range(6)]
        await asyncio.sleep(0)
        for task in tasks[1::2]:
            task.cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)

        assert [int, asyncio.CancelledError] * 3 == [type(answer) for answer in answers]
        assert [b"0", b"2", b"4"] == await bodies(store)
        assert 3 == (await store.backlog()).pending


async def test_who_goes_away_while_it_is_written_still_counts(tmp_path: Path) -> None:
    """The row is there, though nobody heard of it: Alertmanager sends again, episodes do not mind."""
    async with sqlite_store(tmp_path) as store:
        task = asyncio.create_task(store.accept(delivery("alone")))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await store.probe()

        assert [b"alone"] == await bodies(store)
        assert 1 == (await store.backlog()).pending


async def test_a_commit_whose_task_is_gone_is_whole_or_not_at_all(tmp_path: Path) -> None:
    """One that runs is finished and counted; one that still waited is dropped."""
    async with sqlite_store(tmp_path) as store:
        first, second = await store.accept(delivery()), await store.accept(delivery())
        running = asyncio.create_task(store.commit(Changes(done=(first,))))
        waiting = asyncio.create_task(store.commit(Changes(done=(second,))))
        await asyncio.sleep(0)
        running.cancel()
        waiting.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)
        await store.probe()

        assert [second] == [row.id for row in await store.pending(9, bytes_limit=EVERYTHING)]
        assert 1 == (await store.backlog()).pending


async def test_intake_and_commits_take_turns(tmp_path: Path) -> None:
    """Under a flood of deliveries a commit waits for one group, not for all of them."""
    async with sqlite_store(tmp_path) as store:
        flood = [asyncio.create_task(store.accept(delivery(b"x" * 100_000))) for _ in range(2_000)]
        await asyncio.sleep(0)
        await store.commit(Changes(knowledge=(("name", b"value"),)))

        assert sum(task.done() for task in flood) < 1_000
        await asyncio.gather(*flood)


async def test_a_flood_of_commits_lets_intake_through(tmp_path: Path) -> None:
    """A delivery waits for two transactions at most."""
    async with sqlite_store(tmp_path) as store:
        flood = [asyncio.create_task(store.probe()) for _ in range(200)]
        await asyncio.sleep(0)
        await store.accept(delivery())

        assert sum(task.done() for task in flood) <= 3
        await asyncio.gather(*flood)


async def test_what_waits_in_memory_is_bounded(tmp_path: Path) -> None:
    """Beyond 256 MiB of bodies a delivery is refused at once, and the others are written."""
    async with sqlite_store(tmp_path) as store:
        body = bytes(32 << 20)
        answers = await gathered(store, [delivery(body) for _ in range(10)])

        assert 2 >= sum(isinstance(answer, StoreError) for answer in answers) >= 1
        assert isinstance(await store.accept(delivery()), int)


async def test_a_fault_of_ours_reaches_who_asked_and_nobody_else(tmp_path: Path) -> None:
    """An error that is no StoreError is not swallowed, and the writer goes on."""

    def faulty(connection: Connection) -> None:
        connection.execute(text("DELETE FROM inbox"))
        raise KeyError("a fault of ours")

    async with sqlite_store(tmp_path) as store:
        await store.accept(delivery("kept"))
        with pytest.raises(KeyError):
            await store.write(faulty)

        assert [b"kept"] == await bodies(store)


@pytest.mark.looptime
async def test_the_virtual_clock_stands_while_the_disk_works(tmp_path: Path) -> None:
    """A day of sleepers passes between calls, never during one: a deadline of two seconds holds."""
    loop = asyncio.get_running_loop()
    async with sqlite_store(tmp_path) as store:
        began = loop.time()
        sleeper = asyncio.create_task(asyncio.sleep(86_400))
        for number in range(50):
            async with asyncio.timeout(2):
                await asyncio.gather(*(store.accept(delivery(f"{number}")) for _ in range(10)))
        took = loop.time() - began
        await sleeper

        assert took < 50 * 2
        assert 500 == (await store.backlog()).pending
        assert loop.time() - began >= 86_400


STEP = st.one_of(
    st.tuples(st.just("accept"), st.binary(max_size=64)),
    st.tuples(st.just("large"), st.binary(min_size=1, max_size=8)),
    st.tuples(st.just("bad"), st.just(b"")),
    st.tuples(st.just("cancelled"), st.binary(max_size=8)),
    st.tuples(st.just("done"), st.just(b"")),
    st.tuples(st.just("pause"), st.just(b"")),
)


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(STEP, max_size=30))
def test_what_was_answered_is_there_and_nothing_else(
    steps: list[tuple[str, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any mix of good, large, bad and abandoned deliveries and commits: ids answered and not done wait, in order."""
    asyncio.run(_mixed(steps, tmp_path_factory.mktemp("store")))


async def _mixed(steps: list[tuple[str, bytes]], folder: Path) -> None:
    expected: dict[int, bytes] = {}
    async with sqlite_store(folder) as store:
        tasks: dict[asyncio.Task[int], bytes] = {}
        abandoned: set[bytes] = set()
        for kind, body in steps:
            if kind == "pause":
                await _collect(tasks, expected)
            elif kind == "done" and expected:
                await store.commit(Changes(done=(row := min(expected),)))
                expected.pop(row)
            elif kind == "bad":
                tasks[asyncio.create_task(store.accept(SURROGATE))] = b""
            elif kind in ("accept", "large", "cancelled"):
                whole = body * 20_000 if kind == "large" else body
                task = asyncio.create_task(store.accept(delivery(whole)))
                if kind == "cancelled":
                    await asyncio.sleep(0)
                    task.cancel()
                    abandoned.add(whole)
                else:
                    tasks[task] = whole
        await _collect(tasks, expected)
        await store.probe()
        waiting = {row.id: row.body for row in await store.pending(1_000, bytes_limit=EVERYTHING)}
        pending = (await store.backlog()).pending

    assert expected == {row: body for row, body in waiting.items() if row in expected}
    assert {body for row, body in waiting.items() if row not in expected} <= abandoned
    assert len(waiting) == pending


async def _collect(tasks: dict[asyncio.Task[int], bytes], expected: dict[int, bytes]) -> None:
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    for body, answer in zip(list(tasks.values()), answers, strict=True):
        if isinstance(answer, int):
            expected[answer] = body
        else:
            assert isinstance(answer, StoreError)
            assert answer.reason is StoreReason.FAILED
    tasks.clear()


class Commits:
    """Counts the commits of a store's writer."""

    def __init__(self, store: SqlStore) -> None:
        self.count = 0
        event.listen(store._database.writer, "commit", self._one)

    def _one(self, _connection: Connection) -> None:
        self.count += 1


def noting(name: str) -> Callable[[Connection], str]:
    """Return what writes a row of that name, and returns it."""

    def note(connection: Connection) -> str:
        connection.execute(text("INSERT INTO installation (name, value) VALUES (:name, 'x')"), {"name": name})
        return name

    return note


async def names(store: SqlStore) -> set[str]:
    """Return the names of rows that `noting` wrote."""
    found = await store.read(
        lambda one: one.execute(text("SELECT name FROM installation WHERE value = 'x'")).scalars().all()
    )
    return set(found)


async def test_small_transactions_share_a_commit(store: SqlStore) -> None:
    """What waits while one is written goes into the next commit, and each hears what it asked for."""
    commits = Commits(store)
    done = await asyncio.gather(*(store.write(noting(f"n{number}")) for number in range(20)))

    assert [f"n{number}" for number in range(20)] == done
    assert set(done) == await names(store)
    assert 2 == commits.count


def failing(error: Exception) -> Callable[[Connection], str]:
    """Return what writes a row and then breaks."""

    def fail(connection: Connection) -> str:
        noting("bad")(connection)
        raise error

    return fail


@pytest.mark.parametrize("error", [KeyError("ours"), ValueError("of a driver"), StoreError(StoreReason.FENCED, "late")])
async def test_a_small_transaction_that_fails_does_so_alone(store: SqlStore, error: Exception) -> None:
    """The others of its group are on disk, of its own rows there is none."""
    works = [noting("a"), noting("b"), failing(error), noting("c"), noting("b")]  # the second b is one too many
    done = await asyncio.gather(*(store.write(work) for work in works), return_exceptions=True)

    assert ["a", "b", "c"] == [one for one in done if isinstance(one, str)]
    assert isinstance(done[2], type(error) | StoreError)
    assert isinstance(done[4], StoreError)
    assert {"a", "b", "c"} == await names(store)


async def test_a_lost_database_fails_all_of_a_group(tmp_path: Path) -> None:
    """Nobody waits for each of them in turn."""
    async with sqlite_store(tmp_path) as store:
        first = asyncio.create_task(store.write(noting("first")))
        await first
        store._database.path.unlink()  # type: ignore[union-attr]
        done = await asyncio.gather(*(store.write(noting(f"n{number}")) for number in range(5)), return_exceptions=True)

        assert {StoreReason.UNREACHABLE} == {one.reason for one in done if isinstance(one, StoreError)}
        assert 5 == len(done)


async def test_who_goes_away_leaves_the_group(store: SqlStore) -> None:
    """A transaction whose task was cancelled before its turn is never run."""
    tasks = [asyncio.create_task(store.write(noting(f"n{number}"))) for number in range(6)]
    await asyncio.sleep(0)
    for task in tasks[1::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert {"n0", "n2", "n4"} == await names(store)
