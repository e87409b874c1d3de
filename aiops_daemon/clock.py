"""The one module that reads the time.

Loops await `clock.sleep`, stamps come from `clock.now`, durations from `clock.monotonic`; core gets `now`
as a parameter. Nothing else may call `time` or `datetime.now` (ruff bans it).
"""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Time as flows see it."""

    def now(self) -> float:
        """Return unix seconds."""

    def monotonic(self) -> float:
        """Return seconds that never go back, for durations."""

    async def sleep(self, seconds: float) -> None:
        """Wait that many of this clock's seconds."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.perf_counter()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(max(0.0, seconds))


class LoopClock:
    """The running loop's time from a chosen epoch on: virtual under a virtual-time loop.

    `step` moves the wall clock without moving the loop, as an NTP correction does.
    """

    def __init__(self, epoch: float) -> None:
        self._epoch = epoch
        self._started: float | None = None

    def _elapsed(self) -> float:
        loop_time = asyncio.get_running_loop().time()
        if self._started is None:
            self._started = loop_time
        return loop_time - self._started

    def now(self) -> float:
        """Return unix seconds."""
        return self._epoch + self._elapsed()

    def monotonic(self) -> float:
        """Return the loop's time."""
        return self._elapsed()

    def step(self, seconds: float) -> None:
        """Set the wall clock forward (or back)."""
        self._epoch += seconds

    async def sleep(self, seconds: float) -> None:
        """Wait on the loop."""
        await asyncio.sleep(max(0.0, seconds))


class ReplayClock:
    """A clock for replays: stands at `epoch` until `go`, then runs `speed` times as fast until `until`.

    After `until` it runs at normal speed. Sleepers wait for `go` too, so nothing is missed while history loads.
    """

    def __init__(self, epoch: float, *, speed: float, until: float) -> None:
        self._epoch = epoch
        self._speed = speed
        self._until = until
        self._started: float | None = None
        self._going = asyncio.Event()

    def go(self) -> None:
        """Let time run."""
        self._started = time.perf_counter()
        self._going.set()

    def now(self) -> float:
        """Return unix seconds of the replayed world."""
        return self._epoch + self.monotonic()

    def monotonic(self) -> float:
        """Return seconds of the replayed world since its start."""
        if self._started is None:
            return 0.0
        elapsed = time.perf_counter() - self._started
        fast = (self._until - self._epoch) / self._speed
        if elapsed < fast:
            return elapsed * self._speed
        return self._until - self._epoch + elapsed - fast

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds of the replayed world."""
        await self._going.wait()
        speed = self._speed if self.now() < self._until else 1.0
        await asyncio.sleep(max(0.0, seconds) / speed)


class LeisurelyClock:
    """Another clock whose sleeps last a while at least: for loops that need not hurry as a replay does."""

    def __init__(self, clock: Clock, least: float) -> None:
        self._clock = clock
        self._least = least

    def now(self) -> float:
        """Return unix seconds."""
        return self._clock.now()

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds, and no less than the least."""
        await self._clock.sleep(max(seconds, self._least))
