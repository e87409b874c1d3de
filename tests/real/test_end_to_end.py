"""The main job on real parts: Prometheus in, findings and alert rules out, the daemon as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
import real_servers
from shop_exporter import CONTROLS, ShopExporter, history

pytestmark = pytest.mark.real

INTERVAL = 2.0
CONFIG = """
global: {{cluster: test}}
prometheus:
  - {{name: main, urls: ["{url}"], interval: 2s, timeout: 2s, external_labels: {{cluster: eu1}}}}
queries:
  - {{name: control, expr: control_value, export: all}}
  - name: shop_latency
    expr: shop_latency_seconds
    direction: up
    min_deviation: {{absolute: 0.05}}
    unit: seconds
    title: p99 latency
rules: {{directory: "{rules}", promtool: "{promtool}"}}
storage: {{url: "sqlite:///{state}/aiops.db"}}
"""
SCRAPES = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}/*.yaml"]
scrape_configs:
  - {{job_name: shop, static_configs: [{{targets: ["{exporter}"]}}]}}
  - {{job_name: node, static_configs: [{{targets: ["{node}"]}}]}}
  - {{job_name: prometheus, static_configs: [{{targets: ["{own}"]}}]}}
  - {{job_name: aiops, static_configs: [{{targets: ["{daemon}"]}}]}}
  - job_name: findings
    honor_labels: true
    metrics_path: /findings/metrics
    static_configs: [{{targets: ["{daemon}"]}}]
"""


@dataclass
class Rig:
    """Everything that runs, and where."""

    prometheus: real_servers.Server
    exporter: ShopExporter
    daemon: subprocess.Popen[bytes]
    url: str
    folder: Path
    log: Path

    def api(self, path: str) -> list[dict[str, object]]:
        """Return `data` of the daemon's API."""
        return json.loads(real_servers.Server.get(self._server(), path))["data"]

    def _server(self) -> real_servers.Server:
        return real_servers.Server("daemon", self.url, self.daemon, self.log)

    def query(self, expr: str) -> list[dict[str, dict[str, str]]]:
        """Ask Prometheus."""
        return json.loads(self.prometheus.get(f"/api/v1/query?query={quote(expr)}"))["data"]["result"]


def eventually(what: Callable[[], object], within: float, why: str) -> object:
    """Wait until something holds; fail with words."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.25)
    pytest.fail(f"not within {within:g} s: {why}")


@pytest.fixture(scope="module")
def rig(module_servers: real_servers.Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A week of history, a real Prometheus with a real node exporter, and the daemon beside it."""
    folder = tmp_path_factory.mktemp("rig")
    exporter_port, daemon_port = real_servers.free_port(), real_servers.free_port()
    labels = f'instance="127.0.0.1:{exporter_port}",job="shop"'
    tsdb = folder / "tsdb"
    now = time.time()
    real_servers.backfill(history(now - 7 * 86_400, now - 30, labels), tsdb)
    exporter = ShopExporter(time.time, exporter_port)
    node = module_servers.node_exporter()
    (folder / "rules").mkdir()
    prometheus = module_servers.prometheus(tsdb=tsdb)
    scrapes = SCRAPES.format(
        rules=folder / "rules",
        exporter=f"127.0.0.1:{exporter_port}",
        node=node.address,
        own=prometheus.address,
        daemon=f"127.0.0.1:{daemon_port}",
    )
    (prometheus.log.parent / "prometheus.yml").write_text(scrapes)
    prometheus.post("/-/reload")
    eventually(lambda: prometheus.get("/api/v1/query?query=sum(up)%3D%3D3").count(b'"3"'), 20, "targets are scraped")
    config = folder / "config.yaml"
    config.write_text(
        CONFIG.format(
            url=prometheus.url, rules=folder / "rules", promtool=real_servers.binary("promtool"), state=folder / "state"
        )
    )
    log = folder / "daemon.log"
    flags = [f"--config.file={config}", f"--web.listen-address=127.0.0.1:{daemon_port}"]
    with log.open("wb") as sink:
        daemon = subprocess.Popen([sys.executable, "-m", "aiops_daemon", "run", *flags], stderr=sink)
    rig = Rig(prometheus, exporter, daemon, f"http://127.0.0.1:{daemon_port}", folder, log)
    try:
        eventually(lambda: ready(rig), 60, "the daemon is ready")
        yield rig
    finally:
        if daemon.poll() is None:
            daemon.kill()
        daemon.wait()
        exporter.stop()


def ready(rig: Rig) -> bool:
    assert rig.daemon.poll() is None, rig.log.read_text()
    return rig._server().is_ready("/-/ready")


def test_bands_exist_in_the_first_cycle_and_packs_are_taken(rig: Rig) -> None:
    """Once ready, every control series has a band, and the packs that fit are logged with their reason."""
    findings = rig._server().get("/findings/metrics").decode()
    log = rig.log.read_text()

    assert CONTROLS == findings.count('aiops_expected_upper{aiops_query="control"')
    assert 'msg="pack taken"' in log
    assert "pack=node" in log
    assert "pack=prometheus" in log


def test_a_fault_is_found_within_three_cycles_and_nothing_else(rig: Rig) -> None:
    """The broken series is found, named and numbered; fifty healthy ones stay silent."""
    time.sleep(5 * INTERVAL)
    assert [] == [one for one in rig.api("/api/v1/findings") if one["query"] in ("control", "shop_latency")]
    rig.exporter.broken = True
    eventually(lambda: float(rig.query("shop_latency_seconds")[0]["value"][1]) > 1, 5, "Prometheus sees the fault")
    found = eventually(
        lambda: [one for one in rig.api("/api/v1/findings") if one["query"] == "shop_latency"],
        3 * INTERVAL + 1,
        "the fault is found within three cycles",
    )

    assert 1 == len(found)  # type: ignore[arg-type]
    finding = found[0]  # type: ignore[index]
    assert "checkout" in finding["sentence"]
    assert finding["labels"]["path"] == '/a"b\\c'
    assert finding["labels"]["cluster"] == "eu1"
    assert [] == [one for one in rig.api("/api/v1/findings") if one["query"] == "control"]


def test_prometheus_scrapes_findings_with_the_labels_of_their_targets(rig: Rig) -> None:
    """With honor_labels the series keep job and instance of what they speak of."""
    found = eventually(lambda: rig.query('aiops_anomaly_active{aiops_query="shop_latency"}'), 10, "it is scraped")
    metric = found[0]["metric"]  # type: ignore[index]

    assert "shop" == metric["job"]
    assert "checkout" == metric["service"]
    assert CONTROLS == len(rig.query('aiops_value{aiops_query="control",job="shop"}'))


def test_the_generated_rules_fire_in_that_prometheus(rig: Rig) -> None:
    """The rule files that the daemon wrote are loaded, and the anomaly alert fires with its annotations."""
    eventually(lambda: list((rig.folder / "rules").glob("*.yaml")), 60, "rule files are written")
    rig.prometheus.post("/-/reload")
    alerts = eventually(
        lambda: rig.query('ALERTS{alertstate="firing",aiops_query="shop_latency"}'), 30, "the anomaly alert fires"
    )
    assert "info" == alerts[0]["metric"]["severity"]  # type: ignore[index]
    rules = json.loads(rig.prometheus.get("/api/v1/rules?type=alert"))["data"]["groups"]
    assert all(rule["health"] in ("ok", "unknown") for group in rules for rule in group["rules"])
    assert [] == rig.query('ALERTS{alertstate="firing",alertname=~"Aiops.*",aiops_query="control"}')


def test_reload_by_signal_good_and_bad(rig: Rig) -> None:
    """SIGHUP with a fault changes nothing and is seen on the gauge; a mended file is taken again."""
    config = rig.folder / "config.yaml"
    good = config.read_text()
    config.write_text(good + "queriez: []\n")
    rig.daemon.send_signal(signal.SIGHUP)
    eventually(lambda: "queriez" in rig.log.read_text(), 10, "the fault is logged")
    assert "aiops_config_last_reload_successful 0.0" in rig._server().get("/metrics").decode()
    config.write_text(good.replace("p99 latency", "slowest requests"))
    eventually(
        lambda: "aiops_config_last_reload_successful 1.0" in rig._server().get("/metrics").decode(),
        15,
        "the change of the file is noticed without a signal",
    )


def test_sigterm_drains_and_exits_with_0_within_ten_seconds(rig: Rig) -> None:
    """State is on disk afterwards; runs last."""
    started = time.monotonic()
    os.kill(rig.daemon.pid, signal.SIGTERM)
    code = rig.daemon.wait(timeout=10)

    assert 0 == code, rig.log.read_text()
    assert time.monotonic() - started < 10
    assert any((rig.folder / "state" / "learned").iterdir())


def test_dry_run_prints_the_bill(rig: Rig) -> None:
    """Series, samples read, head series and bytes, without learning or writing anything."""
    done = subprocess.run(
        [sys.executable, "-m", "aiops_daemon", "run", "--dry-run", f"--prometheus.url={rig.prometheus.url}"],
        capture_output=True,
        text=True,
        cwd=rig.folder,
        timeout=60,
        check=False,
    )

    assert 0 == done.returncode, done.stderr
    assert "pack node: taken" in done.stdout
    assert "head series" in done.stdout
    assert not (rig.folder / "aiops-data").exists()
