"""What Slack and Teams are sent, for the eyes of a review; UPDATE_GOLDEN=1 writes them anew."""

import json
import os
from pathlib import Path

import pytest
from chat_world import acknowledged, message, resolved, storm, trial
from fake_slack import wrong_with
from fake_teams import unfit

from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.edges.notify.slack.blocks import head, line
from aiops_daemon.edges.notify.teamscard import card_body

FOLDER = Path(__file__).parent
TOLD = {
    "trigger": message(),
    "update": message(MessageEvent.UPDATE, severity="warning", firing=1),
    "acknowledge": acknowledged(),
    "resolve": resolved(),
    "storm": storm(),
    "digest": storm(
        4,
        event=MessageEvent.DIGEST,
        incident="",
        title="4 further incidents: INC-50, INC-51, INC-52, INC-53",
        severity="warning",
        priority="P3",
        evidence=(),
        why_you="10 notices in the last 5 min",
    ),
    "test": trial(),
    "bare": message(
        evidence=(), impact="", priority_reason="", next_at=None, why_you="", links=(), service="", team="", cluster=""
    ),
}


def compare(path: Path, document: object) -> None:
    """Compare a document with a file, or write it."""
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", TOLD)
def test_the_message_of_an_incident_in_slack(name: str) -> None:
    """The head of an incident, with buttons, as Slack takes it."""
    payload = head(TOLD[name], interactive=True).payload()

    compare(FOLDER / "slack" / f"{name}.json", payload)
    assert wrong_with(payload) == ""


@pytest.mark.parametrize("name", ["trigger", "acknowledge", "resolve"])
def test_a_line_of_a_thread_in_slack(name: str) -> None:
    """What happened, as an answer under the head."""
    payload = line(TOLD[name]).payload()

    compare(FOLDER / "slack" / f"line-{name}.json", payload)
    assert wrong_with(payload) == ""


@pytest.mark.parametrize("name", TOLD)
def test_the_card_in_teams(name: str) -> None:
    """The card as Teams takes it."""
    document = json.loads(card_body(TOLD[name]))

    compare(FOLDER / "msteams" / f"{name}.json", document)
    assert unfit(document) == ""
