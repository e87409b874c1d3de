"""What the listener hands in: bodies that are on disk before they are answered, and what was refused.

Enters: deliveries. Leaves: rows of the inbox, and a wake-up for the processor. Never decides on alerts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.inbox import Delivery, Quarantined
from aiops_daemon.errors import StoreError
from aiops_daemon.flows.alerts.notices import Notices
from aiops_daemon.meter import Meter
from aiops_daemon.ports.store import AlertStore

BUSY = 0.2  # seconds after a delivery in which more are likely


class Intake:
    """The door of the alert road."""

    def __init__(
        self,
        store: AlertStore,
        clock: Clock,
        meter: Meter,
        notices: Notices,
        asked: Callable[[str], bool] = lambda source: True,
    ) -> None:
        self.arrived = asyncio.Event()
        self._asked = asked  # whether the API of this Alertmanager is asked for what webhooks do not tell
        self._store = store
        self._clock = clock
        self._meter = meter
        self._notices = notices
        self._last = 0.0
        self._waiting = 0

    @property
    def busy(self) -> bool:
        """Say whether senders wait for an answer now."""
        return self._waiting > 0 or self._clock.monotonic() - self._last < BUSY

    async def accept(self, delivery: Delivery) -> None:
        """Write one body; it is on disk when this returns."""
        started = self._clock.monotonic()
        self._waiting += 1
        try:
            await self._store.accept(delivery)
        except StoreError as error:
            self._meter.inc("aiops_store_failures_total", reason=str(error.reason))
            raise
        finally:
            self._waiting -= 1
            self._last = self._clock.monotonic()
        self._meter.observe("aiops_store_commit_duration_seconds", self._last - started, kind="intake")
        self.arrived.set()

    async def quarantine(self, rejected: Quarantined) -> None:
        """Keep a copy of what was refused."""
        self._meter.inc("aiops_inbox_quarantined_total", reason=str(rejected.reason))
        await self._store.quarantine(rejected)

    def answered(self, source: str, code: int) -> None:
        """Count an answer."""
        self._meter.inc("aiops_webhooks_total", source=source, code=str(code))

    def too_large(self, source: str, size: int) -> None:
        """Tell people that a body was over the limit: its alerts are known by reconciliation alone."""
        self._meter.inc("aiops_webhook_body_too_large_total", source=source)
        instead = (
            "its alerts are read from the Alertmanager's API instead"
            if self._asked(source)
            else "its alerts are not known here, for no urls of that Alertmanager are configured"
        )
        text = (
            f"Alertmanager {source} sent a body of {size} bytes, over the limit, and it was refused; {instead}. "
            "Group by more labels in its route to us."
        )
        self._notices.say("AiopsWebhookTooLarge", text, source=source)
