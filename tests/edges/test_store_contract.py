"""What every store does, on SQLite and on PostgreSQL alike: intake, inbox, quarantine, leases, commits."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select
from store_world import delivery, opened, refused

from aiops_daemon.core.model.inbox import PIECE_BYTES, Backlog
from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.edges.store import schema
from aiops_daemon.edges.store.inbox import COMPRESS_FROM, PLAIN_MOST
from aiops_daemon.edges.store.store import SqlStore
from aiops_daemon.errors import StoreError, StoreReason
from aiops_daemon.ports.store import DESK_LEASE, Changes

EVERYTHING = 1 << 30


async def bodies(store: SqlStore) -> list[bytes]:
    """Return the bodies that wait, oldest first."""
    return [row.body for row in await store.pending(1_000, bytes_limit=EVERYTHING)]


async def test_what_was_accepted_waits_with_all_its_fields(store: SqlStore) -> None:
    """A row comes back as it was delivered, under the id that accept returned."""
    row = await store.accept(delivery(b"\x00\xff body", at=12.5, source="eu"))

    waiting = await store.pending(10, bytes_limit=EVERYTHING)

    assert [(row, "eu", "default", 12.5, b"\x00\xff body", 0, 0)] == [
        (one.id, one.source, one.team, one.received_at, one.body, one.attempts, one.skip) for one in waiting
    ]


async def test_many_at_once_get_ids_of_their_own(store: SqlStore) -> None:
    """A group commit gives each task the id of its own row, and order by id is order of arrival."""
    ids = await asyncio.gather(*(store.accept(delivery(f"body {number}")) for number in range(600)))

    assert sorted(ids) == ids
    assert [f"body {number}".encode() for number in range(600)] == await bodies(store)
    assert Backlog(600, 1_000.0) == await store.backlog()


async def test_a_large_body_lies_compressed_and_comes_back_whole(store: SqlStore) -> None:
    """From 16 KiB on."""
    large, small = b"alert " * COMPRESS_FROM, b"x" * (COMPRESS_FROM - 1)
    await store.accept(delivery(large))
    await store.accept(delivery(small))

    lying = [len(row.body) for row in await store.read(lambda on: list(on.execute(select(schema.inbox.c.body))))]

    assert [large, small] == await bodies(store)
    assert lying[0] < len(large) / 10
    assert lying[1] == len(small)


async def test_a_very_large_body_is_handed_out_as_it_lies(store: SqlStore) -> None:
    """It need never be whole in memory: its pieces are what was sent."""
    large = b"alert " * PLAIN_MOST
    await store.accept(delivery(large))

    (row,) = await store.pending(1, bytes_limit=EVERYTHING)

    assert row.packed
    assert len(row.body) < len(large) / 10
    assert PIECE_BYTES == max(map(len, row.pieces()))
    assert large == b"".join(row.pieces())
    assert large[:100] == row.start(100)


async def test_pending_is_bounded_by_rows_and_by_bytes(store: SqlStore) -> None:
    """The first row always comes, however large."""
    for _ in range(4):
        await store.accept(delivery(b"x" * 1_000))

    assert 2 == len(await store.pending(2, bytes_limit=EVERYTHING))
    assert 3 == len(await store.pending(10, bytes_limit=3_999))
    assert 1 == len(await store.pending(10, bytes_limit=1))


async def test_nothing_waits_in_an_empty_store(store: SqlStore) -> None:
    """No rows, no time."""
    assert [] == await store.pending(10, bytes_limit=EVERYTHING)
    assert Backlog(0, None) == await store.backlog()
    assert "" == await store.last_entry()


async def test_a_commit_ends_rows_and_notes_progress(store: SqlStore) -> None:
    """Rows that are done are gone, an unfinished one knows how many of its alerts are."""
    first, second, third = [await store.accept(delivery(at=at)) for at in (1.0, 2.0, 3.0)]

    await store.commit(Changes(done=(first, third), progress=((second, 7),)))

    assert [(second, 7)] == [(row.id, row.skip) for row in await store.pending(9, bytes_limit=EVERYTHING)]
    assert Backlog(1, 2.0) == await store.backlog()


async def test_rows_that_are_done_twice_count_once(store: SqlStore) -> None:
    """A commit repeated after an error changes nothing."""
    row = await store.accept(delivery())
    await store.commit(Changes(done=(row,)))
    await store.commit(Changes(done=(row, 12_345)))

    assert Backlog(0, None) == await store.backlog()


async def test_an_id_is_never_given_twice(storage: StorageSpec) -> None:
    """Not even after everything was done and the store was opened again."""
    async with opened(storage) as store:
        first = await store.accept(delivery())
        await store.commit(Changes(done=(first,)))
    async with opened(storage) as store:
        assert first < await store.accept(delivery())


async def test_a_failed_attempt_is_counted(store: SqlStore) -> None:
    """The count comes back; a row that is gone is an error."""
    row = await store.accept(delivery())

    assert 1 == await store.failed(row, "boom \x00 \ud800")
    assert 2 == await store.failed(row, "boom" * 10_000)
    assert [2] == [one.attempts for one in await store.pending(9, bytes_limit=EVERYTHING)]
    with pytest.raises(StoreError, match="not in the inbox") as raised:
        await store.failed(row + 1, "late")
    assert raised.value.reason is StoreReason.FAILED


async def test_what_was_refused_is_kept_whatever_it_says(store: SqlStore) -> None:
    """Text that no database takes is kept with replacements."""
    await store.quarantine(refused("nul \x00 and surrogate \ud800", body=b"\x00\xff"))

    rows = await store.read(lambda on: list(on.execute(select(schema.quarantine))))

    assert [("nul \ufffd and surrogate \ufffd", b"\x00\xff")] == [(row.detail, bytes(row.body)) for row in rows]


async def test_everything_is_there_after_a_restart(storage: StorageSpec) -> None:
    """What was accepted, what is done, and how much waits."""
    async with opened(storage) as store:
        first = await store.accept(delivery("one"))
        await store.accept(delivery("two", at=2_000.0))
        await store.commit(Changes(done=(first,)))
        await store.begin(500.0)
    async with opened(storage) as store:
        await store.begin(900.0)

        assert () == store.notes
        assert [b"two"] == await bodies(store)
        assert Backlog(1, 2_000.0) == await store.backlog()
        assert 500.0 == (await store.load_desk(reopen_since=0.0)).first_started_at


async def test_a_probe_leaves_no_trace_that_readers_see(store: SqlStore) -> None:
    """It writes and commits, again and again."""
    await store.probe()
    await store.probe()

    assert Backlog(0, None) == await store.backlog()
    assert (await store.load_desk(reopen_since=0.0)).first_started_at is None


async def test_a_lease_has_one_holder(store: SqlStore) -> None:
    """The holder renews under the same token, others wait; an expired one changes hands with a higher token."""
    first = await store.lease("some", "a", 60.0)
    renewed = await store.lease("some", "a", -1.0)
    taken = await store.lease("some", "b", 60.0)

    assert first is not None
    assert renewed is not None
    assert taken is not None
    assert (first.token, first.token, first.token + 1) == (first.token, renewed.token, taken.token)
    assert await store.lease("some", "a", 60.0) is None
    assert await store.lease("other", "a", 60.0) is not None


async def test_a_commit_under_an_old_token_is_refused_whole(store: SqlStore) -> None:
    """Fenced: nothing of it is written, and the new holder's goes through."""
    row = await store.accept(delivery())
    old = await store.lease(DESK_LEASE, "a", -1.0)
    new = await store.lease(DESK_LEASE, "b", 60.0)
    assert old is not None
    assert new is not None

    with pytest.raises(StoreError, match="took over") as raised:
        await store.commit(Changes(done=(row,)), token=old.token)

    assert raised.value.reason is StoreReason.FENCED
    assert 1 == (await store.backlog()).pending
    await store.commit(Changes(done=(row,)), token=new.token)
    assert 0 == (await store.backlog()).pending


async def test_a_commit_without_any_lease_is_refused_when_it_has_a_token(store: SqlStore) -> None:
    """A token that nobody gave."""
    with pytest.raises(StoreError) as raised:
        await store.commit(Changes(), token=1)

    assert raised.value.reason is StoreReason.FENCED


async def test_a_commit_that_fails_keeps_nothing(store: SqlStore) -> None:
    """A value that no column takes: the rows done in the same step still wait."""
    row = await store.accept(delivery())

    with pytest.raises(StoreError):
        await store.commit(Changes(done=(row,), knowledge=(("name", None),)))  # type: ignore[arg-type]

    assert 1 == (await store.backlog()).pending
    await store.commit(Changes(done=(row,), knowledge=(("name", b"\x00value"),)))
    assert {"name": b"\x00value"} == await store.knowledge()
    assert 0 == (await store.backlog()).pending


async def test_a_closed_store_says_so(storage: StorageSpec) -> None:
    """Every call fails with the reason closed; closing again does nothing."""
    async with opened(storage) as store:
        await store.close()
        for call in (store.accept(delivery()), store.probe(), store.backlog(), store.last_entry()):
            with pytest.raises(StoreError) as raised:
                await call
            assert raised.value.reason is StoreReason.CLOSED


async def test_closing_writes_what_waits(storage: StorageSpec) -> None:
    """Deliveries that were handed over before are answered."""
    async with opened(storage) as store:
        waiting = [asyncio.create_task(store.accept(delivery(f"{number}"))) for number in range(300)]
        await asyncio.sleep(0)
        await store.close()

        assert 300 == len(set(await asyncio.gather(*waiting)))
    async with opened(storage) as store:
        assert 300 == (await store.backlog()).pending
