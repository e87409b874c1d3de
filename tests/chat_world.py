"""Messages of one night, for Slack and Teams."""

from __future__ import annotations

from typing import Any

from aiops_daemon.core.model.message import Link, Message, MessageEvent, Named
from aiops_daemon.core.model.notification import Notification

NOW = 1_795_230_600.0  # 2026-11-21 03:10 UTC
UID = "019ab1f2-7c11-7d6e-9a55-0f3c5a1b2c3d"
HOSTILE = "<!channel> <http://evil.example|x> <@U0ANN> & `rm` ```\n*Why you got this* &lt;!here&gt; \u202eabc\x00 [x](http://e)"
FLOOD = "<!channel>&`" * 9_000  # over 100 KB


def message(event: MessageEvent = MessageEvent.TRIGGER, **changes: Any) -> Message:
    """Make the message of a night; anything can be said otherwise."""
    defaults: dict[str, Any] = {
        "event": event, "incident": UID, "name": "INC-42", "title": "checkout: p99 latency over 2 s", "state": "open",
        "severity": "critical", "priority": "P1", "at": NOW, "opened_at": NOW - 720.0, "team": "shop",
        "service": "checkout", "cluster": "eu1", "priority_reason": "critical alerts of a service that 3 others need",
        "alerts": 5, "firing": 3, "impact": "3 alerts of 2 services; checkout-availability burns its budget 16 times "
        "too fast, 43 % of 30d is left.",
        "evidence": (
            "p99 latency (service checkout) is 2.4 s, far above the expected range 210 ms to 480 ms.",
            "CheckoutSlow fires since 02:58 UTC on 3 instances.",
            "Together because they began within 40 s and share service=checkout.",
        ),
        "why_you": "route severity=critical, escalation shop, step 1 of 2: schedule shop, on call until 09:00",
        "next_at": NOW + 900.0, "next_who": "bo (schedule backup)",
        "labels": (("namespace", "shop-eu"), ("service", "checkout")),
        "links": (
            Link("incident", "https://aiops.example.org/incidents/INC-42"),
            Link("runbook", "https://wiki.example.org/checkout?slow=yes&p=99"),
        ),
        "time_zone": "Europe/Berlin",
    }  # fmt: skip
    return Message(**(defaults | changes))


def acknowledged(**changes: Any) -> Message:
    """Say that Ann took it."""
    defaults = {"state": "acknowledged", "actor": "ann", "note": "looking at the pool", "next_at": None, "next_who": ""}
    return message(MessageEvent.ACKNOWLEDGE, **(defaults | changes))


def resolved(**changes: Any) -> Message:
    """Say that it is over."""
    defaults = {"state": "resolved", "actor": "ann", "firing": 0, "next_at": None, "at": NOW + 1_200.0}
    return message(MessageEvent.RESOLVE, **(defaults | changes))


def storm(count: int = 12, **changes: Any) -> Message:
    """Fold incidents into one message."""
    named = tuple(
        Named(f"INC-{50 + each}", f"disk of db-{each} fills", "warning", "db", f"https://aiops.example.org/i/{each}")
        for each in range(count)
    )
    defaults = {
        "event": MessageEvent.STORM,
        "name": "", "title": f"{count} more incidents in 5m", "named": named, "impact": "",
        "evidence": tuple(f"evidence of {one.name}" for one in named), "next_at": None, "links": (), "service": "",
    }  # fmt: skip
    return message(**(defaults | changes))


def trial() -> Message:
    """Make a test message."""
    return message(
        MessageEvent.TEST, incident="", name="", title="Test message of aiops-daemon", state="", severity="info",
        priority="", team="", service="", cluster="", priority_reason="", alerts=0, firing=0, impact="", evidence=(),
        why_you="ann asked for it", next_at=None, links=(),
    )  # fmt: skip


def hostile(text: str = HOSTILE) -> Message:
    """Put one text everywhere where alerts, people or configuration may put one."""
    return message(
        name=text, title=text, state="open", severity=text, priority=text, team=text, service=text, cluster=text,
        priority_reason=text, impact=text, evidence=(text,) * 30, why_you=text, next_who=text, actor=text, note=text,
        labels=((text, text),),
        links=(Link(text, text), Link("incident", f"https://e.org/{text}"), Link(text, "javascript:x")),
    )  # fmt: skip


def notification(told: Message | None = None, **changes: Any) -> Notification:
    """Make a row of the outbox."""
    told = told or message()
    defaults: dict[str, Any] = {
        "uid": "n1", "key": "k1", "dedup_key": f"aiops/eu1/{UID}", "incident": told.incident, "team": "shop",
        "destination": "receiver/chat/slack/0", "integration": "slack", "message": told, "created_at": NOW,
        "due_at": NOW,
    }  # fmt: skip
    return Notification(**(defaults | changes))
