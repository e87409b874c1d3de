"""The process is killed while it pages through a faulty PagerDuty: no page is lost, and few are sent twice."""

from __future__ import annotations

import random
import threading
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from daemon_process import DaemonProcess
from paging_world import PagingWorld, faulty, keys_of, webhook

pytestmark = [pytest.mark.real, pytest.mark.alone]

PATH = "/webhooks/alertmanager/prod"
IDLE_LOOKS = 40  # of half a second each, in which nothing waits


@pytest.fixture
def daemon(tmp_path: Path, world: PagingWorld) -> Iterator[DaemonProcess]:
    """A daemon that pages."""
    process = DaemonProcess(tmp_path)
    process.configure(world.config())
    process.start()
    try:
        yield process
    finally:
        process.end()


class Alerts:
    """Sends alerts, some of which end, and remembers which the daemon answered 200."""

    def __init__(self, daemon: DaemonProcess, chance: random.Random) -> None:
        self.fired: dict[str, float] = {}
        self.ending: set[str] = set()  # asked to end, whether or not that was answered
        self.ended: set[str] = set()
        self._daemon = daemon
        self._chance = chance

    def send(self, prefix: str, seconds: float) -> None:
        """Send for a while, or until the daemon is gone."""
        until = time.monotonic() + seconds
        number = 0
        while time.monotonic() < until:
            number += 1
            if not self._fire(f"{prefix}-{number}"):
                return
            if self._chance.random() < 0.3 and not self._end(self._chance.choice(sorted(self.fired))):
                return
            time.sleep(0.05)

    def _fire(self, name: str) -> bool:
        since = time.time()
        taken = self._post(webhook([name], since=since))
        if taken:
            self.fired[name] = since
        return taken

    def _end(self, name: str) -> bool:
        self.ending.add(name)
        taken = self._post(webhook([name], firing=False, since=self.fired[name]))
        if taken:
            self.ended.add(name)
        return taken

    def _post(self, body: Any) -> bool:
        try:
            self._daemon.post(PATH, body)
        except (urllib.error.URLError, OSError):
            return False  # not answered, so not promised
        return True


def killed(daemon: DaemonProcess, alerts: Alerts, rounds: int, chance: random.Random) -> None:
    """Kill it that many times while alerts come."""
    for number in range(rounds):
        sender = threading.Thread(target=alerts.send, args=(str(number), 30.0))
        sender.start()
        time.sleep(chance.uniform(0.2, 1.2))
        daemon.kill()
        sender.join()
        daemon.start()


def untrue(daemon: DaemonProcess, world: PagingWorld, alerts: Alerts) -> list[str]:
    """List what PagerDuty shows otherwise than it is."""
    found = {str(one["labels"].get("n")): key for key, one in keys_of(daemon.incidents()).items()}
    faults = [f"{name}: no incident" for name in alerts.fired if name not in found]
    for name, key in found.items():
        page = world.paged(key)
        if page is None:
            if name in alerts.fired and not over(world, key, name in alerts.ending):
                faults.append(f"{name}: no page")
        elif name in alerts.ended and page.status != "resolved":
            faults.append(f"{name}: {page.status} although it ended")
    return faults


def over(world: PagingWorld, key: str, ending: bool) -> bool:
    """Say whether nothing is owed: it ended before anybody was told, even if a kill kept us from hearing of it."""
    return ending and not world.posts(key)


def settled(daemon: DaemonProcess, world: PagingWorld, alerts: Alerts, within: float) -> list[str]:
    """Wait until PagerDuty shows what is, and return what it does not.

    A message that was refused six times in a row, as one of some thousand is, waits for minutes; so what is untrue is a
    fault once nothing waits any more.
    """
    deadline = time.monotonic() + within
    idle = 0
    while (faults := untrue(daemon, world, alerts)) and idle < IDLE_LOOKS and time.monotonic() < deadline:
        idle = 0 if daemon.notifications(state="waiting") else idle + 1
        time.sleep(0.5)
    told = {one["labels"].get("n"): daemon.notifications(incident=one["uid"]) for one in daemon.incidents()}
    return [f"{fault}; told: {told.get(fault.split(':')[0])}" for fault in faults]


def check(daemon: DaemonProcess, world: PagingWorld, kills: int, seed: int, within: float) -> None:
    """Kill, let it come to rest, and compare."""
    chance = random.Random(seed)
    alerts = Alerts(daemon, chance)
    world.pagerduty.fault = faulty(seed)
    killed(daemon, alerts, kills, chance)
    last_at = time.monotonic()
    faults = settled(daemon, world, alerts, within)
    rested = time.monotonic() - last_at
    resets = [one for one in world.pagerduty.requests if one.status == "reset"]
    owed = set(keys_of(daemon.incidents()))

    print(
        f"{kills} kills, {len(resets)} resets: {len(alerts.fired)} incidents, {len(alerts.ended)} ended, "
        f"{len(faults)} untrue, {world.extra()} extra POSTs of {len(world.posts())}, "
        f"true {rested:.1f} s after the last start"
    )
    assert [] == faults
    assert {body["dedup_key"] for body in world.posts()} <= owed
    assert world.extra() <= kills + len(resets)
    for key in owed:
        order = [one for one in ("trigger", "acknowledge", "resolve") if one in world.actions(key)]
        assert order == world.actions(key)
    assert "Traceback" not in daemon.said()


def test_kills_lose_no_page(daemon: DaemonProcess, world: PagingWorld) -> None:
    """What was answered 200 is paged, what ended is resolved there, all under one key each."""
    check(daemon, world, kills=12, seed=1, within=400.0)


@pytest.mark.slow
def test_many_kills_lose_no_page(daemon: DaemonProcess, world: PagingWorld) -> None:
    """The same, fifty times in one folder."""
    check(daemon, world, kills=50, seed=2, within=900.0)
