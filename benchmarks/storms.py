"""A storm of incidents: the daemon as a process on SQLite (FULL), PagerDuty on loopback as another; both limit.

Beyond 10 pages in 5 minutes to one target further incidents fold into a storm page, and PagerDuty takes 120 events a
minute for each routing key (429 with Retry-After beyond). Prints whether every incident is named in exactly one page or
storm page, and when. Run: python benchmarks/storms.py [--rate 100] [--seconds 60] [--keys 10]
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import rig
import senders
from paging import CONFIG, ROUTE, PagerDuty, pagerduty

RECEIVER = """  - name: duty{number}
    pagerduty_configs: [{{routing_key: "{number:032}", url: "{url}/v2/enqueue", api_url: "{url}"}}]"""
WITHIN = 300.0  # seconds: the last version of a storm page is at most one minute late, and 429s may come on top


def configured(running: rig.Rig, url: str, keys: int) -> Path:
    """Write a configuration with a receiver and a route for each routing key, storms as they are by default."""
    folder = running.folder / "storms"
    folder.mkdir()
    routes = "\n".join(ROUTE.format(number=number) for number in range(keys))
    receivers = "\n".join(RECEIVER.format(number=number, url=url) for number in range(keys))
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(folder=folder, routes=routes, receivers=receivers))
    return path


def body(number: int, keys: int) -> bytes:
    """Make a webhook body with one alert, which becomes one incident; every third one is critical."""
    alert: dict[str, Any] = senders.alert(number, senders.iso(time.time()))
    alert["labels"] |= {"pd": str(number % keys), "alertname": f"Load{number}x"}
    return json.dumps({"version": "4", "alerts": [alert]}).encode()


def send(daemon: rig.Daemon, rate: float, count: int, keys: int) -> dict[str, float]:
    """Send incidents at a rate; return when each alert was answered 200, by its name."""
    answered = {}
    begun = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, begun + number / rate - time.monotonic()))
        daemon.server.post("/webhooks/alertmanager", body(number, keys))
        answered[f"Load{number}x"] = time.time()
    return answered


def incidents(daemon: rig.Daemon) -> dict[str, str]:
    """Return the names of incidents by the alert that each has."""
    found, cursor = {}, ""
    while True:
        page = json.loads(daemon.server.get(f"/api/v1/incidents?limit=500&cursor={cursor}" if cursor else
                                            "/api/v1/incidents?limit=500"))  # fmt: skip
        found |= {str(one["title"]).split()[0]: str(one["name"]) for one in page["data"]}
        cursor = page["next"]
        if not cursor:
            return found


def measure(running: rig.Rig, other: PagerDuty, rate: float, count: int, keys: int) -> None:
    """Send, wait until every incident is named, and print."""
    daemon = running.start_configured(configured(running, other.url, keys))
    answered = send(daemon, rate, count, keys)
    sent_at = time.monotonic()
    rig.wait_until(lambda: len(other.ask("/named")) >= count, WITHIN, "every incident is named")
    took = time.monotonic() - sent_at
    naming, names = other.ask("/named"), incidents(daemon)
    pages = Counter(key for keys_, _ in naming.values() for key in keys_)
    waits = np.array([naming[names[alert]][1] - at for alert, at in answered.items()])
    storms = {key: number for key, number in pages.items() if "storm" in key}
    once, twice = (sum(check(len(keys_)) for keys_, _ in naming.values()) for check in ((1).__eq__, (1).__lt__))
    rows = [
        ("storm", "target", "measured"),
        ("incidents named in exactly one page", f"{count:,}", f"{once:,}"),
        ("named twice / never", "0 / 0", f"{twice} / {count - len(naming)}"),
        ("pages of their own", "", f"{len(pages) - len(storms):,}"),
        ("storm pages, incidents in them", "", f"{len(storms)}, {sum(storms.values()):,}"),
        ("refused by PagerDuty (429)", "", f"{other.ask('/limited'):,}"),
        ("from the 200 to being named, p50 / p99 / slowest, s", "", " / ".join(
            f"{one:.1f}" for one in np.percentile(waits, (50, 99, 100)))),
        ("all named after the last alert, s", "", f"{took:.0f}"),
        ("CPU of the daemon, s", "", f"{rig.cpu_seconds(daemon.pid):.1f}"),
        ("longest loop stall, ms", "", f"{1e3 * daemon.metric('aiops_event_loop_lag_seconds'):.0f}"),
    ]  # fmt: skip
    rig.table(f"{count:,} incidents at {rate:g}/s to {keys} routing keys", rows)
    daemon.server.stop()


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=100.0, help="incidents a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--keys", type=int, default=10, help="routing keys")
    given = parser.parse_args()
    with rig.rig() as running, pagerduty("--limited") as other:
        measure(running, other, given.rate, round(given.rate * given.seconds), given.keys)


if __name__ == "__main__":
    main()
