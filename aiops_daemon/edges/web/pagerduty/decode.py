"""One event of PagerDuty's webhooks v3 as what somebody did to a page of ours.

Enters: a signed body. Leaves: a RemoteChange, or why it is none of our business; raises ValueError for a body that is
no event. Our own echoes are none: what the Events API does has no agent, or one that is no person, and notes that the
REST API wrote in the name of a person begin with our mark. What PagerDuty does by itself (escalates, ends an
acknowledgement, closes what is old) has no agent either, and is left alone: the escalation here has timers of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from aiops_daemon.core.model.remote import NOTE_MARK, RemoteChange, RemoteKind
from aiops_daemon.core.response.keys import parse

_KINDS = {
    "incident.triggered": RemoteKind.TRIGGER,
    "incident.acknowledged": RemoteKind.ACK,
    "incident.unacknowledged": RemoteKind.UNACK,
    "incident.resolved": RemoteKind.RESOLVE,
    "incident.reopened": RemoteKind.REOPEN,
    "incident.reassigned": RemoteKind.REASSIGN,
    "incident.delegated": RemoteKind.REASSIGN,
    "incident.escalated": RemoteKind.REASSIGN,
    "incident.priority_updated": RemoteKind.PRIORITY,
    "incident.annotated": RemoteKind.NOTE,
}
_PERSON = "user"  # user_reference; others are services, integrations, workflows
_MERGED = "merge_resolve_reason"


class _Reference(msgspec.Struct):
    id: str | None = None  # anything may be null: what is refused three times in a row disables the subscription
    type: str | None = None
    summary: str | None = None


class _Reason(msgspec.Struct):
    type: str | None = None
    incident: _Reference | None = None


class _Data(msgspec.Struct):
    id: str | None = None
    incident_key: str | None = None
    assignees: list[_Reference | None] | None = None
    priority: _Reference | None = None
    resolve_reason: _Reason | None = None
    content: str | None = None  # of a note
    incident: _Reference | None = None  # of a note


class _Event(msgspec.Struct):
    id: str
    event_type: str
    occurred_at: str
    agent: _Reference | None = None
    data: msgspec.Raw = msgspec.Raw(b"{}")


class _Body(msgspec.Struct):
    event: _Event


class Ignored(str):
    """Why an event changes nothing here."""

    __slots__ = ()


_BODY = msgspec.json.Decoder(_Body)
_DATA = msgspec.json.Decoder(_Data | None)


def decode(body: bytes) -> RemoteChange | Ignored:
    """Read one event; raises ValueError when it is none."""
    try:
        event = _BODY.decode(body).event
        kind = _KINDS.get(event.event_type)
        if kind is None:  # a ping, events of services, kinds that PagerDuty adds: their data may have any form
            return Ignored("no event of an incident that matters here")
        data = _DATA.decode(event.data) or _Data()
        occurred_at = _moment(event.occurred_at)
    except (msgspec.DecodeError, UnicodeDecodeError, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from None
    if not event.id:
        raise ValueError("an event without an id")
    return _change(event, kind, data, occurred_at)


def _moment(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _change(event: _Event, kind: RemoteKind, data: _Data, occurred_at: float) -> RemoteChange | Ignored:
    by_person = event.agent is not None and (event.agent.type or "").startswith(_PERSON)
    if kind is RemoteKind.NOTE and (data.content or "").startswith(NOTE_MARK):
        return Ignored("our own note")
    if kind is not RemoteKind.TRIGGER and not by_person:
        return Ignored("an automatism did it, maybe our own")
    key = data.incident_key or ""
    if kind is not RemoteKind.NOTE and parse(key) is None:
        return Ignored("no page of ours")
    merged = kind is RemoteKind.RESOLVE and data.resolve_reason is not None and data.resolve_reason.type == _MERGED
    about = data.incident if kind is RemoteKind.NOTE else None
    agent = event.agent if by_person and event.agent is not None else _Reference()
    return RemoteChange(
        source="pagerduty",
        uid=event.id,
        kind=RemoteKind.NOTE if merged else kind,
        dedup_key=key,
        remote_id=(about.id if about else data.id) or "",
        actor=agent.summary or "",
        actor_id=agent.id or "",
        text=_merged_into(data) if merged else _text(kind, data),
        occurred_at=occurred_at,
    )


def _text(kind: RemoteKind, data: _Data) -> str:
    if kind is RemoteKind.NOTE:
        return data.content or ""
    if kind is RemoteKind.PRIORITY:
        return (data.priority.summary or "") if data.priority else ""
    if kind is RemoteKind.REASSIGN:
        return ", ".join(one.summary for one in data.assignees or () if one and one.summary)
    return ""


def _merged_into(data: _Data) -> str:
    """Tell a merge: the page is gone there, but what it tells of is not over."""
    into = data.resolve_reason.incident if data.resolve_reason else None
    return (
        f"merged in PagerDuty into {into.summary or into.id}"
        if into and (into.summary or into.id)
        else "merged in PagerDuty"
    )
