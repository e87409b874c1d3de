"""What people wait for with 10,000 open incidents: the list as page and as JSON, filters, search, one incident.

Prints the median and the worst of 30 requests over loopback, the store on disk behind them, and the largest incident
(5,000 alerts). The state change is measured where the desk is. Run: python benchmarks/incident_pages.py
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import aiohttp

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "edges"))

from incident_world import AlertDaemon, busy_detail, entry, episode, incident, uid
from store_world import sqlite_store
from web_world import NOW, busy_view

from aiops_daemon.core.model.incident import EntryKind, IncidentState, Priority
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.edges.store.store import SqlStore
from aiops_daemon.edges.web.ports import WebPorts
from aiops_daemon.edges.web.server import WebServer
from aiops_daemon.ports.store import Changes

OPEN = 10_000
LARGEST = 5_000
REQUESTS = 30
PATHS = (
    "/incidents", "/incidents?severity=critical&sort=priority", "/incidents?q=checkout+77", "/",
    "/api/v1/incidents", "/api/v1/incidents?limit=500&facets=true", "/api/v1/incidents?label=pod%3Dcheckout-77",
    "/api/v1/alerts?state=firing", "/incidents/INC-77", "/api/v1/incidents/INC-77",
    "/incidents/INC-20000", "/api/v1/incidents/INC-20000",
)  # fmt: skip


async def fill(store: SqlStore) -> None:
    """Write the incidents, each with one alert and one line, and one that is large."""
    severities, priorities = list(Severity)[:3], list(Priority)
    for start in range(0, OPEN, 1000):
        numbers = range(start + 1, start + 1001)
        incidents = [
            incident(
                n, severity=severities[n % 3], priority=priorities[n % 4], state=list(IncidentState)[n % 4],
                title=f"Rule{n % 200} in service-{n % 50}", service=f"service-{n % 50}", opened_at=NOW - n,
                team=f"team-{n % 20}", teams=(f"team-{n % 20}",),
            ) for n in numbers
        ]  # fmt: skip
        alerts = [
            replace(episode(n, f"Rule{n % 200}"), uid=uid(100_000 + n), incident=uid(n), team=f"team-{n % 20}")
            for n in numbers
        ]
        lines = [replace(entry(0), uid=uid(200_000 + n), incident=uid(n), team=f"team-{n % 20}") for n in numbers]
        await store.commit(Changes(tuple(alerts), tuple(incidents), tuple(lines)))
    whole = busy_detail()
    big = incident(20_000, alerts=LARGEST, firing=LARGEST)
    alerts = [replace(episode(50_000 + n), uid=uid(300_000 + n), incident=big.uid) for n in range(LARGEST)]
    lines = [entry(400_000 + n, EntryKind.JOINED, "joined: 20 s gap", incident=big.uid) for n in range(LARGEST)]
    findings = tuple(replace(each, incident=big.uid) for each in whole.findings)
    await store.commit(Changes(tuple(alerts), (big,), tuple(lines), findings))


def ports(store: SqlStore) -> WebPorts:
    """Wire a listener to the store."""
    whole = AlertDaemon(shown=busy_view()).ports()
    assert whole.alerts is not None
    readers = {
        name: getattr(store, name)
        for name in ("find_incidents", "find_incident", "find_alerts", "entries_after", "last_entry")
    }
    return replace(whole, alerts=replace(whole.alerts, **readers))


async def main() -> None:
    """Fill, ask, print."""
    with tempfile.TemporaryDirectory() as folder:
        async with sqlite_store(Path(folder)) as store:
            await fill(store)
            server = WebServer(ports(store), listen_address="127.0.0.1:0")
            await server.start()
            async with aiohttp.ClientSession(server.address) as http:
                for path in PATHS:
                    await ask(http, path)
            await server.stop()


async def ask(http: aiohttp.ClientSession, path: str) -> None:
    """Ask many times; print how long it took, its CPU, and (asked once more) the longest turn of the loop."""
    await get(http, path)
    took, cpu = [], time.process_time()
    for _ in range(REQUESTS):
        start = time.perf_counter()
        size = await get(http, path)
        took.append(time.perf_counter() - start)
    cpu = (time.process_time() - cpu) / REQUESTS
    gap = asyncio.create_task(longest_turn())
    await get(http, path)
    gap.cancel()
    turn = await gap
    middle, worst = statistics.median(took), max(took)
    print(
        f"{path:46} {middle * 1e3:7.1f} ms median {worst * 1e3:7.1f} ms worst {cpu * 1e3:7.1f} ms CPU "
        f"{turn * 1e3:6.1f} ms turn {size:9,} bytes"
    )


async def get(http: aiohttp.ClientSession, path: str) -> int:
    """Ask once and return how many bytes came."""
    async with http.get(path) as answer:
        assert answer.status == 200, await answer.text()
        return len(await answer.read())


async def longest_turn() -> float:
    """Watch the loop until cancelled; returns the longest CPU time of one turn, in seconds."""
    longest, last = 0.0, time.thread_time()
    try:
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            longest, last = max(longest, now - last), now
    except asyncio.CancelledError:
        return longest


if __name__ == "__main__":
    asyncio.run(main())
