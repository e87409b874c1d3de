"""Everything between a fault and an incident, all of it real: Prometheus, Alertmanager, the daemon.

Enters: faults that are switched on and off. Leaves: handles of the processes. Alertmanager's intervals are short, so
that a test waits for seconds and not for minutes.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import real_servers
from daemon_process import DaemonProcess, eventually
from real_servers import Server, Servers

ROUTES = """\
route:
  receiver: aiops
  group_by: [job]
  group_wait: 1s
  group_interval: 1s
  repeat_interval: 1h
"""
RECEIVERS = """
receivers:
  - name: aiops
    webhook_configs:
      - url: {url}/webhooks/alertmanager/prod
        max_alerts: 0
        http_config: {http}
"""
CONFIG = """\
prometheus: [{{name: main, urls: ["{prometheus}"], external_labels: {{cluster: eu1}}, interval: 5s, timeout: 2s}}]
alertmanagers: [{{name: prod, urls: ["{alertmanager}"], interval: 5s, timeout: 2s}}]
packs: {{enable: []}}
{more}
"""
SCRAPES = """
global: {{scrape_interval: 1s, evaluation_interval: 1s, external_labels: {{cluster: eu1}}}}
rule_files: ["{rules}"]
scrape_configs: [{{job_name: shop, static_configs: [{{targets: ["{exporter}"]}}]}}]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["{alertmanager}"]}}]}}]}}
"""
RULES = """
groups: [{name: shop, rules: [{alert: Fault, expr: fault == 1, labels: {severity: critical}}]}]
"""

RESEND = "3s"
"""After four times this an alert of a Prometheus that is gone ends; longer than what is known of Prometheus is kept."""


def stamp(seconds: float) -> str:
    """Write a time as Alertmanager does."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


class Sender:
    """One Alertmanager process, told of alerts as Prometheus does, and asked with amtool."""

    def __init__(self, servers: Servers, config: str) -> None:
        self.servers = servers
        self.server: Server = servers.alertmanager(config)

    def fire(self, *alerts: dict[str, str], since: float | None = None, until: float | None = None) -> None:
        """Say that these fire."""
        starts_at, ends_at = stamp(since or time.time()), stamp(until or time.time() + 300)
        self.post([{"labels": labels, "startsAt": starts_at, "endsAt": ends_at} for labels in alerts])

    def resolve(self, *alerts: dict[str, str]) -> None:
        """Say that these have ended, just now."""
        self.post([{"labels": labels, "endsAt": stamp(time.time() - 0.01)} for labels in alerts])

    def post(self, alerts: Sequence[dict[str, Any]]) -> None:
        """Send alerts."""
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.server.url}/api/v2/alerts", json.dumps(alerts).encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200

    def shown(self) -> list[dict[str, Any]]:
        """List its alerts."""
        listed: list[dict[str, Any]] = json.loads(self.server.get("/api/v2/alerts"))
        return listed

    def notified(self, result: str = "") -> float:
        """Count its webhook notices (`failed`: those that did not go through)."""
        name = f"alertmanager_notifications_{result}{'_' if result else ''}total" + '{integration="webhook"} '
        lines = self.server.get("/metrics").decode().splitlines()
        return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))

    def amtool(self, *words: str) -> str:
        """Run amtool against it and return what it says."""
        argv = [str(real_servers.binary("amtool")), f"--alertmanager.url={self.server.url}", *words]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()

    def kill(self) -> None:
        """End it at once."""
        kill(self.server)

    def start(self) -> None:
        """Start it again, on its folder and address."""
        self.server = again(self.servers, self.server)


def kill(server: Server) -> None:
    """End a server at once."""
    server.process.kill()
    server.process.wait()


def again(servers: Servers, server: Server) -> Server:
    """Start a server that ended, on its folder and address."""
    argv = [str(part) for part in server.process.args]  # type: ignore[union-attr]
    started = real_servers.launch(server.name, argv, server.url, server.log)
    servers.running.append(started)
    assert real_servers.wait_ready(started, "/-/ready")
    return started


class Stack:
    """Prometheus, Alertmanager and the daemon."""

    def __init__(self, servers: Servers, *, routes: str = ROUTES, http: str = "{}", more: str = "") -> None:
        self.daemon = DaemonProcess(servers.folder / "daemon")
        self.alertmanager = Sender(servers, routes + RECEIVERS.format(url=self.daemon.url, http=http))
        self.shop = Shop(servers, self.alertmanager)
        addresses = {"prometheus": self.shop.server.url, "alertmanager": self.alertmanager.server.url}
        self.daemon.configure(CONFIG.format(**addresses, more=more))

    @classmethod
    @contextmanager
    def running(cls, servers: Servers, **wishes: str) -> Iterator[Stack]:
        """Run all of it; the real servers are stopped by their fixture."""
        stack = cls(servers, **wishes)
        try:
            stack.daemon.start()
            yield stack
        finally:
            stack.daemon.end()
            stack.shop.close()


class Shop:
    """A Prometheus that scrapes faults, evaluates an alert on each and sends to an Alertmanager."""

    def __init__(self, servers: Servers, alertmanager: Sender) -> None:
        self.servers = servers
        self.faults: dict[str, int] = {}
        self._exporter = _exporter(self.faults)
        rules = servers.folder / "rules.yml"
        rules.write_text(RULES)
        scrapes = SCRAPES.format(
            rules=rules,
            exporter=f"127.0.0.1:{self._exporter.server_port}",
            alertmanager=alertmanager.server.address,
        )
        self.server = servers.prometheus(scrapes, flags=(f"--rules.alert.resend-delay={RESEND}",))

    def kill(self) -> None:
        """End Prometheus at once."""
        kill(self.server)

    def start(self) -> None:
        """Start Prometheus again."""
        self.server = again(self.servers, self.server)

    def fires(self, name: str) -> bool:
        """Say whether the alert of a fault fires."""
        alerts = json.loads(self.server.get("/api/v1/alerts"))["data"]["alerts"]
        return any(each["labels"]["name"] == name and each["state"] == "firing" for each in alerts)

    def break_it(self, *names: str) -> None:
        """Switch faults on and wait until their alerts fire."""
        self.faults.update(dict.fromkeys(names, 1))
        eventually(lambda: all(self.fires(name) for name in names), "the alerts fire")

    def mend(self, *names: str) -> None:
        """Switch faults off and wait until their alerts fire no more."""
        self.faults.update(dict.fromkeys(names, 0))
        eventually(lambda: not any(self.fires(name) for name in names), "the alerts end")

    def close(self) -> None:
        """Stop the exporter."""
        self._exporter.shutdown()
        self._exporter.server_close()


def _exporter(faults: dict[str, int]) -> ThreadingHTTPServer:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Show the faults."""
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write("".join(f'fault{{name="{name}"}} {on}\n' for name, on in list(faults.items())).encode())

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
