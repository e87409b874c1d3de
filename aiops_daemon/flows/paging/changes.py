"""A change on its way through the same outbox as every page.

Enters: a change and who tells of it. Leaves: rows in the outbox, one for each PagerDuty channel that incidents of what
it touches would reach, and delivery awake; or a refusal that says why there is none. Pages nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.action import Refusal, RefusalReason
from aiops_daemon.core.model.change import Change
from aiops_daemon.core.model.notification import Notification
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.response.changes import change_messages
from aiops_daemon.core.response.telling import Telling
from aiops_daemon.ids import Mint
from aiops_daemon.ports.paging import PagingStore


class Changes:
    """Tells of changes."""

    def __init__(
        self,
        store: PagingStore,
        settings: Callable[[], Settings],
        telling: Callable[[], Telling],
        clock: Clock,
        mint: Mint,
        news: asyncio.Event,
    ) -> None:
        self._store = store
        self._settings = settings
        self._telling = telling
        self._clock = clock
        self._mint = mint
        self._news = news

    async def tell(self, change: Change, scope: Scope, key: str) -> tuple[Notification, ...] | Refusal:
        """Write a message for each channel, none for a key that was told before; raises StoreError."""
        now = self._clock.now()
        rows, why = change_messages(change, scope, self._settings(), self._telling(), self._mint, now)
        if not rows:
            return Refusal(RefusalReason.INVALID, f"Nobody is told: {why}.")
        if not scope.sees((rows[0].team,)):
            return Refusal(RefusalReason.FORBIDDEN, f"It belongs to the team {rows[0].team}, which is none of yours.")
        if not await self._store.add_once(key, rows):
            return ()
        self._news.set()
        return rows
