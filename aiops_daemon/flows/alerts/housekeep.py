"""What keeps the store in order: backups, retention, and the gauges of what waits and what is open.

Enters: the clock. Leaves: copies, deleted rows, numbers, once a week a look at every page. A backup that fails and a
page that is broken are told to people; a count that fails is counted and tried again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from aiops_daemon.core.model.durations import DAY
from aiops_daemon.errors import StoreError, StoreReason
from aiops_daemon.flows.alerts.desk import Desk
from aiops_daemon.flows.alerts.notices import Notices
from aiops_daemon.flows.alerts.surroundings import Surroundings
from aiops_daemon.logs import fields
from aiops_daemon.ports.store import Changes

log = logging.getLogger(__name__)

MEASURE_EVERY = 10.0  # seconds
EXPIRE_EVERY = 60.0
BACKUP_EVERY = 3600.0
CHECK_EVERY = 7 * DAY
CHECKED = "checked"  # name of what is known of the last look at every page
_STEPS = 20  # batches deleted at once


class Housekeeping:
    """Three slow jobs; each runs in a loop of its own."""

    def __init__(self, around: Surroundings, desk: Desk, notices: Notices) -> None:
        self._around = around
        self._desk = desk
        self._notices = notices
        self._checked_at: float | None = None  # None: the store was not asked yet
        self.failing = ""  # why the store cannot be written; empty: it can
        self._seen: set[tuple[str, str, str]] = set()
        self._alerts: set[tuple[str, str]] = set()

    async def measure(self, beat: Callable[[], None]) -> None:
        """Set the gauges, for ever."""
        while True:
            await self.probe()
            await self.look()
            beat()
            await self._around.clock.sleep(MEASURE_EVERY)

    async def probe(self) -> None:
        """Write something small: only then is it known that the next body can be kept."""
        try:
            await self._around.store.probe()
        except StoreError as error:
            self._around.meter.inc("aiops_store_failures_total", reason=str(error.reason))
            if not self.failing:
                log.warning("the store cannot be written", extra=fields(reason=error.reason, err=error))
            self.failing = f"store cannot be written ({error.reason})"
            return
        if self.failing:
            log.info("the store can be written again")
        self.failing = ""

    async def look(self) -> None:
        """Count what waits and what is open."""
        meter, store = self._around.meter, self._around.store
        backlog = await store.backlog()
        meter.set("aiops_inbox_pending", backlog.pending)
        meter.set("aiops_inbox_oldest_timestamp_seconds", backlog.oldest_at or 0.0)
        alerts = self._desk.open_alerts()
        self._alerts |= alerts.keys()
        for source, state in self._alerts:
            meter.set("aiops_alerts_open", alerts[source, state], source=source, state=state)
        counts = await store.counts()
        self._seen |= counts.keys()
        for state, severity, team in self._seen:
            number = counts.get((state, severity, team), 0)
            meter.set("aiops_incidents", number, state=state, severity=severity, team=team)

    async def expire(self, beat: Callable[[], None]) -> None:
        """Delete what is older than the retention, in small batches, for ever."""
        while True:
            await self._around.clock.sleep(EXPIRE_EVERY)
            for _ in range(_STEPS if self._desk.leads else 0):
                if not await self._around.store.expire(self._around.clock.now()):
                    break
            beat()

    async def back_up(self, beat: Callable[[], None]) -> None:
        """Copy and verify the store each hour, and look at every page of it each week, for ever."""
        while True:
            await self._around.clock.sleep(BACKUP_EVERY)
            if self._desk.leads:
                await self._copy()
                await self._check()
            beat()

    async def _copy(self) -> None:
        try:
            path = await self._around.store.backup()
        except StoreError as error:
            self._notices.hold("AiopsBackupFailing", f"The store could not be copied: {error}", severity="warning")
            log.warning("backup failed", extra=fields(err=error))
            return
        self._notices.let_go("AiopsBackupFailing")
        if path:
            self._around.meter.set("aiops_store_last_backup_timestamp_seconds", self._around.clock.now())
            log.info("store copied", extra=fields(path=path))

    async def _check(self) -> None:
        """Look at every page when a week has passed, also over restarts; while one is broken, after each hour."""
        store, meter, now = self._around.store, self._around.meter, self._around.clock.now()
        try:
            if self._checked_at is None:
                self._checked_at = float((await store.knowledge()).get(CHECKED, b"0"))
                meter.set("aiops_store_last_check_timestamp_seconds", self._checked_at)
            if now - self._checked_at < CHECK_EVERY:
                return
            if faults := await self._faults():
                self._tell_broken(faults)
                return
            await store.commit(Changes(knowledge=((CHECKED, str(now).encode()),)))
        except StoreError as error:
            meter.inc("aiops_store_failures_total", reason=str(error.reason))
            log.warning("the store could not be checked", extra=fields(err=error))
            return
        self._checked_at = now
        self._notices.let_go("AiopsStoreBroken")
        meter.set("aiops_store_last_check_timestamp_seconds", now)
        log.info("every page of the store is whole", extra=fields(seconds=round(self._around.clock.now() - now, 1)))

    async def _faults(self) -> tuple[str, ...]:
        """Look at every page; a file that cannot even be read so is broken too."""
        try:
            return await self._around.store.check()
        except StoreError as error:
            if error.reason is not StoreReason.CORRUPT:
                raise
            return (str(error),)

    def _tell_broken(self, faults: tuple[str, ...]) -> None:
        self._around.meter.inc("aiops_store_failures_total", reason=str(StoreReason.CORRUPT))
        for fault in faults:
            log.error("the store is broken", extra=fields(fault=fault))
        text = (
            f"The weekly look at every page of the store found it broken: {faults[0]}. A restart sets the file aside "
            "where its start sees that too; else stop the daemon and run `aiops-daemon db restore`."
        )
        self._notices.hold("AiopsStoreBroken", text)
