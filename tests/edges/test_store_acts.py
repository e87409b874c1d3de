"""Acts between replicas on both engines: written once, taken in order, answered with what they changed."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
import store_rows

from aiops_daemon.clock import SystemClock
from aiops_daemon.core.model.action import Action, ActionKind, Answered, Done, Handed, Refusal, RefusalReason
from aiops_daemon.core.model.remote import RemoteChange, RemoteKind
from aiops_daemon.core.model.scope import Role, Scope
from aiops_daemon.edges.store import schema
from aiops_daemon.edges.store.handing import SqlActs
from aiops_daemon.edges.store.paging import SqlPaging
from aiops_daemon.edges.store.store import SqlStore
from aiops_daemon.errors import StoreError
from aiops_daemon.ids import Ids
from aiops_daemon.ports.store import Changes

ANN = Scope("ann", frozenset({"shop"}), Role.RESPONDER, "api")
NO = Refusal(RefusalReason.CONFLICT, "2 alerts fire")
CHANGE = RemoteChange("pagerduty", "e1", RemoteKind.NOTE, "", "Q1", "Ann", text="disk")


@pytest.fixture
def acts(store: SqlStore) -> SqlActs:
    """Acts of an empty store."""
    return SqlActs(store, SystemClock())


def handed(uid: str, kind: ActionKind = ActionKind.ACK, text: str = "") -> Handed:
    """Return an act of Ann."""
    return Handed(uid, Action(kind, "INC-1", text=text, episodes=("e1", "e2"), helped=True), ANN, time.time())


async def test_an_act_comes_back_as_it_was_written(acts: SqlActs) -> None:
    """Action, scope and all, with the number of the attempt."""
    act = handed("a1", text="half a pair \ud800")
    nothing, waited = await acts.begin(), await acts.waits()
    await acts.hand(act)
    begun = await acts.begin()

    assert (None, False) == (nothing, waited)
    assert begun is not None
    assert begun[0] is not None
    assert (act.scope, "a1", 1) == (begun[0].scope, begun[1], begun[2])
    assert act.action.episodes == begun[0].action.episodes
    assert "half a pair \ufffd" == begun[0].action.text


async def test_the_auditor_sees_acts_that_nobody_does(store: SqlStore, acts: SqlActs) -> None:
    """And changes made elsewhere that nobody looks at again; not what is young, done or put off."""
    now = time.time()
    paging = SqlPaging(store, SystemClock(), Ids(SystemClock()))
    for uid, asked_at in (("young", now), ("old", now - 70.0), ("done", now - 70.0)):
        await acts.hand(replace(handed(uid), asked_at=asked_at))
    await store.commit(Changes(answers=(Answered("done", NO, now),)))
    await acts.keep(CHANGE, now - 70.0)
    await acts.keep(replace(CHANGE, uid="e2"), now + 600.0)

    assert ("old", "pagerduty e1") == (await paging.violations(routed=False)).stale_acts


async def test_one_uid_is_one_act_and_the_oldest_comes_first(store: SqlStore, acts: SqlActs) -> None:
    """Until it is answered; each time it is begun counts."""
    for uid in ("b", "a", "b"):
        await acts.hand(handed(uid))
    seen = []
    for _ in range(4):
        begun = await acts.begin()
        seen.append(None if begun is None else (begun[1], begun[2]))
        if (begun is not None and begun[2] == 1 and len(seen) > 1) or (begun is not None and begun[1] == "a"):
            await store.commit(Changes(answers=(Answered(begun[1], NO, time.time()),)))
        elif len(seen) == 2:
            await store.commit(Changes(answers=(Answered("b", NO, time.time()),)))

    assert [("b", 1), ("b", 2), ("a", 1), None] == seen


async def test_answer_and_change_are_one_transaction(store: SqlStore, acts: SqlActs) -> None:
    """Who lost the lease writes neither; the answer comes back whole."""
    lease = await store.lease("desk", "one", 30.0)
    done = Done(store_rows.incident(1, title="half a pair \ud800"), changed=False)
    answers = (Answered("a1", done, time.time()),)
    await acts.hand(handed("a1"))
    assert lease is not None
    with pytest.raises(StoreError):
        await store.commit(Changes(answers=answers, incidents=(done.incident,)), token=lease.token + 1)
    refused = (await acts.answer("a1"), await acts.waits())
    await store.commit(Changes(answers=answers, incidents=(done.incident,)), token=lease.token)
    answer = await acts.answer("a1")

    assert (None, True) == refused
    assert isinstance(answer, Done)
    assert (done.incident.uid, "half a pair \ufffd", False) == (
        answer.incident.uid,
        answer.incident.title,
        answer.changed,
    )
    assert not await acts.waits()


async def test_what_was_done_at_once_has_an_answer_too(store: SqlStore, acts: SqlActs) -> None:
    """A repetition that reaches another replica finds it, and is not done again."""
    await store.commit(Changes(answers=(Answered("a1", NO, time.time()),)))
    await acts.hand(handed("a1"))

    assert NO == await acts.answer("a1")
    assert not await acts.waits()


async def test_an_act_of_a_newer_release_is_told_apart(store: SqlStore, acts: SqlActs) -> None:
    """It can be answered, though not read."""
    await acts.hand(handed("a1"))
    await store.write(lambda conn: conn.execute(schema.acts.update().values(act=b'{"action": {"kind": "teleport"}}')))

    assert (None, "a1", 1) == await acts.begin()


async def test_old_answers_go_and_what_waits_stays(store: SqlStore, acts: SqlActs) -> None:
    """After a week."""
    long_ago = time.time() - 8 * 86_400.0
    await acts.hand(Handed("waits", Action(ActionKind.ACK, "INC-1"), ANN, long_ago))
    await store.commit(Changes(answers=(Answered("old", NO, long_ago), Answered("new", NO, time.time()))))
    gone = await store.expire(time.time())

    assert 1 == gone
    assert (None, NO) == (await acts.answer("old"), await acts.answer("new"))
    assert await acts.waits()


async def test_a_kept_change_comes_when_it_is_due(store: SqlStore, acts: SqlActs) -> None:
    """With when it came and how often it was looked at; and it is remembered that it came."""
    now, clock = time.time(), SystemClock()
    await acts.keep(CHANGE, now - 1.0)
    await acts.keep(CHANGE, now - 1.0)
    ((change, came_at, attempts),) = await acts.kept(9)
    await acts.put_off(CHANGE, now + 600.0)
    later = await acts.kept(9)
    await acts.put_off(CHANGE, now - 1.0)
    again = [attempts for _, _, attempts in await acts.kept(9)]
    await acts.drop(CHANGE)

    assert (CHANGE, 0) == (change, attempts)
    assert abs(came_at - now) < 10.0
    assert ([], [2], []) == (later, again, await acts.kept(9))
    assert await SqlPaging(store, clock, Ids(clock)).was_seen("pagerduty", "e1")
