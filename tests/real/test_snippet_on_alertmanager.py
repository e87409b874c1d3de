"""The real Alertmanager before and after each snippet: existing receivers get exactly the same notices."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import real_servers
import yaml

from aiops_daemon.core.alertmanager.snippet import Mode, Wish, with_ours
from aiops_daemon.edges.alertmanager.document import read_document, write_document

pytestmark = pytest.mark.real

CONFIG = """\
route:
  receiver: chat
  group_by: [alertname]
  group_wait: 1s
  routes:
    - matchers: [severity="critical"]
      receiver: pager
      continue: true
      routes:
        - {matchers: ['team="shop"'], receiver: shop, group_by: ['...']}
    - {matchers: ['team="web"'], receiver: web}
    - {matchers: [alertname="Watchdog"], receiver: "null"}
receivers:
  - {name: chat, webhook_configs: [{url: "SINK/chat"}]}
  - {name: pager, webhook_configs: [{url: "SINK/pager"}]}
  - {name: shop, webhook_configs: [{url: "SINK/shop"}]}
  - {name: web, webhook_configs: [{url: "SINK/web"}]}
  - name: "null"
"""
ALERTS = [
    {"alertname": "Down", "severity": "critical"},
    {"alertname": "Down", "severity": "critical", "team": "shop"},
    {"alertname": "Down", "severity": "critical", "team": "web"},
    {"alertname": "Down", "severity": "warning", "team": "web"},
    {"alertname": "Slow", "severity": "warning"},
    {"alertname": "Watchdog", "severity": "none"},
    {"alertname": "AiopsDaemonDown", "severity": "warning"},
]
ABOUT_US = [ALERTS[6]]
Notice = tuple[str, str, tuple[str, ...]]
"""Path, the group's labels, and its alerts."""


class Sink(ThreadingHTTPServer):
    """Receives webhooks of several Alertmanagers, each under a folder of its own."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receive)
        self.notices: list[Notice] = []

    @property
    def url(self) -> str:
        """Address without a trailing slash."""
        return f"http://127.0.0.1:{self.server_port}"

    def under(self, folder: str) -> list[Notice]:
        """Return what arrived under a folder, sorted, without the folder."""
        start = f"/{folder}/"
        return sorted((path.removeprefix(start), *rest) for path, *rest in self.notices if path.startswith(start))

    def alerts(self, folder: str) -> set[str]:
        """Return the alerts that arrived under a folder."""
        return {alert for _, _, alerts in self.under(folder) for alert in alerts}


class _Receive(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Keep the notice."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        alerts = tuple(sorted(text(alert["labels"]) for alert in body["alerts"]))
        self.server.notices.append((self.path, text(body["groupLabels"]), alerts))  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def text(labels: dict[str, str]) -> str:
    """Write labels as one comparable text."""
    return json.dumps(labels, sort_keys=True)


@pytest.fixture
def sink() -> Iterator[Sink]:
    """Run a sink."""
    server = Sink()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def adjusted(config: str, mode: Mode, url: str) -> str:
    """Apply a snippet; only its group_wait is shortened, to keep the test short."""
    wish = Wish(mode, f"{url}/webhooks/alertmanager")
    after: dict[str, Any] = with_ours(read_document(config.encode()).values, wish)
    return write_document(after).replace("group_wait: 10s", "group_wait: 1s")


def wait_until(holds: Callable[[], bool], within: float = 20.0) -> None:
    """Poll, since the servers run in real time."""
    deadline = time.monotonic() + within
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.1)


def test_existing_receivers_get_what_they_got(servers: real_servers.Servers, sink: Sink) -> None:
    """Shadow and bypass change no notice of anybody; live leaves them only alerts on ourselves; we get the rest."""
    texts = {"before": CONFIG.replace("SINK", f"{sink.url}/before")}
    for mode in Mode:
        texts[mode] = adjusted(CONFIG.replace("SINK", f"{sink.url}/{mode}"), mode, f"{sink.url}/{mode}-ours")
    body = json.dumps([{"labels": labels} for labels in ALERTS]).encode()
    for config in texts.values():
        assert yaml.safe_load(config)
        post(servers.alertmanager(config), body)

    everything = {text(labels) for labels in ALERTS}
    wanted = {
        "shadow-ours": everything,
        "live-ours": everything,
        "bypass-ours": {text(labels) for labels in ALERTS[:5]},
        "before": {text(labels) for labels in ALERTS if labels["alertname"] != "Watchdog"},
    }
    wait_until(lambda: all(wanted[folder] <= sink.alerts(folder) for folder in wanted))
    wait_until(lambda: len(sink.under("shadow")) == len(sink.under("bypass")) == len(sink.under("before")), 5.0)

    assert wanted == {folder: sink.alerts(folder) for folder in wanted}
    assert sink.under("before") == sink.under("shadow")
    assert sink.under("before") == sink.under("bypass")
    assert {text(labels) for labels in ABOUT_US} == sink.alerts("live")


def post(server: real_servers.Server, body: bytes) -> None:
    """Send alerts as Prometheus does."""
    request = urllib.request.Request(f"{server.url}/api/v2/alerts", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200
