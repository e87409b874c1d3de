"""The JSON of outgoing webhooks, version 1, as docs/receivers.md describes it.

Enters: a notification. Leaves: bytes. What there is nothing to say of is left out. Times are RFC 3339 in UTC.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from aiops_daemon.core.model.message import Message
from aiops_daemon.core.model.notification import Notification
from aiops_daemon.core.model.quantity import utc
from aiops_daemon.edges.notify.wording import address

VERSION = "1"
_BULKY = ("evidence", "labels", "named")  # left out, in a body too large
_SECOND = (*_BULKY, "links")  # left out, in one that still is
_LONGEST = 4_096  # characters of one text
_BRIEF = (256, 64, 16)  # where the body would be too large, until it fits; a sign may take twelve bytes
_WHOLE = frozenset(("uid", "name", "opened_at", "at", "url", "links"))  # of no use when they are cut


def webhook_body(notification: Notification, limit: int) -> bytes:
    """Write the body; one beyond `limit` bytes is written without its bulky parts, shortened, and says so."""
    body = _bytes(_document(notification, _LONGEST))
    for longest in _BRIEF:
        if len(body) <= limit:
            break
        left_out = _BULKY if longest == _BRIEF[0] else _SECOND
        document = _document(notification, longest)
        brief = {name: value for name, value in document.items() if name not in left_out}
        body = _bytes(brief | {"truncated": True})
    return body


def _bytes(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _document(notification: Notification, longest: int) -> dict[str, Any]:
    message = notification.message
    document: dict[str, Any] = {
        "version": VERSION,
        "event": str(message.event),
        "delivery": notification.uid,
        "key": notification.dedup_key,
        "at": _moment(message.at),
    }
    if message.incident:
        document["incident"] = _filled(_incident(message), longest)
    more = {
        **({} if message.incident else {"title": message.title, "severity": message.severity}),
        "impact": message.impact,
        "evidence": list(message.evidence),
        "why_you": message.why_you,
        "next": _filled({"at": _moment(message.next_at), "who": message.next_who}, longest),
        "actor": message.actor,
        "note": message.note,
        "labels": dict(message.labels),
        "links": {link.name: address(link.url) for link in message.links if address(link.url)},
        "named": [_filled(asdict(one) | {"url": address(one.url)}, longest) for one in message.named],
    }
    return document | _filled(more, longest)


def _incident(message: Message) -> dict[str, Any]:
    return {
        "uid": message.incident,
        "name": message.name,
        "title": message.title,
        "state": message.state,
        "severity": message.severity,
        "priority": message.priority,
        "priority_reason": message.priority_reason,
        "opened_at": _moment(message.opened_at),
        "team": message.team,
        "service": message.service,
        "cluster": message.cluster,
        "alerts": message.alerts,
        "firing": message.firing,
        "url": address(message.url),
    }


def _filled(values: dict[str, Any], longest: int) -> dict[str, Any]:
    """Leave out what is empty, and cut what is long; a count of 0 is something to say."""
    return {
        name: value if name in _WHOLE else _cut(value, longest)
        for name, value in values.items()
        if value not in ("", None, [], {})
    }


def _cut(value: Any, longest: int) -> Any:
    if isinstance(value, str):
        whole = value.encode("utf-8", "replace").decode()
        return whole if len(whole) <= longest else whole[: longest - 3] + "..."
    if isinstance(value, list):
        return [_cut(one, longest) for one in value]
    if isinstance(value, dict):
        return {_cut(name, longest): _cut(one, longest) for name, one in value.items()}
    return value


def _moment(unix: float | None) -> str:
    there = utc(unix)
    return there.isoformat(timespec="seconds").replace("+00:00", "Z") if there else ""
