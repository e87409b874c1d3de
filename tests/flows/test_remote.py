"""What people do in PagerDuty, in the incident: in their name, once, and never closing what still fires."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from store_world import sqlite_store

from aiops_daemon.clock import LoopClock
from aiops_daemon.core.incidents.acts import MOST_TEXT
from aiops_daemon.core.model.action import Action, ActionKind, Done, Refusal, RefusalReason, Stored
from aiops_daemon.core.model.message import Message, MessageEvent, Named
from aiops_daemon.core.model.notification import Notification, Sent
from aiops_daemon.core.model.oncall import PersonSpec
from aiops_daemon.core.model.remote import RemoteChange, RemoteKind
from aiops_daemon.core.model.scope import Role, Scope
from aiops_daemon.core.response.keys import dedup_key, storm_key
from aiops_daemon.edges.store.handing import SqlActs
from aiops_daemon.edges.store.paging import SqlPaging
from aiops_daemon.errors import StoreError
from aiops_daemon.flows.paging.remote import LOOK_EVERY, Remote, Taken
from aiops_daemon.ids import Ids

ANN = PersonSpec("ann", pagerduty_id="PANN")
KEY = dedup_key("eu", "u1")
WHEN = 1_700_000_000.0


class Desk:
    """Takes actions, and answers as it is told."""

    def __init__(self) -> None:
        self.taken: list[tuple[Action, Scope]] = []
        self.uids: list[str] = []
        self.answer: Done | Refusal | Stored | None = None

    async def act(self, action: Action, scope: Scope, uid: str) -> Any:
        """Keep it."""
        self.uids.append(uid)
        self.taken.append((action, scope))
        return self.answer


@dataclass
class Place:
    """Where changes are noted, and the clock by which they are looked at again."""

    paging: SqlPaging
    acts: SqlActs
    clock: LoopClock


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """An empty store."""
    clock = LoopClock(1_700_000_000.0)
    async with sqlite_store(tmp_path, clock) as store:
        yield Place(SqlPaging(store, clock, Ids(clock)), SqlActs(store, clock), clock)


@pytest.fixture
def paging(place: Place) -> SqlPaging:
    """The outbox of that store."""
    return place.paging


def remote(place: Place, desk: Desk, keys: dict[str, str | None] | None = None) -> Remote:
    """Return the way back; what `keys` does not name is none of ours, and None could not be asked."""

    async def key_of(remote_id: str) -> str | None:
        return (keys or {}).get(remote_id, "")

    taken = Taken(place.paging, place.acts)
    return Remote(taken, desk.act, lambda: "eu", lambda: (ANN,), key_of, lambda: True, place.clock)


def change(kind: RemoteKind, **more: Any) -> RemoteChange:
    """Return a change by Ann."""
    given: dict[str, Any] = {"dedup_key": KEY, "actor": "Ann B", "actor_id": "PANN", "occurred_at": WHEN} | more
    return RemoteChange("pagerduty", "e1", kind, remote_id="Q1", **given)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (RemoteKind.ACK, "", Action(ActionKind.ACK, "u1", at=WHEN)),
        (RemoteKind.UNACK, "", Action(ActionKind.UNACK, "u1", at=WHEN)),
        (RemoteKind.RESOLVE, "", Action(ActionKind.RESOLVE, "u1", at=WHEN)),
        (RemoteKind.REOPEN, "", Action(ActionKind.REOPEN, "u1", at=WHEN)),
        (RemoteKind.REASSIGN, "Bo", Action(ActionKind.ASSIGN, "u1", assignee="Bo", at=WHEN)),
        (RemoteKind.NOTE, "disk", Action(ActionKind.NOTE, "u1", text="disk", at=WHEN)),
        (RemoteKind.PRIORITY, "P1", Action(ActionKind.NOTE, "u1", text="priority in pagerduty: P1", at=WHEN)),
    ],
)
async def test_a_change_is_an_act_in_the_name_of_the_person(
    place: Place, paging: SqlPaging, kind: RemoteKind, text: str, expected: Action
) -> None:
    """As a responder, from PagerDuty; and it is remembered."""
    desk = Desk()
    await remote(place, desk).deliver(change(kind, text=text))

    assert [(expected, Scope("ann", None, Role.RESPONDER, "pagerduty"))] == desk.taken
    assert await paging.was_seen("pagerduty", "e1")


async def test_a_stranger_has_the_name_that_they_have_there(place: Place) -> None:
    """Nobody here has that id."""
    desk = Desk()
    await remote(place, desk).deliver(change(RemoteKind.ACK, actor="Zoe", actor_id="PZOE"))

    assert ["Zoe"] == [scope.actor for _, scope in desk.taken]


async def test_a_resolve_there_answers_but_does_not_close_what_fires_here(place: Place) -> None:
    """The incident is acknowledged, with a line that says why it stays open."""
    desk = Desk()
    desk.answer = Refusal(RefusalReason.CONFLICT, "2 alerts fire")
    await remote(place, desk).deliver(change(RemoteKind.RESOLVE))

    resolve, ack = (action for action, _ in desk.taken)
    assert (ActionKind.RESOLVE, ActionKind.ACK) == (resolve.kind, ack.kind)
    assert "resolved in pagerduty, but alerts still fire here: 2 alerts fire" == ack.text


async def test_what_cannot_be_written_must_come_again(place: Place, paging: SqlPaging) -> None:
    """It is not remembered."""
    desk = Desk()
    desk.answer = Refusal(RefusalReason.UNAVAILABLE, "another replica")

    with pytest.raises(StoreError):
        await remote(place, desk).deliver(change(RemoteKind.ACK))
    assert not await paging.was_seen("pagerduty", "e1")


@pytest.mark.parametrize("key", ["", "somebody/else", dedup_key("other", "u1"), storm_key("eu", "s1")])
async def test_what_is_none_of_ours_is_left_alone(place: Place, key: str) -> None:
    """A key of another cluster, a storm's, or none."""
    desk = Desk()
    await remote(place, desk).deliver(change(RemoteKind.ACK, dedup_key=key))

    assert [] == desk.taken


async def test_a_note_finds_its_incident_by_what_it_is_called_there(place: Place) -> None:
    """Notes come without a key."""
    desk = Desk()
    await remote(place, desk, {"Q1": KEY}).deliver(change(RemoteKind.NOTE, dedup_key="", text="disk"))

    assert ["u1"] == [action.incident for action, _ in desk.taken]


async def test_a_long_note_is_cut_and_not_lost(place: Place) -> None:
    """PagerDuty takes longer ones than an incident here does."""
    desk = Desk()
    await remote(place, desk).deliver(change(RemoteKind.NOTE, text="x" * 25_000))

    ((action, _),) = desk.taken
    assert (MOST_TEXT, "x…") == (len(action.text), action.text[-2:])


async def test_a_trigger_confirms_the_page(place: Place) -> None:
    """And is no act."""
    desk = Desk()
    await remote(place, desk).deliver(change(RemoteKind.TRIGGER))

    assert [] == desk.taken


@pytest.mark.looptime
async def test_who_answers_a_storm_page_answers_each_incident_that_it_named_by_then(place: Place) -> None:
    """It is the only page of these; what a later version names nobody has seen yet."""
    desk, key, begins = Desk(), storm_key("eu", "s1"), place.clock.now()
    way = remote(place, desk)
    for number, (uids, pause) in enumerate(((("u1", "u2"), 60.0), (("u1", "u2", "u3"), 0.0))):
        named = tuple(Named(f"INC-{uid}", "slow", "warning", incident=uid) for uid in uids)
        message = Message(MessageEvent.STORM, "", "storm", "slow", "open", "warning", "P3", WHEN, WHEN, named=named)
        await _sent(place, Notification(f"n{number}", "k", key, "", "a", "d", "pagerduty", message, WHEN, 0.0))
        await place.clock.sleep(pause)
    await way.deliver(change(RemoteKind.ACK, dedup_key=key, occurred_at=begins + 30.0))
    before = list(desk.taken)
    await _look(way, place, 10.0)

    assert [] == before
    assert [(ActionKind.ACK, "u1"), (ActionKind.ACK, "u2")] == [(one.kind, one.incident) for one, _ in desk.taken]
    assert ["pagerduty/e1/u1", "pagerduty/e1/u2"] == desk.uids
    assert [] == await place.acts.kept(9)


async def _look(way: Remote, place: Place, seconds: float) -> None:
    """Let the loop that asks again run for a while."""
    running = asyncio.create_task(way.run(lambda: None))
    await place.clock.sleep(seconds)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def _ended(place: Place) -> None:
    """Send an end of the page that the service took and does not show."""
    message = Message(MessageEvent.RESOLVE, "u1", "INC-1", "HighLatency", "resolved", "critical", "P2", WHEN, WHEN)
    row = Notification("n1", "pd|k", KEY, "u1", "shop", "receiver/pd/pagerduty/0", "pagerduty", message, WHEN, WHEN)
    await _sent(place, row)


async def _sent(place: Place, row: Notification) -> None:
    await place.paging.add(row)
    (claimed,) = await place.paging.claim(limit=1, lease=30.0, busy=(), full=(), each=1)
    await place.paging.sent(claimed, Sent("", confirmable=True))


async def test_what_we_wrote_there_is_no_act_of_the_person_in_whose_name_it_was(place: Place) -> None:
    """The REST API ends pages in the name of a user; what that user does otherwise counts, also right after."""
    desk = Desk()
    way = remote(place, desk)
    await _ended(place)
    await way.deliver(change(RemoteKind.RESOLVE, occurred_at=WHEN + 12.0))
    before = list(desk.taken)
    await way.deliver(change(RemoteKind.ACK, occurred_at=WHEN + 12.5))

    assert [] == before
    assert [ActionKind.ACK] == [action.kind for action, _ in desk.taken]
    assert await place.paging.was_seen("pagerduty", "e1")


@pytest.mark.looptime
async def test_a_note_is_kept_when_whose_it_is_is_not_told_in_time(place: Place) -> None:
    """PagerDuty waits five seconds for an answer, and holds back what comes after a note that gets none."""
    desk = Desk()

    async def hang(remote_id: str) -> str | None:
        await place.clock.sleep(10.0)
        return KEY

    taken = Taken(place.paging, place.acts)
    way = Remote(taken, desk.act, lambda: "eu", lambda: (ANN,), hang, lambda: True, place.clock)
    async with asyncio.timeout(4.0):
        await way.deliver(change(RemoteKind.NOTE, dedup_key="", text="disk"))
    before = list(desk.taken)
    await _look(way, place, 60.0)

    assert [] == before
    assert ["disk"] == [action.text for action, _ in desk.taken]


@pytest.mark.looptime
async def test_a_note_of_which_it_cannot_be_asked_whose_it_is_is_kept(place: Place) -> None:
    """PagerDuty's REST API is down for a minute: the note reaches its incident after it, once."""
    desk, keys = Desk(), {"Q1": None}
    way = remote(place, desk, keys)
    await way.deliver(change(RemoteKind.NOTE, dedup_key="", text="disk"))
    seen = await place.paging.was_seen("pagerduty", "e1")
    await _look(way, place, 60.0)
    before = list(desk.taken)
    keys["Q1"] = KEY
    await _look(way, place, 200.0)

    assert seen
    assert [] == before
    assert [Action(ActionKind.NOTE, "u1", text="disk", at=WHEN)] == [action for action, _ in desk.taken]
    assert ["pagerduty/e1"] == desk.uids
    assert [] == await place.acts.kept(9)


@pytest.mark.looptime
async def test_a_kept_note_that_is_none_of_ours_is_forgotten(place: Place) -> None:
    """It says nothing to anybody."""
    desk, keys = Desk(), {"Q1": None}
    way = remote(place, desk, keys)
    await way.deliver(change(RemoteKind.NOTE, dedup_key="", text="disk"))
    keys["Q1"] = ""
    await _look(way, place, 10.0 + 2 * LOOK_EVERY)

    assert [] == desk.taken
    assert [] == await place.acts.kept(9)


async def test_what_is_stored_but_not_done_must_come_again(place: Place) -> None:
    """Told again, it has the same id, so it is done once; and what came of it is known by then."""
    desk = Desk()
    desk.answer = Stored("pagerduty/e1")

    with pytest.raises(StoreError):
        await remote(place, desk).deliver(change(RemoteKind.RESOLVE))
    assert ["pagerduty/e1"] == desk.uids
    assert not await place.paging.was_seen("pagerduty", "e1")
