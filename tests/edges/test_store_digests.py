"""Digests on both engines: what is new joins the one that nobody tried to send, and no other."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from aiops_daemon.clock import SystemClock
from aiops_daemon.core.model.message import Message, MessageEvent, Named
from aiops_daemon.core.model.notification import Claim, Failed, FailureReason, Notification, NotificationState, Sent
from aiops_daemon.core.response.digest import MOST_NAMED, digest, order_key
from aiops_daemon.edges.store.paging import SqlPaging
from aiops_daemon.edges.store.store import SqlStore
from aiops_daemon.ids import Ids
from aiops_daemon.ports.store import Changes

ROOM = "receiver/chat/slack/0"
DOWN = Failed(FailureReason.SERVER_ERROR, "503", retry=True)
FIRST = Message(MessageEvent.TRIGGER, "u1", "INC-1", "DiskFull", "open", "warning", "P3", 0.0, 0.0)


@pytest.fixture
def paging(store: SqlStore) -> SqlPaging:
    """The outbox of an empty store."""
    clock = SystemClock()
    return SqlPaging(store, clock, Ids(clock))


def row(uid: str, *numbers: int, due: float = -1.0, **changes: Any) -> Notification:
    """Return a digest that names incidents, due so many seconds from now."""
    now = time.time()
    named = tuple(Named(f"INC-{n}", "DiskFull", "warning", incident=f"u{n}", track="talk") for n in numbers)
    made = Notification(
        uid=uid, key=order_key(ROOM), dedup_key=f"aiops/x/digest/{uid}", incident="", team="default", destination=ROOM,
        integration="slack", message=digest(FIRST, named, now, "why"), created_at=now, due_at=now + due,
    )  # fmt: skip
    return replace(made, **changes)


async def add(store: SqlStore, *rows: Notification) -> None:
    """Write digests, a step of the desk each."""
    for one in rows:
        await store.commit(Changes(digests=(one,)))


async def names(paging: SqlPaging, *uids: str) -> dict[str, list[str]]:
    """Return what rows name."""
    return {uid: [each.name for each in one.message.named] for uid, one in (await paging.notifications(uids)).items()}


async def claim(paging: SqlPaging) -> list[Claim]:
    """Claim what is due."""
    return await paging.claim(limit=10, lease=30.0, each=10, busy=(), full=())


async def test_what_is_new_joins_what_waits(store: SqlStore, paging: SqlPaging) -> None:
    """Due when the first was, each incident once, however often it is to be named."""
    first = row("d1", 1, due=60.0)
    await add(store, first, row("d2", 2, due=90.0), row("d3", 2, 3, due=120.0))

    found = await paging.notifications(["d1", "d2", "d3"])
    assert ["d1"] == list(found)
    assert (first.due_at, first.created_at) == (found["d1"].due_at, found["d1"].created_at)
    assert "3 further incidents: INC-1, INC-2, INC-3" == found["d1"].message.title


async def test_what_somebody_may_have_seen_is_never_changed(store: SqlStore, paging: SqlPaging) -> None:
    """Neither while it is under way, nor when it is tried again, nor after; the next one waits behind it."""
    await add(store, row("d1", 1))
    (under_way,) = await claim(paging)
    await add(store, row("d2", 2))
    assert await paging.put_off(under_way, DOWN, time.time() - 1.0)
    await add(store, row("d3", 3))

    assert {"d1": ["INC-1"], "d2": ["INC-2", "INC-3"]} == await names(paging, "d1", "d2", "d3")
    (again,) = await claim(paging)
    assert "d1" == again.notification.uid
    assert await paging.sent(again, Sent())
    (following,) = await claim(paging)
    assert ["INC-2", "INC-3"] == [one.name for one in following.notification.message.named]


async def test_each_destination_and_each_state_has_its_own(store: SqlStore, paging: SqlPaging) -> None:
    """What is recorded in shadow joins what is recorded, as long as that would have waited."""
    other, shadow = order_key("receiver/other/slack/0"), NotificationState.SHADOW
    await add(store, row("d1", 1, due=60.0), row("d2", 2, due=60.0, key=other))
    await add(store, row("d3", 3, due=60.0, state=shadow), row("d4", 4, due=60.0, state=shadow))
    await add(store, row("d5", 5, due=-1.0, key="gone", state=shadow), row("d6", 6, due=-1.0, key="gone", state=shadow))

    assert {
        "d1": ["INC-1"], "d2": ["INC-2"], "d3": ["INC-3", "INC-4"], "d5": ["INC-5"], "d6": ["INC-6"],
    } == await names(paging, *(f"d{number}" for number in range(1, 7)))  # fmt: skip


async def test_a_digest_names_no_more_than_can_be_shown(store: SqlStore, paging: SqlPaging) -> None:
    """What does not fit is the next one."""
    await add(store, row("d1", *range(MOST_NAMED - 1), due=60.0), row("d2", 100, 101, due=60.0), row("d3", 102))

    found = await names(paging, "d1", "d2", "d3")
    assert [("d1", MOST_NAMED - 1), ("d2", 3)] == [(uid, len(named)) for uid, named in found.items()]


async def test_each_incident_has_a_deadline(store: SqlStore, paging: SqlPaging) -> None:
    """A minute after the digest was due, by the row that names it; none for what is only recorded."""
    await add(store, row("d1", 1, due=-70.0, created_at=time.time() - 80.0))
    await add(
        store, row("d2", 2, due=-10.0, created_at=time.time() - 65.0), row("d3", 3, state=NotificationState.SHADOW)
    )

    due = await paging.due_timers(10)
    assert [("u1", "undelivered/d1"), ("u2", "undelivered/d1")] == sorted((one.incident, one.name) for one in due)


async def test_what_is_given_up_wakes_every_fallback_at_once(store: SqlStore, paging: SqlPaging) -> None:
    """By the deadlines of all that it names."""
    await add(store, row("d1", 1, 2))
    assert [] == await paging.due_timers(10)
    (claimed,) = await claim(paging)

    assert await paging.give_up(claimed, replace(DOWN, retry=False))
    assert {"u1", "u2"} == {one.incident for one in await paging.due_timers(10)}


async def test_a_digest_that_was_sent_is_not_said_again(store: SqlStore, paging: SqlPaging) -> None:
    """What a halted process brings back late was doubled already; a third time helps nobody."""
    await add(store, row("d1", 1))
    (late,) = await claim(paging)
    assert await paging.sent(late, Sent())

    assert not await paging.sent(late, Sent())
    assert [] == await claim(paging)


async def test_what_turned_to_shadow_leaves_the_digest(store: SqlStore, paging: SqlPaging) -> None:
    """Alone it is recorded; with others those are still told, and what is being sent is left alone."""
    await add(store, row("d1", 1), row("d2", 2, 3, key="b", due=60.0), row("d3", 4, key="c", due=60.0))
    await claim(paging)
    now = time.time()
    gone = tuple((f"u{number}", "talk", now) for number in (1, 2, 4))
    await store.commit(Changes(withdrawn=(*gone, ("u3", "another", now))))

    found = await paging.notifications(["d1", "d2", "d3"])
    waiting, shadow = NotificationState.WAITING, NotificationState.SHADOW
    assert [("d1", waiting), ("d2", waiting), ("d3", shadow)] == sorted((uid, one.state) for uid, one in found.items())
    assert {"d1": ["INC-1"], "d2": ["INC-3"], "d3": ["INC-4"]} == await names(paging, "d1", "d2", "d3")
    assert "its route was turned to shadow before it was sent" == found["d3"].reason
