"""After a start or a reload escalations are looked at a few in a step, and those whose timers are due come first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alert_world import AlertWorld, make_world

from aiops_daemon.core.model.channels.log import LogSpec
from aiops_daemon.core.model.escalation import EscalationSpec, StepSpec, Timer, TimerKind
from aiops_daemon.core.model.grouping import GroupingSpec
from aiops_daemon.core.model.receiver import ReceiverSpec
from aiops_daemon.core.model.route import Mode, RouteSpec
from aiops_daemon.core.response.telling import Telling
from aiops_daemon.edges.store.store import SqlStore
from aiops_daemon.errors import StoreError, StoreReason
from aiops_daemon.flows.alerts.desk import ANEW_AT_ONCE
from aiops_daemon.flows.paging.wake import Waking
from aiops_daemon.ports.store import Changes

pytestmark = pytest.mark.looptime

MANY = 2 * ANEW_AT_ONCE + 50


class Full:
    """A store on a full disk."""

    def __init__(self, inner: SqlStore) -> None:
        self._inner = inner

    async def commit(self, changes: Changes, *, token: int | None = None) -> None:
        """Fail."""
        raise StoreError(StoreReason.FULL, "no space left")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[AlertWorld]:
    """A desk whose only route is in shadow; each alert is an incident of its own."""
    steps = (StepSpec(("receiver/desk",)), StepSpec(("receiver/desk",), 600.0))
    made = await make_world(
        tmp_path,
        grouping=GroupingSpec(never_across=("n",)),
        receivers=(ReceiverSpec("desk", (LogSpec(),)),),
        escalations=(EscalationSpec("shop", steps),),
        route=RouteSpec("route", escalation="shop", mode=Mode.SHADOW),
    )
    made.clock._started = None
    yield made
    await made.store.close()


async def _go_live(world: AlertWorld) -> None:
    """Record many incidents in shadow, then let the route be live."""
    for start in range(0, MANY, 90):
        await world.fire(*({"alertname": "Down", "n": str(n)} for n in range(start, min(MANY, start + 90))))
    assert world.settings.route is not None
    world.settings = replace(world.settings, route=replace(world.settings.route, mode=Mode.LIVE))
    world.around.telling = Telling(world.settings)
    world.desk.reroute()


async def _live(world: AlertWorld) -> int:
    """Count the incidents whose page is live."""
    found = await world.paging.escalations([one.uid for one in await world.incidents()])
    return sum(any(position.mode is Mode.LIVE for position in one.positions) for one in found.values())


async def test_few_in_each_step(world: AlertWorld) -> None:
    """What people do fits in between."""
    await _go_live(world)
    counted: list[int] = []
    while world.desk.behind:
        await world.desk.catch_up()
        counted.append(await _live(world))

    assert [ANEW_AT_ONCE, 2 * ANEW_AT_ONCE, MANY] == counted


async def test_who_is_due_comes_first(world: AlertWorld) -> None:
    """A timer of the last incident does not wait for all before it."""
    await _go_live(world)
    last = (await world.incidents())[-1]
    await world.desk.fire([Timer(last.uid, last.team, TimerKind.STEP, "step", world.clock.now())])
    found = await world.paging.escalations([last.uid])

    assert [Mode.LIVE] == [position.mode for position in found[last.uid].positions]
    assert world.desk.behind


async def test_a_failed_step_forgets_nobody(world: AlertWorld) -> None:
    """What it looked at is looked at again, with all the others."""
    await _go_live(world)
    await world.desk.catch_up()
    world.desk.around.store = Full(world.store)  # type: ignore[assignment]
    with pytest.raises(StoreError):
        await world.desk.catch_up()
    world.desk.around.store = world.store
    while world.desk.behind:
        await world.desk.catch_up()

    assert MANY == await _live(world)


async def test_the_loop_of_timers_catches_up(world: AlertWorld) -> None:
    """It does not wait for the next timer."""
    await _go_live(world)
    waking = Waking(world.paging, world.desk, world.clock)
    loop = asyncio.create_task(waking.run(lambda: None))
    await world.clock.sleep(1.0)
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)

    assert MANY == await _live(world)
