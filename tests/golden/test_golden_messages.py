"""Messages of every medium and event as they go out, for the eyes of a review; UPDATE_GOLDEN=1 writes them anew.

Channels with a medium of their own add a writer to MEDIA.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from notify_world import BY_EVENT, SPARSE, notification

from aiops_daemon.core.model.channels.email import EmailSpec
from aiops_daemon.core.model.message import Message, MessageEvent
from aiops_daemon.core.response.smstext import short_text
from aiops_daemon.edges.notify.letter import letter
from aiops_daemon.edges.notify.render import Renderer
from aiops_daemon.edges.notify.sandbox import Medium
from aiops_daemon.edges.notify.twilio import twiml
from aiops_daemon.edges.notify.webhookbody import webhook_body
from aiops_daemon.edges.notify.wording import page

GOLDEN = Path(__file__).parent / "messages"
RENDERER = Renderer()
MESSAGES = {str(event): message for event, message in BY_EVENT.items()} | {"sparse": SPARSE}
SENDER = EmailSpec("aiops@example.org", "mail.example.org", 587, ("ops@example.org",))


def _email(message: Message) -> str:
    subject = RENDERER.write("email.subject", Medium.TEXT, message)
    text, html = (RENDERER.write("email", medium, message) for medium in (Medium.TEXT, Medium.HTML))
    return letter(notification(message), SENDER, SENDER.to, (subject, text, html)).decode().replace("\r\n", "\n")


def _jira(message: Message) -> str:
    summary = RENDERER.write("jira.summary", Medium.TEXT, message)
    return f"{summary}\n\n{RENDERER.write('jira', Medium.WIKI, message)}"


MEDIA: dict[str, Callable[[Message], str]] = {
    "email.txt": lambda message: RENDERER.write("email", Medium.TEXT, message),
    "email.html": lambda message: RENDERER.write("email", Medium.HTML, message),
    "email.eml": _email,
    "sms.txt": lambda message: short_text(RENDERER.write("sms", Medium.TEXT, message), page(message)),
    "voice.xml": lambda message: twiml(RENDERER.write("voice", Medium.TEXT, message), "en-US"),
    "webhook.json": lambda message: json.dumps(json.loads(webhook_body(notification(message), 100_000)), indent=2),
    "jira.txt": _jira,
}


@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("name", MESSAGES)
def test_messages_read_as_reviewed(name: str, medium: str) -> None:
    """To the byte, but for the last line break."""
    path = GOLDEN / f"{name}.{medium}"
    written = MEDIA[medium](MESSAGES[name]).rstrip("\n") + "\n"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written, encoding="utf-8")

    assert path.read_text(encoding="utf-8") == written


def test_every_event_is_shown() -> None:
    """No event is sent in words that nobody reviewed; of changes PagerDuty alone is told."""
    assert {*MessageEvent, "sparse"} - {MessageEvent.CHANGE} == set(MESSAGES)
