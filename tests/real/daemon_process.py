"""`aiops-daemon run` as a process in a folder: started, asked, stopped, killed, halted.

Enters: configuration text. Leaves: what the API, the probes and the metrics page of the running process say. Every
process is ended by its own handle.
"""

from __future__ import annotations

import json
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import pytest
import real_servers
from prometheus_client.parser import text_string_to_metric_families

Found = TypeVar("Found")
Item = dict[str, Any]


def eventually(what: Callable[[], Found], why: str, within: float = 30.0) -> Found:
    """Wait until something holds and return it; fail with words."""
    deadline = time.monotonic() + within
    while True:
        found = what()
        if found:
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"not within {within:g} s: {why}")
        time.sleep(0.1)


def holds(what: Callable[[], object], seconds: float, why: str) -> None:
    """Fail as soon as something does not hold while so many seconds pass."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert what(), why
        time.sleep(0.1)


class DaemonProcess:
    """One daemon on one folder; its address stays the same over restarts."""

    def __init__(self, folder: Path, token: str = "") -> None:
        self.folder = folder
        self.token = token
        self.url = f"http://127.0.0.1:{real_servers.free_port()}"
        self.log = folder / "daemon.log"
        self.server: real_servers.Server | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def database(self) -> Path:
        """Where its store is."""
        return self.folder / "state" / "aiops.db"

    @property
    def pid(self) -> int:
        """Process id of the running daemon."""
        return int(self._running().process.pid)

    def configure(self, config: str) -> None:
        """Write its configuration file; the store is added."""
        storage = f"storage: {{url: 'sqlite:///{self.database}'}}"
        (self.folder / "config.yaml").write_text(f"{config}\n{storage}\n")

    def start(self) -> None:
        """Start it and wait until it listens."""
        address = self.url.removeprefix("http://")
        flags = [f"--config.file={self.folder / 'config.yaml'}", f"--web.listen-address={address}"]
        argv = [sys.executable, "-m", "aiops_daemon", "run", *flags]
        self.server = real_servers.launch("aiops-daemon", argv, self.url, self.log)
        if not real_servers.wait_ready(self.server, "/-/healthy"):
            pytest.fail(f"the daemon does not start:\n{self.said()[-2000:]}")

    def kill(self) -> None:
        """End it at once, as the kernel does when memory is short."""
        self._running().process.kill()
        self._running().process.wait()

    def terminate(self, times: int = 1) -> float:
        """Ask it to end, and return how many seconds it took; fails after ten."""
        asked_at = time.monotonic()
        for _ in range(times):
            self._running().process.send_signal(signal.SIGTERM)
        code = self._running().process.wait(10)

        assert code == 0
        return time.monotonic() - asked_at

    def halt(self) -> None:
        """Stop it in its tracks: connections stay, nobody answers."""
        self._running().process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it run again."""
        self._running().process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """End it somehow; idempotent."""
        if self.server is not None:
            self.server.process.kill()
            self.server.process.wait()

    def said(self) -> str:
        """Return its log."""
        return self.log.read_text(errors="replace")

    def get(self, path: str) -> bytes:
        """GET a path; raises on anything but 2xx."""
        return self._ask(urllib.request.Request(self.url + path))

    def post(self, path: str, body: Any) -> bytes:
        """POST JSON; raises on anything but 2xx."""
        headers = {"Content-Type": "application/json"}
        return self._ask(urllib.request.Request(self.url + path, json.dumps(body).encode(), headers))

    def readiness(self) -> tuple[int, str]:
        """Return code and words of the readiness probe."""
        try:
            return 200, self.get("/-/ready").decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def incidents(self, **asked: str) -> list[Item]:
        """List all incidents, oldest first."""
        return sorted(self._all("incidents", asked), key=lambda each: each["number"])

    def incident(self, ref: str) -> Item:
        """Return one incident with all that belongs to it."""
        detail: Item = json.loads(self.get(f"/api/v1/incidents/{ref}"))["data"]
        return detail

    def alerts(self, **asked: str) -> list[Item]:
        """List all alerts, those heard of first first."""
        return sorted(self._all("alerts", asked), key=lambda each: each["uid"])

    def notifications(self, **asked: str) -> list[Item]:
        """List the messages to people, latest first."""
        return self._all("notifications", asked)

    def alert(self, **asked: str) -> Item | None:
        """Return the only alert, if there is one."""
        found = self.alerts(**asked)
        assert len(found) <= 1
        return found[0] if found else None

    def metric(self, name: str, **labels: str) -> float:
        """Add up the samples of a metric that have these labels."""
        families = text_string_to_metric_families(self.get("/metrics").decode())
        samples = (sample for family in families for sample in family.samples if sample.name == name)
        return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())

    def _all(self, noun: str, asked: dict[str, str]) -> list[Item]:
        items: list[Item] = []
        cursor = ""
        while True:
            given = {"limit": "500", **asked, **({"cursor": cursor} if cursor else {})}
            page = json.loads(self.get(f"/api/v1/{noun}?{urlencode(given)}"))
            items += page["data"]
            cursor = page["next"]
            if not cursor:
                return items

    def _ask(self, request: urllib.request.Request) -> bytes:
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return bytes(answer.read())

    def _running(self) -> real_servers.Server:
        assert self.server is not None
        return self.server
