"""docs/receivers.md lists every template, variable, filter and key of the webhook's body, and its example checks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from notify_world import AT, BY_EVENT, FULL, notification

from aiops_daemon.config.receivers import CHANNELS
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.edges.notify.sandbox import FILTERS
from aiops_daemon.edges.notify.templatecheck import TEMPLATES
from aiops_daemon.edges.notify.webhook import signature
from aiops_daemon.edges.notify.webhookbody import webhook_body
from aiops_daemon.edges.notify.wording import words

PAGE = (Path(__file__).parents[2] / "docs" / "receivers.md").read_text(encoding="utf-8")


def rows(heading: str) -> set[str]:
    """Return what stands in backquotes in the first column of the table under a head row."""
    table = PAGE.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0]
    return {name for row in table.splitlines()[2:] for name in re.findall(r"`([^`]+)`", row.split("|")[1])}


def test_the_page_lists_every_channel() -> None:
    """By its key."""
    assert {key for key, _ in CHANNELS} == rows("channel")


def test_the_page_lists_every_template() -> None:
    """By its file name."""
    assert set(TEMPLATES) == rows("file")


def test_the_page_lists_every_variable() -> None:
    """And no other."""
    assert set(words(FULL)) == rows("variable")


def test_the_page_names_every_filter() -> None:
    """Each in an example."""
    assert set(FILTERS) == set(re.findall(r"`\w+\|(\w+)", PAGE))


def test_the_page_lists_every_key_of_the_body() -> None:
    """Of all events together, and those of the incident."""
    bodies = [json.loads(webhook_body(notification(message), 100_000)) for message in BY_EVENT.values()]
    brief = json.loads(webhook_body(notification(FULL), 100))
    keys = {key for body in (*bodies, brief) for key in body}
    incident = re.search(r"^\| `incident` \| (`uid`.*) \|$", PAGE, re.MULTILINE)

    assert keys == rows("key")
    assert incident
    assert set(bodies[0]["incident"]) == set(re.findall(r"`(\w+)`", incident[1]))
    assert all(
        f"`{event}`" in PAGE for event in set(MessageEvent) - {MessageEvent.CHANGE}
    )  # which PagerDuty alone is told


def test_the_example_checks_our_signature() -> None:
    """Of the body as it is, and of no other, and not for ever."""
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert code
    names: dict[str, Any] = {}
    exec(code[1], names)
    genuine, signed = names["genuine"], signature(b"{}", "secret", int(AT))

    assert genuine(signed, b"{}", b"secret", AT)
    assert not genuine(signed, b"[]", b"secret", AT)
    assert not genuine(signed, b"{}", b"other", AT)
    assert not genuine(signed, b"{}", b"secret", AT + 3_600)
