"""Measure how late the event loop runs, so that a stall is seen before a user feels it."""

from __future__ import annotations

from collections.abc import Callable

from aiops_daemon.clock import Clock
from aiops_daemon.meter import Meter

_WINDOW = 60.0


class LagWatch:
    """Sleeps for a short while again and again; what it oversleeps is the lag."""

    def __init__(self, clock: Clock, meter: Meter, every: float) -> None:
        self._every = every  # seconds
        self._clock = clock
        self._meter = meter

    async def run(self, beat: Callable[[], None]) -> None:
        """Export the longest lag of each minute, for ever."""
        longest, since = 0.0, self._clock.monotonic()
        while True:
            started = self._clock.monotonic()
            await self._clock.sleep(self._every)
            now = self._clock.monotonic()
            longest = max(longest, now - started - self._every)
            self._meter.set("aiops_event_loop_lag_seconds", longest)
            if now - since >= _WINDOW:
                longest, since = 0.0, now
            beat()
