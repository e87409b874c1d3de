"""When the store fails: nothing of the step stays, nothing accepted is lost, and it goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alert_world import EPOCH, AlertWorld, alert, body, make_world

from aiops_daemon.core.model.action import ActionKind
from aiops_daemon.core.model.inbox import Delivery
from aiops_daemon.errors import StoreError, StoreReason
from aiops_daemon.ports.store import Changes

LATENCY = {"alertname": "HighLatency", "service": "checkout", "severity": "critical", "team": "shop"}
ERRORS = {"alertname": "HighErrors", "service": "checkout", "severity": "warning", "team": "shop"}


class FaultyStore:
    """A store whose commits fail when told to; everything else goes through."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.fails = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def commit(self, changes: Changes, *, token: int | None = None) -> None:
        """Fail as a full disk does, or commit."""
        if self.fails:
            self.fails -= 1
            raise StoreError(StoreReason.FULL, "no space left")
        await self._inner.commit(changes, token=token)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[AlertWorld]:
    made = await make_world(tmp_path)
    made.store = made.around.store = FaultyStore(made.store)  # type: ignore[assignment]
    made.clock._started = None
    yield made
    await made.store.close()


@pytest.mark.looptime
async def test_a_failed_commit_leaves_no_trace_in_memory(world: AlertWorld) -> None:
    """The rows wait, and the same alerts are processed whole when the disk has room again."""
    await world.fire(LATENCY)
    world.store.fails = 1  # type: ignore[attr-defined]
    await world.intake.accept(Delivery("eu1", body([alert(ERRORS, EPOCH + 5)]), world.clock.now()))
    with pytest.raises(StoreError):
        await world.process()
    before = await world.detail()
    pending = (await world.store.backlog()).pending
    await world.process()
    after = await world.detail()

    assert (1, 1) == (before.incident.alerts, pending)
    assert (2, 2, 0) == (after.incident.alerts, after.incident.firing, (await world.store.backlog()).pending)
    assert 2 == len(after.episodes)


@pytest.mark.looptime
async def test_a_failed_act_changed_nothing(world: AlertWorld) -> None:
    """Whoever acts hears of it, and may try again."""
    await world.fire(LATENCY)
    world.store.fails = 1  # type: ignore[attr-defined]
    with pytest.raises(StoreError):
        await world.act(ActionKind.ACK, "1")
    untouched = await world.only()
    await world.act(ActionKind.ACK, "1")

    assert untouched.acknowledged_at is None
    assert (await world.only()).acknowledged_by == "ann"


@pytest.mark.looptime
async def test_another_replica_takes_over(world: AlertWorld) -> None:
    """Whoever lost the lease writes nothing any more; the other goes on from the store."""
    await world.fire(LATENCY)
    other = world.restarted()
    other.desk._holder = "other"
    assert not await other.desk.lead()
    await world.clock.sleep(30)
    assert await other.desk.lead()
    with pytest.raises(StoreError) as fenced:
        await world.act(ActionKind.ACK, "1")
    await other.act(ActionKind.ACK, "1", text="mine now")

    assert StoreReason.FENCED == fenced.value.reason
    assert not await world.desk.lead()
    assert (await other.only()).acknowledged_by == "ann"


@pytest.mark.looptime
async def test_a_body_that_cannot_be_processed_is_set_aside(world: AlertWorld) -> None:
    """After three failures it is quarantined whole; those behind it go through at once."""

    def decode(row: Any) -> Any:
        if b"poison" in row.body:
            raise ValueError("cannot be read")
        return original(row)

    original, world.processor._decode = world.processor._decode, decode
    await world.intake.accept(Delivery("eu1", b'{"poison": 1}', world.clock.now()))
    await world.intake.accept(Delivery("eu1", body([alert(LATENCY, EPOCH)]), world.clock.now()))
    await world.processor.step()
    through = len(await world.incidents())
    await world.process()

    assert 1 == through
    assert 0 == (await world.store.backlog()).pending
    assert 1 == world.meter.value("aiops_inbox_quarantined_total", reason="failed")


@pytest.mark.looptime
async def test_what_went_through_before_a_bad_body_is_not_done_again(world: AlertWorld) -> None:
    """A large body is on disk when the next one fails: its old firings are not taken for news."""

    def decode(row: Any) -> Any:
        if b"poison" in row.body:
            raise ValueError("cannot be read")
        return original(row)

    original, world.processor._decode = world.processor._decode, decode
    many = [LATENCY | {"pod": f"p{number}"} for number in range(600)]
    now = world.clock.now()
    fired, ended = [alert(one, now - 60) for one in many], [alert(one, now - 60, now) for one in many]
    for content in (body(fired), body(ended), b'{"poison": 1}'):
        await world.intake.accept(Delivery("eu1", content, now))
    await world.process()

    assert 600 == world.meter.value("aiops_alerts_received_total", source="eu1", status="firing")
    assert [] == world.lookups
    assert 0 == (await world.store.backlog()).pending


@pytest.mark.looptime
async def test_a_large_body_goes_on_where_it_stood(world: AlertWorld) -> None:
    """However often its commits fail, what is on disk of it is not done again."""
    many = [LATENCY | {"pod": f"p{number}"} for number in range(1600)]
    now = world.clock.now()
    await world.intake.accept(Delivery("eu1", body([alert(one, now) for one in many]), now))
    inner, commits = world.store.commit, iter((False, True, False, True, False, False, False))

    async def commit(changes: Changes, *, token: int | None = None) -> None:
        world.store.fails = int(next(commits))  # type: ignore[attr-defined]
        await inner(changes, token=token)

    world.store.commit = commit  # type: ignore[method-assign]
    for _ in range(2):
        with pytest.raises(StoreError):
            await world.process()
    await world.process()

    assert 1600 == world.meter.value("aiops_alerts_received_total", source="eu1", status="firing")
    assert 1600 == (await world.only()).firing
