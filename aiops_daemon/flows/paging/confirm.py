"""A 202 is no page: what was accepted is looked up, until the service shows it.

Enters: messages that were accepted and of which nothing was shown yet. Leaves: those that exist, noted as confirmed.
What is not confirmed in time goes to the fallback by its deadline, not from here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.notification import Notification
from aiops_daemon.flows.paging.deliver import Deliverer
from aiops_daemon.logs import fields
from aiops_daemon.ports.paging import PagingStore

log = logging.getLogger(__name__)

LOOK_EVERY = 10.0  # seconds
SHOWS_WITHIN = 10.0  # seconds that a service may take before it is asked
GIVES_UP = 600.0  # seconds after which nobody asks any more
AT_ONCE = 40  # PagerDuty answers 160 questions in ten seconds


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
        """Ask once for what is unconfirmed, the newest first, and all at once: no service waits for another."""
        now = self._clock.now()
        rows = await self._store.unconfirmed(now - GIVES_UP, now - SHOWS_WITHIN, AT_ONCE)
        answers = await asyncio.gather(*map(self._ask, rows), return_exceptions=True)
        for row, answer in zip(rows, answers, strict=True):
            if answer is True:
                await self._store.shown(row.uid)
            elif isinstance(answer, BaseException):
                log.error("a channel broke", exc_info=answer, extra=fields(uid=row.uid, destination=row.destination))

    async def _ask(self, row: Notification) -> bool | None:
        channel = self._deliverer.confirmer(row)
        return None if channel is None else await channel.confirmed(row)
