"""Connections are bounded in number and in how long they may take to ask."""

import asyncio

import aiohttp
import pytest
from web_world import FakeDaemon

from aiops_daemon.edges.web.connections import BODY_SECONDS, HEAD_SECONDS, Connections, Guarded
from aiops_daemon.edges.web.server import WebServer

HALF = b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nX-Slow: "


class Wire(asyncio.Transport):
    """A socket that remembers."""

    def __init__(self):
        super().__init__()
        self.written, self.closed, self.aborted = b"", False, False

    def write(self, data):
        self.written += data

    def close(self):
        self.closed = True

    def abort(self):
        self.aborted = True


class Inner(asyncio.Protocol):
    """What is guarded."""

    def __init__(self):
        self.calls = []

    def connection_made(self, transport):
        self.calls.append("made")

    def data_received(self, data):
        self.calls.append(data)

    def pause_writing(self):
        self.calls.append("pause")

    def resume_writing(self):
        self.calls.append("resume")

    def connection_lost(self, exc):
        self.calls.append("lost")


def connect(connections):
    """Open a connection; returns it with its socket."""
    wire, guarded = Wire(), connections.guard(Inner)()
    guarded.connection_made(wire)
    return guarded, wire


@pytest.fixture
async def server():
    server = WebServer(FakeDaemon().ports(), listen_address="127.0.0.1:0")
    await server.start()
    yield server
    await server.stop()


@pytest.mark.looptime
async def test_half_a_head_is_dropped_after_ten_seconds():
    """Dripping more of it does not help; one that sent nothing at all is dropped as well."""
    connections = Connections()
    watch = asyncio.create_task(connections.watch())
    dripping, idle = connect(connections), connect(connections)
    for _ in range(10):
        await asyncio.sleep(HEAD_SECONDS / 10)
        dripping[0].data_received(b"x")
    early = [wire.aborted for _, wire in (dripping, idle)]
    await asyncio.sleep(2)
    watch.cancel()

    assert [False, False] == early
    assert [True, True] == [wire.aborted for _, wire in (dripping, idle)]


@pytest.mark.looptime
async def test_between_requests_a_connection_may_idle():
    """Until the first byte of the next head."""
    connections = Connections()
    watch = asyncio.create_task(connections.watch())
    guarded, wire = connect(connections)
    guarded.awaited_since = None  # as after a request
    await asyncio.sleep(60)
    idle = wire.aborted
    guarded.data_received(b"G")
    await asyncio.sleep(HEAD_SECONDS + 2)
    watch.cancel()

    assert (False, True) == (idle, wire.aborted)


class Request:
    """A request that is being served."""

    def __init__(self, whole):
        self.content = self
        self._whole = whole

    def is_eof(self):
        return self._whole


@pytest.mark.looptime
@pytest.mark.parametrize("whole", [True, False])
async def test_a_body_must_come_while_an_answer_may_take_its_time(whole):
    """A stream of events lasts for hours; half a body does not."""
    connections = Connections()
    watch = asyncio.create_task(connections.watch())
    guarded, wire = connect(connections)
    guarded.request, guarded.served_since = Request(whole), connections.now()
    await asyncio.sleep(BODY_SECONDS - 1)
    early = wire.aborted
    await asyncio.sleep(3_600)
    watch.cancel()

    assert (False, not whole) == (early, wire.aborted)


async def test_connections_over_the_cap_hear_503(caplog):
    """They are told so, and it is logged once; when others leave there is room again."""
    connections = Connections(most=2)
    (first, _), _, *refused = [connect(connections) for _ in range(5)]

    assert [True] * 3 == [wire.closed and wire.written.startswith(b"HTTP/1.1 503 ") for _, wire in refused]
    assert 1 == caplog.text.count("too many connections")
    for guarded, _ in refused:
        guarded.data_received(b"GET / HTTP/1.1\r\n\r\n")
        guarded.eof_received()
        guarded.pause_writing()
        guarded.resume_writing()
        guarded.connection_lost(None)
        assert [] == guarded.inner.calls
    first.connection_lost(None)
    assert b"" == connect(connections)[1].written


async def test_everything_is_passed_on():
    """In both directions."""
    guarded, _ = connect(Connections())
    guarded.data_received(b"x")
    guarded.pause_writing()
    guarded.resume_writing()
    guarded.connection_lost(None)

    assert isinstance(guarded, Guarded)
    assert ["made", b"x", "pause", "resume", "lost"] == guarded.inner.calls


@pytest.mark.slow
async def test_two_hundred_half_requests_are_closed_and_others_served(server):
    """On real sockets, in real seconds."""
    opened = [await asyncio.open_connection("127.0.0.1", server._bound_port) for _ in range(200)]
    for _, writer in opened:
        writer.write(HALF)
    async with aiohttp.ClientSession(server.address) as http, http.get("/-/healthy") as answer:
        assert answer.status == 200
    async with asyncio.timeout(15):
        ends = await asyncio.gather(*(reader.read() for reader, _ in opened), return_exceptions=True)

    assert all(end == b"" or isinstance(end, ConnectionError) for end in ends)
    for _, writer in opened:
        writer.close()


async def test_pipelined_requests_are_answered_in_order(server):
    """Three in one packet."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server._bound_port)
    paths = [b"/-/healthy", b"/nowhere", b"/-/ready"]
    writer.write(b"".join(b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path for path in paths[:2]))
    writer.write(b"GET %b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % paths[2])
    answers = await reader.read()
    writer.close()

    assert [b"200", b"404", b"200"] == [part.split()[0] for part in answers.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"Content-Length: -1\r\n\r\n", b"Content-Length: +5\r\n\r\n", b"Transfer-Encoding: chunked, identity\r\n\r\n",
        b"X: a\r\n Folded: b\r\n\r\n", b"X : a\r\n\r\n",
    ],
)  # fmt: skip
async def test_heads_that_two_servers_may_read_differently_are_refused(server, head):
    """Request smuggling needs such a head; 400, or the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server._bound_port)
    writer.write(b"POST /-/reload HTTP/1.1\r\nHost: localhost\r\n" + head + b"GET /smuggled HTTP/1.1\r\n\r\n")
    async with asyncio.timeout(5):
        line = await reader.readline()
    writer.close()

    assert line == b"" or line.split()[1] == b"400"
