"""The store as replicas hand acts to each other: each call one transaction on the store's own threads.

Enters: acts, and changes made elsewhere. Leaves: rows as frozen values of core.model, in the order in which they came.
"""

from __future__ import annotations

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.action import Done, Handed, Refusal
from aiops_daemon.core.model.remote import RemoteChange
from aiops_daemon.edges.store import acts
from aiops_daemon.edges.store.rows_acts import act_of
from aiops_daemon.edges.store.store import SqlStore


class SqlActs:
    """Acts in SQLite or PostgreSQL."""

    def __init__(self, store: SqlStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def hand(self, handed: Handed) -> None:
        """Write an act; one with the same uid is there already, and nothing is written."""
        await self._store.write(lambda conn: acts.hand(conn, handed))

    async def answer(self, uid: str) -> Done | Refusal | None:
        """Return what came of an act; None: it is not done, or not known."""
        return await self._store.read(lambda conn: acts.answer(conn, uid))

    async def waits(self) -> bool:
        """Say whether any act waits."""
        return await self._store.read(acts.waits)

    async def begin(self) -> tuple[Handed | None, str, int] | None:
        """Count an attempt at the oldest act that waits, and return it; None: nothing waits."""
        row = await self._store.write(acts.begin) if await self.waits() else None
        return None if row is None else (act_of(row), row.uid, row.attempts)

    async def keep(self, change: RemoteChange, due_at: float) -> None:
        """Keep a change elsewhere to look at again, and remember that it came; in one transaction."""
        now = self._clock.now()
        await self._store.write(lambda conn: acts.keep(conn, change, now, due_at))

    async def kept(self, limit: int) -> list[tuple[RemoteChange, float, int]]:
        """Return kept changes that are due, when each came first, and how often it was looked at."""
        now = self._clock.now()
        return await self._store.read(lambda conn: acts.kept(conn, now, limit))

    async def put_off(self, change: RemoteChange, due_at: float) -> None:
        """Look at a kept change again later."""
        await self._store.write(lambda conn: acts.put_off(conn, change, due_at))

    async def drop(self, change: RemoteChange) -> None:
        """Keep a change no longer."""
        await self._store.write(lambda conn: acts.drop(conn, change))
