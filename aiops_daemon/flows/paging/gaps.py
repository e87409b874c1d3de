"""On-call schedules that will have nobody: when each one's next gap begins, as a metric.

Enters: the schedules of the running configuration. Leaves: a gauge for each schedule with a gap in the next 90 days; of
one without there is no series. Tells nobody by itself: an alert rule on the gauge does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.response.oncall import gaps
from aiops_daemon.meter import Meter

LOOK_EVERY = 900.0  # seconds; a reload looks at once
AHEAD = 90 * DAY  # as far as `config check` looks
METRIC = "aiops_schedule_next_gap_timestamp_seconds"


class GapWatch:
    """Looks ahead."""

    def __init__(self, settings: Callable[[], Settings], clock: Clock, meter: Meter) -> None:
        self._settings = settings
        self._clock = clock
        self._meter = meter
        self._shown: set[str] = set()

    async def run(self, beat: Callable[[], None]) -> None:
        """Look for ever."""
        while True:
            await self.look()
            beat()
            await self._clock.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """Look once; what lies ahead is reckoned beside the event loop."""
        schedules, now = self._settings().schedules, self._clock.now()
        found = {one.name: await asyncio.to_thread(gaps, one, now, now + AHEAD) for one in schedules}
        begins = {name: ahead[0].starts_at for name, ahead in found.items() if ahead}
        for name in self._shown - begins.keys():
            self._meter.forget(schedule=name)
        for name, at in begins.items():
            self._meter.set(METRIC, at, schedule=name)
        self._shown = set(begins)
