"""Blocks of Slack, with foreign text in them as data: what messages and answers to commands are built from.

Enters: text of alerts, people and the daemon. Leaves: blocks as plain dictionaries within Slack's limits. Foreign text
becomes one line without control characters; `&`, `<` and `>` are escaped, so that it can forge neither a mention nor a
link; backticks become apostrophes, so that it cannot swallow what follows. Only this module writes `<...>` tokens.
Limits: https://docs.slack.dev/reference/block-kit/blocks
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from aiops_daemon.core.model.action import ActionKind
from aiops_daemon.core.model.incident import IncidentState
from aiops_daemon.core.model.quantity import UNKNOWN, utc
from aiops_daemon.edges.foreign import is_web, local_time, one_line

Block = dict[str, Any]

MOST_BLOCKS = 50
MOST_SECTION = 3_000  # characters of the text of a section
MOST_FIELDS = 10
MOST_FIELD = 2_000
MOST_HEADER = 150
MOST_CONTEXT = 2_000  # of an element; Slack names no limit, this is that of a field
MOST_URL = 2_000  # characters of an address in a link
SNOOZE_SECONDS = 3_600.0  # of the button

ACTIONS: Mapping[str, ActionKind] = {
    "aiops_ack": ActionKind.ACK,
    "aiops_investigate": ActionKind.INVESTIGATE,
    "aiops_resolve": ActionKind.RESOLVE,
    "aiops_snooze": ActionKind.SNOOZE,
}
"""What the button of each action_id asks; its value is the uid of the incident."""

_LABELS = {
    "aiops_ack": "Acknowledge",
    "aiops_investigate": "Investigate",
    "aiops_resolve": "Resolve",
    "aiops_snooze": "Snooze 1h",
}
_OFFERED: Mapping[str, tuple[str, ...]] = {
    IncidentState.OPEN: ("aiops_ack", "aiops_investigate", "aiops_resolve", "aiops_snooze"),
    IncidentState.ACKNOWLEDGED: ("aiops_investigate", "aiops_resolve", "aiops_snooze"),
    IncidentState.INVESTIGATING: ("aiops_resolve", "aiops_snooze"),
    IncidentState.MITIGATED: ("aiops_resolve",),
}
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "`": "'"}


def escape(text: str, most: int, entities: Mapping[str, str] = _ENTITIES) -> str:
    """Make foreign text fit for mrkdwn: one line, escaped, at most `most` units after escaping, no entity cut in two.

    A unit is one of UTF-16: Slack counts an emoji as two.
    """
    flat = one_line(text, most)
    pieces = [entities.get(char, char) for char in flat]
    if sum(map(units, pieces)) <= most:
        return "".join(pieces)
    room = most - 1
    kept = []
    for piece in pieces:
        room -= units(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept).rstrip() + "…"


def units(piece: str) -> int:
    """Return how long a text is for Slack."""
    return len(piece) if piece.isascii() else len(piece.encode("utf-16-le")) // 2


def link(url: str, name: str) -> str:
    """Write a link to a web address; anything else, and what is too long, is told by name alone."""
    told = escape(name, 200)
    if not is_web(url, MOST_URL):
        return told
    address = quote(url, safe=":/?#[]@!$&'()*+,;=%~-._").replace("&", "&amp;")
    if len(address) > MOST_URL:
        return told
    return f"<{address}|{told.replace('|', '¦')}>"


def moment(at: float | None, time_zone: str = "UTC") -> str:
    """Write a moment that each reader sees in their own zone, and old clients in `time_zone`."""
    if at is None or utc(at) is None:
        return UNKNOWN
    return f"<!date^{int(at)}^{{date_short_pretty}} {{time}}|{local_time(at, time_zone)}>"


def header(text: str) -> Block:
    """Make a header of foreign text, which Slack takes as it is."""
    return {"type": "header", "text": {"type": "plain_text", "text": escape(text, MOST_HEADER, {}), "emoji": False}}


def mrkdwn(text: str) -> Block:
    """Make a text object; links and mentions are only what is written as such."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def section(text: str) -> Block:
    """Make a section of mrkdwn that is no longer than a section may be."""
    return {"type": "section", "text": mrkdwn(text)}


def pairs(named: Iterable[tuple[str, str]]) -> Block:
    """Make a section of two columns; values are mrkdwn, empty ones are left out."""
    told = [mrkdwn(f"*{name}*\n{value}") for name, value in named if value]
    return {"type": "section", "fields": told[:MOST_FIELDS]}


def context(*texts: str) -> Block:
    """Make small print of mrkdwn."""
    return {"type": "context", "elements": [mrkdwn(text) for text in texts]}


def bullets(lines: Sequence[str], most: int) -> str:
    """Write foreign lines as a list of at most `most` characters; says how many were left out."""
    kept: list[str] = []
    room = most - len("\n• and 1000000 more")
    for line in lines:
        told = f"• {escape(line, min(1_000, most - 40))}"
        room -= units(told) + 1
        if room < 0:
            break
        kept.append(told)
    more = len(lines) - len(kept)
    return "\n".join([*kept, f"• and {more} more"] if more else kept)


def buttons(uid: str, state: str) -> list[Block]:
    """Make the row of buttons that make sense in a state; none for what is closed."""
    offered = _OFFERED.get(state, ())
    if not offered:
        return []
    return [{"type": "actions", "elements": [_button(action, uid) for action in offered]}]


def _button(action: str, uid: str) -> Block:
    made: Block = {
        "type": "button",
        "action_id": action,
        "text": {"type": "plain_text", "text": _LABELS[action], "emoji": False},
        "value": uid,
    }
    return made | {"style": "primary"} if action == "aiops_ack" else made
