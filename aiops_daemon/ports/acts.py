"""Acts between replicas: written by whichever was asked, carried out by the one that holds the desk.

The same contract holds on SQLite and PostgreSQL. What came of an act is written by `AlertStore.commit`, in the
transaction of what it changed. Every method may raise StoreError; after one, nothing of that call is on disk.
"""

from __future__ import annotations

from typing import Protocol

from aiops_daemon.core.model.action import Done, Handed, Refusal
from aiops_daemon.core.model.remote import RemoteChange


class ActStore(Protocol):
    """Rows of acts, and of changes elsewhere whose incident is not known yet."""

    async def hand(self, handed: Handed) -> None:
        """Write an act; one with the same uid is there already, and nothing is written."""

    async def answer(self, uid: str) -> Done | Refusal | None:
        """Return what came of an act; None: it is not done, or not known."""

    async def waits(self) -> bool:
        """Say whether any act waits."""

    async def begin(self) -> tuple[Handed | None, str, int] | None:
        """Count an attempt at the oldest act that waits, and return it; None: nothing waits.

        With it its uid and how many attempts there were; None in its place: this release cannot read it.
        """

    async def keep(self, change: RemoteChange, due_at: float) -> None:
        """Keep a change elsewhere to look at again, and remember that it came; in one transaction."""

    async def kept(self, limit: int) -> list[tuple[RemoteChange, float, int]]:
        """Return kept changes that are due, when each came first, and how often they were looked at."""

    async def put_off(self, change: RemoteChange, due_at: float) -> None:
        """Look at a kept change again later."""

    async def drop(self, change: RemoteChange) -> None:
        """Keep a change no longer."""
