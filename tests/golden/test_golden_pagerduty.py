"""What PagerDuty is sent, for the eyes of a review; UPDATE_GOLDEN=1 writes it anew.

Every payload is taken by the fake, which has PagerDuty's rules.
"""

import json
import os
from pathlib import Path

import pytest
from fake_pagerduty import FakePagerDuty
from pagerduty_world import KEY, MESSAGE, NOW, STORM, message, row, spec

from aiops_daemon.core.model.message import Link, Message, MessageEvent
from aiops_daemon.core.response.keys import storm_key
from aiops_daemon.edges.notify.pagerduty.events import PagerDutyNotifier

GOLDEN = Path(__file__).parent / "pagerduty"
PAYLOADS: dict[str, Message] = {
    "trigger": MESSAGE,
    "acknowledge": message(MessageEvent.ACKNOWLEDGE, actor="ann"),
    "resolve": message(MessageEvent.RESOLVE, actor="ann"),
    "storm": STORM,
    "test": message(MessageEvent.TEST, title="A test page, asked for by ann", severity="info"),
    "change": Message(
        MessageEvent.CHANGE,
        "",
        "",
        "checkout 41 rolled out",
        "",
        "info",
        "",
        NOW,
        NOW - 60.0,
        service="checkout",
        actor="pipeline",
        labels=(("service", "checkout"), ("version", "41")),
        links=(Link("pipeline", "https://ci.example.org/41"),),
    ),
    "bare": Message(MessageEvent.TRIGGER, "u", "", "", "open", "warning", "", NOW, NOW),
}


def compare(name: str, body: dict[str, object]) -> None:
    """Compare a body with its file, or write it; the key is the one thing that may not be read."""
    written = json.dumps({**body, "routing_key": "<secret>"}, indent=2, ensure_ascii=False) + "\n"
    path = GOLDEN / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(written, encoding="utf-8")

    assert path.read_text(encoding="utf-8") == written


@pytest.mark.parametrize("name", PAYLOADS)
async def test_events(name: str) -> None:
    """Each kind of message, as its body."""
    key = storm_key("hub-eu", "019e4c3a-0000-7000-8000-0000000000ff")
    sent = row(PAYLOADS[name], dedup_key=key) if name == "storm" else row(PAYLOADS[name])
    async with FakePagerDuty() as fake:
        channel = spec(fake.url, details=(("shift", "night"),), kind="slo")
        notifier = PagerDutyNotifier(channel, lambda: NOW)
        await notifier.send(sent)
        await notifier.close()

    assert [202] == [request.status for request in fake.requests]
    assert KEY == fake.requests[0].body["routing_key"]
    compare(name, fake.requests[0].body)
