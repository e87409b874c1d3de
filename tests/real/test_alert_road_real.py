"""Alerts of the real Alertmanager become incidents: bursts, repeats, resolves, doubling, HA pairs, silences."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from alert_stack import ROUTES, Stack, stamp
from daemon_process import DaemonProcess, Item, eventually, holds
from real_servers import Servers

pytestmark = pytest.mark.real

FULL = {"alertname": "DiskFull", "severity": "critical", "job": "db", "instance": "db-1"}


def burst(count: int) -> list[dict[str, str]]:
    """Make so many alerts of one fault."""
    labels = {"alertname": "Slow", "severity": "critical", "job": "shop", "service": "checkout"}
    return [{**labels, "instance": f"shop-{number}"} for number in range(count)]


@pytest.fixture
def stack(servers: Servers) -> Iterator[Stack]:
    """The daemon behind an Alertmanager that repeats every second and sends each alert twice."""
    doubled = ROUTES.replace("1h", "1s") + "  routes: [{receiver: aiops, continue: true}, {receiver: aiops}]\n"
    with Stack.running(servers, routes=doubled) as running:
        yield running


def hear(daemon: DaemonProcess, alerts: int) -> None:
    """Wait until so many more alerts were heard of, repeats and all."""
    name = "aiops_alerts_received_total"
    before = daemon.metric(name)
    eventually(lambda: daemon.metric(name) >= before + alerts, f"{alerts} alerts come")


def only(daemon: DaemonProcess) -> Item:
    """Return the one incident."""
    (incident,) = daemon.incidents()
    return incident


def test_a_burst_is_one_incident_until_all_of_it_has_ended(stack: Stack) -> None:
    """Repeats and `continue: true` change nothing; the last resolve closes it."""
    alerts, daemon = burst(30), stack.daemon
    stack.alertmanager.fire(*alerts)
    eventually(lambda: len(daemon.alerts(state="firing")) == 30, "all fire")
    before = daemon.incident("INC-1")
    hear(daemon, 120)

    assert before["timeline"] == daemon.incident("INC-1")["timeline"]
    assert [1] * 30 == [alert["starts"] for alert in daemon.alerts()]
    assert 1 == len(daemon.incidents())
    assert ("open", 30, 30) == tuple(only(daemon)[key] for key in ("state", "alerts_total", "alerts_firing"))

    stack.alertmanager.resolve(*alerts[1:])
    eventually(lambda: only(daemon)["alerts_firing"] == 1, "all but one have ended")
    assert "open" == only(daemon)["state"]
    stack.alertmanager.resolve(alerts[0])
    eventually(lambda: only(daemon)["state"] == "resolved", "the incident is over")
    assert {"resolved"} == {alert["state"] for alert in daemon.alerts()}


def test_two_prometheus_with_one_voice_each(stack: Stack) -> None:
    """One resolves and the other still fires: open; the voice that started later ends it with an earlier start."""
    daemon, alertmanager = stack.daemon, stack.alertmanager
    since = time.time() - 30
    alertmanager.fire(FULL, since=since)
    eventually(lambda: daemon.alerts(state="firing"), "it fires")
    alertmanager.post([{"labels": FULL, "startsAt": stamp(since), "endsAt": stamp(time.time() - 0.01)}])
    eventually(lambda: daemon.alerts(state="resolved"), "one voice ends it")
    alertmanager.fire(FULL, since=since)
    eventually(lambda: daemon.alerts(state="firing"), "the other voice says that it fires")
    hear(daemon, 4)

    assert {"firing"} == {alert["state"] for alert in daemon.alerts()}
    assert 1 == len(daemon.incidents())
    assert "open" == only(daemon)["state"]

    alertmanager.fire(FULL, since=since + 15)
    hear(daemon, 2)
    alertmanager.post([{"labels": FULL, "startsAt": stamp(since), "endsAt": stamp(time.time() - 0.01)}])
    eventually(lambda: only(daemon)["state"] == "resolved", "it is over")
    holds(lambda: only(daemon)["state"] == "resolved", 1.5, "it stays so")
    assert 0 == len(daemon.alerts(state="firing"))


def test_a_silence_on_a_firing_alert_and_its_end(stack: Stack) -> None:
    """Alertmanager sends nothing for it: the next poll finds it; when it expires, people are told again."""
    daemon, alertmanager = stack.daemon, stack.alertmanager
    alertmanager.fire(FULL)
    eventually(lambda: daemon.incidents(state="open"), "it is open")
    told = only(daemon)["notify_at"]
    silence = alertmanager.amtool("silence", "add", "alertname=DiskFull", "-d1h", "-cmoving", "-aann")
    muted = eventually(
        lambda: next((one for one in daemon.incidents() if one["alerts_muted"]), None), "it is muted", 10
    )
    alert = daemon.alert()

    assert told is not None
    assert ("open", None) == (muted["state"], muted["notify_at"])
    assert "silence" in muted["notify_reason"]
    assert alert is not None
    assert [{"kind": "silenced", "by": silence}] == alert["muted"]
    assert "firing" == alert["state"]

    alertmanager.amtool("silence", "expire", silence)
    again = eventually(lambda: next((one for one in daemon.incidents() if one["notify_at"]), None), "it is told", 10)
    assert 0 == again["alerts_muted"]
    assert again["notify_at"] > told
