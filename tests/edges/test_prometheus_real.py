"""The live source against real servers: both roads to history agree, and keys are those of instant queries."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator

import numpy as np
import pytest
import real_servers
from aiohttp import web
from numpy.testing import assert_array_equal

from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.edges.prometheus import decode, envelope
from aiops_daemon.edges.prometheus.client import PrometheusClient
from aiops_daemon.edges.prometheus.history import grid_times
from aiops_daemon.edges.prometheus.transport import Request, Transport
from aiops_daemon.errors import SourceError, SourceReason
from aiops_daemon.ports import HistoryAnswer

pytestmark = pytest.mark.real

START = 1_700_000_000
HOURS = 10
CONFIG = 'global: {external_labels: {cluster: eu1, replica: "0"}}\nscrape_configs: []\n'


def openmetrics() -> str:
    """Ten hours of 24 series: gauges, counters, constants, infinities, odd labels, gaps and jitter."""
    dice = random.Random(7)
    lines = ["# TYPE shop_load gauge"]
    for number in range(24):
        value = float(number)
        labels = f'path="/a?b=<{number}>&c=\\"d\\\\\\n",town="Köln {number}",instance="h{number}:9100"'
        at = START + dice.random() * 30
        while at < START + HOURS * 3600:
            kind = number % 6
            value = {
                0: value,
                1: value + dice.randrange(50),
                2: dice.gauss(100, 10),
                3: dice.choice([float("inf"), float("-inf"), 0.0, -1.5]),
                4: dice.choice([value, value + 1e-9, 1e300]),
                5: float(dice.randrange(3)),
            }[kind]
            lines.append(f"shop_load{{{labels}}} {value} {at:.3f}")
            at += 30 + dice.choice([0, 0, 0.001, -0.001, dice.random()])
            at += 1_000 if dice.random() < 0.003 else 0
    return "\n".join([*lines, "# EOF\n"]).replace("inf", "Inf")


@pytest.fixture(scope="module")
def prometheus(module_servers: real_servers.Servers, tmp_path_factory: pytest.TempPathFactory) -> real_servers.Server:
    """A Prometheus that holds the recorded hours and has external labels."""
    tsdb = tmp_path_factory.mktemp("prometheus") / "tsdb"
    real_servers.backfill(openmetrics().replace("town", "town"), tsdb)
    return module_servers.prometheus(CONFIG, tsdb=tsdb)


@pytest.fixture(scope="module")
def victoria(module_servers: real_servers.Servers) -> real_servers.Server:
    """A VictoriaMetrics that holds the same hours."""
    server = module_servers.victoria_metrics(flags=("-search.latencyOffset=0s",))
    rows = []
    for line in openmetrics().splitlines():
        if not line.startswith("#"):
            head, _, at = line.rpartition(" ")
            rows.append(f"{head} {round(float(at) * 1000)}")
    server.post("/api/v1/import/prometheus", "\n".join(rows).replace("town", "town").encode())
    server.get("/internal/force_flush")
    return server


@pytest.fixture
async def client(prometheus: real_servers.Server) -> AsyncIterator[PrometheusClient]:
    """A client of the real Prometheus."""
    source = PrometheusClient(SourceSpec("eu1", (prometheus.url,)))
    yield source
    await source.close()


async def gather(source: PrometheusClient, expr: str, *, step: float, series: int = 24) -> list[HistoryAnswer]:
    """Read the recorded hours back."""
    end = START + HOURS * 3600
    return [part async for part in source.history(expr, start=START, end=end, step=step, series=series)]


def as_mapping(parts: list[HistoryAnswer]) -> dict[bytes, np.ndarray]:
    """Join parts to one row a key, NaN where a part lacks it."""
    steps = sum(len(part.times) for part in parts)
    joined: dict[bytes, np.ndarray] = {}
    at = 0
    for part in parts:
        for key, row in zip(part.keys, part.values, strict=True):
            joined.setdefault(key, np.full(steps, np.nan))[at : at + len(row)] = row
        at += len(part.times)
    return joined


async def as_it_is(body: bytearray) -> bytearray:
    """Decode nothing."""
    return body


async def range_query(url: str, expr: str, step: float) -> dict[bytes, np.ndarray]:
    """What query_range itself says, decoded by the standard library."""
    times = grid_times(START, START + HOURS * 3600, step) / 1000
    form = {"query": expr, "start": str(times[0]), "end": str(times[-1]), "step": str(step)}
    transport = Transport(SourceSpec("plain", (url,)))
    body = await transport.fetch(Request("/api/v1/query_range", form), as_it_is)
    await transport.close()
    keys = (await decode.grid(bytearray(body), times)).keys
    rows = np.full((len(keys), len(times)), np.nan)
    for row, series in zip(rows, json.loads(body)["data"]["result"], strict=True):
        for at, value in series["values"]:
            row[round((at - times[0]) / step)] = float(value)
    return dict(zip(keys, rows, strict=True))


@pytest.mark.parametrize("step", [15, 60, 300, 900])
@pytest.mark.parametrize("expr", ["shop_load", 'shop_load{instance=~"h1.*",path!=""}', "shop_load * 1"])
async def test_history_equals_query_range(
    client: PrometheusClient, prometheus: real_servers.Server, expr: str, step: float
) -> None:
    """Remote read put on the grid gives bit for bit what a range query gives, under the same keys."""
    expected = await range_query(prometheus.url, expr, step)
    got = as_mapping(await gather(client, expr, step=step))

    assert set(expected) == set(got)
    for key, row in expected.items():
        assert_array_equal(row, got[key])


async def test_selectors_travel_by_remote_read(client: PrometheusClient) -> None:
    """A bare selector counts raw samples, not points of the grid."""
    parts = await gather(client, "shop_load", step=300)

    assert sum(part.values.size for part in parts) * 5 < sum(part.samples for part in parts)


async def test_history_keys_are_instant_keys(client: PrometheusClient) -> None:
    """Both roads name series by the bytes that an instant query writes."""
    answer = await client.instant("shop_load", START + 7200)
    instant = {key for part in answer.slices for key in part.keys}
    known = {key for part in await gather(client, "shop_load", step=300) for key in part.keys}

    assert 20 < len(instant)
    assert instant <= known


async def test_parts_stay_small(client: PrometheusClient) -> None:
    """Many expected series make short stretches, oldest first, without a gap."""
    parts = await gather(client, "shop_load", step=60, series=5_000)

    assert 1 < len(parts)
    assert_array_equal(grid_times(START, START + HOURS * 3600, 60) / 1000, np.concatenate([p.times for p in parts]))


async def test_instant_reads_infinities_and_scalars(client: PrometheusClient) -> None:
    """Infinity, NaN and scalars are values."""
    infinite = await client.instant("vector(Inf)", START)
    absent = await client.instant("vector(NaN)", START)
    scalar = await client.instant("3", START)
    nothing = await client.instant("no_such_metric", START)

    assert [np.inf] == infinite.slices[0].values.tolist()
    assert np.isnan(absent.slices[0].values).all()
    assert ([b"{}"], [3.0]) == (scalar.slices[0].keys, scalar.slices[0].values.tolist())
    assert 0 == nothing.series


@pytest.mark.parametrize("expr", ["sum(", "shop_load[5m]", '"text"'])
async def test_refused_expressions_are_query_errors(client: PrometheusClient, expr: str) -> None:
    """What Prometheus refuses, or answers in another type, is the expression's fault."""
    with pytest.raises(SourceError) as caught:
        await client.instant(expr, START)

    assert SourceReason.QUERY_ERROR is caught.value.reason


async def test_metric_names(client: PrometheusClient) -> None:
    """The metric families that exist are named."""
    assert frozenset({"shop_load"}) == await client.metric_names()


async def test_victoria_metrics_serves_too(victoria: real_servers.Server) -> None:
    """A server without remote read is asked by range query, and its keys agree with its instant keys."""
    source = PrometheusClient(SourceSpec("vm", (victoria.url,)))
    expected = await range_query(victoria.url, "shop_load", 300)
    got = as_mapping(await gather(source, "shop_load", step=300))
    answer = await source.instant("shop_load", START + 7200)
    names = await source.metric_names()
    with pytest.raises(SourceError) as caught:
        await source.instant("sum(", START)
    await source.close()

    assert "shop_load" in names
    assert set(expected) == set(got)
    for key, row in expected.items():
        assert_array_equal(row, got[key])
    assert {key for part in answer.slices for key in part.keys} <= set(got)
    assert 20 < answer.series
    assert SourceReason.QUERY_ERROR is caught.value.reason


class Page:
    """A metrics page with two series, one of which can leave."""

    def __init__(self) -> None:
        self.text = "stays 1\nleaves 1\n"

    async def start(self) -> tuple[web.AppRunner, int]:
        """Serve on a free port."""
        app = web.Application()
        app.router.add_get("/metrics", self._answer)
        runner = web.AppRunner(app)
        await runner.setup()
        port = real_servers.free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return runner, port

    async def _answer(self, _: web.Request) -> web.Response:
        return web.Response(text=self.text)


@pytest.mark.parametrize("path", ["/api/v1/query?query=shop_load&time=1700007200", "/api/v1/query_range"])
def test_real_answers_have_the_quick_layout(
    prometheus: real_servers.Server, victoria: real_servers.Server, path: str
) -> None:
    """Both servers' answers are cut into slices; neither needs the slow whole decode."""
    if path.endswith("range"):
        path += f"?query=shop_load&start={START}&end={START + 3600}&step=60"
    spans = [envelope.locate(bytearray(server.get(path))) for server in (prometheus, victoria)]

    assert [True, True] == [span is not None and span.end > span.start for span in spans]


async def test_stale_markers_end_a_series(servers: real_servers.Servers) -> None:
    """A series that left its target's page is absent at once, though its last sample is seconds old."""
    page = Page()
    runner, port = await page.start()
    targets = f'scrape_configs: [{{job_name: shop, static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}]'
    config = f"global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}\n{targets}\n"
    server = await asyncio.to_thread(servers.prometheus, config)
    source = PrometheusClient(SourceSpec("eu1", (server.url,)))
    async with asyncio.timeout(30):  # Prometheus takes up targets every five seconds
        while "leaves" not in await source.metric_names():
            await asyncio.sleep(0.1)
    start = time.time()
    await asyncio.sleep(1.0)
    page.text = "stays 1\n"
    await asyncio.sleep(1.5)
    expr = '{__name__=~"stays|leaves"}'
    parts = [part async for part in source.history(expr, start=start, end=start + 2, step=0.25, series=2)]
    rows = {b"leaves" in key: row for key, row in zip(parts[0].keys, parts[0].values, strict=True)}
    now = await source.instant("leaves", start + 2)
    await source.close()
    await runner.cleanup()

    assert 1.0 == rows[True][2]
    assert np.isnan(rows[True][8])
    assert 1.0 == rows[False][8]
    assert 0 == now.series
    assert parts[0].samples > 10
