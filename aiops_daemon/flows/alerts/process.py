"""The processor: takes accepted bodies in order, and hands their alerts to the desk.

Enters: rows of the inbox. Leaves: batches on the desk, each with the rows it finishes. A part that is no alert is set
aside with its reason; a body that fails again and again is set aside whole, and the next one goes through.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence

from aiops_daemon.core.model.alert import AlertEvent
from aiops_daemon.core.model.inbox import InboxRow, Quarantined, QuarantineReason, Slices
from aiops_daemon.flows.alerts.desk import Batch, Desk
from aiops_daemon.flows.alerts.intake import Intake
from aiops_daemon.flows.alerts.surroundings import Surroundings
from aiops_daemon.flows.alerts.wake import news_or_time
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

Decode = Callable[[InboxRow], Slices]
"""Reads one body in parts."""

ROWS = 200  # bodies read at once
BYTES = 8 * 1024 * 1024  # of bodies read at once, but for the first
EVENTS = 500  # alerts in one transaction
ATTEMPTS = 3  # failures after which a body is set aside
_IDLE = 1.0  # seconds between looks when nobody calls
_FAULTS = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)  # of data, not of disks


class Processor:
    """The loop between inbox and desk."""

    def __init__(self, around: Surroundings, desk: Desk, intake: Intake, decode: Decode) -> None:
        self._around = around
        self._desk = desk
        self._intake = intake
        self._decode = decode
        self.watch: Callable[[AlertEvent], None] | None = None  # told of every event, for the dead man's switch

    async def run(self, beat: Callable[[], None]) -> None:
        """Process what comes, for ever."""
        while True:
            self._intake.arrived.clear()
            worked = self._desk.leads and await self.step()
            beat()
            if not worked:
                await self._wait()

    async def step(self) -> bool:
        """Process the rows that wait; False when there were none."""
        rows = await self._around.store.pending(ROWS, bytes_limit=BYTES)
        if not rows:
            return False
        try:
            await self._take(rows)
        except _FAULTS:
            # one of them is bad: find it among those that still wait, and let the others through
            for row in await self._around.store.pending(ROWS, bytes_limit=BYTES):
                await self._take_alone(row)
        return True

    async def _take(self, rows: Sequence[InboxRow]) -> None:
        async for batch in self._batches(rows):
            started = self._around.clock.monotonic()
            await self._desk.take(batch)
            self._count(batch)
            if self._intake.busy:  # those who wait for an answer come first
                await self._around.clock.sleep(self._around.clock.monotonic() - started)

    async def _take_alone(self, row: InboxRow) -> None:
        try:
            await self._take([row])
        except _FAULTS as error:
            log.exception("a body cannot be processed", extra=fields(row=row.id, source=row.source))
            if await self._around.store.failed(row.id, repr(error)) >= ATTEMPTS:
                await self._set_aside(row, error)

    async def _set_aside(self, row: InboxRow, error: Exception) -> None:
        rejected = Quarantined(
            self._around.clock.now(),
            row.source,
            row.team,
            QuarantineReason.FAILED,
            f"processing failed {ATTEMPTS} times: {error!r}",
            row.start(64 * 1024),
            row.id,
        )
        batch = Batch(quarantined=(rejected,), done=(row.id,))
        await self._desk.take(batch)
        self._count(batch)

    async def _batches(self, rows: Sequence[InboxRow]) -> AsyncIterator[Batch]:
        """Fill transactions with the alerts of small bodies, and spread large ones over several."""
        events: list[AlertEvent] = []
        rejected: list[Quarantined] = []
        done: list[int] = []
        for row in rows:
            taken = row.skip
            for part in self._decode(row):
                events += part.events
                rejected += part.rejected
                taken += part.alerts
                if not part.events:  # a pause of the decoder: it read much and found no alert yet
                    await asyncio.sleep(0)
                if len(events) >= EVENTS:
                    yield Batch(tuple(events), tuple(rejected), tuple(done), ((row.id, taken),))
                    events, rejected, done = [], [], []
            done.append(row.id)
        if events or rejected or done:
            yield Batch(tuple(events), tuple(rejected), tuple(done))

    def _count(self, batch: Batch) -> None:
        for (source, status), number in Counter((one.source, str(one.status)) for one in batch.events).items():
            self._around.meter.inc("aiops_alerts_received_total", number, source=source, status=status)
        for rejected in batch.quarantined:
            self._around.meter.inc("aiops_inbox_quarantined_total", reason=str(rejected.reason))
        if self.watch is not None:
            for event in batch.events:
                self.watch(event)

    async def _wait(self) -> None:
        await news_or_time(self._intake.arrived, self._around.clock, _IDLE)
