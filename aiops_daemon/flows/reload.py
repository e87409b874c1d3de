"""Loading the configuration anew: when asked, and whenever its file changes.

Enters: functions that read the configuration and its fingerprint, and the one that lets a daemon run by new settings.
Leaves: an outcome with every fault. A configuration that is refused changes nothing. Never two reloads at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.view import ReloadOutcome
from aiops_daemon.errors import AiopsError, ConfigError
from aiops_daemon.logs import fields
from aiops_daemon.meter import Meter

log = logging.getLogger(__name__)

WATCH_EVERY = 5.0  # seconds between two looks at the configuration file


class Reloader:
    """Follows one configuration file."""

    def __init__(
        self,
        load: Callable[[], Settings],
        fingerprint: Callable[[], str],
        succeed: Callable[[Settings], Awaitable[None]],
        clock: Clock,
        meter: Meter,
    ) -> None:
        self.busy = asyncio.Lock()  # held while settings are swapped
        self._load = load
        self._fingerprint = fingerprint
        self._succeed = succeed
        self._clock = clock
        self._meter = meter
        self._asked = asyncio.Event()
        self._seen = ""  # fingerprint of the file when it was last loaded

    def request(self) -> None:
        """Ask for a reload soon, as a signal does."""
        self._asked.set()

    async def begin(self, settings: Settings) -> None:
        """Take what is running as loaded."""
        self._seen = await self._present()
        self._loaded(settings)

    async def reload(self) -> ReloadOutcome:
        """Load the configuration anew; all fallible work first, then the swap."""
        async with self.busy:
            try:
                self._seen = await self._present()
                settings = await asyncio.to_thread(self._load)
                await self._succeed(settings)
            except AiopsError as error:
                return self._refused(error)
        self._loaded(settings)
        log.info("configuration reloaded", extra=fields(hash=settings.config_hash))
        return ReloadOutcome()

    async def watch(self, beat: Callable[[], None]) -> None:
        """Reload when asked and whenever the file changes, for ever."""
        while True:
            try:
                async with asyncio.timeout(WATCH_EVERY):
                    await self._asked.wait()
            except TimeoutError:
                pass
            if self._asked.is_set() or await self._present() != self._seen:
                self._asked.clear()
                await self.reload()
            beat()

    async def _present(self) -> str:
        return await asyncio.to_thread(self._fingerprint)

    def _refused(self, error: AiopsError) -> ReloadOutcome:
        faults = error.faults if isinstance(error, ConfigError) else (str(error),)
        self._meter.set("aiops_config_last_reload_successful", 0)
        for fault in faults:
            log.error("configuration refused; the old one stays", extra=fields(fault=fault))
        return ReloadOutcome(tuple(faults))

    def _loaded(self, settings: Settings) -> None:
        self._meter.set("aiops_config_hash", settings.config_hash)
        self._meter.set("aiops_config_last_reload_successful", 1)
        self._meter.set("aiops_config_last_reload_success_timestamp_seconds", self._clock.now())
