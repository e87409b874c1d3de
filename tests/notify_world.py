"""Messages that tests of channels send: full, sparse, and hostile; and rows of the outbox around them."""

from __future__ import annotations

from dataclasses import replace

from aiops_daemon.core.model.message import Link, Message, MessageEvent, Named
from aiops_daemon.core.model.notification import Notification

AT = 1_763_697_000.0  # 2025-11-21 03:50 UTC
UID = "0199a0b0-0000-7000-8000-00000000d001"
INCIDENT = "0199a0b0-0000-7000-8000-000000000042"
SPARSE = Message(
    event=MessageEvent.TRIGGER,
    incident=INCIDENT,
    name="INC-42",
    title="Checkout answers too slowly",
    state="open",
    severity="critical",
    priority="P1",
    at=AT,
    opened_at=AT - 720,
)
FULL = replace(
    SPARSE,
    team="shop",
    service="checkout",
    cluster="eu1",
    priority_reason="critical, and the error budget burns",
    alerts=7,
    firing=5,
    impact="5 of 7 alerts fire on 3 services; checkout-availability burns its budget 14 times too fast.",
    evidence=(
        "p99 of checkout is 2.4 s; expected 0.3 s to 0.6 s.",
        "payments was deployed 4m before the first alert.",
    ),
    why_you="route severity=critical, escalation shop, step 2: on call in schedule shop",
    next_at=AT + 900,
    next_who="bo",
    labels=(("cluster", "eu1"), ("severity", "critical")),
    links=(
        Link("incident", "https://aiops.example.org/incidents/INC-42"),
        Link("runbook", "https://wiki.example.org/checkout?a=1&b=2"),
    ),
    time_zone="Europe/Berlin",
)
STORM = replace(
    SPARSE,
    event=MessageEvent.STORM,
    incident="",
    name="storm of 3",
    title="3 further incidents: INC-43, INC-44, INC-45",
    evidence=tuple(f"INC-{n} critical: Node {n} is down" for n in (43, 44, 45)),
    named=tuple(
        Named(f"INC-{n}", f"Node {n} is down", "critical", "nodes", f"https://aiops.example.org/incidents/INC-{n}")
        for n in (43, 44, 45)
    ),
    why_you="beyond 10 pages in 5m to team shop",
    links=(Link("incidents", "https://aiops.example.org/incidents"),),
)
BY_EVENT = {
    MessageEvent.TRIGGER: FULL,
    MessageEvent.UPDATE: replace(FULL, event=MessageEvent.UPDATE, firing=7),
    MessageEvent.ACKNOWLEDGE: replace(
        FULL, event=MessageEvent.ACKNOWLEDGE, state="acknowledged", actor="ann", note="Rolling back.", next_at=None
    ),
    MessageEvent.RESOLVE: replace(FULL, event=MessageEvent.RESOLVE, state="resolved", firing=0, next_at=None),
    MessageEvent.STORM: STORM,
    MessageEvent.DIGEST: replace(STORM, event=MessageEvent.DIGEST, name="digest", title="3 incidents since 03:00"),
    MessageEvent.TEST: replace(SPARSE, event=MessageEvent.TEST, incident="", name="", title="Does this reach you?"),
}
HOSTILE_TEXT = (
    "\r\nBcc: eve@example.org\r\n\r\n<script>alert(1)</script>&<Hangup/> {{ 7*7 }} {% raw %} \"'\\ "
    "{code}h1. boo{code} [x|http://evil] \x00\x1b[2J\u202egpj.exe \ud800 ]]>"
)
HOSTILE = replace(
    FULL,
    name=f"INC-42{HOSTILE_TEXT}",
    title=HOSTILE_TEXT,
    severity=f"critical{HOSTILE_TEXT}",
    priority=HOSTILE_TEXT,
    priority_reason=HOSTILE_TEXT,
    team=HOSTILE_TEXT,
    service=HOSTILE_TEXT,
    cluster=HOSTILE_TEXT,
    impact=HOSTILE_TEXT,
    evidence=(HOSTILE_TEXT, "x" * 100_000),
    why_you=HOSTILE_TEXT,
    next_who=HOSTILE_TEXT,
    actor=HOSTILE_TEXT,
    note=HOSTILE_TEXT,
    labels=((HOSTILE_TEXT, HOSTILE_TEXT), ("a", "b" * 5_000)),
    links=(
        Link("incident", "javascript:alert(1)"),
        Link(HOSTILE_TEXT, f"https://example.org/{HOSTILE_TEXT}"),
        Link("quote", 'https://example.org/"onmouseover="alert(1)'),
    ),
    named=(Named(HOSTILE_TEXT, HOSTILE_TEXT, HOSTILE_TEXT, HOSTILE_TEXT, "file:///etc/passwd"),),
    time_zone="No/Where",
)


class Standing:
    """A clock that stands at AT, so that signatures and waits are what a test says."""

    def now(self) -> float:
        return AT

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("a channel waits for nothing: the outbox does")


def notification(message: Message = FULL, **changes: object) -> Notification:
    """Make a row of the outbox."""
    row = Notification(
        uid=UID,
        key=f"receiver/ops/x/0 aiops/eu/{INCIDENT}",
        dedup_key=f"aiops/eu/{INCIDENT}",
        incident=message.incident,
        team=message.team,
        destination="receiver/ops/x/0",
        integration="x",
        message=message,
        created_at=AT,
        due_at=AT,
    )
    return replace(row, **changes)  # type: ignore[arg-type]
