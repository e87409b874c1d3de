"""Every alert and notice has a runbook, every runbook an alert, and each says what a person at night needs."""

import re
from pathlib import Path

import pytest
import yaml
from rule_inputs import BOOKS, PLAIN

from aiops_daemon.core.rules.generate import generate

ROOT = Path(__file__).parents[2]
RUNBOOKS = ROOT / "docs" / "runbooks"
SAYING = (ROOT / "aiops_daemon" / "app.py", *(ROOT / "aiops_daemon" / "flows").rglob("*.py"))
NOTICES = {name for file in SAYING for name in re.findall(r'"(Aiops[A-Z]\w+)"', file.read_text(encoding="utf-8"))}
PACKS = {
    rule["alert"]
    for file in (ROOT / "rules").glob("*.yaml")
    for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
    if "alert" in rule
}
ALERTS = sorted(
    NOTICES
    | PACKS
    | {
        rule["alert"]
        for file in generate(PLAIN, PLAIN.queries, PLAIN.slos, BOOKS)
        for group in file.document["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
)


@pytest.mark.parametrize("alert", ALERTS)
def test_runbook(alert: str) -> None:
    """The file is named after the alert and has the four sections."""
    text = (RUNBOOKS / f"{alert}.md").read_text(encoding="utf-8")

    assert text.startswith(f"# {alert}\n")
    assert [] == [part for part in ("Meaning", "Impact", "Diagnosis", "Mitigation") if f"\n## {part}\n" not in text]


def test_notices_are_found() -> None:
    """What the daemon says about itself is among the names above."""
    assert {"AiopsBackupFailing", "AiopsStoreMended", "AiopsWatchdogMissing", "AiopsWebhookTooLarge"} <= NOTICES


def test_every_runbook_is_in_the_index() -> None:
    """Each once, with a link."""
    index = (RUNBOOKS / "README.md").read_text(encoding="utf-8")

    assert set(ALERTS) == set(re.findall(r"\[(\w+)\]\(\1\.md\)", index))


def test_no_runbook_without_alert() -> None:
    """A renamed alert takes its runbook along."""
    assert ALERTS == sorted(path.stem for path in RUNBOOKS.glob("*.md") if path.stem != "README")
