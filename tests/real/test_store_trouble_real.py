"""The store cannot be written for a while: Alertmanager is refused, tries again, and nothing is lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from alert_stack import Stack
from daemon_process import eventually
from real_servers import Servers

pytestmark = pytest.mark.real


@contextmanager
def locked(stack: Stack) -> Iterator[None]:
    """Let somebody else hold the database for writing."""
    with closing(sqlite3.connect(stack.daemon.database, isolation_level=None)) as intruder:
        intruder.execute("BEGIN IMMEDIATE")
        yield
        intruder.execute("ROLLBACK")


@pytest.mark.slow
def test_what_was_refused_comes_again(servers: Servers) -> None:
    """Longer than the lock is waited for: 503, readiness says so; after it every alert is there, and all is well."""
    alerts = [{"alertname": "Down", "severity": "critical", "job": "db", "instance": str(n)} for n in range(5)]
    with Stack.running(servers) as stack:
        daemon = stack.daemon
        eventually(lambda: daemon.readiness()[0] == 200, "it is ready")
        with locked(stack):
            stack.alertmanager.fire(*alerts)
            eventually(lambda: daemon.metric("aiops_webhooks_total", code="503"), "Alertmanager is refused", 60.0)
            code, words = eventually(
                lambda: next((said for said in [daemon.readiness()] if said[0] == 503), None), "it is not ready", 60.0
            )
            during = daemon.alerts()
        eventually(lambda: len(daemon.alerts(state="firing")) == 5, "all are delivered", 60.0)
        eventually(lambda: daemon.readiness()[0] == 200, "it is ready again")

        assert [] == during
        assert 503 == code
        assert "store" in words
        assert ["open"] == [each["state"] for each in daemon.incidents()]
