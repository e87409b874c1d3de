"""The forms of an incident's page: what a browser sent, as an action.

Enters: the fields of a form. Leaves: the same action that the API makes of a JSON body. Never reads a field that the
verb does not have. That a form carries the token of its page is looked at before, at the door.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp.web import FileField
from multidict import MultiMapping

from aiops_daemon.core.model.action import Action, ActionKind
from aiops_daemon.edges.web.api.bodies import VERBS, Verb, action
from aiops_daemon.edges.web.csrf import FIELD

VERB_BY_WORD = {verb.word: verb for verb in VERBS}
SNOOZES = (("1800", "30 minutes"), ("3600", "1 hour"), ("14400", "4 hours"), ("28800", "8 hours"), ("86400", "1 day"))

_DONE = {
    ActionKind.ACK: "Acknowledged.",
    ActionKind.UNACK: "The acknowledgement was taken back.",
    ActionKind.INVESTIGATE: "The cause is being looked for.",
    ActionKind.MITIGATE: "Users are no longer harmed.",
    ActionKind.ASSIGN: "Assigned.",
    ActionKind.NOTE: "The note is in the timeline.",
    ActionKind.SNOOZE: "Snoozed.",
    ActionKind.RESOLVE: "Resolved.",
    ActionKind.REOPEN: "Open again.",
    ActionKind.MERGE: "Merged.",
    ActionKind.SPLIT: "Split.",
    ActionKind.FALSE_POSITIVE: "Noted as a false positive.",
}
_LATER = {
    "same": "It already was so.",
    "stored": "It is stored, and will be done as soon as a replica leads. Do not send it again.",
}
SAID = {**{kind.value.replace("_", "-"): words for kind, words in _DONE.items()}, **_LATER}
"""What the page says after a redirect, by the code in its address: never text from the address itself."""

_HELPED = {"yes": True, "no": False}
Form = MultiMapping[str | bytes | bytearray | FileField]


@dataclass(frozen=True, slots=True)
class Sent:
    """What a form was sent with, to be shown again when it could not be done."""

    verb: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    alerts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, verb: Verb, form: Form) -> Sent:
        """Read the texts of a form."""
        texts = {name: _text(form.get(name)) for name in form if name != FIELD}
        return cls(verb.word, texts, frozenset(_text(each) for each in form.getall("alerts", [])))


NOTHING_SENT = Sent()


def form_action(verb: Verb, reference: str, form: Form, now: float) -> Action:
    """Make an action of a form; raises a 422 ProblemError as the API does."""
    texts = {name: _text(form.get(name)) for name in form if name != FIELD}
    fields: dict[str, Any] = {name: text for name, text in texts.items() if text}
    if verb.kind is ActionKind.SPLIT:
        fields["alerts"] = [_text(each) for each in form.getall("alerts", [])]
    if "helped" in fields:
        fields["helped"] = _HELPED.get(fields["helped"], fields["helped"])
    if "force" in fields:
        fields["force"] = fields["force"] == "yes"
    if fields.get("seconds", "").isascii() and fields.get("seconds", "").isdigit():
        fields["seconds"] = float(fields["seconds"])
    return action(verb, reference, fields, now)


def _text(value: object) -> str:
    """Return a field's text as a person meant it; a file is none."""
    return value.strip().replace("\r\n", "\n") if isinstance(value, str) else ""
