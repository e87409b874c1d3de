"""Goal 1's peer: adaptive and robust bands as PromQL recording rules in the same kind of Prometheus.

Enters: backfilled history, so that the ranges of the rules are full. Leaves: CPU seconds of Prometheus a series and
minute with the rules, minus those without. The rules were written for this comparison after the manner of published
adaptive and robust band frameworks: mean and deviation over 1 h and 26 h, median and deviation from it over 26 h
each minute; mean and deviation over 7 days each five minutes. 100,000 series would need more cores than there are:
that line is extrapolated and says so. Run: python benchmarks/peer.py [--series 1000,10000] [--minutes 3]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import exporter
import numpy as np
import rig
from real_servers import Server, binary

HOUR = 3600
STEPS = {1_000: 60, 10_000: 600}  # seconds between backfilled samples
WEEK = 7 * 86_400
POLL = 5
M = exporter.METRIC
EACH_MINUTE = {
    "avg_1h": f"avg_over_time({M}[1h])",
    "stddev_1h": f"stddev_over_time({M}[1h])",
    "avg_26h": f"avg_over_time({M}[26h])",
    "stddev_26h": f"stddev_over_time({M}[26h])",
    "median_26h": f"quantile_over_time(0.5, {M}[26h])",
    "adaptive_upper": "band:avg_1h + 3 * (band:stddev_1h > band:stddev_26h or band:stddev_26h)",
    "adaptive_lower": "band:avg_1h - 3 * (band:stddev_1h > band:stddev_26h or band:stddev_26h)",
    "deviation": f"abs({M} - on(pod, instance, job, namespace, container) band:median_26h)",
    "mad_26h": "quantile_over_time(0.5, band:deviation[26h])",
    "robust_upper": "band:median_26h + 6 * band:mad_26h",
    "robust_lower": "band:median_26h - 6 * band:mad_26h",
    "anomaly": (
        f"{M} > on(pod, instance, job, namespace, container) band:adaptive_upper"
        f" or {M} < on(pod, instance, job, namespace, container) band:adaptive_lower"
    ),
}
EACH_FIVE = {
    "avg_7d": f"avg_over_time({M}[7d])",
    "stddev_7d": f"stddev_over_time({M}[7d])",
    "weekly_upper": "band:avg_7d + 3 * band:stddev_7d",
    "weekly_lower": "band:avg_7d - 3 * band:stddev_7d",
}


def rule_file(path: Path) -> None:
    """Write both groups; JSON is YAML."""

    def group(name: str, interval: str, rules: dict[str, str]) -> dict[str, object]:
        return {
            "name": name,
            "interval": interval,
            "rules": [{"record": f"band:{record}", "expr": expr} for record, expr in rules.items()],
        }

    path.write_text(json.dumps({"groups": [group("minute", "1m", EACH_MINUTE), group("weekly", "5m", EACH_FIVE)]}))


def history(series: int, step: int, end: float) -> Iterator[str]:
    """Yield OpenMetrics text: a week of every series, and 26 h of the deviation that a rule reads back."""
    rng = np.random.default_rng(5)
    for name, span, centre in ((M, WEEK, 1.0), ("band:deviation", 26 * HOUR, 0.0)):
        times = np.floor(np.arange(end - span, end, step)).tolist()
        yield f"# TYPE {name} gauge\n"
        for number, level in enumerate(exporter.levels(series).tolist()):
            values = (centre * level + 2.0 * rng.standard_normal(len(times))).round(3).tolist()
            head = f"{name}{{{exporter.labels(number)}}}"
            yield "".join([f"{head} {value} {at:.0f}\n" for value, at in zip(values, times, strict=True)])
    yield "# EOF\n"


def backfill(folder: Path, series: int, step: int, end: float) -> Path:
    """Write blocks of history; returns the folder for Prometheus."""
    source, tsdb = folder / "history.om", folder / "tsdb"
    with source.open("w") as sink:
        sink.writelines(history(series, step, end))
    argv = [str(binary("promtool")), "tsdb", "create-blocks-from", "openmetrics", "--quiet"]
    subprocess.run([*argv, "--max-block-duration=168h", str(source), str(tsdb)], check=True)
    source.unlink()
    return tsdb


@dataclass(frozen=True)
class Figures:
    """CPU seconds of Prometheus a minute without and with the rules; of both of us a cycle; its memory."""

    without: float
    with_rules: float
    ours: float
    resident: int


def measure(series: int, minutes: int) -> Figures:
    """Run all windows on one Prometheus: alone, with the daemon, with the rules."""
    with rig.rig() as running:
        tsdb = backfill(running.folder, series, STEPS.get(series, 600), time.time() - 120)
        target = running.start_exporter(series)
        rules = running.folder / "rules.yaml"
        rules.write_text("{}")
        prometheus = running.start_prometheus(target, 15, str(rules), tsdb)
        rig.wait_until(lambda: rig.count(prometheus, M) == series, 90, "series are scraped")
        time.sleep(15)
        without = cpu(prometheus, 60)
        ours = with_us(running, prometheus, without)
        rule_file(rules)
        prometheus.post("/-/reload")
        rig.wait_until(lambda: evaluated(prometheus), 420, "all rules were evaluated once")
        return Figures(without, with_rules(prometheus, minutes), ours, prometheus.resident_bytes())


def with_us(running: rig.Rig, prometheus: Server, without: float) -> float:
    """Return the CPU seconds of one cycle of the daemon, its poll's cost in Prometheus included."""
    daemon = running.start_daemon(prometheus.url, interval=POLL)
    time.sleep(3 * POLL)
    before = rig.cpu_seconds(daemon.pid)
    theirs = cpu(prometheus, 60) - without
    ours = rig.cpu_seconds(daemon.pid) - before
    daemon.server.stop()
    return (ours + theirs) * POLL / 60


def cpu(server: Server, seconds: float) -> float:
    """Return the CPU seconds that a server uses in so many seconds."""
    before = rig.cpu_seconds(server.process.pid)
    time.sleep(seconds)
    return rig.cpu_seconds(server.process.pid) - before


def groups(prometheus: Server) -> list[dict[str, object]]:
    """Return the rule groups as Prometheus tells of them."""
    return list(json.loads(prometheus.get("/api/v1/rules"))["data"]["groups"])


def evaluated(prometheus: Server) -> bool:
    """Say whether both groups ran."""
    found = groups(prometheus)
    return len(found) == 2 and all(not str(group["lastEvaluation"]).startswith("0001") for group in found)


def with_rules(prometheus: Server, minutes: int) -> float:
    """Return CPU seconds a minute: the weekly group, which may run once or never meanwhile, counts by its share."""
    weekly = next(group for group in groups(prometheus) if group["name"] == "weekly")
    ran, spent = str(weekly["lastEvaluation"]), cpu(prometheus, 60 * minutes)
    after = next(group for group in groups(prometheus) if group["name"] == "weekly")
    cost = float(str(after["evaluationTime"]))  # wall seconds of one thread: near its CPU seconds
    return (spent - cost * (str(after["lastEvaluation"]) != ran)) / minutes + cost / 5


def main() -> None:
    """Run the counts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", default="1000,10000")
    parser.add_argument("--minutes", type=int, default=2)
    options = parser.parse_args()
    for text in options.series.split(","):
        series = int(text)
        figures = measure(series, options.minutes)
        per, ours = (figures.with_rules - figures.without) / series * 1e6, figures.ours / series * 1e6
        rows = [
            ("goal", "target", "measured"),
            ("1 PromQL bands, us a series and minute", "", f"{per:,.0f}"),
            ("1 ours and our poll's, us a series and cycle", "", f"{ours:.1f}"),
            ("1 ratio", ">= 100", f"{per / ours:.0f}"),
            ("  Prometheus' CPU a minute, s", "", f"{figures.with_rules:.2f}, without rules {figures.without:.2f}"),
            ("  Prometheus' resident MB with rules", "", f"{figures.resident / 1e6:,.0f}"),
            ("  100,000 series, extrapolated", "", f"{per * 1e5 / 60e6:.1f} cores"),
        ]
        rig.table(f"PromQL bands, {series:,} series, history at {STEPS.get(series, 600)} s", rows)


if __name__ == "__main__":
    main()
