"""The stream of changes: order, resuming, heartbeats, bounds, the end."""

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest
from incident_world import AlertDaemon, entry, uid

from aiops_daemon.core.model.incident import EntryKind
from aiops_daemon.core.model.scope import Role, Scope
from aiops_daemon.edges.web.api import events
from aiops_daemon.edges.web.server import WebServer
from aiops_daemon.errors import StoreError, StoreReason

PATH = "/api/v1/events"


@pytest.fixture
def daemon():
    return AlertDaemon()


@asynccontextmanager
async def serving(daemon):
    server = WebServer(daemon.ports(), listen_address="127.0.0.1:0")
    await server.start()
    try:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(server.address, connector=connector) as session:
            yield server, session
    finally:
        await server.stop()


async def event(answer):
    """Read one event as its fields; a comment has the field ""."""
    fields = {}
    async for line in answer.content:
        text = line.decode().rstrip("\n")
        if not text:
            return fields
        name, _, value = text.partition(": ")
        fields[name] = value
    return None


async def begun(answer):
    """Read what every stream begins with."""
    assert (200, "text/event-stream", "no-store") == (
        answer.status, answer.content_type, answer.headers["Cache-Control"],
    )  # fmt: skip
    assert {"retry": "3000"} == await event(answer)


async def waits(daemon):
    """Return once a reader waits for a change."""
    async with asyncio.timeout(5):
        while not daemon.road.waiting:
            await asyncio.sleep(0)


async def test_a_stream_begins_now(daemon):
    """What was before is not repeated; what comes carries id, kind and the whole line."""
    async with serving(daemon) as (_, http), http.get(PATH) as answer:
        await begun(answer)
        await waits(daemon)
        daemon.road.note(entry(9, EntryKind.NOTE, "one\nline", actor="ann"))
        told = await event(answer)

    assert (uid(5009), "note") == (told["id"], told["event"])
    line = json.loads(told["data"])
    assert ("one\nline", "ann", uid(42)) == (line["text"], line["actor"], line["incident"])


@pytest.mark.parametrize("how", ["header", "parameter"])
async def test_a_reader_that_comes_back_misses_nothing(daemon, how):
    """After the id that it saw last, in the order in which lines were written."""
    request = {"headers": {"Last-Event-ID": uid(5002)}} if how == "header" else {"params": {"last_event_id": uid(5002)}}
    async with serving(daemon) as (_, http), http.get(PATH, **request) as answer:
        await begun(answer)
        told = [(await event(answer))["id"] for _ in range(2)]

    assert [uid(5003), uid(5004)] == told


async def test_many_lines_come_in_batches(daemon):
    """More than one batch arrives whole and in order."""
    count = events.BATCH * 2 + 1
    for number in range(10, 10 + count):
        daemon.road.note(entry(number, EntryKind.NOTE, "x"))
    async with serving(daemon) as (_, http), http.get(PATH, headers={"Last-Event-ID": uid(5009)}) as answer:
        await begun(answer)
        told = [(await event(answer))["id"] for _ in range(count)]

    assert [uid(5000 + number) for number in range(10, 10 + count)] == told


@pytest.mark.looptime
async def test_a_quiet_stream_shows_that_it_lives(daemon):
    """A comment every 15 seconds."""
    written = []
    ended = asyncio.Event()

    class Reader:
        """Takes what is written."""

        async def write(self, piece):
            written.append((asyncio.get_running_loop().time(), piece))
            if len(written) == 2:
                ended.set()

    start = asyncio.get_running_loop().time()
    scope = Scope("ann", None, Role.VIEWER)
    await events._follow(Reader(), daemon.road.ports(), scope, [], uid(9999), ended)

    assert [(15.0, b": still here\n\n"), (30.0, b": still here\n\n")] == [(at - start, piece) for at, piece in written]
    assert all(waiter.cancelled() for waiter in daemon.road.waiting)


@pytest.mark.looptime
async def test_a_reader_that_does_not_read_is_let_go(daemon):
    """Nobody holds a batch for longer than half a minute."""

    class Stuck:
        """Never takes anything."""

        async def write(self, piece):
            await asyncio.get_running_loop().create_future()

    start = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        await events._follow(Stuck(), daemon.road.ports(), Scope("ann"), [entry(1)], "", asyncio.Event())

    assert events.PATIENCE_SECONDS == asyncio.get_running_loop().time() - start


async def test_streams_end_when_the_daemon_stops(daemon):
    """Cleanly and at once, not at the deadline for requests in flight."""
    async with serving(daemon) as (server, http), http.get(PATH) as answer:
        await begun(answer)
        await waits(daemon)
        async with asyncio.timeout(1):
            await server.stop()
            assert await event(answer) is None


async def test_a_store_that_fails_ends_the_stream(daemon):
    """The reader comes back by itself and is told then."""
    async with serving(daemon) as (_, http), http.get(PATH) as answer:
        await begun(answer)
        await waits(daemon)
        daemon.road.failure = StoreError(StoreReason.UNREACHABLE, "gone")
        daemon.road.note(entry(9))

        assert await event(answer) is None


@pytest.mark.parametrize(
    ("status", "request_"),
    [(400, {"headers": {"Last-Event-ID": "x"}}), (400, {"params": {"last": "x"}})],
)
async def test_what_does_not_fit_is_refused(daemon, status, request_):
    """An id that no stream gave out, a parameter that nobody knows."""
    async with serving(daemon) as (_, http), http.get(PATH, **request_) as answer:
        assert (status, "application/problem+json") == (answer.status, answer.content_type)


async def test_readers_are_bounded_and_leave_room_when_they_go(daemon):
    """One more than the most gets a 503; once one is written to and found gone, there is room."""
    async with serving(daemon) as (_, http), AsyncExitStack() as stack:
        answers = [await stack.enter_async_context(http.get(PATH)) for _ in range(events.MOST_STREAMS)]
        async with http.get(PATH) as answer:
            assert answer.status == 503
        answers[0].close()
        statuses = [503]
        async with asyncio.timeout(10):
            while statuses[-1] == 503:
                daemon.road.note(entry(len(statuses) + 9))
                async with http.get(PATH) as answer:
                    statuses.append(answer.status)

    assert statuses[-1] == 200
