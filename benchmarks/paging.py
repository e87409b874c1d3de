"""Paging: the daemon as a process on SQLite (FULL), PagerDuty on loopback as another, storm folding off.

Prints pages a second out of a full outbox over 100 routing keys, and how long after its webhook's 200 an incident is
paged, at a given rate. The generator runs on the same cores. Run: python benchmarks/paging.py [--rate 20]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rig
import senders

from aiops_daemon.clock import SystemClock
from aiops_daemon.core.model.message import Message, MessageEvent
from aiops_daemon.core.model.notification import Notification
from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.edges.store.store import open_store
from aiops_daemon.ports.store import Changes

KEYS = 100
CONFIG = """
global: {{mode: live}}
prometheus: [{{name: none, urls: ["http://127.0.0.1:9"], interval: 60s}}]
packs: {{enable: []}}
alertmanagers: [{{name: bench}}]
grouping: {{never_across: [pod]}}
storage: {{url: "sqlite:///{folder}/aiops.db"}}
route:
  receiver: duty0
  routes:
{routes}
receivers:
{receivers}
"""
ROUTE = """    - {{matchers: ['pd="{number}"'], receiver: duty{number}}}"""
RECEIVER = """  - name: duty{number}
    storm: {{pages: 10000, within: 1m}}
    pagerduty_configs: [{{routing_key: "{number:032}", url: "{url}/v2/enqueue", api_url: "{url}"}}]"""


class PagerDuty:
    """The process that is paged."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.url, self._asked = process.stdout.readline().split()

    def ask(self, path: str) -> Any:
        """Return what it tells of what came in."""
        with urllib.request.urlopen(f"{self._asked}{path}", timeout=30) as answer:
            return json.load(answer)

    def heard(self) -> dict[str, tuple[float, int]]:
        """Return when a page came first, and how often, by its summary."""
        found: dict[str, tuple[float, int]] = {}
        for _key, summary, at in self.ask("/heard"):
            first, count = found.get(summary, (at, 0))
            found[summary] = (min(first, at), count + 1)
        return found


@contextmanager
def pagerduty(*flags: str) -> Iterator[PagerDuty]:
    """Run it."""
    command = [sys.executable, str(Path(__file__).with_name("pagerduty.py")), *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield PagerDuty(process)
        finally:
            process.kill()


def configured(running: rig.Rig, url: str) -> Path:
    """Write a configuration with a receiver and a route for each routing key."""
    folder = running.folder / f"paging-{time.monotonic_ns()}"
    folder.mkdir()
    routes = "\n".join(ROUTE.format(number=number) for number in range(KEYS))
    receivers = "\n".join(RECEIVER.format(number=number, url=url) for number in range(KEYS))
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(folder=folder, routes=routes, receivers=receivers))
    return path


def message(number: int, now: float) -> Notification:
    """Return a page that waits."""
    uid, name, title = f"i{number}", f"INC-{number}", f"HighLatency on service-{number}"
    made = Message(MessageEvent.TRIGGER, uid, name, title, "open", "critical", "P1", at=now, opened_at=now)
    return Notification(
        uid=f"n{number}", key=f"k{number}", dedup_key=f"aiops/default/n{number}", incident=uid, team="default",
        destination=f"receiver/duty{number % KEYS}/pagerduty/0", integration="pagerduty", message=made,
        created_at=now, due_at=now,
    )  # fmt: skip


async def fill(folder: Path, pages: int) -> None:
    """Write pages into a new store."""
    store = await open_store(StorageSpec(url=f"sqlite:///{folder}/aiops.db"), SystemClock())
    await store.commit(Changes(notifications=tuple(message(number, time.time()) for number in range(pages))))
    await store.close()


def throughput(running: rig.Rig, pages: int) -> None:
    """Measure how fast a full outbox is sent."""
    with pagerduty() as other:
        config = configured(running, other.url)
        asyncio.run(fill(config.parent, pages))
        daemon = running.start_configured(config)
        rig.wait_until(lambda: len(other.heard()) >= pages, 300, "all pages are out")
        heard = other.heard().values()
        moments = sorted(first for first, _ in heard)
        took = moments[-1] - moments[0]
        rows = [
            ("outbox", "target", "measured"),
            ("pages/s", ">= 200", f"{pages / took:.0f} ({pages:,} in {took:.1f} s)"),
            ("extra POSTs", "0", f"{sum(count for _, count in heard) - pages}"),
            ("CPU of the daemon, s", "", f"{rig.cpu_seconds(daemon.pid):.1f}"),
            ("longest loop stall, ms", "", f"{1e3 * daemon.metric('aiops_event_loop_lag_seconds'):.0f}"),
        ]
        rig.table(f"{pages:,} pages over {KEYS} routing keys", rows)
        daemon.server.stop()


def body(number: int) -> bytes:
    """Make a webhook body with one alert, which becomes one incident."""
    alert = senders.alert(number, senders.iso(time.time()))
    labels = {"severity": "critical", "pd": str(number % KEYS), "alertname": f"Load{number}x"}
    alert["labels"] = {**alert["labels"], **labels}  # type: ignore[dict-item]
    return json.dumps({"version": "4", "alerts": [alert]}).encode()


def latency(running: rig.Rig, rate: float, seconds: float) -> None:
    """Measure from the webhook's 200 to the page, at a rate."""
    with pagerduty() as other:
        daemon = running.start_configured(configured(running, other.url))
        answered: dict[int, float] = {}
        begun = time.monotonic()
        for number in range(round(rate * seconds)):
            time.sleep(max(0.0, begun + number / rate - time.monotonic()))
            daemon.server.post("/webhooks/alertmanager", body(number))
            answered[number] = time.time()
        achieved = len(answered) / (time.monotonic() - begun)
        rig.wait_until(lambda: len(other.heard()) >= len(answered), 120, "every incident is paged")
        paged = {int(summary.split("Load")[1].split("x")[0]): first for summary, (first, _) in other.heard().items()}
        waits = np.array([paged[number] - at for number, at in answered.items()])
        p50, p99, slowest = np.percentile(waits, (50, 99, 100))
        rows = [
            ("first notice", "target", "measured"),
            ("incidents/s", f"{rate:g}", f"{achieved:.1f}"),
            ("p50 / p99 / slowest, ms", "p99 < 1000", f"{1e3 * p50:.0f} / {1e3 * p99:.0f} / {1e3 * slowest:.0f}"),
            ("CPU of the daemon, s", "", f"{rig.cpu_seconds(daemon.pid):.1f}"),
            ("longest loop stall, ms", "", f"{1e3 * daemon.metric('aiops_event_loop_lag_seconds'):.0f}"),
        ]
        rig.table(f"from the webhook's 200 to the page, {len(answered):,} incidents in {seconds:.0f} s", rows)
        daemon.server.stop()


def main() -> None:
    """Run all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=4_000)
    parser.add_argument("--rate", type=float, action="append", help="incidents a second; may be given several times")
    parser.add_argument("--seconds", type=float, default=30.0)
    given = parser.parse_args()
    with rig.rig() as running:
        if given.pages:
            throughput(running, given.pages)
        for rate in given.rate or (20.0, 100.0):
            latency(running, rate, given.seconds)


if __name__ == "__main__":
    main()
