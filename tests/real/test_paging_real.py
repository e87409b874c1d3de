"""Paging as a user runs it: one process on SQLite, a configuration file, PagerDuty and a phone on loopback."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from daemon_process import DaemonProcess, eventually, holds
from fake_pagerduty import TOKEN, Incident, person
from paging_world import KEY, PagingWorld, webhook

pytestmark = pytest.mark.real

PATH = "/webhooks/alertmanager/prod"


@pytest.fixture
def daemon(tmp_path: Path, world: PagingWorld) -> Iterator[DaemonProcess]:
    """A daemon whose second step comes soon, and that PagerDuty's webhooks reach."""
    process = DaemonProcess(tmp_path)
    process.configure(world.config(after="8s"))
    process.start()
    world.subscribe(process.url)
    try:
        yield process
    finally:
        process.end()


def uid(daemon: DaemonProcess) -> str:
    """Return the uid of the only incident."""
    (only,) = eventually(daemon.incidents, "the incident opens")
    return str(only["uid"])


def paged(world: PagingWorld, within: float = 30.0) -> Incident:
    """Wait for the first page."""
    return eventually(lambda: list(world.pagerduty.incidents), "a page", within)[0]


def timeline(daemon: DaemonProcess) -> str:
    """Return the words of the first incident's timeline; nothing until it is open."""
    if not daemon.incidents():
        return ""
    return "\n".join(str(entry["text"]) for entry in daemon.incident("INC-1")["timeline"])


def states(daemon: DaemonProcess) -> list[str]:
    """Return the states of all incidents."""
    return [str(one["state"]) for one in daemon.incidents()]


def test_one_page_from_alert_to_end(daemon: DaemonProcess, world: PagingWorld) -> None:
    """Told once and soon, answered in PagerDuty by name, which ends the escalation, and resolved with its alert."""
    daemon.post(PATH, webhook(["one"]))
    answered_at = time.time()
    page = paged(world)
    first = world.pagerduty.requests[0]
    world.acknowledge(page)
    eventually(lambda: states(daemon) == ["acknowledged"], "acknowledged")
    key = f"aiops/real/{uid(daemon)}"
    holds(lambda: not world.told, 10.0, "nobody else is told once somebody answered")
    daemon.post(PATH, webhook(["one"], firing=False))
    eventually(lambda: page.status == "resolved", "resolved there")

    print(f"first notice {first.at - answered_at:.3f} s after the webhook's 200")
    assert first.at - answered_at < 5.0
    assert "ann" == daemon.incidents()[0]["acknowledged_by"]
    assert ["trigger", "acknowledge", "resolve"] == [body["event_action"] for body in world.posts()]
    assert {(key, KEY)} == {(body["dedup_key"], body["routing_key"]) for body in world.posts()}
    assert "[P2] INC-1 Downone on one" == first.body["payload"]["summary"]
    links = {link["text"]: link["href"] for link in first.body["links"]}
    assert "https://aiops.example.org/incidents/INC-1" == links["incident"]
    assert "https://runbooks.example.org/down" == links["runbook"]
    assert "Traceback" not in daemon.said()


def test_an_unanswered_page_goes_to_who_is_on_call(daemon: DaemonProcess, world: PagingWorld) -> None:
    """The second step tells the person by phone, once, when it is due."""
    daemon.post(PATH, webhook(["one"]))
    opened_at = time.time()
    (call,) = eventually(lambda: world.heard("Messages", "INC-1"), "the phone is told", 25.0)
    holds(lambda: 1 == len(world.told), 3.0, "told once")

    print(f"second step {call.at - opened_at:.2f} s after the alert, due after 8")
    assert 7.5 < call.at - opened_at < 8.0 + 5.0
    assert "%2B493012345678" in call.body


def test_shadow_sends_nothing_and_says_so(daemon: DaemonProcess, world: PagingWorld) -> None:
    """What a route in shadow would have sent is in the timeline and in the delivery log."""
    daemon.post(PATH, webhook(["one"], team="lab"))
    eventually(lambda: "would have told (shadow) person/ann" in timeline(daemon), "both steps", 25.0)

    assert "would have told (shadow) receiver/duty/pagerduty/0" in timeline(daemon)
    assert ([], []) == (world.posts(), world.told)


def test_the_kill_switch(daemon: DaemonProcess, world: PagingWorld) -> None:
    """Muted by a reload, nothing is sent; live again, what is open begins at step 1, and nothing old is sent."""
    turn(daemon, world, "muted")
    daemon.post(PATH, webhook(["one", "two"]))
    eventually(lambda: "would have told (muted)" in timeline(daemon), "recorded")
    daemon.post(PATH, webhook(["two"], firing=False))
    holds(lambda: not world.posts(), 3.0, "muted")
    turn(daemon, world, "live")
    page = paged(world)
    holds(lambda: 1 == len(world.posts()), 3.0, "one page, and nothing of what is over")

    assert "Downone" in page.title
    assert "step 1" in world.posts()[0]["payload"]["custom_details"]["why you"]


def test_the_kill_switch_holds_for_what_waits(daemon: DaemonProcess, world: PagingWorld) -> None:
    """A page that was being tried when all was muted is not sent; live again, its incident is paged, once."""
    world.pagerduty.fault = lambda path, body: 503
    daemon.post(PATH, webhook(["one"]))
    eventually(world.posts, "an attempt")
    turn(daemon, world, "muted")
    world.pagerduty.fault = lambda path, body: None
    holds(lambda: not world.pagerduty.pages and not world.told, 10.0, "muted")
    turn(daemon, world, "live")
    paged(world)
    holds(lambda: 1 == len(world.pagerduty.pages) and 0 == world.extra(), 3.0, "paged once")


def turn(daemon: DaemonProcess, world: PagingWorld, mode: str) -> None:
    """Change the mode, and let the daemon know by a signal."""
    before = daemon.said().count("configuration reloaded")
    daemon.configure(world.config(mode=mode, after="8s"))
    daemon._running().process.send_signal(signal.SIGHUP)
    eventually(lambda: daemon.said().count("configuration reloaded") > before, "reloaded")


def test_an_outage_of_pagerduty_is_one_page(daemon: DaemonProcess, world: PagingWorld) -> None:
    """A 503 is tried again under the same key until it is taken."""
    world.pagerduty.script.extend([503, 503])
    daemon.post(PATH, webhook(["one"]))
    paged(world)
    holds(lambda: 3 == len(world.posts()), 3.0, "no more attempts than needed")

    assert 1 == len(world.pagerduty.pages)
    assert 1 == len({body["dedup_key"] for body in world.posts()})


def test_retry_after_is_respected(daemon: DaemonProcess, world: PagingWorld) -> None:
    """After a 429 nothing goes to that destination for as long as it asked, not even of another incident."""
    world.pagerduty.retry_after = "6"
    world.pagerduty.script.append(429)
    daemon.post(PATH, webhook(["one"]))
    eventually(world.posts, "the first attempt")
    daemon.post(PATH, webhook(["two"]))
    eventually(lambda: 2 == len(world.pagerduty.pages), "both are paged")
    refused, *taken = world.pagerduty.requests

    print(f"tried again {[round(one.at - refused.at, 2) for one in taken]} s after a 429 that asked for 6")
    assert all(one.at - refused.at >= 5.9 for one in taken)
    assert 3 == len(world.posts())


@pytest.mark.slow
def test_a_hanging_pagerduty_goes_to_the_fallback(tmp_path: Path, world: PagingWorld) -> None:
    """What has not arrived after a minute is told to the fallback, once, while the page is still tried."""
    fallen = hang(tmp_path, world)

    print(f"fallback told {fallen:.1f} s after the alert")
    assert 58.0 < fallen < 75.0


def hang(folder: Path, world: PagingWorld) -> float:
    """Return seconds from the alert to the fallback while PagerDuty takes nothing."""
    world.pagerduty.fault = lambda path, body: "hang"
    process = DaemonProcess(folder)
    process.configure(world.config())
    try:
        process.start()
        process.post(PATH, webhook(["one"]))
        posted_at = time.time()
        (told,) = eventually(lambda: world.heard("fallback", "INC-1"), "the fallback is told", 90.0)
        holds(lambda: 1 == len(world.told), 3.0, "told once")
        return told.at - posted_at
    finally:
        process.end()


def test_notes_go_both_ways(tmp_path: Path, world: PagingWorld) -> None:
    """What a person writes here is written there, once, although it had to wait; and nothing comes back as an echo."""
    writes = f"api_token: {TOKEN}\n        from: bo@example.org\n        webhook_secrets:"
    daemon = DaemonProcess(tmp_path)
    daemon.configure(world.config(after="1h").replace("webhook_secrets:", writes))
    daemon.start()
    try:
        world.subscribe(daemon.url)
        daemon.post(PATH, webhook(["one"]))
        page = paged(world)
        world.pagerduty.fault = lambda path, body: 503 if path.endswith("/notes") else None
        daemon.post(f"/api/v1/incidents/{uid(daemon)}/note", {"text": "disk replaced"})
        daemon.post(f"/api/v1/incidents/{uid(daemon)}/ack", {})
        eventually(lambda: page.status == "acknowledged", "the acknowledgement does not wait for the note")
        early = list(page.notes)
        world.pagerduty.fault = lambda path, body: None
        eventually(lambda: page.notes, "the note is written")
        world.run(world.pagerduty.annotate(page, "seen", person("bo")))
        eventually(lambda: "seen" in timeline(daemon), "a note there is one here")
        daemon.post(PATH, webhook(["one"], firing=False))
        eventually(lambda: page.status == "resolved", "the end is told")
    finally:
        daemon.end()

    assert [] == early
    assert ["[aiops-daemon] anonymous: disk replaced", "seen"] == page.notes


def test_a_forged_answer_changes_nothing(daemon: DaemonProcess, world: PagingWorld) -> None:
    """An acknowledgement that nobody signed is refused, and the escalation goes on."""
    daemon.post(PATH, webhook(["one"]))
    page = paged(world)
    assert world.subscription is not None
    eventually(lambda: [200] == world.subscription.statuses, "the page itself is heard of")
    world.subscription._secrets = ("guessed",)
    world.acknowledge(page)
    eventually(lambda: world.heard("Messages", "INC-1"), "the second step", 25.0)

    statuses: list[Any] = world.subscription.statuses
    assert [403] == statuses[-1:]
    assert ["open"] == states(daemon)
