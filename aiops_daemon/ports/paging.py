"""The store as delivery, timers and the auditor see it; the same contract holds on SQLite and PostgreSQL.

Any replica may claim and finish messages: a lease and the number of claims fence them. Timers are read here and acted
upon by the desk alone. Every method may raise StoreError; after one, nothing of that call is on disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from aiops_daemon.core.model.escalation import Escalation, Timer
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import (
    Claim,
    Failed,
    Notification,
    NotificationPage,
    NotificationQuery,
    Sent,
    Violations,
    Waiting,
)
from aiops_daemon.core.model.scope import Scope


class PagingStore(Protocol):
    """Rows of the outbox, timers and escalations."""

    async def inherit(self) -> None:
        """Free what an earlier process had claimed, where there is never a second one: on SQLite."""

    async def mute(self) -> int:
        """Let nothing that waits be sent, but for tests; returns how many messages that was."""

    async def unmute(self) -> int:
        """Let ends that were muted be sent: what they end is open there; returns how many messages that was."""

    async def claim(
        self, *, limit: int, lease: float, busy: Iterable[str], full: Iterable[str], each: int
    ) -> list[Claim]:
        """Take up to `limit` due messages for `lease` seconds, at most `each` to one destination, and of all notes one.

        None in lanes (`Notification.lane`) that are busy, none by integrations that are full; of each key the first
        that waits. `Notification.thread` is filled in.
        """

    async def sent(self, claimed: Claim, outcome: Sent) -> bool:
        """Note that it was accepted; False: the lease had gone to somebody else, and the key is said again."""

    async def put_off(self, claimed: Claim, outcome: Failed, due_at: float) -> bool:
        """Try again later; False: it is not ours any more, and if it may have been taken the key is said again."""

    async def give_up(self, claimed: Claim, outcome: Failed) -> bool:
        """Try no more: its deadline comes at once, so that its fallback is told; False: it is not ours any more."""

    async def add(self, notification: Notification) -> None:
        """Write a message that belongs to no step of the desk: a test."""

    async def add_once(self, key: str, notifications: Sequence[Notification]) -> bool:
        """Write messages that belong to no step of the desk, all or none; False: those of this key were written before.

        A key is remembered for a week. "": there is none, and they are written.
        """

    async def shown(self, uid: str) -> None:
        """Note that a service showed what became of this message."""

    async def made(self, dedup_key: str, at: float) -> int:
        """Note that a service made a page of this key then; returns for how many messages that was news."""

    async def named(self, dedup_key: str, at: float) -> tuple[str, ...]:
        """Return the incidents that a storm page named by then, by uid."""

    async def ours(self, dedup_key: str, event: MessageEvent, at: float) -> bool:
        """Say whether an answer or an end there at that time may be one that we wrote, told as that of a person."""

    async def unconfirmed(self, after: float, before: float, limit: int) -> list[Notification]:
        """Return messages accepted between then and then, of which the service has shown nothing, the newest first."""

    async def notifications(self, uids: Iterable[str]) -> dict[str, Notification]:
        """Return these messages."""

    async def heard(self, incidents: Iterable[str]) -> set[str]:
        """Return those of these incidents of which some destination was told for certain."""

    async def find_notifications(self, query: NotificationQuery, scope: Scope) -> NotificationPage:
        """List the delivery log."""

    async def pages_since(self, since: float) -> list[tuple[str, str, float]]:
        """Return lane (see folding), service and time of every page made since then, for storms."""

    async def due_timers(self, limit: int) -> list[Timer]:
        """Return timers that are due, the longest overdue first."""

    async def next_due(self) -> tuple[float | None, float | None]:
        """Return when the next timer, and the next message that nobody holds, are due."""

    async def escalations(self, incidents: Iterable[str]) -> dict[str, Escalation]:
        """Return the escalations of these incidents."""

    async def waiting(self) -> list[Waiting]:
        """Count what waits, by integration."""

    async def violations(self, *, routed: bool) -> Violations:
        """Look for what must never be; without routes nobody is to be told of any incident."""

    async def seen(self, source: str, uid: str) -> bool:
        """Note that a signed webhook came; True: it had come before."""
