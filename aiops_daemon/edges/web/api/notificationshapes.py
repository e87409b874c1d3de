"""The JSON shape of a message in the delivery log, and of the request for a test.

Enters: rows of the outbox. Leaves: structs that msgspec encodes. Never lets an address of a person out: destinations
are names, and where a service repeats the address in its words it is blotted out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

import msgspec

from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Notification
from aiops_daemon.edges.web.api.bodies import Name
from aiops_daemon.edges.web.api.incidentshapes import SeverityName
from aiops_daemon.edges.web.api.shapes import Moment, moment

NotificationStateName = Literal["waiting", "sent", "dead", "shadow", "muted", "dropped"]
EventName = Literal["trigger", "update", "acknowledge", "resolve", "storm", "digest", "test", "change"]
_OF_INCIDENT = re.compile(r"INC-(\d{1,15})")
_OF_MANY = (MessageEvent.STORM, MessageEvent.DIGEST)


class NotificationItem(msgspec.Struct, frozen=True):
    """One message to one destination; `confirmed_at` null while sent: the service has not shown it yet."""

    uid: str
    incident: str | None
    name: str | None
    number: int | None
    team: str
    at: Moment | None
    due_at: Moment | None
    event: EventName
    destination: str
    integration: str
    track: str | None
    step: str | None
    state: NotificationStateName
    attempts: int
    reason: str | None
    detail: str | None
    sent_at: Moment | None
    confirmed_at: Moment | None
    severity: SeverityName
    title: str
    why: str
    names: list[str]


class TrialBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of a test: exactly one of `receiver` and `person`, and the severity whose channels are tried."""

    receiver: Name | None = None
    person: Name | None = None
    severity: Literal["critical", "warning", "info"] = "critical"


def notification_item(one: Notification) -> NotificationItem:
    """Shape a message; `names` are the incidents of a storm page or digest."""
    message = one.message
    number = _OF_INCIDENT.fullmatch(message.name)
    return NotificationItem(
        uid=one.uid,
        incident=one.incident or None,
        name=number[0] if number else None,
        number=int(number[1]) if number else None,
        team=one.team,
        at=moment(one.created_at),
        due_at=moment(one.due_at),
        event=message.event.value,
        destination=one.destination,
        integration=one.integration,
        track=one.track or None,
        step=one.step or None,
        state=one.state.value,
        attempts=one.attempts,
        reason=one.reason or None,
        detail=told(one.detail, one.address) or None,
        sent_at=moment(one.sent_at),
        confirmed_at=moment(one.confirmed_at),
        severity=message.severity,  # type: ignore[arg-type]  # one of Severity's values
        title=message.title,
        why=message.why_you,
        names=[each.name for each in message.named] if message.event in _OF_MANY else [],
    )


def notification_items(rows: Iterable[Notification]) -> list[NotificationItem]:
    """Shape several."""
    return [notification_item(row) for row in rows]


def told(detail: str, address: str) -> str:
    """Return the words of a failure without the address of a person."""
    return re.sub(re.escape(address), "(address)", detail, flags=re.IGNORECASE) if address else detail
