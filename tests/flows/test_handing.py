"""Acts at a replica that does not hold the desk: handed to the one that does, answered, done once and in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alert_world import ANN, AlertWorld, make_world
from sqlalchemy import select

from aiops_daemon.core.model.action import Action, ActionKind, Done, Refusal, RefusalReason, Stored
from aiops_daemon.core.model.scope import Role, Scope
from aiops_daemon.edges.store import schema
from aiops_daemon.errors import StoreError
from aiops_daemon.flows.alerts.hand import MOST_ATTEMPTS, Handing
from aiops_daemon.ids import Ids

pytestmark = pytest.mark.looptime

LATENCY = {"alertname": "HighLatency", "service": "checkout", "severity": "critical", "team": "shop"}
ACK = Action(ActionKind.ACK, "INC-1")


class Replicas:
    """One that leads and one that follows, over one store."""

    def __init__(self, leader: AlertWorld, follower: AlertWorld) -> None:
        self.leader, self.follower = leader, follower
        self.first, self.second = handing(leader), handing(follower)
        self.running: list[asyncio.Task[None]] = []

    def run(self, *ways: Handing) -> None:
        """Let replicas carry out what waits."""
        self.running += [asyncio.create_task(way.run(lambda: None)) for way in ways]

    async def notes(self) -> list[str]:
        """Return the notes of the only incident."""
        detail = await self.leader.detail("INC-1")
        return [one.text for one in detail.timeline if one.kind == "note"]


def handing(world: AlertWorld, *, shared: bool = True) -> Handing:
    """Return the way of one replica to the desk."""
    return Handing(world.acts, world.desk, world.clock, Ids(world.clock), shared=shared)


@pytest.fixture
async def replicas(tmp_path: Path) -> AsyncIterator[Replicas]:
    """Two replicas and one incident."""
    leader = await make_world(tmp_path)
    await leader.fire(LATENCY)
    leader.clock._started = None
    follower = leader.restarted()
    follower.desk._holder = "other"
    both = Replicas(leader, follower)
    yield both
    for task in both.running:
        task.cancel()
    await asyncio.gather(*both.running, return_exceptions=True)
    await leader.store.close()


async def test_a_followers_act_is_done_by_the_leader(replicas: Replicas) -> None:
    """In the name of who asked; the answer comes back, also where it is a refusal."""
    replicas.run(replicas.first, replicas.second)
    started = replicas.follower.clock.monotonic()
    done = await replicas.second.act(ACK, ANN)
    refused = await replicas.second.act(Action(ActionKind.RESOLVE, "INC-1"), ANN)
    stranger = await replicas.second.act(ACK, Scope("eve", frozenset({"data"}), Role.RESPONDER))
    took = replicas.follower.clock.monotonic() - started

    assert isinstance(done, Done)
    assert "ann" == done.incident.acknowledged_by
    assert [RefusalReason.CONFLICT, RefusalReason.NOT_FOUND] == [
        one.reason for one in (refused, stranger) if isinstance(one, Refusal)
    ]
    assert took < 3 * 1.0


async def test_with_no_leader_it_is_stored_and_done_later(replicas: Replicas) -> None:
    """Who asked is told so in time; the next one that leads does it, once, though it was asked again."""
    note = Action(ActionKind.NOTE, "INC-1", text="look")
    answers = [await replicas.second.act(note, ANN, "k1") for _ in range(2)]
    await replicas.leader.desk.resign()
    led = await replicas.follower.desk.lead()
    replicas.run(replicas.second)
    third = await replicas.second.act(note, ANN, "k1")
    fourth = await replicas.second.act(note, ANN, "k1")

    assert led
    assert [Stored("k1")] * 2 == answers
    assert isinstance(third, Done)
    assert isinstance(fourth, Done)
    assert ["look"] == [text for text in await replicas.notes() if "look" in text]


async def test_the_order_is_kept(replicas: Replicas) -> None:
    """What the leader is asked itself goes behind what waits."""
    waiting = [
        asyncio.create_task(replicas.second.act(Action(ActionKind.NOTE, "INC-1", text=f"n{number}"), ANN))
        for number in range(5)
    ]
    await replicas.leader.clock.sleep(1.0)
    last = asyncio.create_task(replicas.first.act(Action(ActionKind.NOTE, "INC-1", text="n5"), ANN))
    await replicas.leader.clock.sleep(1.0)
    replicas.run(replicas.first)
    await asyncio.gather(*waiting, last)

    assert [f"n{number}" for number in range(6)] == [text[-2:] for text in await replicas.notes()]


async def test_a_leader_that_was_overtaken_hands_over(replicas: Replicas) -> None:
    """It does not know yet that another leads: its write is refused, and the other does it, once."""
    before = await replicas.follower.desk.lead()
    await replicas.leader.clock.sleep(30.0)
    taken = await replicas.follower.desk.lead()
    replicas.run(replicas.second)
    done = await replicas.first.act(Action(ActionKind.NOTE, "INC-1", text="mine"), ANN)

    assert (False, True) == (before, taken)
    assert replicas.leader.desk.leads
    assert isinstance(done, Done)
    assert 1 == len(await replicas.notes())


async def test_a_killed_leader_did_all_of_an_act_or_nothing(replicas: Replicas) -> None:
    """Begun and not written, it is done by the next one."""
    note = Action(ActionKind.NOTE, "INC-1", text="look")
    stored = await replicas.second.act(note, ANN, "k1")
    begun = await replicas.leader.acts.begin()
    await replicas.leader.desk.resign()
    await replicas.follower.desk.lead()
    replicas.run(replicas.second)
    await replicas.follower.clock.sleep(2.0)

    assert Stored("k1") == stored
    assert begun is not None
    assert isinstance(await replicas.follower.acts.answer("k1"), Done)
    assert 1 == len(await replicas.notes())


async def test_an_act_that_always_breaks_is_given_up(replicas: Replicas) -> None:
    """Those behind it are done."""
    await replicas.second.act(ACK, ANN, "bad")
    await replicas.second.act(ACK, ANN, "good")
    for _ in range(MOST_ATTEMPTS):
        await replicas.leader.acts.begin()
    replicas.run(replicas.first)
    await replicas.leader.clock.sleep(2.0)
    bad, good = await replicas.leader.acts.answer("bad"), await replicas.leader.acts.answer("good")

    assert isinstance(bad, Refusal)
    assert RefusalReason.UNAVAILABLE == bad.reason
    assert isinstance(good, Done)


async def test_an_unreadable_act_is_answered(replicas: Replicas) -> None:
    """A newer release wrote it."""
    await replicas.second.act(ACK, ANN, "k1")
    await replicas.leader.store.write(lambda conn: conn.execute(schema.acts.update().values(act=b"{}")))
    replicas.run(replicas.first)
    await replicas.leader.clock.sleep(2.0)
    answer = await replicas.leader.acts.answer("k1")

    assert isinstance(answer, Refusal)
    assert "does not know this act" in answer.text


async def test_one_process_hands_nothing(replicas: Replicas) -> None:
    """On SQLite there is nobody to hand to: an act without the lease is refused at once, as ever."""
    alone = handing(replicas.follower, shared=False)
    with pytest.raises(StoreError):
        await alone.act(ACK, ANN)
    done = await handing(replicas.leader, shared=False).act(ACK, ANN)

    def count(conn: Any) -> int:
        return len(conn.execute(select(schema.acts)).all())

    assert isinstance(done, Done)
    assert 0 == await replicas.leader.store.read(count)
