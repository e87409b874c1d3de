"""What people do in PagerDuty, in the incident: in their name, once, and never closing what still fires."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from store_world import sqlite_store

from aiops_daemon.clock import SystemClock
from aiops_daemon.core.model.action import Action, ActionKind, Done, Refusal, RefusalReason
from aiops_daemon.core.model.oncall import PersonSpec
from aiops_daemon.core.model.remote import RemoteChange, RemoteKind
from aiops_daemon.core.model.scope import Role, Scope
from aiops_daemon.core.response.keys import dedup_key, storm_key
from aiops_daemon.edges.store.paging import SqlPaging
from aiops_daemon.errors import StoreError
from aiops_daemon.flows.paging.remote import Remote
from aiops_daemon.ids import Ids

ANN = PersonSpec("ann", pagerduty_id="PANN")
KEY = dedup_key("eu", "u1")


class Desk:
    """Takes actions, and answers as it is told."""

    def __init__(self) -> None:
        self.taken: list[tuple[Action, Scope]] = []
        self.answer: Done | Refusal | None = None

    async def act(self, action: Action, scope: Scope) -> Any:
        """Keep it."""
        self.taken.append((action, scope))
        return self.answer


@pytest.fixture
async def paging(tmp_path: Path) -> AsyncIterator[SqlPaging]:
    """An empty outbox."""
    clock = SystemClock()
    async with sqlite_store(tmp_path, clock) as store:
        yield SqlPaging(store, clock, Ids(clock))


def remote(paging: SqlPaging, desk: Desk, keys: dict[str, str] | None = None) -> Remote:
    """Return the way back."""

    async def key_of(remote_id: str) -> str | None:
        return (keys or {}).get(remote_id)

    return Remote(paging, desk.act, lambda: "eu", lambda: (ANN,), key_of)


def change(kind: RemoteKind, **more: Any) -> RemoteChange:
    """Return a change by Ann."""
    given: dict[str, Any] = {"dedup_key": KEY, "actor": "Ann B", "actor_id": "PANN"} | more
    return RemoteChange("pagerduty", "e1", kind, remote_id="Q1", **given)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (RemoteKind.ACK, "", Action(ActionKind.ACK, "u1")),
        (RemoteKind.UNACK, "", Action(ActionKind.UNACK, "u1")),
        (RemoteKind.RESOLVE, "", Action(ActionKind.RESOLVE, "u1")),
        (RemoteKind.REOPEN, "", Action(ActionKind.REOPEN, "u1")),
        (RemoteKind.REASSIGN, "Bo", Action(ActionKind.ASSIGN, "u1", assignee="Bo")),
        (RemoteKind.NOTE, "disk", Action(ActionKind.NOTE, "u1", text="disk")),
        (RemoteKind.PRIORITY, "P1", Action(ActionKind.NOTE, "u1", text="priority in pagerduty: P1")),
    ],
)
async def test_a_change_is_an_act_in_the_name_of_the_person(
    paging: SqlPaging, kind: RemoteKind, text: str, expected: Action
) -> None:
    """As a responder, from PagerDuty; and it is remembered."""
    desk = Desk()
    await remote(paging, desk).deliver(change(kind, text=text))

    assert [(expected, Scope("ann", None, Role.RESPONDER, "pagerduty"))] == desk.taken
    assert await paging.was_seen("pagerduty", "e1")


async def test_a_stranger_has_the_name_that_they_have_there(paging: SqlPaging) -> None:
    """Nobody here has that id."""
    desk = Desk()
    await remote(paging, desk).deliver(change(RemoteKind.ACK, actor="Zoe", actor_id="PZOE"))

    assert ["Zoe"] == [scope.actor for _, scope in desk.taken]


async def test_a_resolve_there_answers_but_does_not_close_what_fires_here(paging: SqlPaging) -> None:
    """The incident is acknowledged, with a line that says why it stays open."""
    desk = Desk()
    desk.answer = Refusal(RefusalReason.CONFLICT, "2 alerts fire")
    await remote(paging, desk).deliver(change(RemoteKind.RESOLVE))

    resolve, ack = (action for action, _ in desk.taken)
    assert (ActionKind.RESOLVE, ActionKind.ACK) == (resolve.kind, ack.kind)
    assert "resolved in pagerduty, but alerts still fire here: 2 alerts fire" == ack.text


async def test_what_cannot_be_written_must_come_again(paging: SqlPaging) -> None:
    """It is not remembered."""
    desk = Desk()
    desk.answer = Refusal(RefusalReason.UNAVAILABLE, "another replica")

    with pytest.raises(StoreError):
        await remote(paging, desk).deliver(change(RemoteKind.ACK))
    assert not await paging.was_seen("pagerduty", "e1")


@pytest.mark.parametrize("key", ["", "somebody/else", dedup_key("other", "u1"), storm_key("eu", "s1")])
async def test_what_is_none_of_ours_is_left_alone(paging: SqlPaging, key: str) -> None:
    """A key of another cluster, a storm's, or none."""
    desk = Desk()
    await remote(paging, desk).deliver(change(RemoteKind.ACK, dedup_key=key))

    assert [] == desk.taken


async def test_a_note_finds_its_incident_by_what_it_is_called_there(paging: SqlPaging) -> None:
    """Notes come without a key."""
    desk = Desk()
    await remote(paging, desk, {"Q1": KEY}).deliver(change(RemoteKind.NOTE, dedup_key="", text="disk"))

    assert ["u1"] == [action.incident for action, _ in desk.taken]


async def test_a_trigger_confirms_the_page(paging: SqlPaging) -> None:
    """And is no act."""
    desk = Desk()
    await remote(paging, desk).deliver(change(RemoteKind.TRIGGER))

    assert [] == desk.taken
