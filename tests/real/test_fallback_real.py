"""A daemon that dies: its bands alert in a real Prometheus, and only then; and whether its rules are loaded is told."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import real_servers
from daemon_process import DaemonProcess, eventually
from shop_exporter import ShopExporter, history

pytestmark = pytest.mark.real

CONFIG = """
prometheus: [{{name: main, urls: ["{url}"], interval: 2s, timeout: 2s}}]
history: {{range: 3d}}
packs: {{enable: []}}
queries:
  - name: shop_latency
    expr: shop_latency_seconds
    direction: up
    min_deviation: {{absolute: 0.05}}
    severity: critical
rules: {{directory: "{rules}", promtool: "{promtool}"}}
"""
SCRAPES = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{loaded}/*.yaml"]
scrape_configs:
  - {{job_name: shop, static_configs: [{{targets: ["{exporter}"]}}]}}
  - {{job_name: aiops, static_configs: [{{targets: ["{daemon}"]}}]}}
"""
FIRING = 'ALERTS{alertname="AiopsFallbackAnomaly",alertstate="firing"}'


class Rig:
    """A Prometheus, a shop that can break, and a daemon."""

    def __init__(self, prometheus: real_servers.Server, exporter: ShopExporter, daemon: DaemonProcess) -> None:
        self.prometheus = prometheus
        self.exporter = exporter
        self.daemon = daemon
        self.rules = daemon.folder / "rules"
        self.loaded = daemon.folder / "loaded"

    def query(self, expr: str) -> list[dict[str, dict[str, str]]]:
        """Ask Prometheus."""
        found: list[dict[str, dict[str, str]]] = json.loads(self.prometheus.get(f"/api/v1/query?query={quote(expr)}"))[
            "data"
        ]["result"]
        return found

    def load(self, *, as_written: bool = False) -> None:
        """Let Prometheus load what the daemon wrote, with its minutes made seconds unless it shall be `as_written`."""
        for file in self.rules.glob("*.yaml"):
            if as_written:
                (self.loaded / file.name).write_text(file.read_text())
                continue
            text = file.read_text().replace("interval: 4m", "interval: 1s").replace("interval: 15s", "interval: 1s")
            (self.loaded / file.name).write_text(
                text.replace("for: 5m", "for: 3s").replace("keep_firing_for: 2m", "keep_firing_for: 1s")
            )
        self.prometheus.post("/-/reload")


@pytest.fixture
def rig(servers: real_servers.Servers, tmp_path: Path) -> Iterator[Rig]:
    """Three days of history, scrapes of shop and daemon, and the daemon running."""
    port, now = real_servers.free_port(), time.time()
    real_servers.backfill(
        history(now - 3 * 86_400, now - 30, f'instance="127.0.0.1:{port}",job="shop"'), tmp_path / "tsdb"
    )
    exporter = ShopExporter(time.time, port)
    prometheus = servers.prometheus(tsdb=tmp_path / "tsdb")
    rig = Rig(prometheus, exporter, DaemonProcess(tmp_path / "daemon"))
    rig.loaded.mkdir()
    scrapes = {"loaded": rig.loaded, "exporter": f"127.0.0.1:{port}", "daemon": rig.daemon.url.removeprefix("http://")}
    (prometheus.log.parent / "prometheus.yml").write_text(SCRAPES.format(**scrapes))
    prometheus.post("/-/reload")
    rig.daemon.configure(CONFIG.format(url=prometheus.url, rules=rig.rules, promtool=real_servers.binary("promtool")))
    eventually(lambda: rig.query("shop_latency_seconds"), "the shop is scraped")
    rig.daemon.start()
    try:
        yield rig
    finally:
        rig.daemon.end()
        exporter.stop()


@pytest.mark.slow
def test_a_dead_daemon_s_bands_alert_and_a_living_one_s_do_not(rig: Rig) -> None:
    """The file of bands is written, its loading is told, and its alert speaks from the death of the daemon on."""
    bands = rig.rules / "aiops-bands-main.yaml"
    eventually(bands.exists, "bands are written", within=120)
    eventually(
        lambda: "aiops_rules_loaded{file=" in rig.daemon.get("/metrics").decode(), "rules are asked for", within=90
    )
    assert 0.0 == rig.daemon.metric("aiops_rules_loaded", file=bands.name)

    rig.load(as_written=True)
    loaded = lambda: rig.daemon.metric("aiops_rules_loaded", file=bands.name)  # noqa: E731
    eventually(loaded, "the daemon sees that they are loaded", within=120)
    assert 0.0 == rig.daemon.metric("aiops_rules_failing", file=bands.name)

    rig.load()
    eventually(lambda: rig.query('aiops:band_upper{aiops_query="shop_latency"}'), "edges are recorded", within=60)
    eventually(lambda: not loaded(), "the daemon sees another `for`", within=120)

    rig.exporter.broken = True
    above = "aiops:band_value > aiops:band_upper"
    eventually(lambda: rig.query(above), "the value leaves its band", within=60)
    time.sleep(6)  # twice as long as the alert would wait
    assert [] == rig.query('ALERTS{alertname="AiopsFallbackAnomaly"}')

    rig.daemon.kill()
    (alert,) = eventually(lambda: rig.query(FIRING), "the alert fires without the daemon", within=60)
    assert ("critical", "checkout", "shop") == tuple(alert["metric"][name] for name in ("severity", "service", "job"))

    rig.daemon.start()
    eventually(lambda: not rig.query('ALERTS{alertname="AiopsFallbackAnomaly",alertstate="pending"} or ' + FIRING),
               "it ends when the daemon is back", within=180)  # fmt: skip
