"""Every alert has a runbook, every runbook an alert, and each says what a person at night needs."""

from pathlib import Path

import pytest
from rule_inputs import PLAIN

from aiops_daemon.core.rules.generate import generate

RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks"
ALERTS = sorted(
    {
        rule["alert"]
        for file in generate(PLAIN, PLAIN.queries, PLAIN.slos)
        for group in file.document["groups"]
        for rule in group["rules"]
    }
)


@pytest.mark.parametrize("alert", ALERTS)
def test_runbook(alert: str) -> None:
    """The file is named after the alert and has the four sections."""
    text = (RUNBOOKS / f"{alert}.md").read_text(encoding="utf-8")

    assert text.startswith(f"# {alert}\n")
    assert [] == [part for part in ("Meaning", "Impact", "Diagnosis", "Mitigation") if f"\n## {part}\n" not in text]


def test_no_runbook_without_alert() -> None:
    """A renamed alert takes its runbook along."""
    assert ALERTS == sorted(path.stem for path in RUNBOOKS.glob("Aiops*.md"))
