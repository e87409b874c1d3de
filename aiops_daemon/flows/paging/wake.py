"""Timers: what is due wakes the desk, late at most by the time between two looks.

Enters: due rows. Leaves: steps of the desk. Only the replica that holds the desk acts; a timer that was overdue when it
took over fires once.
"""

from __future__ import annotations

from collections.abc import Callable

from aiops_daemon.clock import Clock
from aiops_daemon.flows.alerts.desk import Desk
from aiops_daemon.ports.paging import PagingStore

AT_ONCE = 200
LOOK_EVERY = 1.0  # seconds


class Waking:
    """Fires timers."""

    def __init__(self, store: PagingStore, desk: Desk, clock: Clock) -> None:
        self._store = store
        self._desk = desk
        self._clock = clock

    async def run(self, beat: Callable[[], None]) -> None:
        """Fire for ever."""
        while True:
            due = await self._store.due_timers(AT_ONCE) if self._desk.leads else []
            if due:
                await self._desk.fire(due)
            beat()
            if len(due) < AT_ONCE:
                await self._clock.sleep(LOOK_EVERY)
