"""Turns: a limit is kept, nobody else waits, and who comes too early is told when to come again."""

import asyncio
from itertools import pairwise

import pytest

from aiops_daemon.clock import LoopClock
from aiops_daemon.edges.notify.pace import LONGEST_WAIT, Pace


@pytest.mark.looptime
async def test_messages_to_one_place_leave_a_second_apart():
    """Three at once leave at 0, 1 and 2 seconds."""
    clock = LoopClock(0.0)
    pace = Pace(clock, every=1.0)
    left = []

    async def leave():
        assert 0.0 == await pace.turn("#ops")
        left.append(round(clock.monotonic(), 3))

    await asyncio.gather(leave(), leave(), leave())

    assert [0.0, 1.0, 2.0] == left


@pytest.mark.looptime
async def test_another_place_does_not_wait():
    """A crowd before one channel delays no message to another."""
    clock = LoopClock(0.0)
    pace = Pace(clock, every=1.0)
    crowd = asyncio.gather(*(pace.turn("#ops") for _ in range(50)))
    await pace.turn("#other")

    assert clock.monotonic() == 0.0
    assert 0.0 == (await crowd)[0]


@pytest.mark.looptime
async def test_a_crowd_is_told_to_come_again_one_by_one():
    """What would wait too long is sent back, each with a moment of its own, and then has its turn."""
    clock = LoopClock(0.0)
    pace = Pace(clock, every=1.0)
    left = []

    async def leave():
        while (wait := await pace.turn("#ops")) > 0:
            assert wait > LONGEST_WAIT
            await clock.sleep(wait)
        left.append(round(clock.monotonic(), 3))

    await asyncio.gather(*(leave() for _ in range(30)))

    gaps = [later - earlier for earlier, later in pairwise(left)]
    assert min(gaps) >= 0.999
    assert left[-1] < 40


@pytest.mark.looptime
async def test_a_hold_is_kept():
    """After a service asked to wait, nothing leaves to that place before."""
    clock = LoopClock(0.0)
    pace = Pace(clock, every=0.0)
    pace.hold("#ops", 30.0)

    assert (30.0, 30.0) == (pace.held("#ops"), await pace.turn("#ops"))
    assert 0.0 == await pace.turn("#other")
    await clock.sleep(30.0)
    assert (0.0, 0.0) == (pace.held("#ops"), await pace.turn("#ops"))


@pytest.mark.looptime
async def test_a_place_may_have_several_names():
    """A turn taken by name counts for the place, and the other way round."""
    clock = LoopClock(0.0)
    pace = Pace(clock, every=1.0)
    await pace.turn("#ops")
    pace.same("#ops", "C1")
    pace.same("#ops", "C1")
    pace.same("C1", "C1")

    assert 1.0 == pace.held("C1")
    await pace.turn("C1")
    assert (1.0, 1.0) == (clock.monotonic(), pace.held("#ops"))


@pytest.mark.looptime
async def test_places_long_past_are_forgotten():
    """Thousands of people who got one message each fill no memory."""
    clock = LoopClock(0.0)
    pace = Pace(clock, every=1.0)
    for number in range(3_000):
        await pace.turn(f"U{number}")
        await clock.sleep(0.01)

    assert len(pace._free) <= 1_001
