"""Loops that never die silently, in virtual time."""

from __future__ import annotations

import asyncio
import logging
from itertools import pairwise

import pytest

from aiops_daemon.clock import LoopClock
from aiops_daemon.errors import StoreError, StoreReason
from aiops_daemon.flows.supervise import Supervisor, ticks
from aiops_daemon.meter import Meter

EPOCH = 1_700_000_000.0

pytestmark = pytest.mark.looptime


async def test_a_failing_loop_is_started_again_with_growing_pauses() -> None:
    """Five failures take 1 + 2 + 4 + 8 seconds of pauses, and each is counted."""
    clock, meter = LoopClock(EPOCH), Meter()
    supervisor = Supervisor(clock, meter)
    starts: list[float] = []

    async def body() -> None:
        starts.append(clock.monotonic())
        raise ValueError("broken")

    supervisor.start("poll", body, patience=10)
    await asyncio.sleep(15.5)
    await supervisor.stop()

    assert [0, 1, 3, 7, 15] == [round(start) for start in starts]
    assert 5 == meter.value("aiops_loop_failures_total", loop="poll")
    assert 4 == meter.value("aiops_loop_restarts_total", loop="poll")


async def test_an_urgent_loop_is_never_long_away() -> None:
    """However long it has failed, it is tried again within its own longest pause."""
    clock = LoopClock(EPOCH)
    supervisor = Supervisor(clock, Meter())
    starts: list[float] = []

    async def body() -> None:
        starts.append(clock.monotonic())
        raise ValueError("broken")

    supervisor.start("deliver", body, patience=10, longest_pause=2.0)
    await asyncio.sleep(600.0)
    await supervisor.stop()

    assert 2.0 == pytest.approx(max(later - earlier for earlier, later in pairwise(starts)))


async def test_failures_are_logged_on_change_only(caplog: pytest.LogCaptureFixture) -> None:
    """One line when it breaks and one when it works again."""
    clock = LoopClock(EPOCH)
    supervisor = Supervisor(clock, Meter())
    healthy = asyncio.Event()

    async def body() -> None:
        while True:
            if not healthy.is_set():
                raise ValueError("broken")
            supervisor.beat("poll")
            await clock.sleep(1)

    with caplog.at_level(logging.INFO, "aiops_daemon.flows.supervise"):
        supervisor.start("poll", body, patience=10)
        await asyncio.sleep(100)
        healthy.set()
        await asyncio.sleep(100)
        await supervisor.stop()

    assert ["loop failed; it will be tried again", "loop recovered"] == [r.getMessage() for r in caplog.records]


@pytest.mark.parametrize(
    ("error", "traced"), [(ValueError("a bug"), True), (StoreError(StoreReason.FULL, "aiops.db: full"), False)]
)
async def test_only_what_was_not_foreseen_is_told_with_its_origin(
    error: Exception, traced: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk explains itself in a line; a bug needs its traceback."""
    supervisor = Supervisor(LoopClock(EPOCH), Meter())

    async def body() -> None:
        raise error

    supervisor.start("poll", body, patience=10)
    await asyncio.sleep(0.5)
    await supervisor.stop()
    (record,) = caplog.records

    assert traced == bool(record.exc_info)
    assert traced != ("full" in str(record.__dict__.get("fields")))


async def test_a_loop_that_returns_is_a_failure() -> None:
    """Loops run for ever; a silent end is started again."""
    meter = Meter()
    supervisor = Supervisor(LoopClock(EPOCH), meter)

    async def body() -> None:
        return

    supervisor.start("poll", body, patience=10)
    await asyncio.sleep(0.5)
    await supervisor.stop()

    assert 1 == meter.value("aiops_loop_failures_total", loop="poll")


async def test_a_loop_that_hangs_is_named_as_stalled() -> None:
    """Readiness sees a loop without a heartbeat."""
    supervisor = Supervisor(LoopClock(EPOCH), Meter())
    supervisor.start("poll", asyncio.Event().wait, patience=10)  # type: ignore[arg-type]

    await asyncio.sleep(9)
    assert () == supervisor.stalled()
    await asyncio.sleep(2)
    assert ("poll",) == supervisor.stalled()
    await supervisor.stop()


async def collect(clock: LoopClock, seconds: float, work: float = 0.0) -> tuple[list[float], int]:
    """Run a ticker of 60 s for a while; returns ticks since the epoch and the number skipped."""
    seen: list[float] = []
    skipped = [0]

    def skip(count: int) -> None:
        skipped[0] += count

    async def loop() -> None:
        async for at in ticks(clock, 60, skip):
            seen.append(at - EPOCH)
            await asyncio.sleep(work)

    task = asyncio.create_task(loop())
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return seen, skipped[0]


async def test_ticks_are_aligned_after_the_first() -> None:
    """Polls of every replica and restart fall on the same grid."""
    clock = LoopClock(EPOCH)
    seen, skipped = await collect(clock, 200)

    assert 0 == seen[0]
    assert all((EPOCH + at) % 60 == 0 for at in seen[1:])
    assert {60} == {b - a for a, b in pairwise(seen[1:])}
    assert 0 == skipped


async def test_a_slow_body_skips_ticks_and_says_so() -> None:
    """Work of 150 s on a 60 s tick: the ticks in between are counted, not queued."""
    seen, skipped = await collect(LoopClock(EPOCH), 1000, work=150)

    assert len(seen) <= 8
    assert skipped >= 6


async def test_a_clock_set_back_stops_nothing() -> None:
    """The next tick comes within one interval of real time."""
    clock = LoopClock(EPOCH)
    task = asyncio.create_task(collect(clock, 400))
    await asyncio.sleep(130)
    clock.step(-86_400)
    seen, _ = await task

    after = [at for at in seen if at < 0]
    assert len(after) >= 3
