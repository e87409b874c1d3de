"""A message as an adaptive card in the envelope of a Teams workflow, under the size that Teams takes.

Enters: a Message, whose text is data. Leaves: the JSON body, at most MOST_BYTES. Foreign text stands in text runs
alone, which know no Markdown: it can make neither a link nor a mention. What had to be cut is said: evidence goes
first. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from aiops_daemon.core.model.message import Link, Message, MessageEvent, Named
from aiops_daemon.core.model.quantity import speak_duration
from aiops_daemon.edges.foreign import is_web, local_time, one_line

MOST_BYTES = 27 * 1024  # Teams refuses messages of about 28 KB
VERSION = "1.4"  # that every client of Teams shows
_TITLE = 300  # characters; even if each takes four bytes, all but evidence and names stays far under the limit
_TEXT = 600
_SHORT = 100
_MOST_URL = 500
_MOST_LINKS = 6  # Teams shows six actions
_ICONS = {"critical": "🔴", "warning": "🟠", "info": "🔵"}
_CLOSED = ("resolved", "merged")

Element = dict[str, Any]


def card_body(message: Message) -> bytes:
    """Return the request's body; lines of evidence, then incidents of a storm, are cut until it fits."""
    kept = _bounded(message)
    evidence, named = len(kept.evidence), len(kept.named)
    body = _body(kept, message)
    while len(body) > MOST_BYTES and (evidence or named):
        if evidence:
            evidence = _fewer(evidence, len(body))
        else:
            named = _fewer(named, len(body))
        body = _body(replace(kept, evidence=kept.evidence[:evidence], named=kept.named[:named]), message)
    return body


def _fewer(count: int, size: int) -> int:
    """Return how many to try next: as many as the size suggests, at least one less."""
    return min(count - 1, count * MOST_BYTES // size)


def _body(kept: Message, whole: Message) -> bytes:
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": _card(kept, whole),
    }
    return json.dumps({"type": "message", "attachments": [attachment]}, ensure_ascii=False).encode()


def _card(kept: Message, whole: Message) -> Element:
    card: Element = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": VERSION,
        "msteams": {"width": "Full"},
        "body": list(_elements(kept, whole)),
    }
    actions = [_open(one, kept.name) for one in kept.links]
    return card | {"actions": actions} if actions else card


def _elements(kept: Message, whole: Message) -> Iterator[Element]:
    yield _paragraph(_run(_headline(kept), size="Large", weight="Bolder"))
    facts = list(_facts(kept))
    if facts:
        yield _paragraph(*_joined(facts))
    if kept.impact:
        yield _paragraph(_label("Impact"), _run(kept.impact))
    for line in kept.evidence:
        yield _paragraph(_run(f"• {line}"))
    yield from _cut(
        0 if whole.named else len(whole.evidence) - len(kept.evidence), "line of evidence", "lines of evidence", kept
    )
    for each in kept.named:
        where = f", {each.service}" if each.service else ""
        told = f" {each.title} ({each.severity}{where})"
        yield _paragraph(_run("• "), _linked(each.name, each.url), _run(told))
    yield from _cut(len(whole.named) - len(kept.named), "incident", "incidents", kept)
    if kept.next_at is not None and not _closed(kept):
        who, at = kept.next_who or "the next step", local_time(kept.next_at, kept.time_zone)
        yield _paragraph(_label("Next"), _run(f"Unless somebody acknowledges, {who} is told at {at}."))
    if kept.note:
        yield _paragraph(_label("Note"), _run(kept.note))
    if kept.why_you:
        yield _paragraph(_run(f"Why you got this: {kept.why_you}", isSubtle=True))


def _cut(count: int, one: str, many: str, message: Message) -> Iterator[Element]:
    if count > 0:
        where = "; the incident's page has all" if message.url else ""
        yield _paragraph(_run(f"{count} more {one if count == 1 else many} did not fit{where}.", isSubtle=True))


def _headline(message: Message) -> str:
    icon = "🟢" if _closed(message) else _ICONS.get(message.severity, "⚪")
    words = {MessageEvent.ACKNOWLEDGE: "Acknowledged:", MessageEvent.RESOLVE: "Resolved:"}.get(message.event, "")
    return " ".join(filter(None, (icon, words, message.name, message.title)))


def _closed(message: Message) -> bool:
    return message.event is MessageEvent.RESOLVE or message.state in _CLOSED


def _facts(message: Message) -> Iterator[tuple[str, str]]:
    if message.incident and not message.named:
        by = f" by {message.actor}" if message.actor else ""
        yield "State", message.state + by
        yield "Severity", ", ".join(filter(None, (message.severity, message.priority, message.priority_reason)))
        lasted = speak_duration(max(0.0, message.at - message.opened_at))
        yield "Since", f"{local_time(message.opened_at, message.time_zone)} ({lasted})"
        if message.alerts:
            yield "Alerts", f"{message.firing} firing of {message.alerts}"
    for name, value in (("Service", message.service), ("Team", message.team), ("Cluster", message.cluster)):
        if value:
            yield name, value


def _joined(facts: list[tuple[str, str]]) -> Iterator[Element]:
    for index, (name, value) in enumerate(facts):
        yield _label(name)
        yield _run(value + (" · " if index < len(facts) - 1 else ""))


def _paragraph(*runs: Element) -> Element:
    return {"type": "RichTextBlock", "inlines": list(runs)}


def _run(text: str, **looks: object) -> Element:
    return {"type": "TextRun", "text": text, **looks}


def _linked(text: str, url: str) -> Element:
    return _run(text, selectAction={"type": "Action.OpenUrl", "url": url}) if url else _run(text)


def _label(name: str) -> Element:
    return _run(f"{name}: ", weight="Bolder")


def _open(one: Link, name: str) -> Element:
    title = f"Open {name}" if one.name == "incident" and name else one.name
    return {"type": "Action.OpenUrl", "title": title, "url": one.url}


def _bounded(message: Message) -> Message:
    """Cut every text to what one may need, so that only evidence and names can be too much; links to the web stay."""
    evidence = () if message.named else message.evidence  # of a storm it repeats the names
    return replace(
        message,
        name=one_line(message.name, _SHORT),
        title=one_line(message.title, _TITLE),
        state=one_line(message.state, _SHORT),
        severity=one_line(message.severity, _SHORT),
        priority=one_line(message.priority, _SHORT),
        priority_reason=one_line(message.priority_reason, _SHORT),
        team=one_line(message.team, _SHORT),
        service=one_line(message.service, _SHORT),
        cluster=one_line(message.cluster, _SHORT),
        impact=one_line(message.impact, _TEXT),
        evidence=tuple(one_line(one, _TEXT) for one in evidence),
        why_you=one_line(message.why_you, _TEXT),
        next_who=one_line(message.next_who, _SHORT),
        actor=one_line(message.actor, _SHORT),
        note=one_line(message.note, _TEXT),
        links=tuple(_bounded_link(one) for one in message.links if is_web(one.url, _MOST_URL))[:_MOST_LINKS],
        named=tuple(_bounded_name(one) for one in message.named),
    )


def _bounded_link(one: Link) -> Link:
    return Link(one_line(one.name, 40), one.url)


def _bounded_name(named: Named) -> Named:
    return Named(
        one_line(named.name, 40),
        one_line(named.title, 100),
        one_line(named.severity, 20),
        one_line(named.service, 40),
        named.url if is_web(named.url, _SHORT) else "",
    )
