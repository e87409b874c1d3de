"""History against a server that misbehaves: which road is taken, and when a stretch is halved."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable

import fake_prometheus as fake
import numpy as np
import pytest
from aiohttp import web
from fake_prometheus import FakePrometheus, Reply
from xor_encoder import encode, float_bits, unsnap

from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.edges.prometheus import wire
from aiops_daemon.edges.prometheus.client import PrometheusClient
from aiops_daemon.errors import SourceError, SourceReason
from aiops_daemon.ports import HistoryAnswer

READ, RANGE, SERIES = "/api/v1/read", "/api/v1/query_range", "/api/v1/series"

Read = Callable[..., Awaitable[list[HistoryAnswer]]]


async def points(request: web.Request) -> web.StreamResponse:
    """Answer a range query with one series whose value is its time."""
    form = dict(request.query) or dict(await request.post())
    start, end, step = (float(str(form[name])) for name in ("start", "end", "step"))
    values = [[at, str(at)] for at in np.arange(start, end + step / 2, step).tolist()]
    result = [{"metric": {"__name__": "up"}, "values": values}]
    return await fake.says(fake.compact({"status": "success", "data": {"resultType": "matrix", "result": result}}))(
        request
    )


def stream(*series: tuple[dict[str, str], list[tuple[int, float]]], encoding: int = 1) -> bytes:
    """Write a chunked remote read answer, a frame a series."""
    out = b""
    for labels, samples in series:
        message = b""
        for name, value in labels.items():
            message += wire.field(1, wire.field(1, name.encode()) + wire.field(2, value.encode()))
        chunk = encode([(at, float_bits(value)) for at, value in samples])
        times = wire.field(1, samples[0][0]) + wire.field(2, samples[-1][0])
        message += wire.field(2, times + wire.field(3, encoding) + wire.field(4, chunk))
        message = wire.field(1, message) + wire.field(2, 0)
        out += wire.varint(len(message)) + wire.crc32c(message).to_bytes(4, "big") + message
    return out


def listing(*labels: dict[str, str]) -> Reply:
    """Answer the series endpoint."""
    return fake.says(fake.compact({"status": "success", "data": list(labels)}))


@pytest.fixture
async def world() -> AsyncIterator[tuple[FakePrometheus, Read]]:
    """A fake server without remote read, and a reader of it that keeps its memory."""
    server = FakePrometheus()
    server.scripts = {READ: [fake.refuses(404)], RANGE: [points], SERIES: [listing()]}
    running = await server.start()
    client = PrometheusClient(SourceSpec("eu1", (str(running.make_url("")),), timeout=5.0))

    async def read(
        expr: str = "up", *, start: float = 0, end: float = 600, step: float = 60, series: int = 1
    ) -> list[HistoryAnswer]:
        return [part async for part in client.history(expr, start=start, end=end, step=step, series=series)]

    yield server, read
    await client.close()
    await running.close()


@pytest.mark.parametrize(("status", "asked"), [(404, 1), (405, 1), (400, 1), (403, 1), (500, 2), (503, 2)])
async def test_a_server_without_remote_read_is_remembered(
    world: tuple[FakePrometheus, Read], status: int, asked: int
) -> None:
    """Range queries serve either way; only a failing server is asked again."""
    server, read = world
    server.scripts[READ] = [fake.refuses(status)]
    parts = await read() + await read()

    assert [11, 11] == [part.samples for part in parts]
    assert asked == server.count(READ)
    assert 2 == server.count(RANGE)


async def test_expressions_never_try_remote_read(world: tuple[FakePrometheus, Read]) -> None:
    """It knows selectors alone."""
    server, read = world
    await read("sum(up)")

    assert (0, 1) == (server.count(READ), server.count(RANGE))


async def test_remote_read_request_and_answer(world: tuple[FakePrometheus, Read]) -> None:
    """The request asks for chunks over the stretch and its lookback; the answer lands on the grid."""
    server, read = world
    bodies: list[bytes] = []
    own = {"__name__": "up", "job": "a<b"}

    async def answer(request: web.Request) -> web.StreamResponse:
        bodies.append(unsnap(await request.read()))
        samples = [(1_000_000 + 60_000 * n + 500, float(n)) for n in range(10)]
        return web.Response(body=stream(({**own, "cluster": "eu1"}, samples)))

    server.scripts |= {READ: [answer], SERIES: [listing(own)]}
    (part,) = await read('up{job=~"a.*"}', start=1000, end=1300, step=60)
    query, accepted = (value for _, value in wire.fields(memoryview(bodies[0])))
    assert isinstance(query, memoryview)
    numbers = [value for number, value in wire.fields(query) if number < 3]

    assert [700_000, 1_300_000] == numbers
    assert 1 == accepted
    assert own == json.loads(part.keys[0])
    np.testing.assert_array_equal([[np.nan, 0, 1, 2, 3, 4]], part.values)
    assert 10 == part.samples
    assert 0 == server.count(RANGE)


async def test_native_histogram_chunks_are_skipped_and_told(world: tuple[FakePrometheus, Read]) -> None:
    """A series of them alone gives no row."""
    server, read = world
    server.scripts[READ] = [fake.says(stream(({"__name__": "h"}, [(1, 1.0)]), encoding=2))]
    (part,) = await read("h")

    assert ([], ("1 native histogram chunks were skipped",)) == (part.keys, part.warnings)


@pytest.mark.parametrize("damage", ["cut", "checksum", "noise", "sampled", "broken off"])
async def test_a_broken_stream_gives_way_to_range_queries(world: tuple[FakePrometheus, Read], damage: str) -> None:
    """The stretch is still answered, the fault is told, and remote read is tried again later."""
    server, read = world
    good = stream(({"__name__": "up"}, [(1000 * n, 1.0) for n in range(50)]))
    flipped = bytearray(good)
    flipped[-9] ^= 1
    replies = {
        "cut": fake.says(good[:-5]),
        "checksum": fake.says(bytes(flipped)),
        "noise": fake.says(b"\xff" * 500),
        "sampled": fake.says(wire.snappy(b"\x0a\x00")),
        "broken off": fake.breaks_off(good),
    }
    server.scripts |= {READ: [replies[damage], fake.says(good)], SERIES: [listing({"__name__": "up"})]}
    first = await read()
    second = await read()

    assert "remote read failed" in first[0].warnings[0]
    assert (11, ()) == (first[0].samples, second[0].warnings)
    assert 50 == second[0].samples


async def test_a_stream_that_breaks_off_starts_anew_at_the_other_replica(world: tuple[FakePrometheus, Read]) -> None:
    """Nothing of the first half is counted twice, and the two are never merged."""
    first, _ = world
    good = stream(({"__name__": "up"}, [(1000 * n, 1.0) for n in range(50)]))
    second = FakePrometheus(scripts={READ: [fake.says(good)], SERIES: [listing({"__name__": "up"})]})
    first.scripts[READ] = [fake.breaks_off(good)]
    running = [await server.start() for server in (first, second)]
    client = PrometheusClient(SourceSpec("eu1", tuple(str(one.make_url("")) for one in running), timeout=5.0))
    parts = [part async for part in client.history("up", start=0, end=600, step=60, series=1)]
    await client.close()
    for one in running:
        await one.close()

    assert [(50, 1, ())] == [(part.samples, len(part.keys), part.warnings) for part in parts]
    assert 1 == first.count(READ)


async def test_a_stretch_that_is_too_much_is_halved(world: tuple[FakePrometheus, Read]) -> None:
    """Nothing is lost and nothing is asked twice over."""
    server, read = world
    too_many = fake.refuses(422, "execution", "query processing would load too many samples into memory")
    server.scripts[RANGE] = [too_many, too_many, points]
    parts = await read("sum(up)", end=60 * 99)

    assert [25, 25, 25, 25] == [len(part.times) for part in parts]
    np.testing.assert_array_equal(60.0 * np.arange(100), np.concatenate([part.values[0] for part in parts]))


async def test_halving_ends(world: tuple[FakePrometheus, Read]) -> None:
    """A server that never manages is left after a few tries."""
    server, read = world
    server.scripts[RANGE] = [fake.refuses(503, "timeout", "query timed out")]
    with pytest.raises(SourceError) as caught:
        await read("sum(up)", end=60 * 10_000)

    assert SourceReason.TIMEOUT is caught.value.reason
    assert 5 == server.count(RANGE)


@pytest.mark.parametrize("reply", [fake.refuses(400, "bad_data"), fake.refuses(401), fake.refuses(500, "internal")])
async def test_other_faults_are_not_retried(world: tuple[FakePrometheus, Read], reply: Reply) -> None:
    """Half of a wrong question is wrong too."""
    server, read = world
    server.scripts[RANGE] = [reply]
    with pytest.raises(SourceError):
        await read("sum(up)")

    assert 1 == server.count(RANGE)


@pytest.mark.parametrize(("series", "days"), [(1, 30), (1000, 7), (10**9, 0.1)])
async def test_parts_keep_to_the_limits(world: tuple[FakePrometheus, Read], series: int, days: float) -> None:
    """Fewer than 11,000 points a series, about half a million values a part, in order and without gap."""
    _, read = world
    parts = await read("sum(up)", end=days * 86_400, step=300 if days < 7 else 60, series=series)

    assert 11_000 > max(len(part.times) for part in parts)
    assert max(500_000, series) >= max(series * len(part.times) for part in parts)
    assert [60.0 if days >= 7 else 300.0] == sorted(set(np.diff(np.concatenate([part.times for part in parts]))))


async def many(request: web.Request) -> web.StreamResponse:
    """Answer a range query with 2,000 series of one sample each."""
    form = dict(request.query)
    result = [{"metric": {"n": str(n)}, "values": [[float(form["start"]), "1"]]} for n in range(2000)]
    return await fake.says(fake.compact({"status": "success", "data": {"resultType": "matrix", "result": result}}))(
        request
    )


async def test_more_series_than_expected_shorten_the_stretches(world: tuple[FakePrometheus, Read]) -> None:
    """A churning world does not fill the memory: matrices are bounded, later stretches are cut to fit."""
    server, read = world
    server.scripts[RANGE] = [many]
    parts = await read("sum(up)", end=60 * 9_999)

    assert 8_000_000 >= max(part.values.size for part in parts)
    assert 500_000 >= max(part.values.size for part in parts[1:])
    assert 10_000 == sum(len(part.times) for part in parts)


async def test_remote_read_is_bounded_alike(world: tuple[FakePrometheus, Read]) -> None:
    """Rows are counted while the stream comes in."""
    server, read = world
    labels = [{"n": str(n)} for n in range(2000)]
    server.scripts |= {
        READ: [fake.says(stream(*((one, [(1000, 1.0)]) for one in labels)))],
        SERIES: [listing(*labels)],
    }
    parts = await read(end=60 * 9_999)

    assert 8_000_000 >= max(part.values.size for part in parts)
    assert 0 == server.count(RANGE)
    assert 2000 == len(parts[0].keys)


async def test_an_empty_range_asks_nothing(world: tuple[FakePrometheus, Read]) -> None:
    """End before start."""
    server, read = world

    assert [] == await read(start=10, end=5)
    assert [] == server.seen
