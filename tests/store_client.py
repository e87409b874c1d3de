"""A process that fills a store until it is killed, and tells on standard output what it was promised.

Enters: the URL of a store. Leaves: a line for each promise: `accepted ID BODY` and `done ID`, each after the store has
answered, and `begun ID` before it is asked. Run as `python store_client.py URL`.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys

from store_world import delivery, opened

from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.edges.store.store import SqlStore
from aiops_daemon.ports.store import Changes

CLIENTS = 16


async def main(url: str) -> None:
    """Accept from many tasks and process some of it, for ever."""
    numbers = itertools.count()
    async with opened(StorageSpec(url=url)) as store, asyncio.TaskGroup() as tasks:
        say("ready")
        for _ in range(CLIENTS):
            tasks.create_task(accept(store, numbers))
        tasks.create_task(process(store))


async def accept(store: SqlStore, numbers: itertools.count[int]) -> None:
    """Deliver numbered bodies, some large."""
    for number in numbers:
        body = f"{os.getpid()}-{number}"
        row = await store.accept(delivery(body + "x" * (40_000 if number % 50 == 0 else 0)))
        say(f"accepted {row} {body}")


async def process(store: SqlStore) -> None:
    """Finish the oldest rows, a few at a time."""
    while True:
        rows = await store.pending(20, bytes_limit=1 << 20)
        for row in rows:
            say(f"begun {row.id}")
        await store.commit(Changes(done=tuple(row.id for row in rows)))
        for row in rows:
            say(f"done {row.id}")


def say(line: str) -> None:
    """Write a line at once: a kill must not take it back."""
    os.write(1, line.encode() + b"\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
