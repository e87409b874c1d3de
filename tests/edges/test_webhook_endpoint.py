"""The webhook as an Alertmanager meets it: what is stored, and what it hears."""

import asyncio
import contextlib
import gzip
import io
import json
import tracemalloc
import zlib

import aiohttp
import pytest
from alert_ports import FakeRoad
from hypothesis import given, settings
from hypothesis import strategies as st
from webhook_bodies import NOW, alert, body, recorded

from aiops_daemon.core.model.inbox import Delivery, QuarantineReason
from aiops_daemon.edges.web.alertmanager.intake import MAX_BODY_BYTES
from aiops_daemon.edges.web.alertmanager.senders import MOST_UNKNOWN
from aiops_daemon.edges.web.server import WebServer
from aiops_daemon.errors import StoreError, StoreReason

PATH = "/webhooks/alertmanager"
GZIP = {"Content-Encoding": "gzip"}
NOT_JSON, NOT_AN_OBJECT = QuarantineReason.NOT_JSON, QuarantineReason.NOT_AN_OBJECT


@pytest.fixture
def road():
    return FakeRoad(sources=frozenset({"eu1"}))


@pytest.fixture
async def http(road):
    server = WebServer(road.ports(), listen_address="127.0.0.1:0")
    await server.start()
    async with aiohttp.ClientSession(server.address) as session:
        yield session
    await server.stop()


async def post(http, data, path=PATH, **options):
    data = io.BytesIO(data) if isinstance(data, bytes) else data
    async with http.post(path, data=data, allow_redirects=False, **options) as answer:
        return answer.status


async def test_a_body_is_stored_as_it_came_before_the_200(http, road):
    """Not a byte is changed; team and time are ours."""
    raw = json.dumps(recorded("02_firing_grouped"), indent=3).encode()

    assert 200 == await post(http, raw)
    assert [Delivery("eu1", raw, road.daemon.time, "default")] == road.accepted
    assert [("eu1", 200)] == road.answers


@pytest.mark.parametrize(
    ("expected", "configured", "path"),
    [
        ("eu1", {"eu1"}, PATH),
        ("alertmanager", set(), PATH),
        ("alertmanager", {"eu1", "us1"}, PATH),
        ("us1", {"eu1", "us1"}, PATH + "/us1"),
        ("new", {"eu1"}, PATH + "/new"),
        ("unknown", {"eu1"}, PATH + "/aiops"),
        ("unknown", {"eu1"}, PATH + "/findings"),
        ("unknown", {"eu1"}, PATH + "/a%20b"),
        ("unknown", {"eu1"}, PATH + "/" + "x" * 65),
        ("x" * 64, {"eu1"}, PATH + "/" + "x" * 64),
    ],
)
async def test_the_path_names_the_source(http, road, expected, configured, path):
    """An unknown name loses no alerts, and nobody speaks in the name of this daemon."""
    road.sources = frozenset(configured)

    assert 200 == await post(http, body(alert()), path)
    assert [expected] == [each.source for each in road.accepted]


async def test_unknown_names_are_bounded_and_logged_once(http, road, caplog):
    """A sender that invents names fills neither metrics nor the log."""
    for number in [*range(MOST_UNKNOWN + 3), 0, 1]:
        assert 200 == await post(http, body(), f"{PATH}/n{number}")

    assert {"n0", f"n{MOST_UNKNOWN - 1}", "unknown"} < {each.source for each in road.accepted}
    assert MOST_UNKNOWN + 1 == len({each.source for each in road.accepted})
    assert MOST_UNKNOWN == caplog.text.count("not configured")
    assert 200 == await post(http, body(), f"{PATH}/eu1")
    assert road.accepted[-1].source == "eu1"


@pytest.mark.parametrize(
    ("reason", "raw"),
    [
        (NOT_JSON, b""), (NOT_JSON, b"alerts"), (NOT_JSON, b"{"), (NOT_JSON, b"[" * 100_000), (NOT_JSON, b"\x00"),
        (NOT_JSON, b'{"a":NaN}'), (NOT_JSON, b'{"a":"\xff"}'), (NOT_JSON, b'{"a":"\x00"}'), (NOT_JSON, b"{} {}"),
        (NOT_JSON, b'{"a":' + b"[" * 64 + b"]" * 64 + b"}"), (NOT_JSON, b'{"a":01}'), (NOT_JSON, b'{"a":1,}'),
        (NOT_JSON, b'{"a":"' + b"x" * 400_000), (NOT_JSON, b'{"a":"' + b"x" * 400_000 + b'\xff"}'),
        (NOT_JSON, b'{"a":"\xed\xa0\x80"}'), (NOT_JSON, b"<html>"), (NOT_JSON, b"a=b&c=d"),
        (NOT_AN_OBJECT, b"[]"), (NOT_AN_OBJECT, b"null"), (NOT_AN_OBJECT, b'"x"'), (NOT_AN_OBJECT, b" 5 "),
        (NOT_AN_OBJECT, b"[" + b"1," * 200_000 + b"1]"),
    ],
)  # fmt: skip
async def test_what_is_no_json_object_is_refused_with_a_copy(http, road, reason, raw):
    """400, for a repetition would not help; the next good body goes through."""
    assert (400, 200) == (await post(http, raw), await post(http, body(alert())))
    assert [(reason, raw[:65_536], "eu1")] == [(each.reason, each.body, each.source) for each in road.quarantined]
    assert [("eu1", 400), ("eu1", 200)] == road.answers


@pytest.mark.parametrize(
    "raw",
    [
        b"{}", b' {"alerts":null}\n', b"\xef\xbb\xbf{}", b'{"a":"\\ud800"}', b'{"a":"\\u0000"}', b'{"a":1,"a":2}',
        b'{"a":' + b"9" * 5_000 + b"}", b'{"a":1e999}', b'{"version":"5","new":[{"x":{}}]}', b'{"alerts":[null,3]}',
        b'{"a":' + b"[" * 63 + b"]" * 63 + b"}", b'{"a":"' + b"\\\\" * 300_000 + b'"}', b"{" + b" " * 400_000 + b"}",
    ],
)  # fmt: skip
async def test_a_json_object_is_stored_whatever_it_holds(http, road, raw):
    """What its parts are is judged later, one by one."""
    assert 200 == await post(http, raw)
    assert [raw] == [each.body for each in road.accepted]


@pytest.mark.parametrize("reason", [StoreReason.FULL, StoreReason.LOCKED, StoreReason.CLOSED])
@pytest.mark.parametrize("raw", [b"{}", b"not json"])
async def test_a_store_that_cannot_be_written_is_503(http, road, reason, raw):
    """Alertmanager repeats it; nothing was promised."""
    road.fault = StoreError(reason, "no")

    async with http.post(PATH, data=raw) as answer:
        assert (503, "5") == (answer.status, answer.headers["Retry-After"])
        assert str(reason) in (await answer.json(content_type=None))["detail"]
    road.fault = None
    assert 200 == await post(http, b"{}")


async def test_a_body_at_the_limit_is_taken_and_one_over_it_is_not(http, road):
    """503 and a count, never 413: only 5xx is repeated."""
    largest = b'{"a":"' + b"x" * (MAX_BODY_BYTES - 8) + b'"}'

    assert 200 == await post(http, largest)
    assert 503 == await post(http, largest + b" ")
    assert [("eu1", MAX_BODY_BYTES + 1)] == road.oversized
    assert [MAX_BODY_BYTES] == [len(each.body) for each in road.accepted]
    assert [("eu1", 200), ("eu1", 503)] == road.answers


async def test_an_endless_body_is_refused_at_the_limit(http, road):
    """Chunked, so that no header says its size."""
    sent = 0

    async def endless():
        nonlocal sent
        while True:
            sent += 1
            yield b" " * 1_000_000

    with contextlib.suppress(aiohttp.ClientConnectionError):  # the listener hangs up while it still sends
        assert 503 == await post(http, endless())

    ((source, size),) = road.oversized
    assert ("eu1", True) == (source, MAX_BODY_BYTES < size < MAX_BODY_BYTES + 2_000_000)
    assert 200 == await post(http, b"{}")


async def test_a_gzipped_body_is_stored_inflated(http, road):
    """In one member or in several."""
    raw = body(*[alert() for _ in range(3_000)])

    assert 200 == await post(http, gzip.compress(raw), headers=GZIP)
    assert 200 == await post(http, gzip.compress(raw[:700_000]) + gzip.compress(raw[700_000:]), headers=GZIP)
    assert [raw, raw] == [each.body for each in road.accepted]


async def test_a_gzip_bomb_is_refused_without_inflating_it(http, road):
    """Half a gigabyte in half a megabyte: memory stays by the limit."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b" " * 1_000_000) for _ in range(512)) + packer.flush()
    tracemalloc.start()

    assert 503 == await post(http, bomb, headers=GZIP)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 80_000_000
    assert 1 == len(road.oversized)


@pytest.mark.parametrize(
    ("status", "coding", "raw"),
    [
        (400, "gzip", b"{}"), (400, "gzip", b""), (400, "gzip", gzip.compress(b"{}", mtime=0)[:-1]),
        (400, "gzip", gzip.compress(b"{}", mtime=0) + b"x"), (415, "br", b"{}"), (415, "deflate", b"{}"),
        (415, "gzip, gzip", b"{}"), (200, "identity", b"{}"), (200, "GZIP", gzip.compress(b"{}", mtime=0)),
    ],
)  # fmt: skip
async def test_other_encodings_are_refused(http, road, status, coding, raw):
    """What claims to be gzip must be."""
    assert status == await post(http, raw, headers={"Content-Encoding": coding}, skip_auto_headers=["Content-Encoding"])
    assert [("eu1", status)] == road.answers


async def test_a_large_body_does_not_hold_the_loop(http, road):
    """Other requests are answered while 20,000 alerts are looked at."""
    raw = body(*[alert() for _ in range(20_000)])
    task = asyncio.create_task(post(http, raw))
    served = 0
    while not task.done():
        async with http.get("/-/healthy") as answer:
            served += answer.status == 200

    assert await task == 200
    assert served > 5
    assert raw == road.accepted[0].body
    assert road.accepted[0].received_at == NOW


async def test_a_sender_that_leaves_half_way_is_no_fault(http, road, caplog):
    """Its body is not stored, and the log has no error."""
    _, writer = await asyncio.open_connection("127.0.0.1", http._base_url.port)
    writer.write(b'POST /webhooks/alertmanager HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"a":')
    await writer.drain()
    writer.close()
    await writer.wait_closed()

    assert 200 == await post(http, b"{}")
    assert "failed" not in caplog.text
    assert [b"{}"] == [each.body for each in road.accepted]


async def test_a_get_is_told_what_is_allowed(http):
    """And no other method stores anything."""
    async with http.get(PATH) as answer:
        assert (405, "POST") == (answer.status, answer.headers["Allow"])


def _samples():
    """Collect bytes as a property test draws them: JSON of any shape, whole and cut, and plain bytes."""
    drawn = []
    values = st.recursive(st.none() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3))
    objects = st.dictionaries(st.sampled_from(["alerts", "labels", "x"]), values, max_size=3)

    @settings(max_examples=150, deadline=None, database=None)
    @given(objects | values, st.binary(max_size=30), st.integers(0, 60))
    def draw(value, raw, cut):
        whole = json.dumps(value).encode()
        drawn.extend((whole, whole[:cut], raw))

    draw()
    return drawn


async def test_any_bytes_are_200_or_400(http, road):
    """Never 500, and what is 200 is stored."""
    found = [await post(http, raw) for raw in _samples()]

    assert {200, 400} == set(found)
    assert found.count(200) == len(road.accepted)
    assert found.count(400) == len(road.quarantined)
