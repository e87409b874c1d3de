"""`slo report` with a real Prometheus and a daemon: each breach comes with the incidents that were open then."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from background import in_background
from incident_world import AlertDaemon, busy_detail, incident
from real_servers import Servers, backfill

from aiops_daemon.cli.main import dispatch
from aiops_daemon.core.model.incident import IncidentState
from aiops_daemon.edges.web.server import WebServer

pytestmark = pytest.mark.real

OUTAGE = round(datetime(2026, 2, 3, 10, tzinfo=UTC).timestamp())
SLOS = """
slos:
  - name: checkout-availability
    labels: {service: checkout}
    objective: 99.9
    sli: {events: {bad: 'http_requests_total{code="500"}', total: http_requests_total}}
"""


def openmetrics() -> str:
    """Write a day around an outage of an hour."""
    lines: dict[str, list[str]] = {"200": [], "500": []}
    counts = {"200": 0, "500": 0}
    for at in range(OUTAGE - 36_000, OUTAGE + 50_000, 60):
        counts["500" if OUTAGE < at <= OUTAGE + 3600 else "200"] += 60
        for code, count in counts.items():
            lines[code].append(f'http_requests_total{{job="shop",instance="one",code="{code}"}} {count} {at}')
    return "\n".join(["# TYPE http_requests counter", *lines["200"], *lines["500"], "# EOF\n"])


@pytest.fixture(scope="module")
def asked(module_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The arguments that name SLOs, server and month."""
    folder = tmp_path_factory.mktemp("reasons")
    backfill(openmetrics(), folder / "tsdb", block="48h")
    (folder / "slos.yaml").write_text(SLOS)
    server = module_servers.prometheus(tsdb=folder / "tsdb")
    return ["slo", "report", "-i", str(folder / "slos.yaml"), f"--prometheus.url={server.url}", "--month", "2026-02"]


def test_a_breach_comes_with_the_incident_and_its_cause(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Of the same service, with what people recorded; one that was over before is none."""
    daemon = AlertDaemon()
    then = incident(state=IncidentState.RESOLVED, opened_at=OUTAGE + 120, resolved_at=OUTAGE + 4000)
    over = incident(43, state=IncidentState.RESOLVED, opened_at=OUTAGE - 9000, resolved_at=OUTAGE - 7200)
    daemon.road.details = [replace(busy_detail(), incident=one) for one in (then, over)]
    with in_background(WebServer(daemon.ports(), listen_address="127.0.0.1:0")) as address:
        assert 0 == dispatch([*asked, "--url", address, "-o", "json"])
    (slo,) = json.loads(capsys.readouterr().out)["slos"]

    causes = [one.cause for one in busy_detail().outcomes if one.cause]
    for breach in slo["breaches"]:
        assert [("INC-42", True, causes)] == [
            (one["name"], one["same_service"], one["causes"]) for one in breach["incidents"]
        ]
    assert {"alert", "budget"} == {breach["kind"] for breach in slo["breaches"]}


def test_without_a_daemon_the_report_says_that_reasons_are_not_known(
    asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The numbers are there all the same."""
    assert 0 == dispatch([*asked, "--url", "http://127.0.0.1:1"])
    told = capsys.readouterr()

    assert "incidents were not read" in told.out
    assert "The daemon was not asked for incidents, so why there were breaches is not known" in told.err
