"""Who processes alerts after a start: at once where nobody else can, and at once after somebody gave up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alert_world import AlertWorld, make_world

from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.edges.store.places import holder
from aiops_daemon.errors import StoreError, StoreReason

LATENCY = {"alertname": "HighLatency", "service": "checkout", "severity": "critical", "team": "shop"}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[AlertWorld]:
    """A desk that leads."""
    made = await make_world(tmp_path)
    made.clock._started = None
    yield made
    await made.store.close()


@pytest.mark.looptime
async def test_who_gives_up_is_followed_at_once(world: AlertWorld) -> None:
    """Another need not wait for the end of the lease; who gave up writes nothing any more."""
    await world.fire(LATENCY)
    other = world.restarted()
    other.desk._holder = "other"
    before = await other.desk.lead()
    await world.desk.resign()
    after = await other.desk.lead()
    with pytest.raises(StoreError) as fenced:
        await world.desk.tick()

    assert (False, True) == (before, after)
    assert StoreReason.FENCED == fenced.value.reason
    assert 1 == (await other.only()).alerts


@pytest.mark.looptime
async def test_to_give_up_what_another_holds_changes_nothing(world: AlertWorld) -> None:
    """The lease that somebody took over meanwhile stays theirs."""
    await world.fire(LATENCY)
    await world.clock.sleep(30)
    other = world.restarted()
    other.desk._holder = "other"
    taken = await other.desk.lead()
    await world.desk.resign()

    assert taken
    assert await other.desk.lead()
    assert other.desk.leads


def test_one_process_holds_a_file() -> None:
    """A SQLite store has the same holder over restarts and kills; replicas on PostgreSQL each have a name."""
    file = StorageSpec(url="sqlite:////data/aiops.db")
    server = StorageSpec(url="postgresql://aiops@db/aiops")

    assert "the only one" == holder(file)
    assert holder(server).count("/") == 1
