"""Escalations, timers, messages and storms as rows, and back.

Enters: frozen values of core.model, or rows of those tables in their column order. Leaves: the other of the two. What
is frozen in an escalation is kept as JSON, whole: unknown members are passed over, missing ones have their defaults,
so that the release before and the one after read it too. Never touches a connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aiops_daemon.core.model.escalation import Escalation, Timer, TimerKind
from aiops_daemon.core.model.message import Message, Named
from aiops_daemon.core.model.notification import Notification, NotificationState, Storm
from aiops_daemon.core.response.timers import over
from aiops_daemon.edges.store.storable import storable

_encode = msgspec.json.Encoder().encode
_escalation = msgspec.json.Decoder(Escalation)
_message = msgspec.json.Decoder(Message)
_named = msgspec.json.Decoder(tuple[Named, ...])


def as_json(value: object) -> bytes:
    """Write a value whole; text that no database takes is kept with replacements."""
    try:
        return _encode(value)
    except UnicodeEncodeError:  # half a surrogate pair in some text
        return _encode(_clean(msgspec.to_builtins(value)))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(str(name)): _clean(one) for name, one in value.items()}
    return [_clean(one) for one in value] if isinstance(value, list | tuple) else value


def escalation_row(state: Escalation) -> dict[str, Any]:
    """Write an escalation as a row."""
    return {
        "incident": state.incident,
        "team": storable(state.team),
        "phase": state.phase.value,
        "over": over(state),
        "state": as_json(state),
    }


def escalation_of(row: Any) -> Escalation:
    """Read an escalation from a row."""
    return _escalation.decode(row.state)


def timer_row(timer: Timer) -> dict[str, Any]:
    """Write a timer as a row."""
    return {
        "incident": timer.incident,
        "name": storable(timer.name),
        "team": storable(timer.team),
        "kind": timer.kind.value,
        "due_at": timer.due_at,
    }


def timer_of(row: Any) -> Timer:
    """Read a timer from a row."""
    return Timer(row.incident, row.team, TimerKind(row.kind), row.name, row.due_at)


def notification_row(one: Notification) -> dict[str, Any]:
    """Write a new message as a row; its id and lease are the database's."""
    texts = ("uid", "key", "dedup_key", "incident", "team", "destination", "integration", "address", "track", "step")
    return {name: storable(getattr(one, name)) for name in (*texts, "reason", "detail", "reply")} | {
        "event": one.message.event.value,
        "message": as_json(one.message),
        "created_at": one.created_at,
        "due_at": one.due_at,
        "state": one.state.value,
        "attempts": one.attempts,
        "lease_until": 0.0,
        "sent_at": one.sent_at,
        "confirmed_at": one.confirmed_at,
    }


def notification_of(row: Any, thread: str = "") -> Notification:
    """Read a message from a row."""
    return Notification(
        uid=row.uid,
        key=row.key,
        dedup_key=row.dedup_key,
        incident=row.incident,
        team=row.team,
        destination=row.destination,
        integration=row.integration,
        message=_message.decode(row.message),
        created_at=row.created_at,
        due_at=row.due_at,
        address=row.address,
        track=row.track,
        step=row.step,
        state=NotificationState(row.state),
        attempts=row.attempts,
        reason=row.reason,
        detail=row.detail,
        sent_at=row.sent_at,
        confirmed_at=row.confirmed_at,
        reply=row.reply,
        thread=thread,
    )


def storm_row(storm: Storm) -> dict[str, Any]:
    """Write a storm as a row."""
    return {
        "destination": storable(storm.destination),
        "uid": storm.uid,
        "team": storable(storm.team),
        "opened_at": storm.opened_at,
        "last_at": storm.last_at,
        "named": as_json(storm.named),
    }


def storm_of(row: Any) -> Storm:
    """Read a storm from a row."""
    return Storm(row.destination, row.uid, row.team, row.opened_at, row.last_at, _named.decode(row.named))
