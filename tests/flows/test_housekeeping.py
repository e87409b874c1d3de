"""What keeps the store in order, and what the log says of alerts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from alert_world import AlertWorld, make_world

from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.model.grouping import GroupingSpec
from aiops_daemon.errors import StoreError, StoreReason
from aiops_daemon.flows.alerts.heartbeat import Heartbeat
from aiops_daemon.flows.alerts.housekeep import Housekeeping

LATENCY = {"alertname": "HighLatency", "service": "checkout", "severity": "critical", "team": "shop"}


class ReadOnly:
    """A store that cannot be written while `broken`."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.broken = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def probe(self) -> None:
        """Fail as a read-only file system does."""
        if self.broken:
            raise StoreError(StoreReason.READ_ONLY, "read-only file system")

    async def backup(self) -> str:
        """Fail too."""
        if self.broken:
            raise StoreError(StoreReason.READ_ONLY, "read-only file system")
        return str(await self._inner.backup())


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[AlertWorld]:
    made = await make_world(tmp_path)
    made.clock._started = None
    yield made
    await made.store.close()


def broken(world: AlertWorld) -> ReadOnly:
    world.store = world.around.store = store = ReadOnly(world.store)  # type: ignore[assignment]
    return store


@pytest.mark.looptime
async def test_readiness_probes_a_real_write(world: AlertWorld) -> None:
    """What cannot be written is named with its reason, counted, and over when it is over."""
    store = broken(world)
    keeping = Housekeeping(world.around, world.desk, world.notices)
    await keeping.probe()
    failing = keeping.failing
    store.broken = False
    await keeping.probe()

    assert "store cannot be written (read_only)" == failing
    assert "" == keeping.failing
    assert 1 == world.meter.value("aiops_store_failures_total", reason="read_only")


@pytest.mark.looptime
async def test_gauges_tell_what_waits_and_what_is_open(world: AlertWorld) -> None:
    """Incidents by state, alerts by source, and nothing waiting; what is gone is 0."""
    keeping = Housekeeping(world.around, world.desk, world.notices)
    await world.fire(LATENCY)
    await keeping.look()
    labels = {"state": "open", "severity": "critical", "team": "shop"}
    during = (
        world.meter.value("aiops_incidents", **labels),
        world.meter.value("aiops_alerts_open", source="eu1", state="firing"),
    )
    await world.clock.sleep(60)
    await world.resolve(LATENCY)
    await keeping.look()

    assert (1, 1) == during
    assert 0 == world.meter.value("aiops_incidents", **labels)
    assert 0 == world.meter.value("aiops_alerts_open", source="eu1", state="firing")
    assert 0 == world.meter.value("aiops_inbox_pending")


@pytest.mark.looptime
async def test_a_backup_that_fails_is_an_incident(world: AlertWorld) -> None:
    """Held while it fails, over when a copy is made."""
    store = broken(world)
    keeping = Housekeeping(world.around, world.desk, world.notices)
    await keeping._copy()
    await world.notices.flush(world.desk)
    during = await world.only()
    store.broken = False
    await keeping._copy()
    await world.clock.sleep(1)
    await world.notices.flush(world.desk)

    assert ("AiopsBackupFailing on aiops-daemon", "open") == (during.title, during.state)
    assert (await world.only()).state.closed
    assert world.meter.value("aiops_store_last_backup_timestamp_seconds") > 0


@pytest.mark.looptime
async def test_the_heartbeat_stops_when_nothing_can_be_written(world: AlertWorld) -> None:
    """Silence is the alarm: no beat while the store is broken."""
    store = broken(world)
    sent: list[float] = []

    async def send() -> None:
        sent.append(world.clock.now())

    beats = Heartbeat(world.clock, world.meter, world.around.store, send)
    task = asyncio.create_task(beats.run(60.0, lambda: None))
    await world.clock.sleep(130)
    silent = len(sent)
    store.broken = False
    await world.clock.sleep(120)
    task.cancel()

    assert (0, 2) == (silent, len(sent))
    assert 3 == world.meter.value("aiops_heartbeats_total", outcome="failure")


@pytest.mark.looptime
async def test_the_heartbeat_stops_when_a_loop_stands_still(world: AlertWorld) -> None:
    """Who is no longer paged by us is to hear it from somebody else."""
    stalled: list[str] = ["deliver"]
    sent: list[float] = []

    async def send() -> None:
        sent.append(world.clock.now())

    beats = Heartbeat(world.clock, world.meter, world.around.store, send, lambda: stalled)
    task = asyncio.create_task(beats.run(60.0, lambda: None))
    await world.clock.sleep(130)
    silent = len(sent)
    stalled.clear()
    await world.clock.sleep(120)
    task.cancel()

    assert (0, 2) == (silent, len(sent))


@pytest.mark.looptime
async def test_the_log_tells_incidents_and_bounds_a_storm(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Sixty incidents at once: twenty lines with the reason, and the rest as a number."""
    world = await make_world(tmp_path, grouping=GroupingSpec(never_across=("env",)))
    caplog.set_level(logging.INFO, "aiops_daemon.flows.alerts.tell")
    await world.fire(*({"alertname": "R", "env": f"e{number}"} for number in range(60)))
    lines = [record.getMessage() for record in caplog.records]
    await world.store.close()

    assert 20 == lines.count("incident opened")
    assert 21 == len(lines)


class Checked:
    """A store that counts how often every page is looked at, and finds what it is told."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.found: tuple[str, ...] | StoreError = ()
        self.looks: list[float] = []
        self.now: Callable[[], float] = lambda: 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def backup(self) -> str:
        """Make none."""
        return ""

    async def check(self) -> tuple[str, ...]:
        """Look, and find it."""
        self.looks.append(self.now())
        if isinstance(self.found, StoreError):
            raise self.found
        return self.found


def checked(world: AlertWorld) -> Checked:
    store = Checked(world.store)
    store.now = world.clock.now
    world.store = world.around.store = store  # type: ignore[assignment]
    return store


@asynccontextmanager
async def keeping_house(world: AlertWorld) -> AsyncIterator[None]:
    """Run the loop that copies and checks, as a daemon that was just started does."""
    keeping = Housekeeping(world.around, world.desk, world.notices)
    task = asyncio.create_task(keeping.back_up(lambda: None))
    try:
        yield
    finally:
        task.cancel()


@pytest.mark.looptime
async def test_every_page_is_looked_at_once_a_week_also_over_restarts(world: AlertWorld) -> None:
    """A daemon that is restarted every three days looks as often as one that is not."""
    store, began = checked(world), world.clock.now()
    for _ in range(5):
        async with keeping_house(world):
            await world.clock.sleep(3 * DAY)

    assert [0, 7, 14] == [round((at - began) / DAY) for at in store.looks]
    assert store.looks[-1] == world.meter.value("aiops_store_last_check_timestamp_seconds")


@pytest.mark.looptime
@pytest.mark.parametrize(
    "found", [("row 7 missing from index x", "page 9 is never used"), StoreError(StoreReason.CORRUPT, "malformed")]
)
async def test_a_broken_page_is_an_incident_until_all_is_whole(
    world: AlertWorld, caplog: pytest.LogCaptureFixture, found: tuple[str, ...] | StoreError
) -> None:
    """Logged, counted, looked at again each hour; over with the first look that finds nothing."""
    store = checked(world)
    store.found = found
    async with keeping_house(world):
        await world.clock.sleep(2.5 * 3600)
        await world.notices.flush(world.desk)
        during = await world.only()
        counted = world.meter.value("aiops_store_failures_total", reason="corrupt")
        store.found = ()
        await world.clock.sleep(3600)
        await world.notices.flush(world.desk)

    assert ("AiopsStoreBroken on aiops-daemon", "open", 2) == (during.title, during.state, counted)
    assert "the store is broken" in caplog.messages
    assert (await world.only()).state.closed
    assert 3 == len(store.looks)


@pytest.mark.looptime
async def test_a_look_that_fails_is_counted_and_tried_again(world: AlertWorld) -> None:
    """It says nothing of the pages."""
    store = checked(world)
    store.found = StoreError(StoreReason.UNREACHABLE, "gone")
    async with keeping_house(world):
        await world.clock.sleep(2.5 * 3600)
        await world.notices.flush(world.desk)

    assert 2 == len(store.looks) == world.meter.value("aiops_store_failures_total", reason="unreachable")
    assert [] == await world.incidents()
