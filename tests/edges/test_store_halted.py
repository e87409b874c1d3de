"""A replica is halted in the middle of a transaction: on PostgreSQL its locks end soon, and its rows are not kept."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, text
from store_world import opened

from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.edges.store import leases
from aiops_daemon.errors import StoreError, StoreReason
from aiops_daemon.ports.store import Lease

NAME = "desk"
SECONDS = 1.0


def halting(token: int, inside: threading.Event, wake: threading.Event) -> Callable[[Connection], None]:
    """Return a step of the desk that stands still after its first statement."""

    def step(connection: Connection) -> None:
        leases.check(connection, token)
        connection.execute(text("INSERT INTO installation (name, value) VALUES ('late', 'word')"))
        inside.set()
        wake.wait(60.0)
        connection.execute(text("UPDATE installation SET value = 'later' WHERE name = 'late'"))

    return step


async def test_another_takes_over_from_a_replica_that_is_halted_in_a_transaction(postgres_url: str) -> None:
    """The lease is locked by its step; that does not hold up the next holder for longer than a lease."""
    spec = StorageSpec(url=postgres_url)
    inside, wake = threading.Event(), threading.Event()
    async with opened(spec) as first, opened(spec) as second:
        lease = await first.lease(NAME, "first", SECONDS)
        assert lease is not None
        step = asyncio.create_task(first.write(halting(lease.token, inside, wake)))
        await asyncio.to_thread(inside.wait, 10.0)
        try:
            async with asyncio.timeout(10.0):  # sixty seconds without a bound on idle transactions
                taken = await second_holder(second.lease)
        finally:
            wake.set()
        with pytest.raises(StoreError) as refused:
            await step
        late = await second.read(lambda one: one.execute(text("SELECT 1 FROM installation WHERE name = 'late'")).all())

        assert lease.token + 1 == taken.token
        assert StoreReason.UNREACHABLE is refused.value.reason
        assert [] == late
        assert await first.lease(NAME, "first", SECONDS) is None  # it is connected again, and follows


async def second_holder(lease: Callable[..., object]) -> Lease:
    """Ask for the lease until it is given, as a replica does."""
    while True:
        started = time.monotonic()
        try:
            taken = await lease(NAME, "second", 30.0)  # type: ignore[misc]
        except StoreError:  # the lock was waited for in vain
            taken = None
        if taken is not None:
            return taken  # type: ignore[no-any-return]
        await asyncio.sleep(max(0.0, 0.2 - (time.monotonic() - started)))
