"""Messages and channels for tests of PagerDuty: the incident of notify_world, as its events and limits want it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from notify_world import FULL, notification

from aiops_daemon.core.model.channels.pagerduty import PagerDutySpec
from aiops_daemon.core.model.message import Link, Message, MessageEvent, Named
from aiops_daemon.core.model.notification import Notification
from aiops_daemon.core.response.keys import dedup_key

KEY = "canaryroutingkey0123456789abcdef"
TOKEN = "fake-rest-token"  # what the fake takes
NOW = 1_780_000_000.0
UID = "019e4c3a-0000-7000-8000-00000000002a"
DEDUP_KEY = dedup_key("hub-eu", UID)

MESSAGE = replace(
    FULL,
    incident=UID,
    title="Checkout answers slowly",
    at=NOW,
    opened_at=NOW - 95.0,
    priority_reason="critical, and the error budget of checkout-availability burns",
    alerts=12,
    firing=9,
    impact="9 alerts fire on 2 services; checkout-availability burns 14 times too fast",
    evidence=("p99 is 2.31 s; usual are 0.31 to 0.48 s", "pods restart: 4 in 5 minutes"),
    why_you='route severity="critical", escalation shop, step 1 of 2',
    next_at=NOW + 900.0,
    next_who="schedule/shop: bo",
    labels=(("cluster", "eu1"), ("namespace", "shop-prod")),
    links=(
        Link("incident", "https://aiops.example.org/incidents/INC-42"),
        Link("runbook", "https://runbooks.example.org/checkout"),
        Link("dashboard", "http://grafana.example.org/d/checkout"),
        Link("odd", "javascript:alert(1)"),
    ),
)
STORM = replace(
    MESSAGE,
    event=MessageEvent.STORM,
    incident="",
    name="",
    title="3 more incidents within 5m: INC-43, INC-44, INC-45",
    evidence=(),
    impact="",
    labels=(),
    links=(),
    named=(
        Named("INC-43", "Queue grows", "critical", "stock", "https://aiops.example.org/incidents/INC-43"),
        Named("INC-44", "Node is gone", "warning"),
        Named("INC-45", "Disk fills", "info", "db", "https://aiops.example.org/incidents/INC-45"),
    ),
)


def message(event: MessageEvent = MessageEvent.TRIGGER, **changed: Any) -> Message:
    """Return the message with these changes."""
    return replace(MESSAGE, event=event, **changed)


def row(of: Message = MESSAGE, *, dedup_key: str = DEDUP_KEY) -> Notification:
    """Return the message as a row of the outbox."""
    to = "receiver/pd/pagerduty/0"
    return notification(
        of, uid="n1", key=f"{to} {dedup_key}", dedup_key=dedup_key, destination=to, integration="pagerduty",
        created_at=NOW, due_at=NOW,
    )  # fmt: skip


def spec(url: str = "http://127.0.0.1:9", **changed: Any) -> PagerDutySpec:
    """Return a channel that sends there."""
    return replace(PagerDutySpec(routing_key=lambda: KEY, url=url, api_url=url), **changed)


def two_way(url: str, **changed: Any) -> PagerDutySpec:
    """Return a channel that may ask and write notes too."""
    return spec(url, api_token=lambda: TOKEN, sender="ann@example.org", **changed)
