"""What somebody asked in Slack: a click on a button of ours, or a slash command, as values.

Enters: the JSON payload of an interaction, the fields of a command, whichever way they came. Leaves: a Request, or None
for what is none of ours (a link, another app's button). Pure; raises ValueError for what Slack never sends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from aiops_daemon.core.model.action import Action, ActionKind
from aiops_daemon.core.model.durations import parse_duration
from aiops_daemon.core.model.oncall import PersonSpec
from aiops_daemon.core.model.scope import Role, Scope
from aiops_daemon.edges.foreign import one_line
from aiops_daemon.edges.slackblocks import ACTIONS, SNOOZE_SECONDS

_LONGEST_REF = 64
_LONGEST_NOTE = 4_000


class Show(StrEnum):
    """Lists and pages that a command may ask for."""

    INCIDENTS = "incidents"
    INCIDENT = "incident"
    ON_CALL = "oncall"
    FINDINGS = "findings"
    SLOS = "slo"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Look:
    """Something to be shown; `ref` names an incident, `fault` what was wrong with the command."""

    show: Show
    ref: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """Who asked for what, and the address that the answer goes to."""

    user: str  # Slack's id
    user_name: str
    wish: Action | Look
    respond_to: str


def clicked(payload: Mapping[str, Any]) -> Request | None:
    """Read the payload of an interaction."""
    if payload.get("type") != "block_actions":
        return None
    actions = payload.get("actions")
    if not isinstance(actions, list) or not actions or not isinstance(actions[0], dict):
        raise ValueError("an interaction without actions")
    kind = ACTIONS.get(str(actions[0].get("action_id", "")))
    if kind is None:
        return None
    user = payload.get("user")
    if not isinstance(user, dict) or not user.get("id"):
        raise ValueError("an interaction without a user")
    incident = one_line(str(actions[0].get("value", "")), _LONGEST_REF)
    wish = Action(kind, incident, seconds=SNOOZE_SECONDS if kind is ActionKind.SNOOZE else 0.0)
    name = str(user.get("username") or user.get("name") or "")
    return Request(str(user["id"]), name, wish, str(payload.get("response_url", "")))


def commanded(fields: Mapping[str, Any]) -> Request | None:
    """Read the fields of a slash command; a check of our certificate asks for nothing."""
    if fields.get("ssl_check"):
        return None
    if not fields.get("user_id"):
        raise ValueError("a command without a user")
    wish = wished(str(fields.get("text", "")))
    return Request(str(fields["user_id"]), str(fields.get("user_name", "")), wish, str(fields.get("response_url", "")))


def wished(text: str) -> Action | Look:
    """Read what was typed after the command: `incidents`, `incident INC-42`, `snooze INC-42 1h note`."""
    words = one_line(text, _LONGEST_NOTE).split()
    verb = words[0].lower() if words else str(Show.HELP)
    if verb in _ACTS:
        return _act(_ACTS[verb], words[1:])
    if verb == Show.INCIDENT:
        ref = _ref(words[1:])
        return Look(Show.INCIDENT, ref) if ref else _fault("say which incident")
    if verb in tuple(Show):
        return Look(Show(verb))
    return _fault("there is no such command")


_ACTS = {
    "ack": ActionKind.ACK,
    "acknowledge": ActionKind.ACK,
    "investigate": ActionKind.INVESTIGATE,
    "resolve": ActionKind.RESOLVE,
    "snooze": ActionKind.SNOOZE,
}


def _act(kind: ActionKind, words: list[str]) -> Action | Look:
    ref, note = _ref(words), words[1:]
    if not ref:
        return _fault("say which incident")
    if kind is not ActionKind.SNOOZE:
        return Action(kind, ref, text=" ".join(note))
    try:
        seconds = parse_duration(note[0].lower()) if note else SNOOZE_SECONDS  # telephones write 1H
    except ValueError:
        return _fault("say for how long: 30m, 1h, 1d")
    return Action(kind, ref, text=" ".join(note[1:]), seconds=seconds)


def _ref(words: list[str]) -> str:
    """Read the name of an incident as people copy it: `#42`, `*INC-42*:`, the address of its page."""
    last = words[0].rpartition("/")[2].partition("|")[0] if words else ""
    return last.strip("#*_~`'\"<>()[].,:;")[:_LONGEST_REF]


def _fault(words: str) -> Look:
    return Look(Show.HELP, fault=words)


def scope_of(request: Request, people: Iterable[PersonSpec]) -> Scope:
    """Return who acts: the person with this Slack id, else the id itself, beside the name that anybody may choose."""
    known = next((one.name for one in people if request.user and one.address("slack") == request.user), "")
    called = one_line(request.user_name, 40)
    unknown = f"{called} (Slack {one_line(request.user, 40)})" if called else f"Slack {one_line(request.user, 40)}"
    return Scope(known or unknown, None, Role.RESPONDER, "slack")
