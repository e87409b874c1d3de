"""Many clients that send webhook bodies at once, and remember which of them were answered 200.

Enters: the address of a daemon. Leaves: names of the alerts that it acknowledged. Raw sockets, kept open, so that the
load costs little. Each alert has a name of its own in the label `n`.
"""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

PATH = "/webhooks/alertmanager/prod"
TIMEOUT = 10.0


def body(names: Sequence[str]) -> bytes:
    """Write one webhook body with an alert of each name."""
    starts_at = datetime.fromtimestamp(time.time(), UTC).isoformat()
    alerts = [
        {
            "status": "firing",
            "labels": {"alertname": "Load", "severity": "critical", "job": "load", "n": name},
            "annotations": {},
            "startsAt": starts_at,
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "",
        }
        for name in names
    ]
    document = {"version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": "firing", "receiver": "aiops"}
    return json.dumps({**document, "alerts": alerts}).encode()


def request(payload: bytes, *, token: str = "") -> bytes:
    """Write a whole request."""
    guard = f"Authorization: Bearer {token}\r\n" if token else ""
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{guard}"
    return f"{head}Content-Length: {len(payload)}\r\n\r\n".encode() + payload


def connect(url: str) -> socket.socket:
    """Open a connection to a daemon."""
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), timeout=TIMEOUT)


def exchange(connection: socket.socket, sent: bytes) -> int:
    """Send a request and return the code of the answer; raises OSError when there is none."""
    connection.sendall(sent)
    read = b""
    while b"\r\n\r\n" not in read:
        part = connection.recv(65536)
        if not part:
            raise ConnectionResetError
        read += part
    head, _, rest = read.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    missing = (int(lengths[0].split(b":")[1]) if lengths else 0) - len(rest)
    while missing > 0:
        missing -= len(connection.recv(65536)) or missing
    return int(head.split(b" ")[1])


class Load:
    """Clients that send until the daemon is gone, or they are told to stop."""

    def __init__(self, url: str, prefix: str, *, clients: int = 8, alerts: int = 2, pause: float = 0.01) -> None:
        self.acknowledged: set[str] = set()
        self.codes: list[int] = []
        self._url = url
        self._names = (f"{prefix}-{number}" for number in itertools.count())
        self._alerts = alerts
        self._pause = pause
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        try:
            with connect(self._url) as connection:
                while not self._stop.wait(self._pause):
                    self._send(connection)
        except OSError:
            return  # killed: what was not answered was not promised

    def _send(self, connection: socket.socket) -> None:
        with self._lock:
            names = [next(self._names) for _ in range(self._alerts)]
        code = exchange(connection, request(body(names)))
        with self._lock:
            self.codes.append(code)
            if code == 200:
                self.acknowledged.update(names)
