"""A message as templates see it: names, clean text, and times as people say them.

Enters: a Message. Leaves: the variables of every template (docs/receivers.md lists them). Text of alerts becomes one
line each, without control characters and half characters, and no longer than a template can bear; addresses that are
neither http nor https are left out. Never decides what is said of an incident: core does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from aiops_daemon.core.model.message import Message, MessageEvent
from aiops_daemon.core.model.quantity import speak_duration
from aiops_daemon.edges.foreign import in_zone, local_time

LONGEST_TEXT = 2_000  # characters of one value: a description, a sentence of evidence
MOST_ITEMS = 50  # evidence, labels, incidents of a storm
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")
_HALVES = re.compile(r"[\ud800-\udfff]")
_WIKI = re.compile(r"([\\{}\[\]|!*#~])")
_IN_ADDRESS = re.compile(r"[\\{}\[\]|!*\"'<>`^]")

Clean = Callable[[str], str]


def plain(text: str) -> str:
    """Return text as one line without what moves a cursor, hides, or turns the direction of writing."""
    line = _HALVES.sub("\ufffd", _BLANK.sub(" ", text)).strip()
    return line if len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - 3].rstrip() + "..."


def wiki(text: str) -> str:
    """Return text in which Jira's wiki notation finds nothing to format."""
    return _WIKI.sub(r"\\\1", plain(text))


def address(text: str) -> str:
    """Return an address that a message may link to, "" for what is neither http nor https."""
    stripped = text.strip()
    try:
        parts = urlsplit(stripped)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.netloc or _BLANK.search(stripped):
        return ""
    return _IN_ADDRESS.sub(lambda found: f"%{ord(found[0]):02X}", _HALVES.sub("", stripped))


def words(message: Message, clean: Clean = plain) -> dict[str, Any]:
    """Return the variables of a template; empty text, None and empty lists mean that there is nothing to say."""
    said = {
        name: clean(getattr(message, name))
        for name in (
            *("name", "title", "state", "severity", "priority", "priority_reason", "team", "service", "cluster"),
            *("impact", "why_you", "next_who", "actor", "note"),
        )
    }
    links = [{"name": clean(link.name), "url": address(link.url)} for link in message.links]
    named = [
        {
            "name": clean(one.name),
            "title": clean(one.title),
            "severity": clean(one.severity),
            "service": clean(one.service),
            "url": address(one.url),
        }
        for one in message.named[:MOST_ITEMS]
    ]
    return said | {
        "event": str(message.event),
        "incident": clean(message.incident),
        "headline": headline(message, clean),
        "at": message.at,
        "opened_at": message.opened_at,
        "lasted_seconds": max(0.0, message.at - message.opened_at),
        "next_at": message.next_at,
        "alerts": message.alerts,
        "firing": message.firing,
        "evidence": [clean(one) for one in message.evidence[:MOST_ITEMS] if one.strip()],
        "labels": {clean(name): clean(value) for name, value in message.labels[:MOST_ITEMS]},
        "links": [link for link in links if link["url"]],
        "named": named,
        "more_named": max(0, len(message.named) - MOST_ITEMS),
        "url": page(message),
        "time_zone": message.time_zone,
    }


def page(message: Message) -> str:
    """Return the page that a message is about: the incident's, else the list of incidents; "" for none."""
    incidents = next((link.url for link in message.links if link.name == "incidents"), "")
    return address(message.url or incidents)


def headline(message: Message, clean: Clean = plain) -> str:
    """Say in one line what it is about."""
    title, name, by = clean(message.title), clean(message.name), clean(message.actor)
    about = f"{name} {title}".strip()
    done = f" by {by}" if by else ""
    match message.event:
        case MessageEvent.TRIGGER:
            return f"[{clean(message.priority)}] {about}" if message.priority else about
        case MessageEvent.UPDATE:
            return f"Changed: {about}"
        case MessageEvent.ACKNOWLEDGE:
            return f"Acknowledged{done}: {about}"
        case MessageEvent.RESOLVE:
            return f"Resolved{done}: {about}"
        case MessageEvent.TEST:
            return f"Test: {about}"
        case MessageEvent.CHANGE:
            return f"Change: {about}"
        case MessageEvent.STORM | MessageEvent.DIGEST:
            return title or f"{len(message.named)} incidents"


def moment(unix: float | None, time_zone: str = "UTC") -> str:
    """Say a moment with its zone, to the minute: 2026-11-21 04:10 CET; "" for none."""
    return local_time(unix, time_zone, without="")


def clock_time(unix: float | None, time_zone: str = "UTC") -> str:
    """Say the time of day with its zone: 04:10 CET; "" for none."""
    local = in_zone(unix, time_zone)
    return f"{local:%H:%M %Z}" if local else ""


def duration(seconds: float) -> str:
    """Say a length of time: 12m 30s."""
    return speak_duration(seconds)


def sentence(text: str) -> str:
    """End a text as a sentence ends."""
    return text if not text or text[-1] in ".!?" else f"{text}."
