"""The auditor says by metric, log and a notice that an act waits too long, once, and when it no longer does."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alert_world import AlertWorld, make_world

from aiops_daemon.core.model.action import Action, ActionKind, Handed
from aiops_daemon.core.model.alert import EpisodeState
from aiops_daemon.core.model.labels import get
from aiops_daemon.core.model.message import Message, MessageEvent
from aiops_daemon.core.model.notification import Notification, Sent
from aiops_daemon.core.model.scope import Role, Scope
from aiops_daemon.core.response.telling import Telling
from aiops_daemon.edges.store.handing import SqlActs
from aiops_daemon.edges.store.paging import SqlPaging
from aiops_daemon.flows.paging.audit import Auditor
from aiops_daemon.ids import Ids
from aiops_daemon.meter import Meter

pytestmark = pytest.mark.looptime

ANN = Scope("ann", None, Role.RESPONDER, "api")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[AlertWorld]:
    """A desk that leads, and a store."""
    made = await make_world(tmp_path)
    made.clock._started = None
    yield made
    await made.store.close()


async def test_an_act_that_waits_too_long_is_told(world: AlertWorld, caplog: pytest.LogCaptureFixture) -> None:
    """It was stored by a replica that does not lead, and nobody does it."""
    caplog.set_level(logging.INFO)
    acts, meter = SqlActs(world.store, world.clock), Meter()
    paging = SqlPaging(world.store, world.clock, Ids(world.clock))
    auditor = Auditor(paging, lambda: Telling(world.settings), world.clock, meter, world.notices)
    await acts.hand(Handed("a1", Action(ActionKind.ACK, "INC-1"), ANN, world.clock.now()))

    def count() -> float | None:
        return meter.value("aiops_auditor_violations", check="stale_acts")

    await auditor.look()
    soon = count()
    await world.clock.sleep(61.0)
    await auditor.look()
    await auditor.look()
    late = count()
    await world.notices.flush(world.desk)
    await world.desk.refuse("a1", "nobody can")
    await auditor.look()

    assert (0, 1, 0) == (soon, late, count())
    told = [record.fields for record in caplog.records if record.message == "the auditor found what must not be"]  # type: ignore[attr-defined]
    assert [{"check": "stale_acts", "count": 1, "rows": "a1"}] == told
    (alert,) = (one for one in await world.alerts() if one.rule == "AiopsPagingInvariantBroken")
    assert "stale_acts: 1 (a1)" in dict(alert.annotations).values()


async def test_each_check_is_told_by_itself_for_as_long_as_it_fails(world: AlertWorld) -> None:
    """An hour later too; another check that fails meanwhile is another alert, and each ends once it is mended."""
    acts = SqlActs(world.store, world.clock)
    paging = SqlPaging(world.store, world.clock, Ids(world.clock))
    auditor = Auditor(paging, lambda: Telling(world.settings), world.clock, Meter(), world.notices)
    message = Message(MessageEvent.TEST, "", "", "a test", "", "critical", "", world.clock.now(), world.clock.now())

    async def firing() -> list[str]:
        await auditor.look()
        await world.notices.flush(world.desk)
        alerts = [one for one in await world.alerts() if one.rule == "AiopsPagingInvariantBroken"]
        return sorted(get(one.labels, "check") for one in alerts if one.state is EpisodeState.FIRING)

    await acts.hand(Handed("a1", Action(ActionKind.ACK, "INC-1"), ANN, world.clock.now()))
    await world.clock.sleep(4000.0)
    first = await firing()
    now = world.clock.now()
    await paging.add(Notification("n1", "k", "k", "", "", "receiver/duty/pagerduty/0", "pagerduty", message, now, now))
    await world.clock.sleep(4000.0)
    second = await firing()
    (claimed,) = await paging.claim(limit=1, lease=30.0, busy=(), full=(), each=1)
    await paging.sent(claimed, Sent())
    third = await firing()
    await world.desk.refuse("a1", "nobody can")

    assert [["stale_acts"], ["stale_acts", "stale_outbox"], ["stale_acts"], []] == [
        first, second, third, await firing(),
    ]  # fmt: skip


async def test_what_waits_no_more_is_not_shown_as_waiting(world: AlertWorld) -> None:
    """Else the alert on the oldest message would fire for ever after the first outage."""
    paging, meter, now = SqlPaging(world.store, world.clock, Ids(world.clock)), Meter(), world.clock.now()
    auditor = Auditor(paging, lambda: Telling(world.settings), world.clock, meter, world.notices)
    message = Message(MessageEvent.TEST, "", "", "a test", "", "critical", "", now, now)
    await paging.add(Notification("n1", "k", "k", "", "", "receiver/duty/pagerduty/0", "pagerduty", message, now, now))

    def shown() -> list[float | None]:
        names = ("aiops_outbox_pending", "aiops_outbox_oldest_timestamp_seconds")
        return [meter.value(name, integration="pagerduty") for name in names]

    await auditor.look()
    before = shown()
    (claimed,) = await paging.claim(limit=1, lease=30.0, busy=(), full=(), each=1)
    await paging.sent(claimed, Sent())
    await auditor.look()

    assert ([1.0, now], [0.0, 0.0]) == (before, shown())
