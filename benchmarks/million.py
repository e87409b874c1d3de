"""Goal 5: one million series from a recorded source in one process, polled and judged within 60 s.

Enters: a count. Leaves: wall and CPU seconds of cycles through the very flows of a live run (poll, judge, publish),
without HTTP and JSON: answers come from a generated recording. The first cycle names every series; the ones after
it are the cycle that counts. Run: python benchmarks/million.py [--series 1000000]
"""

from __future__ import annotations

import argparse
import asyncio
import time

import exporter
import numpy as np
import rig

from aiops_daemon.clock import LoopClock
from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.core.model.settings import HistorySpec, Settings
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.edges.exporter.findings import render
from aiops_daemon.edges.prometheus.recorded import GeneratedRecording, RecordedSource
from aiops_daemon.flows.findings import FindingBook
from aiops_daemon.flows.generation import Generation, World
from aiops_daemon.meter import Meter

CYCLES = 36  # past the warm-up of 30 samples


def generation(series: int) -> Generation:
    """Build the flows over a generated recording."""
    levels = exporter.levels(series)
    keys = [rig.key(number) for number in range(series)]

    def values_at(at: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return np.asarray(levels + 2.0 * np.random.default_rng(int(at)).standard_normal(series))

    source = RecordedSource("main", {exporter.METRIC: GeneratedRecording(keys, values_at)})
    settings = Settings(
        sources=(SourceSpec("main", ("http://recorded",)),),
        queries=(QuerySpec("bench", exporter.METRIC, max_series=series),),
        packs=(),
        history=HistorySpec(max_samples=0),
    )
    world = World(
        clock=LoopClock(1_700_000_000.0),
        make_source=lambda _: source,
        render=render,
        save=lambda _: None,
        write_rules=lambda _: None,
    )
    meter = Meter()
    return Generation(settings, world, meter, FindingBook(meter), {})


async def run(series: int) -> list[tuple[float, float]]:
    """Return wall and CPU seconds of each cycle."""
    running = generation(series)
    poller, at, spent = running.pollers[0], 1_700_000_000.0, []
    for stream in poller.streams.values():
        stream.learned = True
    for cycle in range(CYCLES):
        wall, cpu = time.perf_counter(), time.process_time()
        await poller.cycle(at + 60.0 * cycle, nothing)
        await running.publisher.publish()
        spent.append((time.perf_counter() - wall, time.process_time() - cpu))
    return spent


async def nothing(_: float) -> None:
    """Discover no packs."""


def main() -> None:
    """Run one count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=1_000_000)
    series = parser.parse_args().series
    spent = asyncio.run(run(series))
    (first_wall, first_cpu), (wall, cpu) = spent[0], max(spent[1:])
    rows = [
        ("goal", "target", "measured"),
        ("5 a cycle, slowest after the first, s", "< 60 on two cores", f"{wall:.2f} wall, {cpu:.2f} CPU"),
        ("  CPU, us a series", "", f"{cpu / series * 1e6:.2f}"),
        ("  first cycle (every series is new), s", "", f"{first_wall:.1f} wall, {first_cpu:.1f} CPU"),
        ("  peak resident MB, keys of the recording included", "", f"{rig.peak_bytes() / 1e6:,.0f}"),
    ]
    rig.table(f"{series:,} series from a recording", rows)


if __name__ == "__main__":
    main()
