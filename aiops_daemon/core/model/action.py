"""What a person (or a tool in their name) asks of an incident, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aiops_daemon.core.model.incident import Incident
from aiops_daemon.core.model.scope import Scope


class ActionKind(StrEnum):
    """Verbs of the API, the pages and the command line."""

    ACK = "ack"
    UNACK = "unack"
    INVESTIGATE = "investigate"
    MITIGATE = "mitigate"
    ASSIGN = "assign"
    NOTE = "note"
    SNOOZE = "snooze"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    MERGE = "merge"
    SPLIT = "split"
    FALSE_POSITIVE = "false_positive"


@dataclass(frozen=True, slots=True)
class Action:
    """One request. Only the fields of its kind are read."""

    kind: ActionKind
    incident: str  # INC-42, 42 or the uid
    text: str = ""  # note; any kind may carry one
    assignee: str = ""
    seconds: float = 0.0  # snooze
    other: str = ""  # merge: the incident that this one goes into (number or uid)
    episodes: tuple[str, ...] = ()  # split: uids of the alerts that leave
    force: bool = False  # resolve although alerts fire
    cause: str = ""  # acknowledge and resolve: what the cause was,
    done: str = ""  # what was done,
    helped: bool | None = None  # and whether it helped
    at: float | None = None  # when it was done elsewhere; None: it is done now


class RefusalReason(StrEnum):
    """Why an action changed nothing; each has its status code in the API."""

    NOT_FOUND = "not_found"  # or not visible to this scope
    FORBIDDEN = "forbidden"
    INVALID = "invalid"
    CONFLICT = "conflict"  # the state does not allow it; the words say what does
    UNAVAILABLE = "unavailable"  # the store cannot be written, or another replica processes alerts


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing was changed, and why."""

    reason: RefusalReason
    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """The incident after the action; `created` is the new one of a split."""

    incident: Incident
    created: Incident | None = None
    changed: bool = True  # False: it already was so


@dataclass(frozen=True, slots=True)
class Stored:
    """It is on disk and will be done once, in its turn; nobody told yet what came of it."""

    uid: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of an act that has an id of its own."""

    uid: str
    answer: Done | Refusal
    at: float


@dataclass(frozen=True, slots=True)
class Handed:
    """An act that reached a replica which does not hold the desk, on its way to the one that does."""

    uid: str  # the same over every repetition of one request
    action: Action
    scope: Scope
    asked_at: float
