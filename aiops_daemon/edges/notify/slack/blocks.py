"""A message as Slack shows it: the head of an incident, and the lines of its thread.

Enters: a Message, whose text is data. Leaves: text for notices and blocks for the screen, within Slack's limits. Pure;
says nothing of what is empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aiops_daemon.core.model.message import Message, MessageEvent, Named
from aiops_daemon.core.model.quantity import speak_duration
from aiops_daemon.edges.slackblocks import (
    MOST_CONTEXT,
    MOST_SECTION,
    Block,
    bullets,
    buttons,
    context,
    escape,
    header,
    link,
    moment,
    pairs,
    section,
)

_ICONS = {"critical": "🔴", "warning": "🟠", "info": "🔵"}
_RESOLVED = "🟢"
_LONG = MOST_SECTION - 100  # leaves room for a label
_SHORT = 500
_MOST_TOLD = 50  # incidents of a storm told with their titles; the total of a message is limited too
_TOLD_A_SECTION = 8
_MOST_NUMBERS = 250  # of further ones
_LONGEST_LINK = 150
_CLOSED = ("resolved", "merged")


@dataclass(frozen=True, slots=True)
class Rendered:
    """What Slack takes: `text` for notices and screen readers, blocks for everything else."""

    text: str
    blocks: list[Block]

    def payload(self) -> dict[str, Any]:
        """Return the fields of a request; nothing in the text is looked up or expanded."""
        return {
            "text": self.text,
            "blocks": self.blocks,
            "unfurl_links": False,
            "unfurl_media": False,
        }


def head(message: Message, *, interactive: bool) -> Rendered:
    """Render the message that stands for the incident and changes with it."""
    blocks = [header(_headline(message)), *_body(message)]
    if interactive and message.incident and not message.named:
        blocks += buttons(message.incident, message.state)
    return Rendered(escape(_headline(message), MOST_SECTION), blocks)


def line(message: Message) -> Rendered:
    """Render one line of the incident's thread."""
    happened = _happened(message)
    why = (
        [context(f"Why you got this: {escape(message.why_you, MOST_CONTEXT - 100)}")]
        if message.why_you and _calls(message)
        else []
    )
    blocks = [section(happened), *_next(message), *_note(message), *why]
    return Rendered(happened.replace("*", ""), blocks)


def _headline(message: Message) -> str:
    icon = _RESOLVED if _closed(message) else _ICONS.get(message.severity, "⚪")
    if message.event is MessageEvent.TEST:
        icon = "⚪"
    return " ".join(filter(None, (icon, message.name, message.title)))


def _closed(message: Message) -> bool:
    return message.event is MessageEvent.RESOLVE or message.state in _CLOSED


def _calls(message: Message) -> bool:
    """Say whether somebody is asked to do something."""
    return message.event in (MessageEvent.TRIGGER, MessageEvent.STORM) and not _closed(message)


def _body(message: Message) -> Iterator[Block]:
    facts = pairs(_facts(message))
    if facts["fields"]:
        yield facts
    if message.impact:
        yield section(f"*Impact*\n{escape(message.impact, _LONG)}")
    if message.evidence and not message.named:  # those who read lists alone get the names as evidence
        yield section(f"*Evidence*\n{bullets(message.evidence, _LONG)}")
    yield from _named(message.named)
    yield from _next(message)
    yield from _note(message)
    if message.why_you:
        yield context(f"Why you got this: {escape(message.why_you, MOST_CONTEXT - 100)}")
    yield from _links(message)


def _facts(message: Message) -> Iterator[tuple[str, str]]:
    if message.incident and not message.named:
        yield "State", _state(message)
        yield "Severity", _severity(message)
        yield "Since", _since(message)
        yield "Alerts", f"{message.firing} firing of {message.alerts}" if message.alerts else ""
    yield "Service", escape(message.service, _SHORT)
    yield "Team", escape(message.team, _SHORT)
    yield "Cluster", escape(message.cluster, _SHORT)


def _state(message: Message) -> str:
    by = f" by {escape(message.actor, _SHORT)}" if message.actor and message.event in _BY else ""
    quiet = ""
    if message.snoozed_until is not None:
        why = escape(message.snoozed_why, _SHORT) or "snoozed"
        quiet = f", {why} until {moment(message.snoozed_until, message.time_zone)}"
    return escape(message.state, _SHORT) + by + quiet


_BY = (MessageEvent.ACKNOWLEDGE, MessageEvent.RESOLVE, MessageEvent.UPDATE)


def _severity(message: Message) -> str:
    told = ", ".join(filter(None, (message.severity, message.priority)))
    return escape(f"{told} ({message.priority_reason})" if message.priority_reason else told, _SHORT)


def _since(message: Message) -> str:
    lasted = speak_duration(max(0.0, message.at - message.opened_at))
    return f"{moment(message.opened_at, message.time_zone)} ({lasted})"


def _next(message: Message) -> Iterator[Block]:
    if message.next_at is None or _closed(message):
        return
    who = escape(message.next_who, _SHORT) or "the next step"
    yield section(
        f"*Next* Unless somebody acknowledges, {who} is told at {moment(message.next_at, message.time_zone)}."
    )


def _note(message: Message) -> Iterator[Block]:
    if message.note:
        yield section(f"*Note*\n{escape(message.note, _LONG)}")


def _links(message: Message) -> Iterator[Block]:
    told: list[str] = []
    room = MOST_CONTEXT
    for one in message.links:
        written = link(one.url, f"Open {message.name}" if one.name == "incident" and message.name else one.name)
        room -= len(written) + 3
        if room < 0:
            break
        told.append(written)
    if told:
        yield context(" · ".join(told))


def _named(named: tuple[Named, ...]) -> Iterator[Block]:
    """Name every incident: the first with what they are, then by number alone, as long as there is room."""
    told = [_one(each) for each in named[:_MOST_TOLD]]
    for start in range(0, len(told), _TOLD_A_SECTION):
        yield section("\n".join(told[start : start + _TOLD_A_SECTION]))
    rest = [escape(each.name, 40) for each in named[_MOST_TOLD:]]
    if rest:
        more = f" and {len(rest) - _MOST_NUMBERS} more" if len(rest) > _MOST_NUMBERS else ""
        yield section(f"and {', '.join(rest[:_MOST_NUMBERS])}{more}"[:MOST_SECTION])


def _one(named: Named) -> str:
    linked = link(named.url, named.name)
    name = linked if len(linked) <= _LONGEST_LINK else escape(named.name, 40)
    where = f", {escape(named.service, 30)}" if named.service else ""
    return f"• {name} {escape(named.title, 80)} ({escape(named.severity, 20)}{where})"


def _happened(message: Message) -> str:
    who = f" by {escape(message.actor, _SHORT)}" if message.actor else ""
    lasted = speak_duration(max(0.0, message.at - message.opened_at))
    if message.event is MessageEvent.ACKNOWLEDGE:
        return f"*Acknowledged*{who} after {lasted}"
    if message.event is MessageEvent.RESOLVE:
        return f"{_RESOLVED} *Resolved*{who} after {lasted}"
    title = escape(" ".join(filter(None, (message.name, message.title))), _LONG - _SHORT)
    return f"*Still {escape(message.state, 40)}* after {lasted}: {title} ({escape(message.severity, 40)})"
