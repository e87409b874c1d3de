"""Outages of the daemon, of Prometheus and of Alertmanager: nothing is lost, and nothing ends for want of news."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from alert_stack import ROUTES, Stack
from daemon_process import DaemonProcess, Item, eventually, holds
from real_servers import Servers

from aiops_daemon.flows.alerts.past import SETTLED

pytestmark = pytest.mark.real

GRID = 16.0  # seconds that an alert must fire to be seen in the history of ALERTS: it is read every 15 s


@pytest.fixture(scope="module")
def shared(module_servers: Servers) -> Iterator[Stack]:
    """All of it, running."""
    with Stack.running(module_servers) as running:
        yield running


@pytest.fixture
def stack(shared: Stack) -> Iterator[Stack]:
    """All of it, with one fault that is told; no incident is open after the test."""
    shared.shop.break_it("known")
    eventually(lambda: is_in(shared.daemon, "known", "firing"), "the incident opens")
    yield shared
    for name in shared.shop.faults:
        shared.shop.mend(name)
        eventually(lambda name=name: is_in(shared.daemon, name, "resolved"), "it is over")  # type: ignore[misc]


def fault(daemon: DaemonProcess, name: str) -> Item | None:
    """Return the latest episode of a fault."""
    return next(reversed(daemon.alerts(label=f"name={name}")), None)


def is_in(daemon: DaemonProcess, name: str, state: str) -> bool:
    """Say whether the alert of a fault is in this state."""
    alert = fault(daemon, name)
    return alert is not None and alert["state"] == state


def still_open(daemon: DaemonProcess) -> set[str]:
    """Name the faults that have not ended and are in an open incident."""
    states = {each["uid"]: each["state"] for each in daemon.incidents()}
    alerts = [each for each in daemon.alerts() if each["state"] != "resolved"]
    return {each["labels"]["name"] for each in alerts if states.get(each["incident"]) == "open"}


def test_a_restart_forgets_nothing(stack: Stack) -> None:
    """What ended meanwhile has ended, what began meanwhile is open, with its true start."""
    daemon, shop = stack.daemon, stack.shop
    shop.break_it("ends")
    eventually(lambda: fault(daemon, "ends"), "both are open")
    before = fault(daemon, "known")
    daemon.terminate()
    shop.mend("ends")
    shop.break_it("begins")
    daemon.start()
    eventually(lambda: is_in(daemon, "begins", "firing"), "what began is found")
    eventually(lambda: is_in(daemon, "ends", "resolved"), "what ended is told")
    after = fault(daemon, "known")

    assert before is not None
    assert after is not None
    assert [before[key] for key in ("uid", "incident", "starts_at", "starts")] == [
        after[key] for key in ("uid", "incident", "starts_at", "starts")
    ]
    assert "firing" == after["state"]
    assert {"known", "begins"} == still_open(daemon)


@pytest.mark.slow
def test_a_killed_prometheus_ends_nothing(stack: Stack) -> None:
    """Alertmanager says resolved when its alerts expire; they are stale, and go on when Prometheus is back."""
    daemon, shop = stack.daemon, stack.shop
    shop.kill()
    eventually(lambda: is_in(daemon, "known", "stale"), "Alertmanager's resolved is not believed", 60.0)
    told = daemon.metric("aiops_alerts_received_total", status="resolved")
    during = still_open(daemon)
    shop.start()
    eventually(lambda: is_in(daemon, "known", "firing"), "it goes on")
    alert = fault(daemon, "known")

    assert told + daemon.metric("aiops_alerts_repaired_total", **{"class": "stale"}) >= 1
    assert {"known"} == during == still_open(daemon)
    assert alert is not None

    shop.mend("known")
    eventually(lambda: is_in(daemon, "known", "resolved"), "its end is believed now")
    assert set() == still_open(daemon)


@pytest.mark.slow
def test_a_killed_alertmanager_ends_nothing(stack: Stack) -> None:
    """It is gone, and then it shows an empty list: the alert fires on, as Prometheus says."""
    daemon, shop = stack.daemon, stack.shop
    up = {"source": "prod"}
    shop.kill()
    stack.alertmanager.kill()
    eventually(lambda: daemon.metric("aiops_alertmanager_up", **up) == 0, "the poll fails")
    stack.alertmanager.start()
    eventually(lambda: daemon.metric("aiops_alertmanager_up", **up) == 1, "the poll succeeds")

    assert [] == stack.alertmanager.shown()
    holds(lambda: not is_in(daemon, "known", "resolved"), 6.0, "absence is no end")
    assert {"known"} == still_open(daemon)

    shop.start()
    eventually(lambda: is_in(daemon, "known", "firing"), "it goes on")
    assert 0 == daemon.metric("aiops_alerts_repaired_total", **{"class": "missed_resolve"})


@pytest.mark.slow
def test_what_fired_and_ended_during_an_outage_is_recorded(servers: Servers) -> None:
    """kill -9 of a young daemon, an alert comes and goes just before the next start: the history of ALERTS tells it."""
    with Stack.running(servers, routes=ROUTES.replace("[job]", "[name]")) as stack:
        daemon, shop = stack.daemon, stack.shop
        shop.break_it("known")
        eventually(lambda: is_in(daemon, "known", "firing"), "the incident opens")
        daemon.kill()
        shop.break_it("blip", "stays")
        time.sleep(GRID)
        shop.mend("blip")
        eventually(lambda: "blip" not in [each["labels"]["name"] for each in stack.alertmanager.shown()], "it is over")
        daemon.start()  # at once: its end is a few seconds old
        blip = eventually(lambda: fault(daemon, "blip"), "the blip is recorded", 60.0 + SETTLED)
        eventually(lambda: is_in(daemon, "stays", "firing"), "what still fires is open")

        assert ("resolved", None, "reconciliation") == (blip["state"], blip["incident"], blip["origin"])
        assert 1 == daemon.metric("aiops_alerts_repaired_total", **{"class": "missed_episode"})
        assert {"known", "stays"} == still_open(daemon)
