"""The packs in rules/: complete, accepted, proved, and each alert beside the trap that it avoids."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

RULES = Path(__file__).parents[2] / "rules"
FAMILIES = ("anomaly", "composite", "correlation", "predictive", "slo")


def document(path: Path) -> dict[str, Any]:
    """Read a YAML file."""
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def alerts(family: str) -> dict[str, dict[str, Any]]:
    """Return the alerts of a pack by name."""
    groups = document(RULES / f"{family}.yaml")["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}


def unit_tests(family: str) -> list[dict[str, Any]]:
    """Return the unit tests of a pack."""
    found: list[dict[str, Any]] = document(RULES / "tests" / f"{family}_test.yaml")["tests"]
    return found


def test_every_file_is_known() -> None:
    """Packs, the daemon's own health, and a test for each; nothing else."""
    names = {*FAMILIES, "aiops-health"}

    assert names == {path.stem for path in RULES.glob("*.yaml")}
    assert names == {path.stem.removesuffix("_test") for path in (RULES / "tests").glob("*.yaml")}


@pytest.mark.parametrize("family", FAMILIES)
def test_an_alert_says_everything(family: str) -> None:
    """Severity, `for`, summary, description and a runbook of its own name."""
    for name, rule in alerts(family).items():
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert rule["for"]
        assert {"summary", "description", "runbook_url"} == set(rule["annotations"])
        assert rule["annotations"]["runbook_url"].endswith(f"/docs/runbooks/{name}.md")


@pytest.mark.parametrize("family", FAMILIES)
def test_an_alert_is_proved(family: str) -> None:
    """Each fires in one test, is silent in another, and meets a trap that a naive form falls into."""
    fires, silent, trapped = set(), set(), set()
    for test in unit_tests(family):
        for case in test["alert_rule_test"]:
            (fires if case["exp_alerts"] else silent).add(case["alertname"])
            if test["name"].startswith("trap: "):
                trapped.add(case["alertname"])

    assert set(alerts(family)) == fires == silent == trapped


@pytest.mark.parametrize("family", FAMILIES)
def test_promtool_agrees(family: str, promtool: Path) -> None:
    """promtool takes the pack, and every unit test of it holds."""
    for what, file in (("check", RULES / f"{family}.yaml"), ("test", RULES / "tests" / f"{family}_test.yaml")):
        argv = [str(promtool), what, "rules", str(file)]
        told = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=300)

        assert 0 == told.returncode, told.stdout + told.stderr
