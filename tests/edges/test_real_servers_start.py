"""The real servers that other tests rely on start, answer and stop."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import real_servers

ALERTMANAGER = "route: {receiver: none}\nreceivers: [{name: none}]\n"


@pytest.mark.real
def test_every_server_starts_and_stops(servers: real_servers.Servers) -> None:
    """Each kind becomes ready on a port of its own and is gone after stop."""
    started = [
        servers.prometheus(),
        servers.victoria_metrics(),
        servers.node_exporter(),
        servers.alertmanager(ALERTMANAGER),
    ]

    assert 4 == len({server.url for server in started})

    servers.stop()

    assert [True] * 4 == [server.process.poll() is not None for server in started]


@pytest.mark.real
def test_backfilled_samples_are_served(servers: real_servers.Servers, tmp_path: Path) -> None:
    """Blocks written from OpenMetrics text are what Prometheus then answers."""
    real_servers.backfill("# TYPE x gauge\nx 1 1700000000\nx 2 1700000060\n# EOF\n", tmp_path / "tsdb")
    server = servers.prometheus(tsdb=tmp_path / "tsdb")
    answer = json.loads(server.get("/api/v1/query?query=x&time=1700000070"))

    assert "2" == answer["data"]["result"][0]["value"][1]
