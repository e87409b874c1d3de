"""Acts, their answers and changes made elsewhere as rows, and back; as JSON, whole, as rows_paging keeps its own.

Enters: frozen values of core.model, or their JSON. Leaves: the other of the two. Never touches a connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from aiops_daemon.core.model.action import Action, Done, Handed, Refusal
from aiops_daemon.core.model.remote import RemoteChange
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.edges.store.rows_paging import as_json
from aiops_daemon.edges.store.storable import storable


@dataclass(frozen=True, slots=True)
class _Act:
    action: Action
    scope: Scope


@dataclass(frozen=True, slots=True)
class _Answer:
    done: Done | None = None
    refusal: Refusal | None = None


_act = msgspec.json.Decoder(_Act)
_answer = msgspec.json.Decoder(_Answer)
_change = msgspec.json.Decoder(RemoteChange)


def act_row(handed: Handed) -> dict[str, Any]:
    """Write an act as a new row."""
    act = as_json(_Act(handed.action, handed.scope))
    return {"uid": storable(handed.uid), "act": act, "asked_at": handed.asked_at, "attempts": 0}


def act_of(row: Any) -> Handed | None:
    """Read an act; None when a newer release wrote what this one does not know."""
    try:
        act = _act.decode(row.act)
    except msgspec.DecodeError:
        return None
    return Handed(row.uid, act.action, act.scope, row.asked_at)


def answer_json(answer: Done | Refusal) -> bytes:
    """Write an answer."""
    return as_json(_Answer(refusal=answer) if isinstance(answer, Refusal) else _Answer(done=answer))


def answer_of(text: bytes) -> Done | Refusal:
    """Read an answer."""
    answer = _answer.decode(text)
    found = answer.done or answer.refusal
    if found is None:
        raise ValueError("an answer without a member that this release knows")
    return found


def change_row(change: RemoteChange, at: float, due_at: float) -> dict[str, Any]:
    """Write a change made elsewhere as a new row."""
    key = {"source": storable(change.source), "uid": storable(change.uid)}
    return {**key, "change": as_json(change), "at": at, "due_at": due_at, "attempts": 0}


def change_of(row: Any) -> RemoteChange:
    """Read a change made elsewhere."""
    return _change.decode(row.change)
