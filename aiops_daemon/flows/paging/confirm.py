"""A 202 is no page: what was accepted is looked up, until the service shows it.

Enters: messages that were accepted and of which nothing was shown yet. Leaves: those that exist, noted as confirmed.
What is not confirmed in time goes to the fallback by its deadline, not from here.
"""

from __future__ import annotations

from collections.abc import Callable

from aiops_daemon.clock import Clock
from aiops_daemon.flows.paging.deliver import Deliverer
from aiops_daemon.ports.paging import PagingStore

LOOK_EVERY = 10.0  # seconds
SHOWS_WITHIN = 10.0  # seconds that a service may take before it is asked
GIVES_UP = 600.0  # seconds after which nobody asks any more
AT_ONCE = 20


class Confirming:
    """Asks services for what they accepted."""

    def __init__(self, store: PagingStore, deliverer: Deliverer, clock: Clock) -> None:
        self._store = store
        self._deliverer = deliverer
        self._clock = clock

    async def run(self, beat: Callable[[], None]) -> None:
        """Ask for ever."""
        while True:
            await self._clock.sleep(LOOK_EVERY)
            await self.look()
            beat()

    async def look(self) -> None:
        """Ask once for everything that is unconfirmed."""
        now = self._clock.now()
        for row in await self._store.unconfirmed(now - GIVES_UP, now - SHOWS_WITHIN, AT_ONCE):
            channel = self._deliverer.confirmer(row)
            if channel is not None and await channel.confirmed(row):
                await self._store.confirm(row.dedup_key)
