"""What people ask of an incident, as JSON bodies: one shape for each verb.

Enters: a verb and the body of its request. Leaves: an Action. Never ignores a field that the verb does not know, and
never reads a body that a form of another site could have sent: a body must say that it is JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec
from aiohttp import web

from aiops_daemon.core.incidents.acts import MOST_SNOOZE
from aiops_daemon.core.model.action import Action, ActionKind
from aiops_daemon.edges.web.api.parameters import parse_moment
from aiops_daemon.edges.web.problem import ProblemError

_NO_NUL = r"^[^\x00]*$"
_JSON = "application/json"
_UNSAID = "application/octet-stream"  # what a request without a body has; no form can send it

Text = Annotated[str, msgspec.Meta(max_length=16_384, pattern=_NO_NUL)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=_NO_NUL)]
Reference = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=_NO_NUL)]
Moment = Annotated[str, msgspec.Meta(max_length=40, extra_json_schema={"format": "date-time"})]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=MOST_SNOOZE)]
Body = TypeVar("Body", bound=msgspec.Struct)


class Plain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of unack, investigate, mitigate and reopen; all of it may be left out."""

    text: Text = ""


class Ack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ack; all of it may be left out."""

    text: Text = ""
    cause: Text = ""
    done: Text = ""
    helped: bool | None = None


class Resolve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of resolve and false-positive; `force` resolves although alerts fire."""

    text: Text = ""
    cause: Text = ""
    done: Text = ""
    helped: bool | None = None
    force: bool = False


class Assign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of assign."""

    assignee: Name
    text: Text = ""


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of note."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=16_384, pattern=_NO_NUL)]


class Snooze(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of snooze: exactly one of `seconds` and `until`."""

    seconds: Seconds | None = None
    until: Moment | None = None
    text: Text = ""


class Merge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of merge: the incident (INC-42, 42 or its uid) that this one goes into."""

    into: Reference
    text: Text = ""


class Split(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of split: uids of the alerts that leave for an incident of their own."""

    alerts: Annotated[list[Reference], msgspec.Meta(min_length=1, max_length=10_000)]
    text: Text = ""


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb of the API: its word in the path, the shape of its body, and a sentence."""

    kind: ActionKind
    body: type[msgspec.Struct]
    meaning: str

    needed: ClassVar[frozenset[ActionKind]] = frozenset(
        {ActionKind.ASSIGN, ActionKind.NOTE, ActionKind.SNOOZE, ActionKind.MERGE, ActionKind.SPLIT}
    )

    @property
    def word(self) -> str:
        """Return the last part of the path."""
        return self.kind.value.replace("_", "-")

    @property
    def required(self) -> bool:
        """Say whether there must be a body."""
        return self.kind in self.needed


VERBS = (
    Verb(ActionKind.ACK, Ack, "Acknowledge: somebody is on it."),
    Verb(ActionKind.UNACK, Plain, "Take an acknowledgement back."),
    Verb(ActionKind.INVESTIGATE, Plain, "Say that the cause is being looked for."),
    Verb(ActionKind.MITIGATE, Plain, "Say that users are no longer harmed."),
    Verb(ActionKind.ASSIGN, Assign, "Assign to a person."),
    Verb(ActionKind.NOTE, Note, "Write a note into the timeline."),
    Verb(ActionKind.SNOOZE, Snooze, "Tell nobody of it for a while."),
    Verb(ActionKind.RESOLVE, Resolve, "Resolve; refused while alerts fire, unless forced."),
    Verb(ActionKind.REOPEN, Plain, "Open a resolved incident again."),
    Verb(ActionKind.MERGE, Merge, "Merge into another incident."),
    Verb(ActionKind.SPLIT, Split, "Let alerts leave for an incident of their own."),
    Verb(ActionKind.FALSE_POSITIVE, Resolve, "Resolve, for there was nothing; quality learns from it."),
)


async def read_action(request: web.Request, verb: Verb, reference: str, now: float) -> Action:
    """Read the body of a request for one verb; raises ProblemError 400, 415 or 422 with every fault that is known."""
    return action(verb, reference, await read_fields(request, required=verb.required), now)


async def read_fields(request: web.Request, *, required: bool) -> dict[str, Any]:
    """Read a JSON object; raises ProblemError 400 or 415. A body that is not required may be left out."""
    raw = await request.read()
    if request.content_type != _JSON and (raw or request.content_type != _UNSAID):
        raise ProblemError(415, f"The body must be JSON, with Content-Type: {_JSON}.")
    return {} if not raw and not required else _object(raw)


def fitted(shape: type[Body], fields: dict[str, Any], name: str) -> Body:
    """Check the fields of a body against its shape; raises a 422 ProblemError that names every fault that is known."""
    known = [field.name for field in msgspec.structs.fields(shape)]
    faults = [_unknown(given, known) for given in fields if given not in known]
    if faults:
        raise ProblemError(422, f"The body of {name} has fields that do not fit.", faults)
    try:
        return msgspec.convert(fields, shape)
    except msgspec.ValidationError as error:
        raise ProblemError(422, f"The body of {name} does not fit.", [_place(str(error))]) from None


def action(verb: Verb, reference: str, fields: dict[str, Any], now: float) -> Action:
    """Check the fields of a verb and make the action; raises a 422 ProblemError."""
    body = fitted(verb.body, fields, verb.word)
    values = msgspec.structs.asdict(body)
    if isinstance(body, Snooze):
        values["seconds"] = _snooze_seconds(body, now)
        del values["until"]
    for ours, theirs in (("other", "into"), ("episodes", "alerts")):
        if theirs in values:
            values[ours] = values.pop(theirs)
    if "episodes" in values:
        values["episodes"] = tuple(dict.fromkeys(values["episodes"]))
    return Action(kind=verb.kind, incident=reference, **values)


def _object(raw: bytes) -> dict[str, Any]:
    try:
        fields = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ProblemError(400, f"The body is no JSON: {error}.") from None
    if not isinstance(fields, dict):
        raise ProblemError(400, "The body must be a JSON object.")
    return fields


def _unknown(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, 1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
    return f"{name}: unknown field; {hint}"


def _place(message: str) -> str:
    """Turn msgspec's words round: the place comes first."""
    words, _, place = message.partition(" - at `$")
    return f"{place.strip('.`')}: {words}" if place else words


def _snooze_seconds(body: Snooze, now: float) -> float:
    """Return for how long; exactly one of the two must be said, and it must lie ahead."""
    if (body.seconds is None) == (body.until is None):
        raise ProblemError(422, "The body of snooze does not fit.", ["exactly one of seconds and until must be given"])
    if body.seconds is not None:
        return body.seconds
    until = parse_moment(body.until or "")
    if until is None:
        raise ProblemError(422, "The body of snooze does not fit.", ["until: must be an RFC 3339 time"])
    if not 0 < until - now <= MOST_SNOOZE:
        raise ProblemError(422, "The body of snooze does not fit.", ["until: must lie ahead, by at most 7 days"])
    return until - now
