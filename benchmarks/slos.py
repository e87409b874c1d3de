"""What a poll of many SLOs costs: CPU from answers to statuses, and of reading 30 days back; no HTTP in between.

Each SLO has ten series a counter, or one series an expression, and errors enough to judge every pair. Run:
python benchmarks/slos.py [--slos 500]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator

import numpy as np

from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.model.sli import Comparison, EventsSli, RatioSli, Sli, ThresholdSli
from aiops_daemon.core.model.slo import Rolling, SloSpec
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.flows.burn import SloWatch
from aiops_daemon.flows.findings import FindingBook
from aiops_daemon.meter import Meter
from aiops_daemon.ports import HistoryAnswer, InstantAnswer, VectorSlice

START = 1_800_000_000.0
POLLS = 10
KINDS: dict[str, Sli] = {
    "events, 10 series a counter": EventsSli("all_total", bad="errors_total"),
    "ratio": RatioSli("sum(rate(all_total[{{.window}}]))", bad="sum(rate(errors_total[{{.window}}]))"),
    "threshold": ThresholdSli("p99", Comparison.AT_MOST, 0.5),
}
COUNTERS = {"all_total": 5.0, "errors_total": 0.01}  # events a second
KEYS = [json.dumps({"instance": f"{number}:8080", "job": "shop"}).encode() for number in range(10)]


class Answers:
    """Answers at once: counters that rise, everything else a small number."""

    name = "memory"

    async def instant(self, expr: str, at: float) -> InstantAnswer:
        rate = COUNTERS.get(expr)
        keys, value = (KEYS, at * rate) if rate is not None else ([b"{}"], 0.01)
        return InstantAnswer((VectorSlice(keys, np.full(len(keys), value)),))

    async def history(
        self, expr: str, *, start: float, end: float, step: float, series: int
    ) -> AsyncIterator[HistoryAnswer]:
        times = np.arange(start, end + step / 2, step)
        yield HistoryAnswer([b"{}"], times, np.full((1, len(times)), 0.01), len(times))


async def measure(sli: Sli, slos: int) -> tuple[float, float]:
    """Return CPU seconds of the first poll, which reads 30 days back, and the median of those after it."""
    book, source = FindingBook(Meter()), Answers()
    specs = [SloSpec(f"slo-{number}", sli, 0.999, Rolling(30 * DAY)) for number in range(slos)]
    watches = [SloWatch(spec, SourceSpec("memory", ("http://localhost",))) for spec in specs]
    spent = []
    for poll in range(POLLS + 1):
        begun = time.process_time()
        await asyncio.gather(*(watch.poll(source, START + 60 * poll, book) for watch in watches))  # type: ignore[arg-type]
        spent.append(time.process_time() - begun)
    return spent[0], statistics.median(spent[1:])


def main() -> None:
    """Print a line a kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slos", type=int, default=500)
    slos = parser.parse_args().slos
    print(f"{slos} SLOs over 30d, CPU seconds")
    for name, sli in KINDS.items():
        first, later = asyncio.run(measure(sli, slos))
        print(f"  {name:28} start {first:5.2f}   poll {later:6.3f}")


if __name__ == "__main__":
    main()
