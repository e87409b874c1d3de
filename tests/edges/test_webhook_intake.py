"""Large and slow bodies wait for room and for no longer than they may."""

import asyncio
import gzip
from contextlib import AsyncExitStack

import pytest
from aiohttp import web

from aiops_daemon.edges.web.alertmanager.intake import (
    MAX_BODY_BYTES,
    Budget,
    CrowdedError,
    Inflater,
    TooLargeError,
    UnreadableError,
    whole_body,
)

pytestmark = pytest.mark.looptime


class Request:
    """A request whose body comes in chunks, each after some seconds."""

    def __init__(self, *chunks, length=None, coding="", pause=0.0, fault=None):
        self.headers = {"Content-Encoding": coding} if coding else {}
        self.content_length = length
        self.content = self
        self._chunks, self._pause, self._fault = chunks, pause, fault

    async def iter_any(self):
        for chunk in self._chunks:
            await asyncio.sleep(self._pause)
            yield chunk
        if self._fault:
            raise self._fault


async def read(request, budget=None):
    async with whole_body(request, budget or Budget()) as body:
        return body


async def test_a_slow_body_has_thirty_seconds():
    """Dripping does not help."""
    assert b"ab" == await read(Request(b"a", b"b", pause=14.0))
    with pytest.raises(CrowdedError, match="within 30 s"):
        await read(Request(*[b"a"] * 100, pause=1.0))


async def test_small_bodies_need_no_room():
    """However full it is."""
    assert b"x" * 65_536 == await read(Request(b"x" * 65_536, length=65_536), Budget(0))


async def test_a_large_body_waits_for_room_but_not_for_long():
    """It gets its turn when another one is done, within four seconds."""
    budget = Budget(100_000)
    async with AsyncExitStack() as held:
        await held.enter_async_context(budget.hold(60_000))
        waiting = asyncio.create_task(read(Request(b"x" * 70_000, length=70_000), budget))
        await asyncio.sleep(3.9)
    assert 70_000 == len(await waiting)
    async with budget.hold(60_000):
        with pytest.raises(CrowdedError, match="too many large bodies"):
            await read(Request(b"x" * 70_000, length=70_000), budget)
    async with budget.hold(100_000):  # all of it came back
        pass


@pytest.mark.parametrize("request_", [Request(b"x" * 70_000), Request(gzip.compress(b"x" * 70_000), length=9,
                                                                      coding="gzip")])  # fmt: skip
async def test_a_body_of_unknown_size_takes_room_for_the_largest(request_):
    """Its sender may go on sending."""
    with pytest.raises(CrowdedError):
        await read(request_, Budget(MAX_BODY_BYTES - 1))
    assert 70_000 == len(await read(request_, Budget(MAX_BODY_BYTES)))


async def test_a_reader_that_is_cancelled_gives_its_room_back():
    """As one whose connection broke."""
    budget = Budget(70_000)
    task = asyncio.create_task(read(Request(b"x" * 70_000, b"y", length=70_000, pause=5.0), budget))
    await asyncio.sleep(7)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert 70_000 == len(await read(Request(b"x" * 70_000, length=70_000), budget))


async def test_a_length_over_the_limit_is_refused_unread():
    """Not a byte is taken."""
    with pytest.raises(TooLargeError) as refused:
        await read(Request(fault=AssertionError("read"), length=MAX_BODY_BYTES + 1))

    assert MAX_BODY_BYTES + 1 == refused.value.size


@pytest.mark.parametrize("fault", [web.RequestPayloadError("broken"), ConnectionResetError()])
async def test_a_body_that_breaks_off_is_unreadable(fault):
    """What came of it is kept."""
    with pytest.raises(UnreadableError, match="too early") as refused:
        await read(Request(b'{"a":', fault=fault))

    assert b'{"a":' == refused.value.seen


async def test_inflating_goes_in_pieces():
    """Whatever a few bytes hold."""
    inflater, bomb = Inflater(), gzip.compress(b" " * 10_000_000)

    sizes = [len(piece) for piece in inflater.feed(bomb)]

    assert (10_000_000, 262_144) == (sum(sizes), max(sizes))
    inflater.finish()
