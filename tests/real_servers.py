"""Real servers for tests: Prometheus, VictoriaMetrics, node exporter and Alertmanager on loopback.

Enters: configuration text, data folders, flags. Leaves: a running server that answered its readiness path,
with its address and log. Binaries come from .tools/bin (tests/servers/install.sh) or PATH; a missing one skips
the test, or fails it with CI=true. Never leaves a process behind: every start is stopped by its own handle.
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools" / "bin"
TEMPLATE = Path("/usr/share/prometheus/alertmanager/email.tmpl")
TEN_YEARS = "3650d"


def lacking(what: str) -> NoReturn:
    """Skip the test for want of `what`, or fail it where CI=true."""
    words = f"{what} is lacking; run tests/servers/install.sh"
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)


def binary(name: str) -> Path:
    """Find a real binary in .tools/bin or on PATH."""
    found = shutil.which(name, path=f"{TOOLS}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        lacking(name)
    return Path(found)


def _ports() -> Iterator[int]:
    """Yield ports below those that the system gives out by itself; workers of one run never have the same."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    first = zlib.crc32(run.encode()) % _PORTS  # another run at the same time begins elsewhere
    for count in itertools.count():
        yield _FIRST_PORT + (first + count * workers + number) % _PORTS


_FIRST_PORT, _PORTS = 10_000, 22_000
_untried = _ports()


def free_port() -> int:
    """Return a loopback port at which nobody listens, and that nobody of this run got before."""
    while True:
        port = next(_untried)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Server:
    """A running server; `url` has no trailing slash."""

    name: str
    url: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def address(self) -> str:
        """Return host:port, as scrape configurations want it."""
        return self.url.removeprefix("http://")

    def get(self, path: str, *, timeout: float = 30.0) -> bytes:
        """GET a path and return the body; raises on anything but 2xx."""
        with urllib.request.urlopen(self.url + path, timeout=timeout) as answer:
            return bytes(answer.read())

    def post(self, path: str, body: bytes = b"", *, timeout: float = 30.0) -> bytes:
        """POST a body to a path and return the answer's body; raises on anything but 2xx."""
        with urllib.request.urlopen(self.url + path, data=body, timeout=timeout) as answer:
            return bytes(answer.read())

    def is_ready(self, path: str) -> bool:
        """Say whether the readiness path answers 2xx."""
        try:
            self.get(path, timeout=2.0)
        except (urllib.error.URLError, OSError):
            return False
        return True

    def cpu_seconds(self) -> float:
        """Return the CPU seconds that the process has used so far (Linux)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int:
        """Return the resident memory of the process (Linux)."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> None:
        """Terminate, then kill after ten seconds; idempotent."""
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Servers:
    """Starts servers under one folder and stops them all, last started first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[Server] = []

    def prometheus(
        self, config: str = "scrape_configs: []\n", *, tsdb: Path | None = None, flags: tuple[str, ...] = ()
    ) -> Server:
        """Start Prometheus with this configuration text; `tsdb` may hold backfilled blocks."""
        folder = self._folder("prometheus")
        (folder / "prometheus.yml").write_text(config)
        return self._start(
            "prometheus",
            [
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={tsdb or folder / 'tsdb'}",
                f"--storage.tsdb.retention.time={TEN_YEARS}",
                "--web.listen-address={address}",
                "--web.enable-lifecycle",
                "--log.level=warn",
                *flags,
            ],
            folder,
            "/-/ready",
        )

    def victoria_metrics(self, *, flags: tuple[str, ...] = ()) -> Server:
        """Start a single-node VictoriaMetrics with an empty store."""
        folder = self._folder("victoria-metrics")
        arguments = [f"-storageDataPath={folder / 'store'}", "-httpListenAddr={address}", "-retentionPeriod=10y"]
        return self._start("victoria-metrics", [*arguments, *flags], folder, "/health")

    def node_exporter(self, *, flags: tuple[str, ...] = ()) -> Server:
        """Start the node exporter."""
        return self._start(
            "node_exporter", ["--web.listen-address={address}", *flags], self._folder("node_exporter"), "/"
        )

    def alertmanager(self, config: str, *, flags: tuple[str, ...] = ()) -> Server:
        """Start a single Alertmanager with this configuration text."""
        path = binary("alertmanager").resolve()
        if ".tools" in path.parts and not TEMPLATE.exists():
            lacking(f"{TEMPLATE} (wanted by Debian's Alertmanager)")
        folder = self._folder("alertmanager")
        (folder / "alertmanager.yml").write_text(config)
        arguments = [
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'data'}",
            "--web.listen-address={address}",
            "--cluster.listen-address=",
            *flags,
        ]
        return self._start("alertmanager", arguments, folder, "/-/ready")

    def stop(self) -> None:
        """Stop everything that was started here."""
        while self.running:
            self.running.pop().stop()

    def _folder(self, name: str) -> Path:
        folder = self.folder / f"{name}-{len(self.running)}-{free_port()}"
        folder.mkdir(parents=True)
        return folder

    def _start(self, name: str, arguments: list[str], folder: Path, ready: str) -> Server:
        program = str(binary(name))
        for _ in range(3):
            address = f"127.0.0.1:{free_port()}"
            filled = [argument.replace("{address}", address) for argument in arguments]
            server = launch(name, [program, *filled], f"http://{address}", folder / "log")
            self.running.append(server)
            if wait_ready(server, ready):
                return server
            server.stop()
            if b"address already in use" not in server.log.read_bytes():
                break
        pytest.fail(f"{name} did not become ready:\n{server.log.read_text(errors='replace')[-2000:]}")


def launch(name: str, argv: list[str], url: str, log: Path) -> Server:
    """Start a process that dies with its parent where the system can arrange that."""
    setpriv = shutil.which("setpriv")
    prefix = [setpriv, "--pdeathsig", "TERM"] if setpriv else []
    with log.open("ab") as sink:
        process = subprocess.Popen([*prefix, *argv], stdout=sink, stderr=sink, stdin=subprocess.DEVNULL)
    return Server(name, url, process, log)


def wait_ready(server: Server, path: str, *, within: float = 40.0) -> bool:
    """Poll the readiness path until it answers, the process ends, or the deadline passes."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline and server.process.poll() is None:
        if server.is_ready(path):
            return True
        time.sleep(0.05)
    return False


def backfill(openmetrics: str, tsdb: Path, *, block: str = "2h") -> None:
    """Write OpenMetrics text (each sample with its time in seconds, `# EOF` at the end) as blocks into `tsdb`.

    promtool reads the whole text once for each block: of months make `block` long.
    """
    tsdb.mkdir(parents=True, exist_ok=True)
    source = tsdb.parent / f"{tsdb.name}.om"
    source.write_text(openmetrics)
    argv = [str(binary("promtool")), "tsdb", "create-blocks-from", f"--max-block-duration={block}", "openmetrics"]
    argv += ["--quiet", str(source), str(tsdb)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    source.unlink()
