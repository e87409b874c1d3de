"""A storm: tens of thousands of alerts of one group, in one body of the real Alertmanager."""

from __future__ import annotations

import pytest
from alert_stack import ROUTES, Stack
from daemon_process import eventually
from real_servers import Servers

pytestmark = [pytest.mark.real, pytest.mark.slow]

COUNT = 20_000
ABOUT = {"alertname": "Unreachable", "severity": "critical", "job": "node", "cluster": "storm"}


def test_twenty_thousand_alerts_arrive(servers: Servers) -> None:
    """Every one is on disk and firing, in few incidents."""
    with Stack.running(servers, routes=ROUTES.replace("group_wait: 1s", "group_wait: 10s")) as stack:
        daemon, alertmanager = stack.daemon, stack.alertmanager
        for start in range(0, COUNT, 2_000):
            alertmanager.fire(*({**ABOUT, "instance": f"node-{n}"} for n in range(start, start + 2_000)))
        eventually(lambda: daemon.metric("aiops_alerts_received_total") >= COUNT, "all are taken", 120.0)
        eventually(lambda: daemon.metric("aiops_alerts_open", state="firing") == COUNT, "all are on disk", 60.0)
        instances = {each["labels"]["instance"] for each in daemon.alerts(rule="Unreachable", state="firing")}
        incidents = daemon.incidents()
        bodies = daemon.metric("aiops_webhooks_total", code="200")

    print(f"{COUNT} alerts in {bodies:.0f} bodies became {len(incidents)} incidents")
    assert COUNT == len(instances)
    assert len(incidents) <= 3
    assert bodies <= 5
