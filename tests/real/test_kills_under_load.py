"""The process is killed, or asked to end, while webhooks come: what it answered 200 is there afterwards."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import real_servers
from daemon_process import DaemonProcess, eventually
from webhook_load import Load, body, connect, exchange, request

pytestmark = [pytest.mark.real, pytest.mark.alone]

CONFIG = """\
prometheus: [{{name: main, urls: ["http://127.0.0.1:{port}"], external_labels: {{cluster: none}}}}]
alertmanagers: [{{name: prod}}]
packs: {{enable: []}}
"""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[DaemonProcess]:
    """A daemon that nobody but the test sends to."""
    process = DaemonProcess(tmp_path)
    process.configure(CONFIG.format(port=real_servers.free_port()))
    process.start()
    try:
        yield process
    finally:
        process.end()


def names(daemon: DaemonProcess) -> set[str]:
    """Name the alerts that have arrived."""
    return {each["labels"]["n"] for each in daemon.alerts(rule="Load")}


def lost(daemon: DaemonProcess, acknowledged: set[str], within: float = 30.0) -> set[str]:
    """Name the alerts that never arrive."""
    deadline = time.monotonic() + within
    while missing := acknowledged - names(daemon):
        if time.monotonic() > deadline:
            break
        time.sleep(0.5)
    return missing


def killed(daemon: DaemonProcess, rounds: int, seed: int) -> set[str]:
    """Kill it that many times under load; return what it acknowledged."""
    chance = random.Random(seed)
    acknowledged: set[str] = set()
    for number in range(rounds):
        with Load(daemon.url, str(number)) as load:
            eventually(lambda load=load: load.acknowledged, "the first is acknowledged")  # type: ignore[misc]
            time.sleep(chance.uniform(0.05, 0.5))
            daemon.kill()
        acknowledged |= load.acknowledged
        daemon.start()
    return acknowledged


def test_a_kill_loses_nothing_that_was_acknowledged(daemon: DaemonProcess) -> None:
    """Every alert of a body answered 200 is known afterwards, once."""
    acknowledged = killed(daemon, 3, seed=1)

    assert set() == lost(daemon, acknowledged)
    assert len(names(daemon)) == len(daemon.alerts(rule="Load"))


@pytest.mark.slow
def test_a_hundred_kills_lose_nothing(daemon: DaemonProcess) -> None:
    """The same, a hundred times in one folder."""
    acknowledged = killed(daemon, 100, seed=2)
    missing = lost(daemon, acknowledged, within=300.0)

    print(f"100 kills: {len(acknowledged)} alerts acknowledged, {len(missing)} lost, {len(names(daemon))} found")
    assert set() == missing
    assert len(acknowledged) > 1_000


@pytest.mark.parametrize("times", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_sigterm_under_load_loses_nothing(daemon: DaemonProcess, times: int) -> None:
    """It ends within ten seconds, asked once or twice; what it answered 200 is there after the next start."""
    with Load(daemon.url, "load", pause=0.002) as load:
        eventually(lambda: len(load.acknowledged) > 50, "some are acknowledged")
        took = daemon.terminate(times)
    daemon.start()

    assert took < 10
    assert set() == lost(daemon, load.acknowledged)
    assert "Traceback" not in daemon.said()


def test_two_hundred_half_sent_requests_hold_up_nobody(daemon: DaemonProcess) -> None:
    """Slow senders keep their connections, and a good webhook is answered at once."""
    half = request(body(["slow"]))[:-20]
    slow = [connect(daemon.url) for _ in range(200)]
    try:
        for connection in slow:
            connection.sendall(half)
        started = time.monotonic()
        with connect(daemon.url) as good:
            code = exchange(good, request(body(["good"])))
        took = time.monotonic() - started
    finally:
        for connection in slow:
            connection.close()

    assert 200 == code
    assert took < 1.0
    eventually(lambda: daemon.alerts(rule="Load"), "the good one arrives")
    assert ["good"] == [each["labels"]["n"] for each in daemon.alerts()]
