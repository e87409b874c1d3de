"""Timers: what is due wakes the desk, late at most by the time between two looks.

Enters: due rows. Leaves: steps of the desk. Only the replica that holds the desk acts; a timer that was overdue when it
took over fires once. Between timers the desk catches up with what a start or a reload left to look at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiops_daemon.clock import Clock
from aiops_daemon.flows.alerts.desk import Desk
from aiops_daemon.flows.alerts.wake import news_or_time
from aiops_daemon.ports.paging import PagingStore

AT_ONCE = 200
LOOK_EVERY = 2.0  # seconds, where nothing says that there is news


class Waking:
    """Fires timers."""

    def __init__(self, store: PagingStore, desk: Desk, clock: Clock) -> None:
        self.news = asyncio.Event()  # timers may have changed
        self._store = store
        self._desk = desk
        self._clock = clock

    async def run(self, beat: Callable[[], None]) -> None:
        """Fire for ever."""
        while True:
            self.news.clear()
            due = await self._store.due_timers(AT_ONCE) if self._desk.leads else []
            if due:
                await self._desk.fire(due)
            elif self._desk.behind:
                await self._desk.catch_up()
            beat()
            if len(due) < AT_ONCE and not self._desk.behind:
                await news_or_time(self.news, self._clock, await self._pause())

    async def _pause(self) -> float:
        """Return the seconds until the next timer, or until the next look."""
        next_at, _ = await self._store.next_due() if self._desk.leads else (None, None)
        if next_at is None:
            return LOOK_EVERY
        return min(LOOK_EVERY, max(0.01, next_at - self._clock.now()))
