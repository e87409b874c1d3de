"""Goal 7: durable webhooks. The daemon as a process on SQLite (FULL), 32 clients, 5 alerts each, the processor running.

Prints accepted webhooks a second, latencies, how long the backlog lasts afterwards, memory, loop lag, and what 50,000
alerts in one body cost. The generator runs on the same cores. Run: python benchmarks/webhooks.py [--seconds 60]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import rig
import senders

CONFIG = """
prometheus: [{{name: none, urls: ["http://127.0.0.1:9"], interval: 60s}}]
packs: {{enable: []}}
alertmanagers: [{{name: bench}}]
storage: {{url: "sqlite:///{folder}/aiops.db"}}
"""


def start(running: rig.Rig) -> rig.Daemon:
    """Start a daemon on an empty store."""
    folder = running.folder / f"alerts-{time.monotonic_ns()}"
    folder.mkdir()
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(folder=folder))
    return running.start_configured(config)


def backlog(daemon: rig.Daemon) -> float:
    """Count what waits in the inbox."""
    return daemon.metric("aiops_inbox_pending")


def gone(daemon: rig.Daemon, patience: float) -> float:
    """Wait until nothing waits; seconds that took, or infinity."""
    started = time.monotonic()
    while time.monotonic() - started < patience:
        time.sleep(1.0)
        if backlog(daemon) == 0 and time.monotonic() - started > 11:  # the gauge is set each 10 s
            return time.monotonic() - started
    return float("inf")


def load(daemon: rig.Daemon, seconds: float, fresh: float, clients: int, rate: float) -> dict[str, object]:
    """Run the generator beside the daemon."""
    script = Path(__file__).with_name("senders.py")
    flags = ["--seconds", str(seconds), "--fresh", str(fresh), "--clients", str(clients), "--rate", str(rate)]
    command = [sys.executable, str(script), "--url", daemon.server.url, *flags]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(finished.stdout))


def sustained(running: rig.Rig, given: argparse.Namespace, fresh: float) -> None:
    """Measure the goal once."""
    daemon = start(running)
    before = rig.resident_bytes(daemon.pid)
    seen = load(daemon, given.seconds, fresh, given.clients, given.rate)
    waited = gone(daemon, 300)
    rows = [
        ("goal 7", "target", "measured"),
        ("webhooks/s, all durable", ">= 1,500", f"{seen['per_second']:.0f} ({seen['codes']})"),
        ("p50 / p99 / slowest, ms", "p99 < 150", " / ".join(f"{1e3 * seen[k]:.0f}" for k in ("p50", "p99", "slowest"))),
        ("backlog gone after, s", "<= 120", f"{waited:.0f}"),
        ("CPU of the daemon, s", "", f"{rig.cpu_seconds(daemon.pid):.0f}"),
        ("resident MB before, peak", "", f"{before / 1e6:.0f}, {rig.peak_bytes(daemon.pid) / 1e6:.0f}"),
        ("longest loop stall, ms", "", f"{1e3 * daemon.metric('aiops_event_loop_lag_seconds'):.0f}"),
    ]
    rig.table(f"{given.clients} clients, {given.seconds:.0f} s, {fresh:.0%} of the alerts new", rows)
    daemon.server.stop()


def one_body(running: rig.Rig, alerts: int) -> None:
    """Measure one very large body."""
    daemon = start(running)
    time.sleep(5)
    before = rig.resident_bytes(daemon.pid)
    started = senders.iso(time.time() - 60)
    content = json.dumps(
        {"version": "4", "alerts": [senders.alert(number, started) for number in range(alerts)]}
    ).encode()
    url = f"{daemon.server.url}/webhooks/alertmanager"
    request = urllib.request.Request(url, content, {"Content-Type": "application/json"})
    sent = time.monotonic()
    with urllib.request.urlopen(request, timeout=60) as answer:
        status = answer.status
    answered = time.monotonic() - sent
    waited = gone(daemon, 300)
    rows = [
        ("one body", "target", "measured"),
        ("answer", "200", f"{status} after {answered:.2f} s ({len(content) / 1e6:.1f} MB)"),
        ("processed after, s", "", f"{waited:.0f}"),
        ("extra memory, MB", "< 150", f"{(rig.peak_bytes(daemon.pid) - before) / 1e6:.0f}"),
        ("longest loop stall, ms", "< 50", f"{1e3 * daemon.metric('aiops_event_loop_lag_seconds'):.0f}"),
    ]
    rig.table(f"{alerts:,} alerts in one body", rows)
    daemon.server.stop()


def main() -> None:
    """Run all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--fresh", type=float, action="append", help="share of new alerts; may be given several times")
    parser.add_argument("--alerts", type=int, default=50_000, help="alerts of the large body; 0 leaves it out")
    given = parser.parse_args()
    with rig.rig() as running:
        for fresh in given.fresh or (0.1, 1.0):
            sustained(running, given, fresh)
        if given.alerts:
            one_body(running, given.alerts)


if __name__ == "__main__":
    main()
