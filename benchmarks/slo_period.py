"""The error ratio of 30 days on six shapes of traffic: how far each way to reckon it is from the truth.

A real Prometheus has 30 days of counters at one scrape a minute. The records of five minutes are asked of it minute by
minute, as its rules would record them, and put back into it; then each 30-day expression is asked once, as generated.
Prints the error of the ratio in percent of the true one, and the samples read. Five minutes:
python benchmarks/slo_period.py
"""

from __future__ import annotations

import json
import math
import tempfile
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rig
import slo_rules
from real_servers import Server, Servers
from slo_model import Minutes

from aiops_daemon.core.model.sli import EventsSli
from aiops_daemon.core.model.slo import Rolling, SloSpec

START = 1_699_999_200  # a whole hour
LEAD = 60  # minutes before the 30 days
MINUTES = LEAD + 30 * 1440
END = START + 60 * (MINUTES - 1)
PHASE = 17  # seconds from an evaluation to the scrape after it: never the same moment
POINTS = 10_000  # that a server answers at most
METRIC = "http_requests_total"


@dataclass(frozen=True)
class Shape:
    """Good and bad events of each minute; minutes without a scrape; days at whose begin counters start again."""

    name: str
    bad: Minutes
    total: Minutes
    missing: np.ndarray[tuple[int], np.dtype[np.bool_]]
    resets: bool = False


def shapes() -> Iterator[Shape]:
    """Make the six shapes; the first minute of all is 0."""
    rng = np.random.default_rng(80)
    at = np.arange(MINUTES)
    day = (at - LEAD) % 1440 // 60
    busy = (day >= 8) & (day < 20)
    uneven = np.where(busy, 1000.0, 10.0)
    whole = np.zeros(MINUTES, dtype=bool)

    def during(first_day: int, hour: int, hours: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        begin = LEAD + first_day * 1440 + hour * 60
        return (at >= begin) & (at < begin + 60 * hours)

    def made(name: str, total: Minutes, share: Minutes, missing: np.ndarray = whole, *, resets: bool = False) -> Shape:
        return Shape(name, rng.binomial(total.astype(int), share).astype(float), total, missing, resets)

    yield made("A incident in busy hours", uneven, np.where(during(12, 11, 3), 0.1, 0.0004))
    yield made("B incident at night", uneven, np.where(during(12, 1, 6), 0.9, 0.0001))
    yield made("C no traffic at night", np.where(busy, 1000.0, 0.0), np.where(during(12, 11, 2), 0.05, 0.0004))
    yield made("D daily counter reset", np.full(MINUTES, 200.0), np.full(MINUTES, 0.0008), resets=True)
    yield made(
        "E 8 of 97 minutes missing", np.full(MINUTES, 200.0), np.where(during(12, 1, 5), 0.05, 0.0005), at % 97 < 8
    )
    sparse = rng.poisson(1 / 6, MINUTES).astype(float)
    some = rng.choice(np.flatnonzero(sparse[LEAD + 1440 :]), 6, replace=False) + LEAD + 1440
    yield Shape("F 10 requests an hour, 6 errors", np.isin(at, some).astype(float), sparse, whole)


def counters(shape: Shape, letter: str) -> Iterator[str]:
    """Write the counters of a shape; the one of errors is born with the first of them where they are few."""
    times = START - 60 + PHASE + 60 * np.arange(MINUTES)
    for code, events in (("200", shape.total - shape.bad), ("500", shape.bad)):
        values = np.cumsum(events)
        there = ~shape.missing
        if shape.resets:
            midnight = np.arange(MINUTES) - (np.arange(MINUTES) - LEAD) % 1440
            values = values - np.where(midnight > 0, values[np.clip(midnight, 0, None)], 0.0)
        if shape.name.startswith("F") and code == "500":
            there = there & (values > 0)
        name = f'{METRIC}{{shape="{letter}",job="shop",instance="{letter}",code="{code}"}}'
        yield slo_rules.series_text(name, times[there].tolist(), values[there].tolist())


def recorded(server: Server, expr: str, record: str, extra: str) -> Iterator[str]:
    """Ask for an expression at each minute, as its rule would be evaluated; yield the record's samples."""
    parts: dict[str, list[str]] = {}
    for begin in range(START, END + 1, 60 * POINTS):
        asked = {"query": expr, "start": begin, "end": min(END, begin + 60 * (POINTS - 1)), "step": 60}
        answer = server.post("/api/v1/query_range", urllib.parse.urlencode(asked).encode(), timeout=300.0)
        for row in json.loads(answer)["data"]["result"]:
            inner = ",".join(
                f"{label}={json.dumps(value)}" for label, value in row["metric"].items() if label[0] != "_"
            )
            head = f"{record}{{{','.join(filter(None, (inner, extra)))}}}"
            parts.setdefault(head, []).extend(f"{head} {value} {moment}\n" for moment, value in row["values"])
    yield from ("".join(lines) for lines in parts.values())


def fill(folder: Path, tsdb: Path, parts: Iterator[str]) -> None:
    """Put samples into the blocks."""
    source = folder / "samples.om"
    with source.open("w") as sink:
        sink.writelines(parts)
        sink.write("# EOF\n")
    slo_rules.write_blocks(source, tsdb)


def expressions() -> tuple[list[tuple[str, str, str]], dict[str, str]]:
    """Return what is recorded (name, expression, labels) in rounds, and the 30-day expressions, by shape."""
    spec = SloSpec(
        "checkout",
        EventsSli(METRIC, bad=f'{METRIC}{{code=~"5.."}}'),
        0.999,
        Rolling(slo_rules.MONTH),
        grouping=("shape",),
    )
    rules = {
        rule["record"]: rule for group in slo_rules.ours(spec).groups for rule in group["rules"] if "record" in rule
    }
    sloth, bad, every = "slo:sli_error:ratio_rate5m", f'{METRIC}{{code=~"5.."}}', METRIC
    records = [
        (name, rules[name]["expr"], 'aiops_slo="checkout"')
        for name in ("aiops:slo_total:rate5m", "aiops:slo_bad:rate5m")
    ]
    records.append((sloth, f"(sum by (shape) (rate({bad}[5m])))\n/\n(sum by (shape) (rate({every}[5m])))", ""))
    records.append(("http_requests:increase5m", f"sum by (shape, code) (increase({every}[5m]))", ""))

    def share(part: str, whole: str) -> str:
        return f"sum by (shape) ({part}) / sum by (shape) ({whole})"

    short = "http_requests:increase5m"
    errors = f'{short}{{code=~"5.."}}'
    return records, {
        "raw increase[30d]": share(f"increase({bad}[30d])", f"increase({every}[30d])"),
        "aiops-daemon": rules["aiops:slo_error:ratio_rate30d"]["expr"],
        "Sloth": f"sum_over_time({sloth}[30d])\n/\ncount_over_time({sloth}[30d])",
        "Pyrra": share(f"increase({bad}[30d])", f"increase({every}[30d])"),
        "Pyrra, fast": share(f"sum_over_time({errors}[30d:5m])", f"sum_over_time({short}[30d:5m])"),
    }


def main() -> None:
    """Fill, ask, print."""
    made = list(shapes())
    truth = {shape.name[0]: _truth(shape) for shape in made}
    records, asked = expressions()
    rounds = (records[:1] + records[2:], records[1:2])  # bad events read the recorded total
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        servers, tsdb = Servers(folder), folder / "tsdb"
        try:
            fill(folder, tsdb, (text for shape in made for text in counters(shape, shape.name[0])))
            for part in rounds:
                server = servers.prometheus(tsdb=tsdb)
                texts = [text for record, expr, extra in part for text in recorded(server, expr, record, extra)]
                server.stop()
                fill(folder, tsdb, iter(texts))
            server = servers.prometheus(tsdb=tsdb)
            rows = [("", "", "  ".join(f"{shape.name[:1]:>8}" for shape in made) + "    samples")]
            for how, expr in asked.items():
                found, stats = slo_rules.instant(server, expr, END)
                by_shape = {labels["shape"]: value for labels, value in found}
                errors = [100 * (by_shape.get(letter, math.nan) / true - 1) for letter, true in truth.items()]
                samples = stats["samples"]["totalQueryableSamples"]
                rows.append((how, "", "  ".join(f"{error:>+8.2f}" for error in errors) + f"  {samples:>9,}"))
            print("\n" + "\n".join(f"{shape.name}: {truth[shape.name[0]]:.6f}" for shape in made))
            rig.table("error of the 30-day ratio, % of the true one", rows)
        finally:
            servers.stop()


def _truth(shape: Shape) -> float:
    """Return the true share of the 30 days that end with the last scrape."""
    return float(shape.bad[LEAD:].sum() / shape.total[LEAD:].sum())


if __name__ == "__main__":
    main()
