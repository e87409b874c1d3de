"""What an evaluation of an SLO's rules costs a Prometheus: ours, Sloth's, and its eight windows all over raw series.

One real Prometheus has 30 days of an SLO's counters, of 2 and of 1,000 series, and what the rules have recorded. Every
expression, of records and alerts, is asked at one moment as the rules would ask it, several times in turn; what counts
is the CPU time of the server and how many samples it read, a minute, by the intervals of the groups. Scrapes are a
minute apart, of the 1,000 series five minutes beyond the last three days, which flatters raw ranges.
Five minutes: python benchmarks/slo_cost.py [--series 2,1000]
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rig
import slo_rules
from real_servers import Server, Servers

START = 1_699_999_200
END = START + slo_rules.MONTH
RECENT = 3 * slo_rules.DAY + 3600
SCRAPE = 60
REPEATS = 4
RULE = 0.038  # milliseconds that the least rule costs: what an engine took for `vector(0)`
SPARSE = 300  # of many series, before what is recent
RULES = (
    slo_rules.ours,
    slo_rules.sloth,
    lambda: slo_rules.sloth(optimised=False),
    slo_rules.pyrra,
)


@dataclass(frozen=True)
class Cost:
    """Milliseconds of CPU and samples read, a minute; milliseconds without what spans the whole period."""

    milliseconds: float
    samples: float
    without_period: float


def counters(series: int) -> Iterator[str]:
    """Write so many counters: half of them count errors."""
    rng = np.random.default_rng(81)
    recent = np.arange(END - RECENT, END + 1, SCRAPE)
    far = np.arange(START - 3600, END - RECENT, SCRAPE if series < 100 else SPARSE)
    times = np.concatenate([far, recent])
    gaps = np.diff(times, prepend=times[0] - SCRAPE) / SCRAPE
    yield "# TYPE http_requests counter\n"
    for number in range(series):
        code, mean = ("200", 100.0) if number % 2 == 0 else ("500", 0.05)
        name = (
            f'http_requests_total{{service="checkout",job="shop",instance="10.0.0.{number // 2}:9100",'
            f'pod="checkout-7d9f8b6c5-{number // 2:05d}",namespace="shop",method="GET",code="{code}"}}'
        )
        values = np.cumsum(rng.poisson(mean * gaps))
        yield slo_rules.series_text(name, (times + number % SCRAPE - SCRAPE).tolist(), values.tolist())


def records() -> Iterator[str]:
    """Write what the rules have recorded: of five minutes all along, of the rest the last minutes."""
    rng = np.random.default_rng(82)
    long, lately = np.arange(START - 3600, END + 1, 60), np.arange(END - 600, END + 1, 60)
    for rules in (slo_rules.ours(), slo_rules.sloth(), slo_rules.pyrra()):
        for rule in (rule for group in rules.groups for rule in group["rules"] if "record" in rule):
            inner = ",".join(f'{name}="{value}"' for name, value in rule["labels"].items())
            times = long if rule["record"].endswith("rate5m") else lately
            bad, total = rng.poisson(0.25, len(times)) / 300, rng.poisson(500, len(times)) / 300
            events = bad if "slo_bad" in rule["record"] else total if "slo_total" in rule["record"] else bad / total
            yield slo_rules.series_text(f"{rule['record']}{{{inner}}}", times.tolist(), events.tolist())


def costs(server: Server, made: list[slo_rules.Rules], rounds: int) -> list[Cost]:
    """Ask every expression of everybody in turn; its least CPU time counts, less that of a query for nothing."""
    asked = {(rules.name, expr): every for rules in made for expr, every in slo_rules.expressions(rules)}
    least = dict.fromkeys(asked, math.inf)
    samples = dict.fromkeys(asked, 0.0)
    for _ in range(rounds):
        for name, expr in asked:
            spent, read = _asked(server, expr)
            least[name, expr] = min(least[name, expr], spent)
            samples[name, expr] = read
    nothing = min(_asked(server, "vector(0)")[0] for _ in range(5 * rounds))
    spent_on = {key: max(0.0, spent - nothing) + RULE for key, spent in least.items()}
    return [
        Cost(
            sum(spent_on[key] / every for key, every in asked.items() if key[0] == rules.name),
            sum(samples[key] / every for key, every in asked.items() if key[0] == rules.name),
            sum(spent_on[key] / every for key, every in asked.items() if key[0] == rules.name and "[30d" not in key[1]),
        )
        for rules in made
    ]


def _asked(server: Server, expr: str) -> tuple[float, float]:
    """Ask a few times; returns milliseconds of the server's CPU for one, and samples read."""
    before = rig.cpu_seconds(server.process.pid)
    for _ in range(REPEATS):
        stats = slo_rules.instant(server, expr, END)[1]
    return 1000 * (rig.cpu_seconds(server.process.pid) - before) / REPEATS, stats["samples"]["totalQueryableSamples"]


def main() -> None:
    """Fill a server for each count of series, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", default="2,1000")
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    for series in map(int, options.series.split(",")):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            servers = Servers(folder)
            try:
                for text in (counters(series), records()):
                    with (folder / "samples.om").open("w") as sink:
                        sink.writelines(text)
                        sink.write("# EOF\n")
                    slo_rules.write_blocks(folder / "samples.om", folder / "tsdb")
                server = servers.prometheus(tsdb=folder / "tsdb")
                made = [make() for make in RULES]
                found = costs(server, made, options.rounds)
            finally:
                servers.stop()
        rows = [("", "", f"{'CPU ms':>10} {'samples':>14} {'ms, no 30d':>11} {'of ours':>9}")]
        for rules, one in zip(made, found, strict=True):
            cells = f"{one.milliseconds:>10.1f} {one.samples:>14,.0f} {one.without_period:>11.1f}"
            rows.append((rules.name, "", f"{cells} {one.milliseconds / found[0].milliseconds:>8.1f}x"))
        rig.table(f"{series:,} series of an SLO: rule evaluation a minute", rows)


if __name__ == "__main__":
    main()
