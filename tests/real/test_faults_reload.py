"""Reloads while webhooks come: a bad configuration changes nothing, a good one takes effect, no alert is lost."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.error
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import real_servers
from daemon_process import DaemonProcess, eventually
from webhook_faults import CONFIG, alert, code, lone_daemon, processed
from webhook_load import Load

pytestmark = pytest.mark.real

TEAM = "teams: [{name: shop, matchers: ['alertname=~\"Shop.*\"']}]"
GAUGE = "aiops_config_last_reload_successful"

Fault = Callable[[Path], object]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """One daemon for all faults; each leaves the good configuration behind."""
    with lone_daemon(tmp_path_factory.mktemp("daemon")) as process:
        yield process


@pytest.fixture
def config(daemon: DaemonProcess) -> Iterator[Path]:
    """The configuration file; what it held is put back, and loaded."""
    path = daemon.folder / "config.yaml"
    good = path.read_text()
    yield path
    path.unlink(missing_ok=True)
    path.write_text(good)
    assert 200 == asked(daemon)[0]


def asked(daemon: DaemonProcess) -> tuple[int, str]:
    """Ask for a reload over HTTP; return the answer."""
    try:
        return 200, daemon.post("/-/reload", {}).decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def signalled(daemon: DaemonProcess) -> None:
    """Ask for a reload by SIGHUP."""
    os.kill(daemon.pid, signal.SIGHUP)


def half(path: Path) -> None:
    """Leave the first half, as an editor that is not done."""
    text = path.read_text()
    path.write_text(text[: text.index("urls") + 3])


FAULTS: dict[str, tuple[Fault, str]] = {
    "bad YAML": (lambda path: path.write_text("prometheus: [{name: main\n\tx"), "config.yaml"),
    "half written": (half, "config.yaml"),
    "empty": (lambda path: path.write_text(""), "prometheus"),
    "unknown key": (lambda path: path.write_text(path.read_text() + "\nteamz: []\n"), "teamz"),
    "wrong value": (lambda path: path.write_text(path.read_text() + "\ngrouping: {window: soon}\n"), "grouping.window"),
    "another store": (lambda path: path.write_text(path.read_text().replace("aiops.db", "other.db")), "storage"),
    "deleted": (lambda path: path.unlink(), "config.yaml"),
    "bad UTF-8": (lambda path: path.write_bytes(b"prometheus: \xff"), "config.yaml"),
    "no alertmanager source left": (lambda path: path.write_text("alertmanagers: [{}]"), "alertmanagers"),
}


def lost(daemon: DaemonProcess, load: Load) -> set[str]:
    """Name the alerts that were acknowledged and are not known."""
    processed(daemon)
    return load.acknowledged - {each["labels"]["n"] for each in daemon.alerts(rule="Load")}


@pytest.mark.parametrize("name", FAULTS)
def test_a_bad_configuration_changes_nothing(daemon: DaemonProcess, config: Path, name: str) -> None:
    """It is refused with its place, the gauge falls, webhooks go on; asked by HTTP and by signal alike."""
    spoil, place = FAULTS[name]
    digest = daemon.get("/metrics").decode().partition("aiops_config_hash ")[2].split("\n")[0]
    with Load(daemon.url, name, clients=2) as load:
        eventually(lambda: load.acknowledged, "the first is acknowledged")
        spoil(config)
        status, words = asked(daemon)
        said = daemon.said().count("configuration refused")
        signalled(daemon)
        eventually(lambda: daemon.said().count("configuration refused") > said, "the signal is heard")

    assert 400 <= status
    assert place in words
    assert 0 == daemon.metric(GAUGE)
    assert digest == daemon.get("/metrics").decode().partition("aiops_config_hash ")[2].split("\n")[0]
    assert {200} == set(load.codes)
    assert set() == lost(daemon, load)


def team(daemon: DaemonProcess, rule: str) -> str:
    """Send an alert and return who owns it."""
    assert 200 == code(daemon, alert(rule))
    processed(daemon)
    (found,) = daemon.alerts(rule=rule)
    return str(found["team"])


@pytest.mark.parametrize("ask", [asked, signalled])
def test_a_good_configuration_takes_effect_on_new_alerts(
    daemon: DaemonProcess, config: Path, ask: Callable[[DaemonProcess], object]
) -> None:
    """A new team owns what comes from now on; no webhook is refused meanwhile, and none is lost."""
    rule = f"Shop{ask.__name__}"
    assert "default" == team(daemon, f"{rule}Before")
    loaded = daemon.metric("aiops_config_last_reload_success_timestamp_seconds")
    with Load(daemon.url, ask.__name__, clients=4) as load:
        eventually(lambda: load.acknowledged, "the first is acknowledged")
        config.write_text(f"{config.read_text()}\n{TEAM}\n")
        ask(daemon)
        eventually(lambda: daemon.metric("aiops_config_last_reload_success_timestamp_seconds") > loaded, "it is loaded")
        seen = len(load.acknowledged)
        eventually(lambda: len(load.acknowledged) > seen, "webhooks go on")

    assert 1 == daemon.metric(GAUGE)
    assert {200} == set(load.codes)
    assert set() == lost(daemon, load)
    assert "shop" == team(daemon, f"{rule}After")
    (before,) = daemon.alerts(rule=f"{rule}Before")
    assert "default" == before["team"]


def swap(folder: Path, version: str, text: str) -> None:
    """Change a mounted ConfigMap as the kubelet does: new files in a new folder, then `..data` renamed onto it."""
    (folder / version).mkdir()
    (folder / version / "config.yaml").write_text(text)
    (folder / "..new").symlink_to(version)
    (folder / "..new").rename(folder / "..data")


@pytest.mark.slow
def test_a_config_map_that_is_swapped_is_loaded_without_being_asked(tmp_path: Path) -> None:
    """The kubelet swaps a symbolic link; a bad version leaves the old one running, the next good one is taken."""
    storage = f"storage: {{url: 'sqlite:///{tmp_path / 'state' / 'aiops.db'}'}}"
    port = real_servers.free_port()
    texts = {each: CONFIG.format(port=port, more=f"{each}\n{storage}") for each in ("", "teams: [{", TEAM)}
    swap(tmp_path, "..one", texts[""])
    (tmp_path / "config.yaml").symlink_to("..data/config.yaml")
    daemon = DaemonProcess(tmp_path)
    try:
        daemon.start()
        with Load(daemon.url, "swap", clients=2) as load:
            swap(tmp_path, "..two", texts["teams: [{"])
            eventually(lambda: daemon.metric(GAUGE) == 0, "the bad version is refused")
            swap(tmp_path, "..three", texts[TEAM])
            eventually(lambda: daemon.metric(GAUGE) == 1, "the good version is loaded")

        assert {200} == set(load.codes)
        assert set() == lost(daemon, load)
        assert "shop" == team(daemon, "ShopSwapped")
    finally:
        daemon.end()


def test_many_reloads_in_a_row_lose_nothing(daemon: DaemonProcess, config: Path) -> None:
    """Good and bad ones, by signal and by HTTP, while four clients send: the last good one stands."""
    good = config.read_text()
    with Load(daemon.url, "many", clients=4) as load:
        for number in range(10):
            config.write_text("[" if number % 2 else f"{good}\n{TEAM}\n")
            signalled(daemon)
            assert (number % 2 == 0) == (asked(daemon)[0] == 200)

    assert {200} == set(load.codes)
    assert set() == lost(daemon, load)
    assert "shop" == team(daemon, f"Shop{time.monotonic_ns()}")
    assert "Traceback" not in daemon.said()
    assert json.loads(daemon.get("/api/v1/incidents?limit=1"))["data"]
