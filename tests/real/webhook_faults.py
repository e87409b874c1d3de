"""A daemon that nobody but the test sends to, and what its tests of faults send.

Enters: alerts, bodies, raw bytes. Leaves: codes of answers. Processes are ended by their handle, mounts are removed.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import real_servers
from daemon_process import DaemonProcess, eventually
from webhook_load import PATH

CONFIG = """\
prometheus:
  - name: main
    urls: ["http://127.0.0.1:{port}"]
    external_labels: {{cluster: none}}  # so that none of the alerts is its own, and no end is doubted
    interval: 5s
alertmanagers: [{{name: prod}}]
packs: {{enable: []}}
{more}
"""
ZERO = "0001-01-01T00:00:00Z"


@contextmanager
def lone_daemon(folder: Path, more: str = "") -> Iterator[DaemonProcess]:
    """Run a daemon whose Prometheus is not there."""
    process = DaemonProcess(folder)
    process.configure(CONFIG.format(port=real_servers.free_port(), more=more))
    try:
        process.start()
        yield process
    finally:
        process.end()


def at(seconds: float, now: float = 0.0) -> str:
    """Write a time, so many seconds from now, as Alertmanager does."""
    return datetime.fromtimestamp((now or time.time()) + seconds, UTC).isoformat()


def alert(name: str, **changes: Any) -> dict[str, Any]:
    """Make an alert that fires since a minute; None removes a member."""
    made = {
        "status": "firing",
        "labels": {"alertname": name, "severity": "critical", "job": name},
        "annotations": {"summary": "slow"},
        "startsAt": at(-60),
        "endsAt": ZERO,
        "generatorURL": "http://prom.example/graph",
    }
    return {member: value for member, value in (made | changes).items() if value is not None}


def body(*alerts: Any, **members: Any) -> bytes:
    """Make a body with these alerts."""
    made = {"receiver": "aiops", "status": "firing", "version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0}
    return json.dumps(made | {"alerts": list(alerts)} | members).encode()


PATIENCE = 10.0  # seconds after which Alertmanager hangs up


def post(
    daemon: DaemonProcess, raw: bytes, path: str = PATH, *, timeout: float = 60.0, **headers: str
) -> tuple[int, dict[str, str]]:
    """Send a body whole; return the code and the headers of the answer."""
    connection = http.client.HTTPConnection(urlsplit(daemon.url).netloc, timeout=timeout)
    try:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST", path, raw, {"Content-Type": "application/json"} | given)
        with connection.getresponse() as answer:
            answer.read()
            return answer.status, dict(answer.getheaders())
    finally:
        connection.close()


def code(daemon: DaemonProcess, *alerts: Any) -> int:
    """Send alerts in one body; return the code of the answer."""
    return post(daemon, body(*alerts))[0]


def processed(daemon: DaemonProcess) -> None:
    """Wait until nothing that was accepted waits: a mark, sent last, has arrived. It opens no incident."""
    mark = f"Mark{time.monotonic_ns()}"
    assert 200 == code(daemon, alert(mark, labels={"alertname": mark, "severity": "none"}))
    eventually(lambda: daemon.alert(rule=mark), "the mark arrives")


def refusal(daemon: DaemonProcess) -> tuple[int, str]:
    """Start a daemon that cannot start; return its exit code and what it said."""
    argv = [sys.executable, "-m", "aiops_daemon", "run", f"--config.file={daemon.folder / 'config.yaml'}"]
    address = f"--web.listen-address={urlsplit(daemon.url).netloc}"
    done = subprocess.run([*argv, address], capture_output=True, text=True, check=False, timeout=30)
    return done.returncode, done.stdout + done.stderr
