"""What reading costs: instant answers, range answers and remote read, decoded on an event loop.

Prints CPU nanoseconds a sample, samples a second, and the longest turn of the loop (its own CPU time). With a real
Prometheus (tests/servers/install.sh) also a day of 1,000 series at 15 s by both roads, with its CPU seconds.
Runs under a minute. Run: python benchmarks/read.py
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import TypeVar

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import real_servers
from xor_encoder import encode, float_bits

from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.edges.prometheus import decode, wire
from aiops_daemon.edges.prometheus.client import PrometheusClient
from aiops_daemon.edges.prometheus.history import grid_times
from aiops_daemon.edges.prometheus.remoteread import Reading

T = TypeVar("T")
START = 1_700_000_000
NAMES = '"__name__":"http_requests_total","code":"200","cpu":"3","job":"node-exporter","namespace":"shop"'


def label_object(number: int) -> str:
    """A label set of common size."""
    return f'{{{NAMES},"instance":"10.0.{number // 250}.{number % 250}:9100","pod":"checkout-7d9f-{number}"}}'


async def measured(name: str, samples: int, work: Awaitable[T]) -> T:
    """Await `work`, print its CPU a sample and the longest turn of the loop."""
    gaps = [0.0]
    gc.collect()

    async def watch() -> None:
        last = time.thread_time()  # not wall time: a busy machine would be blamed on us
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            gaps.append(now - last)
            last = now

    watcher = asyncio.create_task(watch())
    cpu, wall = time.process_time(), time.perf_counter()
    result = await work
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    watcher.cancel()
    rate = samples / wall / 1e6
    print(f"{name:<44} {cpu / samples * 1e9:7.0f} ns/sample {rate:7.2f} M/s   longest turn {max(gaps) * 1e3:5.1f} ms")
    return result


async def instants() -> None:
    """Instant vectors of 10,000 and 100,000 series."""
    for count in (10_000, 100_000):
        elements = (
            f'{{"metric":{label_object(number)},"value":[{START}.123,"{number * 1.37!r}"]}}' for number in range(count)
        )
        head = '{"status":"success","data":{"resultType":"vector","result":['
        body = bytearray((head + ",".join(elements) + "]}}").encode())
        await measured(f"instant, {count:,} series, {len(body) / 1e6:.1f} MB", count, decode.instant(body))


async def ranges() -> None:
    """A range vector of 1,000 series over 480 points."""
    rng = np.random.default_rng(1)
    times = grid_times(START, START + 479 * 60, 60) / 1000
    rows = rng.normal(100, 10, (1000, len(times)))
    series = []
    for number, row in enumerate(rows.tolist()):
        values = ",".join(f'[{at:.3f},"{value!r}"]' for at, value in zip(times.tolist(), row, strict=True))
        series.append(f'{{"metric":{label_object(number)},"values":[{values}]}}')
    head = '{"status":"success","data":{"resultType":"matrix","result":['
    body = bytearray((head + ",".join(series) + "]}}").encode())
    await measured(f"range, 1,000 x {len(times)}, {len(body) / 1e6:.1f} MB", rows.size, decode.grid(body, times))


async def chunks() -> None:
    """A remote read stream of 1,000 series over a day at 60 s, each of twenty distinct shapes."""
    rng = np.random.default_rng(2)
    shapes = []
    for shape in range(20):
        at = START * 1000 + rng.integers(0, 60_000) + 60_000 * np.arange(1440) + rng.integers(-2, 3, 1440)
        steps = rng.poisson(50, 1440).cumsum() if shape % 2 else rng.normal(100, 10, 1440)
        samples = list(zip(at.tolist(), map(float_bits, steps.astype(float).tolist()), strict=True))
        parts = [encode(samples[first : first + 120]) for first in range(0, 1440, 120)]
        shapes.append(b"".join(wire.field(2, wire.field(3, 1) + wire.field(4, part)) for part in parts))
    stream = b""
    for number in range(1000):
        label = wire.field(1, b"instance") + wire.field(2, str(number).encode())
        message = wire.field(1, wire.field(1, label) + shapes[number % 20])
        stream += wire.varint(len(message)) + wire.crc32c(message).to_bytes(4, "big") + message

    async def pieces() -> AsyncIterator[bytes]:
        for first in range(0, len(stream), 65_536):
            yield stream[first : first + 65_536]

    reading = Reading(grid_times(START, START + 86_400, 300))
    name = f"remote read, 1,000 x 1,440, {len(stream) / 1e6:.1f} MB"
    await measured(name, 1_440_000, reading.consume(pieces()))


async def with_a_server() -> None:
    """Both roads against a real Prometheus: a day of 1,000 series at 60 s, put on a 300 s grid."""
    with tempfile.TemporaryDirectory() as folder:
        servers = real_servers.Servers(Path(folder))
        try:
            tsdb = Path(folder) / "tsdb"
            real_servers.backfill(a_day(), tsdb)
            server = servers.prometheus(tsdb=tsdb)
            source = PrometheusClient(SourceSpec("bench", (server.url,)))
            for name, expr in (("remote read", "bench_load"), ("query_range at 300 s", "bench_load * 1")):
                before = server.cpu_seconds()
                work = drain(source, expr)
                samples = await measured(f"{name}, real Prometheus, 1,000 series x 1 day", 1_440_000, work)
                print(f"    {samples:,} samples read, {server.cpu_seconds() - before:.2f} s of Prometheus' CPU")
            await source.close()
        finally:
            servers.stop()


def a_day() -> str:
    """A day of 1,000 gauges at 60 s as OpenMetrics text."""
    rng = np.random.default_rng(3)
    lines = ["# TYPE bench_load gauge"]
    for number in range(1000):
        values = rng.normal(100, 10, 1440).round(3).tolist()
        first = START + number % 60
        lines += [f'bench_load{{instance="{number}"}} {value} {first + 60 * at}' for at, value in enumerate(values)]
    return "\n".join([*lines, "# EOF\n"])


async def drain(source: PrometheusClient, expr: str) -> int:
    """Read a day back; returns the samples read."""
    parts = source.history(expr, start=START + 600, end=START + 86_000, step=300, series=1000)
    return sum([part.samples async for part in parts])


async def main() -> None:
    """Run all."""
    await instants()
    await ranges()
    await chunks()
    if (real_servers.TOOLS / "prometheus").exists():
        await with_a_server()
    else:
        print("no Prometheus in .tools: the part with a real server is left out")


if __name__ == "__main__":
    asyncio.run(main())
