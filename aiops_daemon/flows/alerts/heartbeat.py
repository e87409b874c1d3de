"""The outgoing heartbeat: tells somebody else that this daemon lives, takes alerts and can write.

Enters: a verdict on ourselves. Leaves: one call each interval while all is well; silence is the alarm, so nothing is
sent while the store cannot be written, or while a loop that people are reached by stands still.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

from aiops_daemon.clock import Clock
from aiops_daemon.errors import AiopsError
from aiops_daemon.logs import fields
from aiops_daemon.meter import Meter
from aiops_daemon.ports.store import AlertStore

log = logging.getLogger(__name__)


class Heartbeat:
    """One URL, told each interval."""

    def __init__(
        self,
        clock: Clock,
        meter: Meter,
        store: AlertStore,
        send: Callable[[], Awaitable[None]],
        stalled: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._stalled = stalled
        self._clock = clock
        self._meter = meter
        self._store = store
        self._send = send
        self._failing = False

    async def run(self, interval: float, beat: Callable[[], None]) -> None:
        """Send, for ever; a failure is logged once."""
        while True:
            try:
                await self._probe()
                await self._send()
            except AiopsError as error:
                self._failed(error)
            else:
                self._meter.inc("aiops_heartbeats_total", outcome="success")
                self._failing = False
            beat()
            await self._clock.sleep(interval)

    async def _probe(self) -> None:
        if stalled := self._stalled():
            raise AiopsError(f"stalled: {', '.join(stalled)}")
        await self._store.probe()

    def _failed(self, error: AiopsError) -> None:
        self._meter.inc("aiops_heartbeats_total", outcome="failure")
        if not self._failing:
            log.warning("heartbeat not sent", extra=fields(err=error))
        self._failing = True
