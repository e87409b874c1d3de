"""A load generator for webhooks: persistent connections, bodies made beforehand, latencies kept.

Runs as a process of its own so that its work is not counted as the daemon's: it prints one JSON line with what it saw.
Run by webhooks.py: python benchmarks/senders.py --url http://127.0.0.1:9641 --clients 32 --seconds 60 --rate 1500
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

ALERTS = 5
RULES = ("HighLatency", "HighErrors", "PodCrashLooping", "DiskFull", "QueueDepth", "CertificateExpiry")
ZERO = "0001-01-01T00:00:00Z"


def iso(at: float) -> str:
    """Write a time as Alertmanager does."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def alert(number: int, started: str) -> dict[str, object]:
    """Make alert `number`: rule, service and pod follow from it."""
    service = f"service-{number // 50 % 400}"
    labels = {
        "alertname": RULES[number % len(RULES)],
        "cluster": "bench",
        "namespace": f"ns-{number // 50 % 40}",
        "service": service,
        "pod": f"{service}-{number}",
        "severity": ("critical", "warning", "info")[number % 3],
    }
    return {
        "status": "firing",
        "labels": labels,
        "annotations": {"summary": f"{labels['alertname']} on {service}", "runbook_url": "https://runbooks.example/x"},
        "startsAt": started,
        "endsAt": ZERO,
        "generatorURL": "http://prometheus.example/graph?g0.expr=up+%3D%3D+0",
        "fingerprint": f"{number:016x}",
    }


def body(group: int) -> bytes:
    """Make the body of one group of five alerts."""
    started = iso(time.time() - 60)
    return json.dumps(
        {
            "receiver": "aiops",
            "status": "firing",
            "alerts": [alert(group * ALERTS + index, started) for index in range(ALERTS)],
            "groupLabels": {"service": f"service-{group}"},
            "commonLabels": {"cluster": "bench"},
            "commonAnnotations": {},
            "externalURL": "http://alertmanager.example:9093",
            "version": "4",
            "groupKey": f'{{}}:{{service="service-{group}"}}',
            "truncatedAlerts": 0,
        }
    ).encode()


class Sender:
    """Sends over one connection at a time, paced; counts answers."""

    def __init__(self, url: str, fresh: float, rate: float) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        self.head = (
            f"POST /webhooks/alertmanager HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: Alertmanager/0.25.0\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()
        self.groups = self._groups(fresh)
        self.pause = 1.0 / rate if rate else 0.0
        self.latencies: list[float] = []
        self.codes: dict[str, int] = {}
        self.due = 0.0

    def _groups(self, fresh: float) -> Iterator[bytes]:
        """Yield bodies: a share of new groups, the others repeat one of the first 2,000."""
        known = [body(group) for group in range(2000)]
        number, owed, turn = len(known), 0.0, 0
        while True:
            owed += fresh
            if owed >= 1.0:
                owed -= 1.0
                yield body(number)
                number += 1
            else:
                yield known[turn % len(known)]
                turn += 1

    async def client(self, until: float) -> None:
        """Send until then."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        while time.monotonic() < until:
            if self.pause:
                self.due = max(self.due + self.pause, time.monotonic() - 0.5)
                if (wait := self.due - time.monotonic()) > 0:
                    await asyncio.sleep(wait)
            content = next(self.groups)
            started = time.monotonic()
            writer.write(self.head + str(len(content)).encode() + b"\r\n\r\n" + content)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            self.latencies.append(time.monotonic() - started)
            code = head.split(b" ", 2)[1].decode()
            self.codes[code] = self.codes.get(code, 0) + 1
        writer.close()


async def main() -> None:
    """Run the clients and print what they saw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--fresh", type=float, default=0.1, help="share of bodies whose alerts were never sent")
    parser.add_argument("--rate", type=float, default=0.0, help="webhooks a second; 0: as fast as they are answered")
    given = parser.parse_args()
    sender = Sender(given.url, given.fresh, given.rate)
    started = time.monotonic()
    await asyncio.gather(*(sender.client(started + given.seconds) for _ in range(given.clients)))
    elapsed = time.monotonic() - started
    ordered = sorted(sender.latencies)
    told = {
        "webhooks": len(ordered),
        "per_second": len(ordered) / elapsed,
        "p50": ordered[len(ordered) // 2],
        "p99": ordered[int(len(ordered) * 0.99)],
        "slowest": ordered[-1],
        "codes": sender.codes,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    asyncio.run(main())
