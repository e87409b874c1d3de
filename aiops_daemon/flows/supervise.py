"""Named loops that never die silently.

Enters: loop bodies. Leaves: heartbeats, failure counts, and a verdict on readiness. A body that raises is
logged once, counted always and started again after a growing pause; a body that returns is an error too. The
one broad except of the flows stands here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from aiops_daemon.clock import Clock
from aiops_daemon.errors import AiopsError
from aiops_daemon.logs import fields
from aiops_daemon.meter import Meter

log = logging.getLogger(__name__)

_FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0


class LoopEndedError(Exception):
    """A loop returned although loops run for ever."""


@dataclass(slots=True)
class Beat:
    """The pulse of one loop, in the clock's monotonic seconds."""

    last: float
    patience: float  # seconds without a beat after which the loop counts as stalled
    first: float  # the same, until the first beat
    failing: bool = False
    beaten: bool = False

    def stalled(self, now: float) -> bool:
        """Say whether the last beat is too long ago."""
        return now - self.last > (self.patience if self.beaten else max(self.patience, self.first))


class Supervisor:
    """Runs named loops until stopped; one per generation of the configuration."""

    def __init__(self, clock: Clock, meter: Meter) -> None:
        self._clock = clock
        self._meter = meter
        self._beats: dict[str, Beat] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(
        self,
        name: str,
        body: Callable[[], Awaitable[None]],
        *,
        patience: float,
        first: float = 0.0,
        longest_pause: float = LONGEST_PAUSE,
    ) -> None:
        """Run `body` for ever under `name`; it must call `beat(name)` at least every `patience` seconds.

        The first beat may take `first` seconds. After a fault it is started again within `longest_pause` seconds.
        """
        self._beats[name] = Beat(self._clock.monotonic(), patience, first)
        self._meter.inc("aiops_loop_failures_total", 0, loop=name)
        self._meter.inc("aiops_loop_restarts_total", 0, loop=name)
        self._tasks[name] = asyncio.create_task(self._guard(name, body, longest_pause), name=name)

    def beat(self, name: str) -> None:
        """Say that a loop finished its work once more."""
        pulse = self._beats[name]
        pulse.last, pulse.beaten = self._clock.monotonic(), True
        self._meter.set("aiops_loop_last_success_timestamp_seconds", self._clock.now(), loop=name)
        if pulse.failing:
            pulse.failing = False
            log.info("loop recovered", extra=fields(loop=name))

    def stalled(self) -> tuple[str, ...]:
        """Name the loops that have not finished their work for longer than their patience."""
        now = self._clock.monotonic()
        return tuple(name for name, pulse in self._beats.items() if pulse.stalled(now))

    async def stop(self) -> None:
        """Cancel every loop and wait for them; idempotent."""
        tasks, self._tasks = list(self._tasks.values()), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._beats.clear()

    async def _guard(self, name: str, body: Callable[[], Awaitable[None]], longest_pause: float) -> None:
        pause = _FIRST_PAUSE
        while True:
            started = self._clock.monotonic()
            try:
                await _run(name, body)
            except Exception as error:  # noqa: BLE001 (a loop must outlive every fault of its body)
                self._failed(name, error)
            if self._clock.monotonic() - started > LONGEST_PAUSE:
                pause = _FIRST_PAUSE
            await self._clock.sleep(pause)
            pause = min(pause * 2, longest_pause)
            self._meter.inc("aiops_loop_restarts_total", loop=name)

    def _failed(self, name: str, error: Exception) -> None:
        self._meter.inc("aiops_loop_failures_total", loop=name)
        pulse = self._beats.get(name)
        if pulse is None or not pulse.failing:
            _tell(name, error)
        if pulse is not None:
            pulse.failing = True


def _tell(name: str, error: Exception) -> None:
    """Log a fault that was foreseen in its own words, and any other with where it came from."""
    said = "loop failed; it will be tried again"
    if isinstance(error, AiopsError):
        log.error(said, extra=fields(loop=name, err=error))
    else:
        log.error(said, extra=fields(loop=name), exc_info=error)


async def _run(name: str, body: Callable[[], Awaitable[None]]) -> None:
    await body()
    raise LoopEndedError(f"loop {name} ended")


async def ticks(clock: Clock, interval: float, skipped: Callable[[int], None]) -> AsyncIterator[float]:
    """Yield now, then every multiple of `interval` (unix seconds); report ticks that a slow body overran.

    A clock set back or forward moves the next tick, and never makes the wait longer than one interval.
    """
    tick = clock.now()
    yield tick
    while True:
        due = (tick // interval + 1) * interval
        now = clock.now()
        if now >= due + interval:
            missed = int((now - due) // interval)
            skipped(missed)
            due += missed * interval
        if due - now > interval:
            due = (now // interval + 1) * interval
        await clock.sleep(due - now)
        tick = due
        yield tick
