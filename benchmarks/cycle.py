"""Goals 1 to 4: what a cycle costs us and Prometheus, how long it takes, memory, start, and stalls.

A real Prometheus scrapes N series; the daemon, a process with a week of season in its state, polls them all by one
query. Windows of equal length without and with the daemon give what the poll costs Prometheus. CPU seconds and
ratios of one run are to be trusted; wall time on a shared machine is not.
Run: python benchmarks/cycle.py [--series 1000,10000,100000]
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import statistics
import time
from dataclasses import dataclass, field

import aiohttp
import exporter
import rig
from real_servers import Server

CYCLES = 12
MB = 1e6
STAGES = ("detect", "forecast", "publish")


@dataclass
class Figures:
    """What one count of series gave."""

    series: int
    ours: float = 0.0  # CPU seconds of the daemon over the window
    theirs: float = 0.0  # CPU seconds of Prometheus that the window had beyond scraping
    cycles: float = 0.0
    resident: int = 0
    ready_after: float = 0.0
    walls: list[float] = field(default_factory=list)  # seconds of a cycle
    raw: list[float] = field(default_factory=list)  # seconds of the same query, read and thrown away
    answers: list[float] = field(default_factory=list)  # seconds that /-/healthy took
    lag: float = 0.0


@dataclass(frozen=True)
class Pace:
    """How often is scraped and polled, in seconds."""

    scrape: int
    poll: int

    @property
    def window(self) -> int:
        """Seconds of one window: whole scrapes and whole polls."""
        return CYCLES * self.poll


def pace(series: int) -> Pace:
    """Choose intervals that two cores bear."""
    return Pace(30, 10) if series > 20_000 else Pace(15, 5)


def measure(series: int) -> Figures:
    """Run all windows for one count of series."""
    with rig.rig() as running:
        figures, steps = Figures(series), pace(series)
        rig.learn_a_week(running.folder, series)
        prometheus = running.start_prometheus(running.start_exporter(series), steps.scrape)
        rig.wait_until(lambda: rig.count(prometheus, exporter.METRIC) == series, 90, "series are scraped")
        time.sleep(steps.scrape)
        alone = spent(prometheus, steps.window)
        daemon = running.start_daemon(prometheus.url, interval=steps.poll)
        figures.ready_after = daemon.ready_after
        time.sleep(3 * steps.poll)
        with_us(figures, prometheus, daemon, steps.window, alone)
        figures.resident = daemon.server.resident_bytes()
        asyncio.run(watched(figures, prometheus, daemon, steps.poll))
        return figures


def spent(server: Server, window: float) -> float:
    """Return the CPU seconds that a server uses in a window."""
    before = rig.cpu_seconds(server.process.pid)
    time.sleep(window)
    return rig.cpu_seconds(server.process.pid) - before


def with_us(figures: Figures, prometheus: Server, daemon: rig.Daemon, window: float, alone: float) -> None:
    """Measure one window of CPU with the daemon running."""
    cycles = daemon.metric("aiops_cycle_duration_seconds_count", '{stage="publish"}')
    before = rig.cpu_seconds(daemon.pid)
    figures.theirs = spent(prometheus, window) - alone
    figures.ours = rig.cpu_seconds(daemon.pid) - before
    figures.cycles = daemon.metric("aiops_cycle_duration_seconds_count", '{stage="publish"}') - cycles


async def watched(figures: Figures, prometheus: Server, daemon: rig.Daemon, poll: int) -> None:
    """Half as many cycles, with the same query beside them, scrapes of both pages, and a probe for stalls."""
    connector = aiohttp.TCPConnector(limit=8)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
        probe = asyncio.create_task(probing(session, daemon, figures.answers))
        await asyncio.sleep(poll - time.time() % poll + 0.55 * poll)
        seen = await walls(session, daemon)
        for _ in range(CYCLES // 2):
            figures.raw.append(await raw(session, prometheus))
            await asyncio.sleep(poll - time.time() % poll)
            for path in ("/findings/metrics", "/metrics"):
                await fetch(session, daemon.server.url + path, {"Accept-Encoding": "gzip"})
            await asyncio.sleep(0.55 * poll)
            now = await walls(session, daemon)
            if now[1] - seen[1] == 1:
                figures.walls.append(now[0] - seen[0])
            seen = now
        probe.cancel()
    figures.lag = daemon.metric("aiops_event_loop_lag_seconds")


async def probing(session: aiohttp.ClientSession, daemon: rig.Daemon, answers: list[float]) -> None:
    """Ask for the smallest page a hundred times a second: its slowest answer bounds the longest stall."""
    while True:
        started = time.perf_counter()
        await fetch(session, daemon.server.url + "/-/healthy", {})
        answers.append(time.perf_counter() - started)
        await asyncio.sleep(0.01)


async def walls(session: aiohttp.ClientSession, daemon: rig.Daemon) -> tuple[float, float]:
    """Return the seconds of all cycles so far, request included, and their count."""
    page = (await fetch(session, daemon.server.url + "/metrics", {})).decode()
    numbers = dict(line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))
    total = float(numbers['aiops_query_duration_seconds_sum{query="bench",source="main"}'])
    total += sum(float(numbers[f'aiops_cycle_duration_seconds_sum{{stage="{stage}"}}']) for stage in STAGES)
    return total, float(numbers['aiops_cycle_duration_seconds_count{stage="publish"}'])


async def raw(session: aiohttp.ClientSession, prometheus: Server) -> float:
    """Return the seconds that the same query takes when its body is read and thrown away."""
    started = time.perf_counter()
    url = f"{prometheus.url}/api/v1/query?query={exporter.METRIC}&time={time.time():.3f}"
    await fetch(session, url, {"Accept-Encoding": "identity"})
    return time.perf_counter() - started


async def fetch(session: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> bytes:
    """GET and read to the end."""
    async with session.get(url, headers=headers) as response:
        body = await response.read()
        return gzip.decompress(body) if response.headers.get("Content-Encoding") == "gzip" else body


def report(figures: Figures) -> None:
    """Print the goals and what was measured."""
    per = figures.series * max(figures.cycles, 1.0) / 1e6
    ours, theirs = figures.ours / per, figures.theirs / per
    raw_wall, wall = statistics.median(figures.raw), statistics.median(figures.walls or [float("nan")])
    answers = sorted(figures.answers)
    late, calm = answers[int(len(answers) * 0.999)], statistics.median(answers)
    probes = f"{answers[-1] * 1e3:.0f} (p99.9 {late * 1e3:.0f}, median {calm * 1e3:.1f})"
    rows = [
        ("goal", "target", "measured"),
        ("1 our CPU, us a series and cycle", "<= 4 from 10k on", f"{ours:.2f} ({figures.cycles:g} cycles)"),
        ("1 our poll's CPU in Prometheus", "", f"{theirs:.2f}"),
        ("1 both, us a series and cycle", "peer.py / 100", f"{ours + theirs:.2f}"),
        ("2 cycle / same query read raw", "<= 1.35 at 100k", f"{wall / raw_wall:.2f} ({wall:.3f} / {raw_wall:.3f} s)"),
        ("3 resident MB, a week of season", f"<= {130 + figures.series / 400:.0f}", f"{figures.resident / MB:.0f}"),
        ("3 start to ready, s", "< 2 with few series", f"{figures.ready_after:.2f}"),
        ("4 loop's own lag, ms", "< 50", f"{figures.lag * 1e3:.0f}"),
        ("4 slowest of the probes, ms", "< 50", probes),
    ]
    rig.table(f"cycle, {figures.series:,} series", rows)


def main() -> None:
    """Run the counts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", default="1000,10000,100000")
    for text in parser.parse_args().series.split(","):
        report(measure(int(text)))


if __name__ == "__main__":
    main()
