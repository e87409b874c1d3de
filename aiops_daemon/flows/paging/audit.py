"""The auditor: looks, in every replica, for what must never be, and says so by metric, log and the desk's own notices.

Enters: the store. Leaves: gauges by check, a line of the log when one begins or ends, a notice that is an alert like
any other and so reaches people by the routes. Never mends anything: what it finds is a fault in this daemon.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.notification import Waiting
from aiops_daemon.core.response.telling import Telling
from aiops_daemon.flows.alerts.notices import Notices
from aiops_daemon.logs import fields
from aiops_daemon.meter import Meter
from aiops_daemon.ports.paging import PagingStore

log = logging.getLogger(__name__)

LOOK_EVERY = 30.0  # seconds
NOTICE = "AiopsPagingInvariantBroken"
CHECKS = ("without_timer", "overdue_timers", "stale_outbox", "stale_inbox", "stale_acts")


class Auditor:
    """Looks for violations."""

    def __init__(
        self, store: PagingStore, telling: Callable[[], Telling], clock: Clock, meter: Meter, notices: Notices
    ) -> None:
        self._store = store
        self._telling = telling
        self._clock = clock
        self._meter = meter
        self._notices = notices
        self._failing: set[str] = set()
        self._waited: set[str] = set()  # integrations of which something waited at the last look

    async def run(self, beat: Callable[[], None]) -> None:
        """Look for ever; not at once, for what became due while no daemon ran is being done."""
        while True:
            await self._clock.sleep(LOOK_EVERY)
            await self.look()
            beat()

    async def look(self) -> None:
        """Look once."""
        found = await self._store.violations(routed=self._telling().anybody)
        self._meter.set("aiops_escalation_overdue_timestamp_seconds", found.overdue_since or 0.0)
        for check in CHECKS:
            names: int | tuple[str, ...] = getattr(found, check)
            count, rows = (names, "") if isinstance(names, int) else (len(names), _rows(names))
            self._meter.set("aiops_auditor_violations", count, check=check)
            self._tell(check, count, rows)
        self._count(await self._store.waiting())

    def _count(self, found: Iterable[Waiting]) -> None:
        """Show what waits; where nothing waits any more, that."""
        now = {one.integration: one for one in found}
        for name in self._waited | now.keys():
            one = now.get(name, Waiting(name, 0, None))
            self._meter.set("aiops_outbox_pending", one.pending, integration=name)
            self._meter.set("aiops_outbox_paused", one.paused, integration=name)
            self._meter.set("aiops_outbox_oldest_timestamp_seconds", one.oldest_at or 0.0, integration=name)
        self._waited = set(now)

    def _tell(self, check: str, count: int, rows: str) -> None:
        """Log when a check begins or ends to fail, and let people know for as long as it does, each check by itself."""
        if count and check not in self._failing:
            self._failing.add(check)
            log.error("the auditor found what must not be", extra=fields(check=check, count=count, rows=rows))
            self._notices.hold(NOTICE, f"{check}: {count}" + (f" ({rows})" if rows else ""), check=check)
        elif not count and check in self._failing:
            self._failing.discard(check)
            log.info("the auditor finds it no more", extra=fields(check=check))
            self._notices.let_go(NOTICE, check=check)


def _rows(names: tuple[str, ...]) -> str:
    return " ".join(names)[:500]
