"""What the benchmarks share: a real Prometheus that scrapes an exporter of its own, and the daemon as a process.

Enters: a count of series. Leaves: running processes with their CPU seconds and memory, and tables in print. All
runs on loopback under a temporary folder; whatever was started is stopped at the end.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import exporter
import real_servers

from aiops_daemon.core.model.learned import LearnedState
from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.edges.store import learned
from aiops_daemon.flows.stream import Stream
from aiops_daemon.ports import VectorSlice

SCRAPES = """
global: {{scrape_interval: {every}s, scrape_timeout: {every}s, evaluation_interval: 60s}}
rule_files: [{rules}]
scrape_configs:
  - {{job_name: bench, honor_labels: true, static_configs: [{{targets: ["{target}"]}}]}}
"""
CONFIG = """
prometheus: [{{name: main, urls: ["{url}"], interval: {interval}s, timeout: 30s}}]
history: {{range: {history}, max_samples: 100000000}}
packs: {{enable: []}}
queries: [{{name: bench, expr: '{expr}', max_series: 1000000}}]
storage: {{url: "sqlite:///{state}/aiops.db"}}
"""
WEEK = 7 * 86_400
HERE = Path(__file__).resolve().parent


@dataclass
class Daemon:
    """The daemon as a process; `ready_after` is seconds from its start to the first ready answer."""

    server: real_servers.Server
    ready_after: float

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self.server.process.pid

    def metric(self, name: str, labels: str = "") -> float:
        """Read one number of the self page; 0 where it is absent."""
        pattern = re.compile(rf"^{re.escape(name + labels)} (\S+)$", re.MULTILINE)
        found = pattern.search(self.server.get("/metrics").decode())
        return float(found.group(1)) if found else 0.0


class Rig:
    """Servers of one benchmark under one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.servers = real_servers.Servers(folder / "servers")

    def start_exporter(self, series: int) -> str:
        """Start the exporter; returns host:port."""
        port = real_servers.free_port()
        argv = [sys.executable, str(HERE / "exporter.py"), str(port), str(series)]
        server = real_servers.launch("exporter", argv, f"http://127.0.0.1:{port}", self.folder / "exporter.log")
        self.servers.running.append(server)
        if not real_servers.wait_ready(server, "/"):
            raise SystemExit(server.log.read_text())
        return server.address

    def start_prometheus(
        self, target: str, every: int, rules: str = "", tsdb: Path | None = None
    ) -> real_servers.Server:
        """Start a Prometheus that scrapes `target`."""
        return self.servers.prometheus(SCRAPES.format(every=every, target=target, rules=rules), tsdb=tsdb)

    def start_daemon(self, url: str, *, interval: int, history: str = "1h", expr: str = exporter.METRIC) -> Daemon:
        """Start the daemon with one query over all series and wait until it is ready."""
        config = self.folder / "config.yaml"
        text = CONFIG.format(url=url, interval=interval, history=history, state=self.folder / "state", expr=expr)
        config.write_text(text)
        return self.start_configured(config)

    def start_configured(self, config: Path) -> Daemon:
        """Start the daemon with a configuration of one's own and wait until it is ready."""
        address = f"127.0.0.1:{real_servers.free_port()}"
        flags = [f"--config.file={config}", f"--web.listen-address={address}", "--log.level=warning"]
        started = time.monotonic()
        argv = [sys.executable, "-m", "aiops_daemon", "run", *flags]
        server = real_servers.launch("daemon", argv, f"http://{address}", self.folder / "daemon.log")
        self.servers.running.append(server)
        if not real_servers.wait_ready(server, "/-/ready", within=180):
            raise SystemExit(f"the daemon did not become ready\n{server.log.read_text()}")
        return Daemon(server, time.monotonic() - started)


@contextmanager
def rig() -> Iterator[Rig]:
    """Yield a rig under a temporary folder; everything is stopped and removed at the end."""
    if not (real_servers.TOOLS / "prometheus").exists():
        raise SystemExit("no Prometheus in .tools: run `make servers`")
    with tempfile.TemporaryDirectory() as folder:
        running = Rig(Path(folder))
        try:
            yield running
        finally:
            running.servers.stop()


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds of all living threads of a process, to the nanosecond (Linux)."""
    spent = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        spent += int((task / "schedstat").read_text().split()[0])
    return spent / 1e9


def peak_bytes(pid: int | str = "self") -> int:
    """Return the largest resident memory that a process had (Linux)."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found.group(1)) * 1024 if found else 0


def resident_bytes(pid: int | str = "self") -> int:
    """Return the resident memory of a process (Linux)."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found.group(1)) * 1024 if found else 0


def wait_until(what: object, within: float, why: str) -> None:
    """Wait until a callable gives something true."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if what():  # type: ignore[operator]
            return
        time.sleep(0.2)
    raise SystemExit(f"not within {within:g} s: {why}")


def count(server: real_servers.Server, expr: str) -> int:
    """Ask Prometheus how many series an expression has."""
    answer = json.loads(server.get(f"/api/v1/query?query=count({expr})"))["data"]["result"]
    return int(answer[0]["value"][1]) if answer else 0


def learn_a_week(folder: Path, series: int) -> None:
    """Write the state that a daemon has after a week: every slot of day and week learned for every series."""
    query = QuerySpec("bench", exporter.METRIC, max_series=series)
    stream = Stream(query, SourceSpec("main", ("http://unused",)), trail=False)
    keys = [key(number) for number in range(series)]
    now = time.time()
    for number, at in enumerate(np.linspace(now - 1.2 * WEEK, now - 60, 120).tolist()):
        placed = stream.place(VectorSlice(keys, exporter.values(series, number % exporter.PHASES)), at)
        stream.bands.step(placed.rows, placed.values, at)
    for start in range(0, series, 20_000):
        texts, arrays = stream.export_state(stream.table.live()[start : start + 20_000])
        arrays["band.daily"] = _season(arrays["band.daily"].shape, start)
        arrays["band.weekly"] = _season(arrays["band.weekly"].shape, start)
        state = LearnedState({"expr": query.expr, "at": now - 1.0, "rows": series}, texts, arrays)
        learned.save(folder / "state" / "learned", {f"bench@main#{start // 20_000}": state})


def key(number: int) -> bytes:
    pairs = re.findall(r'(\w+)="([^"]*)"', exporter.labels(number))
    return json.dumps({"__name__": exporter.METRIC} | dict(pairs), separators=(",", ":")).encode()


def _season(shape: tuple[int, ...], seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Make a profile without a zero in it: untouched pages of memory would not count."""
    return np.random.default_rng(seed).normal(0.0, 0.01, shape).astype(np.float32)


def table(title: str, rows: list[tuple[str, str, str]]) -> None:
    """Print goal, target and measured in columns."""
    print(f"\n{title}")
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    sys.stdout.flush()
