"""Two daemons on one PostgreSQL: whichever dies or hangs, the other pages, once, and what PagerDuty shows is true."""

from __future__ import annotations

import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_process import DaemonProcess, eventually, holds
from paging_world import PagingWorld, webhook
from real_postgres import Postgres
from replica_process import Replica

pytestmark = [pytest.mark.real, pytest.mark.alone]

PATH = "/webhooks/alertmanager/prod"


@pytest.fixture
def replicas(tmp_path: Path, world: PagingWorld, postgres_url: str) -> Iterator[tuple[Replica, Replica]]:
    """Two daemons; the first one leads."""
    both = (Replica(tmp_path / "a", postgres_url), Replica(tmp_path / "b", postgres_url))
    try:
        for one in both:
            one.configure(world.config(after="10s"))
            one.start()
            eventually(both[0].leads, "the first one leads")
        yield both
    finally:
        for one in both:
            one.end()


def open_one(daemon: Replica, world: PagingWorld) -> float:
    """Let an alert fire and be paged; return when its second step is due."""
    daemon.post(PATH, webhook(["one"]))
    posted_at = time.time()
    eventually(lambda: list(world.pagerduty.incidents), "the first step")
    return posted_at + 10.0


def taken_over(by: Replica) -> float:
    """Wait until a replica leads, and return the seconds that took."""
    started = time.monotonic()
    while not by.leads():
        assert time.monotonic() - started < 20.0, by.said()[-2000:]
        time.sleep(0.05)
    return time.monotonic() - started


def test_the_leader_is_killed(replicas: tuple[Replica, Replica], world: PagingWorld) -> None:
    """The other takes over, and fires the step that became due meanwhile, once."""
    first, second = replicas
    due_at = open_one(first, world)
    time.sleep(max(0.0, due_at - 1.0 - time.time()))
    first.kill()
    took = taken_over(second)
    (call,) = eventually(lambda: world.heard("Messages", "INC-1"), "the second step")
    holds(lambda: 1 == len(world.told) and 1 == len(world.posts()), 4.0, "once")

    print(f"killed: taken over after {took:.2f} s; a step due 1 s after the kill fired {call.at - due_at:.2f} s late")
    assert took < 4.0 + 5.0
    assert "told person/ann" in str(second.incident("INC-1")["timeline"])


def test_the_leader_hangs_and_wakes(replicas: tuple[Replica, Replica], world: PagingWorld) -> None:
    """The other takes over; the one that wakes writes nothing of its own, hands over what it is asked, and follows."""
    first, second = replicas
    due_at = open_one(first, world)
    time.sleep(max(0.0, due_at - 1.0 - time.time()))
    first.halt()
    took = taken_over(second)
    (call,) = eventually(lambda: world.heard("Messages", "INC-1"), "the second step")
    second.post(PATH, webhook(["one"], firing=False))
    eventually(lambda: [one["state"] for one in second.incidents()] == ["resolved"], "resolved")
    first.go_on()
    first.post("/api/v1/incidents/INC-1/note", {"text": "asked of the sleeper"})
    eventually(lambda: "another replica processes alerts" in first.said(), "it knows")
    holds(lambda: 1 == len(world.heard("Messages", "INC-1")), 4.0, "the zombie tells nobody")

    print(f"halted: taken over after {took:.2f} s; a step due 1 s after it fired {call.at - due_at:.2f} s late")
    assert took < 4.0 + 5.0
    assert second.leads()
    assert ["resolved"] == [one.status for one in world.pagerduty.incidents]
    assert ["resolved"] == [one["state"] for one in first.incidents()]
    assert 1 == str(second.incident("INC-1")["timeline"]).count("asked of the sleeper")


@pytest.mark.slow
def test_a_message_under_way_in_a_hanging_replica(replicas: tuple[Replica, Replica], world: PagingWorld) -> None:
    """Its claim ends after half a minute and the other sends; what the sleeper hears late changes nothing there."""
    first, second = replicas
    second.halt()
    world.pagerduty.script.append("stall")
    first.post(PATH, webhook(["one"]))
    posted_at = time.time()
    eventually(world.posts, "the trigger is under way")
    first.halt()
    second.go_on()
    eventually(lambda: 2 <= len(world.posts()), "the other sends it", 60.0)
    late = world.pagerduty.requests[1].at - posted_at
    second.post(PATH, webhook(["one"], firing=False))
    eventually(lambda: [one.status for one in world.pagerduty.incidents] == ["resolved"], "resolved")
    before = len(world.posts())
    first.go_on()
    eventually(lambda: len(world.posts()) > before, "the last state is said again", 20.0)

    print(f"a page whose claimer hangs: sent by the other {late:.1f} s after the alert")
    assert late < 40.0
    assert "resolve" == world.posts()[-1]["event_action"]
    holds(lambda: ["resolved"] == [one.status for one in world.pagerduty.incidents], 4.0, "it stays true")


def test_every_replica_delivers(replicas: tuple[Replica, Replica], world: PagingWorld) -> None:
    """Who does not lead sends too, and what one sends the other does not."""
    first = replicas[0]
    refusals = iter([503] * 40)
    world.pagerduty.fault = lambda path, body: next(refusals, None)
    for number in range(40):
        first.post(PATH, webhook([f"s{number}"]))
    eventually(lambda: 40 == len(world.pagerduty.incidents), "all are paged", 60.0)

    sent = [one.said().count("destination=receiver/duty/pagerduty/0 event=trigger") for one in replicas]
    print(f"sent or tried by the first and by the second: {sent}")
    assert all(sent)
    assert 0 == world.extra()


def test_the_database_restarts(tmp_path: Path, world: PagingWorld) -> None:
    """After an outage of a quarter of a minute paging is back within seconds, however long it was tried in vain."""
    server = Postgres()
    daemon = Replica(tmp_path / "a", server.new_database())
    try:
        daemon.configure(world.config(after="15s"))
        daemon.start()
        eventually(daemon.leads, "it leads")
        daemon.post(PATH, webhook(["one"]))
        eventually(lambda: 1 == len(world.pagerduty.incidents), "paged")
        server.kill()
        time.sleep(20.0)
        server.start()
        back_at = time.time()
        eventually(lambda: taken(daemon), "it takes webhooks")
        took = time.time() - back_at
        eventually(lambda: 2 == len(world.pagerduty.incidents), "paged again", 60.0)
        (call,) = eventually(lambda: world.heard("Messages", "INC-1"), "the second step", 60.0)
    finally:
        daemon.end()
        server.remove()

    page = world.pagerduty.incidents[1].created_at
    print(f"back: webhooks {took:.1f} s, a page {page - back_at:.1f} s, a timer {call.at - back_at:.1f} s")
    assert page - back_at < 10.0
    assert call.at - back_at < 10.0


def taken(daemon: DaemonProcess) -> bool:
    """Send the second alert; say whether it was answered 200."""
    try:
        daemon.post(PATH, webhook(["two"]))
    except (urllib.error.URLError, OSError):
        return False
    return True
