"""The listener: metrics pages, probes, reload, errors."""

import asyncio
import gzip
import socket
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest
from aiohttp.test_utils import unused_port
from web_world import NOW, PAGE, FakeDaemon

from aiops_daemon.core.model.findingspage import FindingsPage
from aiops_daemon.core.model.view import Readiness, ReloadOutcome, View
from aiops_daemon.edges.web.server import WebServer
from aiops_daemon.errors import ListenError, UsageError

PLAIN = {"Accept-Encoding": "identity"}
OPENMETRICS = {"Accept": "application/openmetrics-text;version=1.0.0"}


@pytest.fixture
def daemon():
    return FakeDaemon()


@asynccontextmanager
async def serving(daemon, external_url=""):
    server = WebServer(daemon.ports(external_url), listen_address="127.0.0.1:0")
    await server.start()
    try:
        async with aiohttp.ClientSession(server.address, auto_decompress=False) as session:
            yield session
    finally:
        await server.stop()


@pytest.fixture
async def http(daemon):
    async with serving(daemon) as session:
        yield session


def packed(body):
    return gzip.compress(body, 1, mtime=0)


@pytest.mark.parametrize(
    ("body", "kind", "coding", "headers"),
    [
        (PAGE.text, "text/plain; version=0.0.4; charset=utf-8", None, PLAIN),
        (packed(PAGE.text), "text/plain; version=0.0.4; charset=utf-8", "gzip", {"Accept-Encoding": "gzip"}),
        (PAGE.openmetrics, "application/openmetrics-text; version=1.0.0; charset=utf-8", None, OPENMETRICS | PLAIN),
        (packed(PAGE.openmetrics), "application/openmetrics-text; version=1.0.0; charset=utf-8", "gzip",
         OPENMETRICS | {"Accept-Encoding": "gzip"}),
    ],
)  # fmt: skip
async def test_findings_are_finished_bytes_by_negotiation(http, body, kind, coding, headers):
    """The four bodies of the page are served as they are."""
    async with http.get("/findings/metrics", headers=headers) as answer:
        assert (200, body) == (answer.status, await answer.read())
        assert (kind, coding) == (answer.headers["Content-Type"], answer.headers.get("Content-Encoding"))
        assert answer.headers["Vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize(("body", "headers"), [(b"", PLAIN), (b"# EOF\n", OPENMETRICS)])
@pytest.mark.parametrize("stale", [True, False])
async def test_findings_of_a_stalled_daemon_are_not_served(http, daemon, stale, body, headers):
    """An old page, or none yet, is an empty one that every parser accepts."""
    if stale:
        daemon.time = PAGE.at + 180.1
    else:
        daemon.shown = View(at=NOW)

    async with http.get("/findings/metrics", headers=headers) as answer:
        assert (200, body) == (answer.status, await answer.read())


async def test_every_page_is_compressed_anew(http, daemon):
    """Twice the same page, then the next one, in both formats."""
    for text in (b"one\n", b"one\n", b"two\n"):
        daemon.shown = View(at=NOW, page=FindingsPage(NOW + len(text) + text[0], 1, text))
        for accept, end in (({}, b""), (OPENMETRICS, b"# EOF\n")):
            async with http.get("/findings/metrics", headers=accept | {"Accept-Encoding": "gzip"}) as answer:
                assert text + end == gzip.decompress(await answer.read())


async def test_findings_at_the_edge_of_age_are_served(http, daemon):
    """Exactly as old as allowed is fresh."""
    daemon.time = PAGE.at + 180.0

    async with http.get("/findings/metrics", headers=PLAIN) as answer:
        assert await answer.read() == PAGE.text


async def test_a_large_page_comes_whole_in_pieces(http, daemon):
    """The length is announced, every byte arrives, and HEAD sends none of them."""
    body = bytes(range(256)) * 4_100
    daemon.shown = View(at=NOW, page=replace(PAGE, text=body))

    async with http.get("/findings/metrics", headers=PLAIN) as answer:
        assert (str(len(body)), body) == (answer.headers["Content-Length"], await answer.read())
    async with http.head("/findings/metrics", headers=PLAIN) as answer:
        assert (200, str(len(body)), b"") == (answer.status, answer.headers["Content-Length"], await answer.read())


async def test_a_reader_who_leaves_half_way_is_no_fault(http, daemon, caplog):
    """A scrape that times out must not be an error in the log."""
    daemon.shown = View(at=NOW, page=replace(PAGE, text=b"x" * 20_000_000))
    reader, writer = await asyncio.open_connection("127.0.0.1", http._base_url.port)
    writer.write(b"GET /findings/metrics HTTP/1.1\r\nHost: a\r\n\r\n")
    await reader.readline()
    writer.close()
    await writer.wait_closed()

    async with http.get("/-/healthy") as answer:
        assert answer.status == 200
    assert caplog.text == ""


async def test_own_metrics_are_rendered_in_the_wanted_format(http):
    """Text by default, OpenMetrics and gzip on request."""
    async with http.get("/metrics", headers=PLAIN) as answer:
        assert await answer.read() == b"own text\n"
    async with http.get("/metrics", headers=OPENMETRICS | {"Accept-Encoding": "gzip"}) as answer:
        assert gzip.decompress(await answer.read()) == b"own openmetrics\n"


async def test_healthy_and_ready_answer(http, daemon):
    """Ready names what it waits for, one a line."""
    async with http.get("/-/healthy") as answer:
        assert answer.status == 200
    async with http.get("/-/ready") as answer:
        assert answer.status == 200
    daemon.readiness = Readiness(False, ("source eu1", "history"))
    async with http.get("/-/ready") as answer:
        assert (503, "not ready:\nsource eu1\nhistory\n") == (answer.status, await answer.text())


async def test_reload_answers_with_every_fault(http, daemon):
    """200 when it took effect, else 400 and the faults."""
    async with http.post("/-/reload") as answer:
        assert (200, "configuration reloaded\n") == (answer.status, await answer.text())
    daemon.outcome = ReloadOutcome(("config.yaml:1:1: a", "config.yaml:2:1: b"))
    async with http.post("/-/reload") as answer:
        assert (400, "config.yaml:1:1: a\nconfig.yaml:2:1: b\n") == (answer.status, await answer.text())


async def test_reload_is_not_a_get(http, daemon):
    """A link or an image can never reload."""
    async with http.get("/-/reload") as answer:
        problem = await answer.json(content_type="application/problem+json")
        assert (405, "POST", 405) == (answer.status, answer.headers["Allow"], problem["status"])
    assert daemon.reloads == 0


@pytest.mark.parametrize(
    ("allowed", "headers"),
    [
        (True, {"Sec-Fetch-Site": "same-origin"}),
        (True, {"Sec-Fetch-Site": "none"}),
        (False, {"Sec-Fetch-Site": "cross-site"}),
        (False, {"Sec-Fetch-Site": "same-site"}),
        (False, {"Origin": "https://evil.example"}),
        (False, {"Origin": "null"}),
        (False, {"Origin": "http://[broken"}),
        (True, {"Origin": "https://aiops.example.org"}),
    ],
)
async def test_reload_refuses_other_sites(daemon, allowed, headers):
    """A page open in an operator's browser cannot reload the daemon; the external URL is ours."""
    url = "https://aiops.example.org/x"
    async with serving(daemon, url) as http, http.post("/-/reload", headers=headers) as answer:
        assert (200 if allowed else 403) == answer.status
    assert int(allowed) == daemon.reloads


async def test_a_request_from_our_own_origin_may_reload(http, daemon):
    """The host that was asked is an origin of ours."""
    host = str(http._base_url.authority)

    async with http.post("/-/reload", headers={"Origin": f"http://{host}"}) as answer:
        assert answer.status == 200


async def test_errors_are_problem_documents(http):
    """An unknown path is explained in RFC 9457's words."""
    async with http.get("/nowhere") as answer:
        assert answer.status == 404
        assert {
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "detail": "Nothing is served at this path; / lists what is.",
        } == await answer.json(content_type="application/problem+json")


async def test_a_defect_shows_no_inside(http, daemon, caplog):
    """An unforeseen exception is logged, and its text stays in the log."""
    daemon.broken = True

    async with http.get("/api/v1/findings") as answer:
        body = await answer.text()
        assert (500, "application/problem+json") == (answer.status, answer.content_type)
    assert "secret" not in body
    assert "Traceback" not in body
    assert "request failed" in caplog.text


async def test_every_answer_carries_the_security_headers_and_is_counted(http, daemon):
    """Pages may load nothing from elsewhere; routes are counted by pattern, not by path."""
    for path in ("/", "/static/style.css", "/nowhere", "/static/x"):
        async with http.get(path) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Server"] == "aiops-daemon"
    assert [("/", 200), ("/static/{name}", 200), ("unmatched", 404), ("/static/{name}", 404)] == daemon.counted


async def test_a_body_that_nobody_asked_for_is_not_waited_for(http):
    """The answer comes although the promised body never does."""
    reader, writer = await asyncio.open_connection("127.0.0.1", http._base_url.port)
    writer.write(b"PUT /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\nx")

    assert (await reader.readline()).startswith(b"HTTP/1.1 405 ")
    writer.close()
    await writer.wait_closed()


async def test_oversized_heads_are_refused(http):
    """Header lines are bounded."""
    async with http.get("/-/healthy", headers={"X-Long": "x" * 20_000}) as answer:
        assert answer.status == 400


async def test_a_taken_port_is_said_plainly(daemon):
    """The error names the address and the flag."""
    port = unused_port()
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", port))
        holder.listen()
        server = WebServer(daemon.ports(), listen_address=f"127.0.0.1:{port}")
        told = rf"cannot listen on 127.0.0.1:{port}: address already in use; .*--web.listen-address"
        with pytest.raises(ListenError, match=told):
            await server.start()
        await server.stop()


@pytest.mark.parametrize("address", ["", "localhost", "127.0.0.1:x", "127.0.0.1:99999", "http://a:1", "a:1/b"])
def test_a_listen_address_that_is_none_is_refused(daemon, address):
    """The form is named."""
    with pytest.raises(UsageError, match="host:port"):
        WebServer(daemon.ports(), listen_address=address)


@pytest.mark.parametrize(
    ("expected", "address"),
    [
        ("http://127.0.0.1:9641", ":9641"),
        ("http://127.0.0.1:9641", "0.0.0.0:9641"),
        ("http://[::1]:9641", "[::]:9641"),
        ("http://[::1]:80", "[::1]:80"),
        ("http://localhost:9641", "localhost:9641"),
    ],
)
def test_the_address_reaches_the_listener_from_here(daemon, expected, address):
    """A wildcard address is no address to call."""
    assert expected == WebServer(daemon.ports(), listen_address=address).address


async def test_a_request_in_flight_ends_before_the_listener_stops(daemon):
    """Stop waits for the answer."""
    entered, release = asyncio.Event(), asyncio.Event()

    class SlowDaemon(FakeDaemon):
        async def reload(self):
            entered.set()
            await release.wait()
            return ReloadOutcome()

    server = WebServer(SlowDaemon().ports(), listen_address="127.0.0.1:0")
    await server.start()
    async with aiohttp.ClientSession(server.address) as http:
        request = asyncio.create_task(http.post("/-/reload"))
        await entered.wait()
        stopping = asyncio.create_task(server.stop())
        await asyncio.sleep(0)
        release.set()
        assert (await request).status == 200
        await stopping
    await server.stop()
