"""The live source against a server that misbehaves: reasons, replicas, caps, credentials."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import fake_prometheus as fake
import pytest
import real_servers
from aiohttp import web
from fake_prometheus import FakePrometheus, Reply

from aiops_daemon.core.model.source import HttpSpec, SourceSpec
from aiops_daemon.edges.prometheus.client import PrometheusClient
from aiops_daemon.errors import SourceError, SourceReason

QUERY = "/api/v1/query"
ONE = fake.vector(({"__name__": "up"}, "1"))
R = SourceReason

Connect = Callable[..., Awaitable[PrometheusClient]]


@pytest.fixture
async def world() -> AsyncIterator[tuple[FakePrometheus, Connect]]:
    """One fake server, and a maker of clients for it that are closed afterwards."""
    server = FakePrometheus()
    running = await server.start()
    url = str(running.make_url("")).rstrip("/")
    clients: list[PrometheusClient] = []

    async def connect(*more: str, **changes: object) -> PrometheusClient:
        spec = SourceSpec("eu1", (url, *more), timeout=5.0)
        clients.append(PrometheusClient(replace(spec, **changes)))  # type: ignore[arg-type]
        return clients[-1]

    yield server, connect
    for client in clients:
        await client.close()
    await running.close()


async def drips(request: web.Request) -> web.StreamResponse:
    """Send a byte now and then, for ever."""
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.05)
    except (ConnectionError, asyncio.CancelledError):
        return response


async def undeclared(request: web.Request) -> web.StreamResponse:
    """Send three megabytes without saying so first."""
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    for _ in range(3):
        await response.write(b" " * (1 << 20))
    return response


WHOLE = b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1,"1"]}]}}'

FAULTS: dict[str, tuple[Reply, SourceReason]] = {
    "bad expression": (fake.refuses(400, "bad_data", "parse error"), R.QUERY_ERROR),
    "unprocessable": (fake.refuses(422, "execution", "too many samples"), R.QUERY_ERROR),
    "400 of a proxy": (fake.refuses(400), R.CLIENT_ERROR),
    "not signed in": (fake.refuses(401), R.AUTH_ERROR),
    "forbidden": (fake.refuses(403), R.AUTH_ERROR),
    "not found": (fake.refuses(404), R.CLIENT_ERROR),
    "rate limited": (fake.refuses(429), R.RATE_LIMITED),
    "server error": (fake.refuses(500, "internal", "panic"), R.SERVER_ERROR),
    "bad gateway": (fake.refuses(502), R.SERVER_ERROR),
    "unavailable": (fake.refuses(503), R.SERVER_ERROR),
    "its own timeout": (fake.refuses(503, "timeout", "query timed out"), R.TIMEOUT),
    "moved": (fake.says("", status=302, headers={"Location": "http://ann:pw@elsewhere/x?token=t"}), R.REDIRECTED),
    "moved for good": (fake.says("", status=308, headers={"Location": "/login"}), R.REDIRECTED),
    "HTML": (fake.says("<html>sign in</html>"), R.MALFORMED),
    "nothing": (fake.says(""), R.MALFORMED),
    "another shape": (fake.says('{"status":"success","data":[1,2]}'), R.MALFORMED),
    "no status": (fake.says("{}"), R.MALFORMED),
    "not UTF-8": (fake.says(b'{"status":"\xff\xfe"}'), R.MALFORMED),
    "cut short": (fake.says(WHOLE[:-3]), R.MALFORMED),
    "cut in an element": (fake.says(WHOLE[:80]), R.MALFORMED),
    "broken off": (fake.breaks_off(WHOLE), R.MALFORMED),
    "error under 200": (fake.says('{"status":"error","errorType":"bad_data","error":"x"}'), R.QUERY_ERROR),
    "a matrix": (fake.says(WHOLE.replace(b"vector", b"matrix")), R.QUERY_ERROR),
    "a value that is no number": (fake.says(WHOLE.replace(b'"1"', b'"one"')), R.MALFORMED),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_faults_have_reasons(world: tuple[FakePrometheus, Connect], fault: str) -> None:
    """Every way to answer badly is a SourceError of the closed set, and the next good answer is taken."""
    server, connect = world
    reply, reason = FAULTS[fault]
    server.scripts[QUERY] = [reply, ONE]
    client = await connect()
    with pytest.raises(SourceError) as caught:
        await client.instant("up", 1.0)

    assert reason is caught.value.reason
    assert "token=t" not in str(caught.value)
    assert "pw@" not in str(caught.value)
    assert 1 == (await client.instant("up", 1.0)).series


@pytest.mark.parametrize("reply", [fake.says(b" " * (2 << 20)), undeclared], ids=["declared", "undeclared"])
async def test_a_body_over_the_cap_is_refused(world: tuple[FakePrometheus, Connect], reply: Reply) -> None:
    """The cap holds with and without Content-Length."""
    server, connect = world
    server.scripts[QUERY] = [reply]
    client = await connect(max_body_bytes=1 << 20)
    with pytest.raises(SourceError) as caught:
        await client.instant("up", 1.0)

    assert R.TOO_LARGE is caught.value.reason


async def test_the_cap_counts_inflated_bytes(world: tuple[FakePrometheus, Connect]) -> None:
    """A small gzip body that inflates over the cap is refused."""
    server, connect = world

    async def bomb(_: web.Request) -> web.StreamResponse:
        response = web.Response(body=b" " * (8 << 20))
        response.enable_compression(web.ContentCoding.gzip)
        return response

    server.scripts[QUERY] = [bomb]
    client = await connect(max_body_bytes=1 << 20, compression=True)
    with pytest.raises(SourceError) as caught:
        await client.instant("up", 1.0)

    assert R.TOO_LARGE is caught.value.reason


async def test_a_dripping_server_meets_the_deadline(world: tuple[FakePrometheus, Connect]) -> None:
    """The deadline is for the whole answer, not for each read."""
    server, connect = world
    server.scripts[QUERY] = [drips]
    client = await connect(timeout=0.3)
    with pytest.raises(SourceError) as caught:
        await client.instant("up", 1.0)

    assert R.TIMEOUT is caught.value.reason


async def test_other_queries_go_on_beside_a_hung_one(world: tuple[FakePrometheus, Connect]) -> None:
    """One slow expression takes one place, not all."""
    server, connect = world
    server.scripts[QUERY] = [drips, ONE]
    client = await connect(concurrency=2)
    hung = asyncio.create_task(client.instant("slow", 1.0))
    while not server.seen:
        await asyncio.sleep(0)
    answers = [await client.instant("up", 1.0) for _ in range(5)]
    hung.cancel()

    assert [1] * 5 == [answer.series for answer in answers]
    assert not hung.done()


async def test_a_refused_connection_is_a_connection_error() -> None:
    """Nobody listens."""
    client = PrometheusClient(SourceSpec("eu1", (f"http://ann:canary-word@127.0.0.1:{real_servers.free_port()}",)))
    with pytest.raises(SourceError) as caught:
        await client.metric_names()
    await client.close()
    await client.close()

    assert R.CONNECTION is caught.value.reason
    assert str(caught.value).endswith(": cannot connect: connection refused")
    assert "canary" not in str(caught.value)


async def test_redirects_are_not_followed(world: tuple[FakePrometheus, Connect]) -> None:
    """The address that a redirect names is not asked."""
    server, connect = world
    server.scripts[QUERY] = [fake.says("", status=307, headers={"Location": "/login"})]
    client = await connect()
    with pytest.raises(SourceError):
        await client.instant("up", 1.0)

    assert [QUERY] == [seen.path for seen in server.seen]


FAILOVER = [
    (fake.refuses(500, "internal"), True),
    (fake.refuses(503), True),
    (fake.breaks_off(WHOLE), True),
    (drips, True),
    (fake.says("<html>sign in</html>"), True),
    (fake.refuses(400, "bad_data"), False),
    (fake.refuses(401), False),
    (fake.refuses(429), False),
    (fake.says("", status=302, headers={"Location": "/"}), False),
    (undeclared, False),
]


@pytest.mark.parametrize(("reply", "moves"), FAILOVER)
async def test_failover(world: tuple[FakePrometheus, Connect], reply: Reply, moves: bool) -> None:
    """What the other replica may do better goes there, and it stays in charge; what it would repeat does not."""
    first, connect = world
    first.scripts[QUERY] = [reply]
    second = FakePrometheus(ONE)
    running = await second.start()
    client = await connect(str(running.make_url("")), timeout=0.5, max_body_bytes=1 << 20)
    outcomes = []
    for _ in range(3):
        try:
            outcomes.append((await client.instant("up", 1.0)).series)
        except SourceError:
            outcomes.append(0)
    await running.close()

    assert ([1, 1, 1] if moves else [0, 0, 0]) == outcomes
    assert (1 if moves else 3) == first.count(QUERY)


async def test_all_replicas_down_tells_of_each(world: tuple[FakePrometheus, Connect]) -> None:
    """The message names every replica that was tried."""
    server, connect = world
    server.default = fake.refuses(503)
    other = f"http://127.0.0.1:{real_servers.free_port()}"
    client = await connect(other)
    with pytest.raises(SourceError) as caught:
        await client.instant("up", 1.0)

    assert R.CONNECTION is caught.value.reason
    assert "HTTP 503" in str(caught.value)
    assert other in str(caught.value)


WARNINGS = [
    ({}, (), False),
    ({"warnings": ["PromQL warning: x"], "infos": ["PromQL info: y"]}, ("PromQL warning: x", "PromQL info: y"), False),
    ({"warnings": ["store sidecar:10901 is unavailable"]}, ("store sidecar:10901 is unavailable",), True),
    ({"isPartial": True}, (), True),
    ({"isPartial": False, "stats": {"seriesFetched": "1"}}, (), False),
    ({"warnings": None, "infos": []}, (), False),
]


@pytest.mark.parametrize(("frame", "warnings", "partial"), WARNINGS)
async def test_warnings_and_partial_answers(
    world: tuple[FakePrometheus, Connect], frame: dict[str, object], warnings: tuple[str, ...], partial: bool
) -> None:
    """Warnings are kept; those that tell of a store that did not answer make the answer partial."""
    server, connect = world
    server.default = fake.vector(({"__name__": "up"}, "1"), **frame)
    answer = await (await connect()).instant("up", 1.0)

    assert (warnings, partial, 1) == (answer.warnings, answer.partial, answer.series)


async def test_identity_is_asked_for_by_default(world: tuple[FakePrometheus, Connect]) -> None:
    """Compression costs the server CPU, so it is a choice."""
    server, connect = world
    server.default = ONE
    await (await connect()).instant("up", 1.0)
    await (await connect(compression=True)).instant("up", 1.0)

    assert ["identity", "gzip"] == [seen.headers["Accept-Encoding"] for seen in server.seen]


async def test_long_expressions_are_posted(world: tuple[FakePrometheus, Connect]) -> None:
    """An expression too long for an address travels as a form, unchanged."""
    server, connect = world
    server.default = ONE
    expr = " + ".join(f'up{{instance="ü{number}"}}' for number in range(200))
    client = await connect()
    await client.instant("up", 1700000000.5)
    await client.instant(expr, 1700000000.5)

    assert ["GET", "POST"] == [seen.method for seen in server.seen]
    assert ["up", expr] == [seen.form["query"] for seen in server.seen]
    assert {"1700000000.500"} == {seen.form["time"] for seen in server.seen}


async def test_a_path_prefix_is_kept(world: tuple[FakePrometheus, Connect]) -> None:
    """Mimir and proxies serve the API under a prefix."""
    server, connect = world
    server.default = fake.says('{"status":"success","data":["up"]}')
    base = (await connect())._spec.urls[0]
    client = await connect(urls=(f"{base}/prometheus/",))

    assert frozenset({"up"}) == await client.metric_names()
    assert "/prometheus/api/v1/label/__name__/values" == server.seen[0].path


async def test_no_more_queries_in_flight_than_configured(world: tuple[FakePrometheus, Connect]) -> None:
    """The cap holds however many queries wait."""
    server, connect = world
    flight: list[int] = [0, 0]

    async def slow(request: web.Request) -> web.StreamResponse:
        flight[0] += 1
        flight[1] = max(flight)
        await asyncio.sleep(0.01)
        flight[0] -= 1
        return await ONE(request)

    server.default = slow
    client = await connect(concurrency=3)
    await asyncio.gather(*(client.instant("up", 1.0) for _ in range(20)))

    assert 3 == flight[1]


async def tells_all(request: web.Request) -> web.StreamResponse:
    """Refuse, and repeat every header that came, as a careless proxy does."""
    return await fake.refuses(500, "internal", str(dict(request.headers)))(request)


SECRETS = {
    "bearer": HttpSpec(bearer=lambda: "canary-token"),
    "basic": HttpSpec(username="ann", password=lambda: "canary-word"),
    "header": HttpSpec(headers=(("X-Scope-OrgID", "canary-org"),)),
    "secret header": HttpSpec(secret_headers=(("X-Api-Key", lambda: "canary-key"),)),
}


@pytest.mark.parametrize("kind", SECRETS)
async def test_secrets_stay_out_of_messages(world: tuple[FakePrometheus, Connect], kind: str) -> None:
    """The server gets the secret; whoever reads the error does not, even when the server repeats it."""
    server, connect = world
    server.default = tells_all
    client = await connect(http=SECRETS[kind])
    with pytest.raises(SourceError) as caught:
        await client.instant("up", 1.0)
    sent = str(server.seen[0].headers)

    assert "canary" in sent or "Basic YW5uOmNhbmFyeS13b3Jk" in sent
    assert "<secret>" in str(caught.value)
    for text in (str(caught.value), repr(caught.value), repr(client._spec)):
        assert "canary" not in text
        assert "YW5uOmNhbmFyeS13b3Jk" not in text


async def test_user_info_of_the_address_serves_as_basic_auth(world: tuple[FakePrometheus, Connect]) -> None:
    """It is sent, and never shown."""
    server, connect = world
    server.default = tells_all
    base = (await connect())._spec.urls[0]
    client = await connect(urls=(base.replace("http://", "http://ann:canary%2Dword@"),))
    with pytest.raises(SourceError) as caught:
        await client.instant("up", 1.0)

    assert "Basic YW5uOmNhbmFyeS13b3Jk" == server.seen[0].headers["Authorization"]
    assert "YW5uOm" not in str(caught.value)
    assert "canary" not in str(caught.value)


async def test_rotated_secrets_are_seen_at_once(world: tuple[FakePrometheus, Connect], tmp_path: Path) -> None:
    """A token file is read for each request; while it is missing, the fault is told as such."""
    server, connect = world
    server.default = ONE
    token = tmp_path / "token"
    client = await connect(http=HttpSpec(bearer=token.read_text))
    token.write_text("one\n")
    await client.instant("up", 1.0)
    token.write_text("two\n")
    await client.instant("up", 1.0)
    token.unlink()
    with pytest.raises(SourceError) as caught:
        await client.instant("up", 1.0)

    assert ["Bearer one", "Bearer two"] == [seen.headers["Authorization"] for seen in server.seen]
    assert R.AUTH_ERROR is caught.value.reason
