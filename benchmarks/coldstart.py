"""Goal 6: a cold start. Bands from a week of history for 1,000 series, 10 million samples at 60 s.

A real Prometheus holds the week; the daemon starts with no state and is timed from the start of its process until
it is ready with a band for every series on its page. Once by remote read (a bare selector) and once by range
queries (an expression), which ask only for the grid of 300 s. Run: python benchmarks/coldstart.py [--series 1000]
"""

from __future__ import annotations

import argparse
import shutil
import time

import exporter
import peer
import rig

STEP = 60


def measure(running: rig.Rig, url: str, expr: str, series: int) -> tuple[float, float, float, rig.Daemon]:
    """Start the daemon; return seconds until bands are on the page, samples read, its CPU seconds, and itself."""
    shutil.rmtree(running.folder / "state", ignore_errors=True)
    started = time.monotonic()
    daemon = running.start_daemon(url, interval=15, history="7d", expr=expr)
    rig.wait_until(lambda: bands(daemon) == series, 120, "every series has a band")
    wall = time.monotonic() - started
    samples = daemon.metric("aiops_history_samples_read_total", '{source="main"}')
    return wall, samples, rig.cpu_seconds(daemon.pid), daemon


def bands(daemon: rig.Daemon) -> int:
    """Count the upper edges on the findings page."""
    return daemon.server.get("/findings/metrics").count(b"\naiops_expected_upper{")


def main() -> None:
    """Run both roads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=1000)
    series = parser.parse_args().series
    with rig.rig() as running:
        tsdb = peer.backfill(running.folder, series, STEP, time.time() - 90)
        prometheus = running.start_prometheus(running.start_exporter(series), 15, tsdb=tsdb)
        rig.wait_until(lambda: rig.count(prometheus, exporter.METRIC) == series, 60, "series are scraped")
        rows = [("goal", "target", "measured")]
        for road, expr in (("remote read", exporter.METRIC), ("query_range", f"{exporter.METRIC} * 1")):
            before = rig.cpu_seconds(prometheus.process.pid)
            wall, samples, ours, daemon = measure(running, prometheus.url, expr, series)
            theirs = rig.cpu_seconds(prometheus.process.pid) - before
            rate = f"{samples / 1e6:.1f} M samples, {samples / wall / 1e6:.1f} M/s overall"
            rows.append((f"6 {road}: start to bands, s", "<= 15", f"{wall:.1f} ({rate})"))
            rows.append(("  CPU, s", "", f"{ours:.1f} ours, {theirs:.1f} Prometheus'"))
            rows.append(("  peak resident MB", "", f"{rig.peak_bytes(daemon.pid) / 1e6:.0f}"))
            daemon.server.stop()
        rig.table(f"cold start, {series:,} series, a week at {STEP} s", rows)


if __name__ == "__main__":
    main()
