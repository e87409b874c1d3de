"""A test message on its way through the same outbox as every page.

Enters: a target and who asks. Leaves: rows in the outbox, one for each destination, and delivery awake; or a refusal
that says why nobody is reached. What became of them is in the delivery log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.action import Refusal, RefusalReason
from aiops_daemon.core.model.notification import Notification, Trial
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.core.response.telling import Telling
from aiops_daemon.core.response.trial import trial_messages
from aiops_daemon.ids import Mint
from aiops_daemon.ports.paging import PagingStore


class Trials:
    """Sends test messages."""

    def __init__(
        self, store: PagingStore, telling: Callable[[], Telling], clock: Clock, mint: Mint, news: asyncio.Event
    ) -> None:
        self._store = store
        self._telling = telling
        self._clock = clock
        self._mint = mint
        self._news = news

    async def send(self, trial: Trial, scope: Scope) -> tuple[Notification, ...] | Refusal:
        """Write a test message for each destination of the target; raises StoreError."""
        rows, why = trial_messages(trial, scope, self._telling(), self._mint, self._clock.now())
        if not rows:
            return Refusal(RefusalReason.INVALID, f"Nobody is reached: {why}.")
        for row in rows:
            await self._store.add(row)
        self._news.set()
        return rows
