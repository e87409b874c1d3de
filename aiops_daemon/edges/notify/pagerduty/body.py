"""A message as an event of PagerDuty's Events API v2.

Enters: a message and the channel's specification. Leaves: the fields of a trigger within PagerDuty's limits, ready to
be sent. Texts of alerts are data: PagerDuty shows them as plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiops_daemon.core.model.channels.pagerduty import PagerDutySpec
from aiops_daemon.core.model.message import Link, Message, MessageEvent, Named
from aiops_daemon.edges.foreign import one_line
from aiops_daemon.edges.notify.pagerduty.limits import SUMMARY_UNITS, Details, clean, cut, fit

_OPENED = re.compile(r"https?://[^\s/]\S{0,1999}")
_MOST_LINKS = 20
_FIELD_UNITS = 255


def trigger(message: Message, spec: PagerDutySpec, dedup_key: str) -> dict[str, Any]:
    """Make the fields of a trigger, the routing key aside."""
    event: dict[str, Any] = {
        "event_action": "trigger",
        "dedup_key": dedup_key,
        "client": _field(spec.client),
        **_linked(message.links),
        "payload": {
            "summary": summary(message),
            "source": _field(spec.source or message.service or message.cluster) or "aiops-daemon",
            "severity": spec.severity(message.severity),
            "timestamp": stamp(message.at),
            **_classes(message, spec),
        },
    }
    client_url = clean(spec.client_url or message.url)
    if _OPENED.fullmatch(client_url):
        event["client_url"] = client_url
    fit(event, {**_details(message), **{clean(name): clean(text) for name, text in spec.details}})
    return event


def summary(message: Message) -> str:
    """Return one line that says what is wrong; never empty, never too long."""
    title = one_line(message.title, SUMMARY_UNITS) or "no title"
    if message.event in (MessageEvent.STORM, MessageEvent.DIGEST):
        return cut(title, SUMMARY_UNITS)
    priority, name = _field(message.priority), _field(message.name)
    return cut(" ".join(part for part in (f"[{priority}]" if priority else "", name, title) if part), SUMMARY_UNITS)


def stamp(moment: float) -> str:
    """Write a time as ISO 8601."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _linked(given: Iterable[Link]) -> dict[str, list[dict[str, str]]]:
    """Return the field `links`: the addresses that a browser can open, each once; PagerDuty refuses others."""
    unique = {clean(link.url): _field(link.name) for link in given if _OPENED.fullmatch(link.url)}
    return {"links": [{"href": url, "text": name} for url, name in [*unique.items()][:_MOST_LINKS]]} if unique else {}


def _classes(message: Message, spec: PagerDutySpec) -> dict[str, str]:
    """Return the fields that PagerDuty's event rules go by."""
    told = {"component": spec.component or message.service, "group": spec.group or message.team, "class": spec.kind}
    return {name: _field(text) for name, text in told.items() if text}


def _field(text: str) -> str:
    """Return a text that names something: what is not meant for prose may not fill the body."""
    return cut(one_line(text, _FIELD_UNITS), _FIELD_UNITS)


def _details(message: Message) -> Details:
    """Say everything else, the most needed first; what there is not is not mentioned."""
    found: Details = {
        "incident": message.name,
        "state": message.state,
        "impact": message.impact,
        "since": _local(message.opened_at, message.time_zone),
        "priority": f"{message.priority}: {message.priority_reason}" if message.priority_reason else message.priority,
        "severity": message.severity,
        "firing": message.firing,
        "alerts": message.alerts,
        "evidence": list(message.evidence),
        "incidents": [_named(one) for one in message.named],
        "why you": message.why_you,
        "next escalation": _next(message),
        "note": f"{message.actor}: {message.note}" if message.actor and message.note else message.note,
        "cluster": message.cluster,
        "labels": dict(message.labels),
    }
    if message.event in (MessageEvent.STORM, MessageEvent.DIGEST):
        del found["firing"], found["alerts"], found["state"]
    return {name: _cleaned(value) for name, value in found.items() if value not in ("", [], {})}


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [clean(one) for one in value]
    return {clean(name): clean(text) for name, text in value.items()} if isinstance(value, dict) else value


def _named(one: Named) -> str:
    """Write an incident of a storm in one short line: all of them are to fit."""
    head = " ".join(part for part in (one.name, one.severity, one.service) if part)
    tail = f" {one.url}" if one.url else ""
    return f"{head}: {cut(one.title, 200)}{tail}"


def _next(message: Message) -> str:
    if message.next_at is None:
        return ""
    return " ".join(part for part in (_local(message.next_at, message.time_zone), message.next_who) if part)


def _local(moment: float, zone: str) -> str:
    return datetime.fromtimestamp(moment, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M %Z")


def change(message: Message, spec: PagerDutySpec) -> dict[str, Any]:
    """Make a change event; PagerDuty takes links with it, and nothing else that leads away."""
    payload: dict[str, Any] = {
        "summary": cut(one_line(message.title, SUMMARY_UNITS) or "a change", SUMMARY_UNITS),
        "source": _field(spec.source or message.service or message.cluster) or "aiops-daemon",
        "timestamp": stamp(message.opened_at),
    }
    event: dict[str, Any] = {"payload": payload, **_linked(message.links)}
    told = {"told by": message.actor, "labels": dict(message.labels)}
    fit(event, {name: _cleaned(value) for name, value in told.items() if value})
    return event
