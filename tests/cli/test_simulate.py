"""`aiops-daemon simulate escalation`: an incident run ahead from a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aiops_daemon.cli.main import dispatch

CONFIG = """\
prometheus: [{name: eu1, urls: ["http://prom:9090"]}]
receivers: [{name: chat, log_configs: [{}]}, {name: pager, log_configs: [{}]}]
escalations:
  - {name: shop, steps: [{notify: [receiver/pager]}, {notify: [receiver/chat], after: 15m}]}
route:
  receiver: chat
  routes:
    - {matchers: ['severity="critical"'], escalation: shop}
    - {matchers: ['priority="P1"'], receiver: pager}
"""
CRITICAL: dict[str, Any] = {"labels": {"alertname": "Down", "severity": "critical", "service": "shop"}}
WARNING: dict[str, Any] = {"labels": {"alertname": "Slow", "severity": "warning"}}


@pytest.fixture
def simulated(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Run an incident ahead; return exit code, standard output and standard error."""

    def run(document: Any, *flags: str, config: str = CONFIG) -> tuple[int, str, str]:
        (tmp_path / "config.yaml").write_text(config)
        (tmp_path / "incident.json").write_text(document if isinstance(document, str) else json.dumps(document))
        files = (f"--config.file={tmp_path / 'config.yaml'}", f"--incident={tmp_path / 'incident.json'}")
        code = dispatch(["simulate", "escalation", *files, "--at=2026-11-30T13:00:00Z", *flags])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def told(out: str) -> list[tuple[float, str]]:
    """Read minutes and destinations of the JSON answer."""
    return [(one["after_seconds"] / 60, one["destination"]) for one in json.loads(out)["told"]]


def test_all_routes_of_all_alerts_run(simulated) -> None:
    """Each policy once; the incident is as grave as its gravest alert."""
    code, out, _ = simulated({"alerts": [WARNING, CRITICAL, CRITICAL]}, "-o", "json")

    assert 0 == code
    assert {"severity": "critical", "team": "default", "priority": "P2"} == json.loads(out)["read_as"]
    assert [(0.0, "receiver/chat/log/0"), (0.0, "receiver/pager/log/0"), (15.0, "receiver/chat/log/0")] == told(out)


def test_for_people(simulated) -> None:
    """As a table, with the time and the reason."""
    _, out, _ = simulated({"alerts": [CRITICAL]})

    assert "read as severity=critical team=default service=shop priority=P2" == out.splitlines()[0]
    assert out.splitlines()[-1].startswith("15m      Mon 2026-11-30 13:15 UTC  shadow  receiver/chat/log/0")


def test_what_the_daemon_prints_can_be_given(simulated) -> None:
    """Ended alerts count for nothing, unless all have ended; the priority is that of the incident."""
    document = {
        "incident": {"priority": "P1"},
        "alerts": [WARNING | {"state": "firing"}, CRITICAL | {"state": "resolved"}],
    }

    assert [(0.0, "receiver/pager/log/0")] == told(simulated(document, "-o", "json")[1])
    document["alerts"] = [CRITICAL | {"state": "resolved"}]
    assert [(0.0, "receiver/pager/log/0"), (15.0, "receiver/chat/log/0")] == told(simulated(document, "-o", "json")[1])


def test_the_body_of_a_webhook_can_be_given(simulated) -> None:
    """It says `status` of what has ended."""
    document = {"alerts": [WARNING | {"status": "firing"}, CRITICAL | {"status": "resolved"}]}

    assert [(0.0, "receiver/chat/log/0")] == told(simulated(document, "-o", "json")[1])


def test_without_a_route_nobody_is_told(simulated) -> None:
    """Exit 1."""
    code, out, err = simulated({"alerts": [CRITICAL]}, config=CONFIG.partition("route:")[0])

    assert (1, True) == (code, out.endswith("nobody is told\n"))
    assert "the configuration has no route" in err


@pytest.mark.parametrize(
    "document", ["{", "[]", '{"alerts": []}', '{"alerts": [1]}', '{"alerts": [{"labels": {"a": 1}}]}']
)
def test_what_is_no_incident_is_refused(simulated, document: str) -> None:
    """With the form that is needed."""
    code, _, err = simulated(document)

    assert (3, True) == (code, "incidents show INC-42 -o json" in err)
