"""What the daemon says about itself while the desk is busy is neither lost nor ended by mistake."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alert_world import AlertWorld, make_world

from aiops_daemon.core.model.incident import IncidentState
from aiops_daemon.flows.alerts.desk import Batch


class BusyDesk:
    """A desk; while it takes a batch, something else happens."""

    leads = True

    def __init__(self, desk: Any, meanwhile: Any) -> None:
        self._desk = desk
        self._meanwhile = meanwhile

    async def take(self, batch: Batch) -> None:
        """Let it happen, then take the batch."""
        self._meanwhile()
        await self._desk.take(batch)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[AlertWorld]:
    made = await make_world(tmp_path)
    made.clock._started = None
    yield made
    await made.store.close()


@pytest.mark.looptime
async def test_a_notice_said_while_others_are_written_is_told_next(world: AlertWorld) -> None:
    """It was not in the batch."""
    world.notices.say("First", "one")
    await world.notices.flush(BusyDesk(world.desk, lambda: world.notices.say("Second", "two")))  # type: ignore[arg-type]
    await world.notices.flush(world.desk)

    assert {"First", "Second"} == {one.rule for one in await world.alerts()}


@pytest.mark.looptime
async def test_a_notice_held_again_while_its_end_is_written_fires_again(world: AlertWorld) -> None:
    """Whoever holds it says so once: it must not be forgotten."""
    world.notices.hold("Missing", "gone", cluster="eu1")
    await world.notices.flush(world.desk)
    await world.clock.sleep(60)
    world.notices.let_go("Missing", cluster="eu1")
    again = BusyDesk(world.desk, lambda: world.notices.hold("Missing", "gone", cluster="eu1"))
    await world.clock.sleep(5)
    await world.notices.flush(again)  # type: ignore[arg-type]
    await world.clock.sleep(5)
    await world.notices.flush(world.desk)
    await world.clock.sleep(7200)
    await world.notices.flush(world.desk)

    assert (IncidentState.OPEN, 1) == ((one := await world.only()).state, one.firing)


@pytest.mark.looptime
async def test_a_notice_ends_by_itself_and_what_is_held_does_not(world: AlertWorld) -> None:
    """An hour after it was last said."""
    world.notices.say("Said", "once", area="a")
    world.notices.hold("Held", "on", area="b")
    await world.notices.flush(world.desk)
    await world.clock.sleep(3601)
    await world.notices.flush(world.desk)

    assert {"Said": False, "Held": True} == {one.rule: one.open for one in await world.alerts()}
