"""Asking for what was accepted: each service for itself, in time, and ends however late they were sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from store_world import sqlite_store

from aiops_daemon.clock import LoopClock
from aiops_daemon.core.model.message import Message, MessageEvent
from aiops_daemon.core.model.notification import Notification, Outcome, Sent
from aiops_daemon.core.model.receiver import ReceiverSpec
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.response.telling import Telling
from aiops_daemon.edges.store.paging import SqlPaging
from aiops_daemon.edges.store.store import SqlStore
from aiops_daemon.flows.paging.confirm import AT_ONCE, Confirming
from aiops_daemon.flows.paging.deliver import Deliverer
from aiops_daemon.ids import Ids
from aiops_daemon.meter import Meter
from aiops_daemon.ports.store import Changes

pytestmark = pytest.mark.looptime

AT = 1_700_000_000.0


@dataclass(frozen=True)
class PagerSpec:
    """A channel of a test."""

    destination: str
    integration: str = "pagerduty"
    send_resolved: bool = True
    pages: bool = True


@dataclass
class Service:
    """A store, and services that show what they were sent: one hangs, one breaks, the rest answer at once."""

    store: SqlStore
    clock: LoopClock
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.paging = SqlPaging(self.store, self.clock, Ids(self.clock))
        receivers = tuple(ReceiverSpec(name, (PagerSpec(name),)) for name in ("good", "hangs", "breaks"))
        telling = Telling(Settings(mode=Mode.LIVE, receivers=receivers))
        deliverer = Deliverer(self.paging, lambda: telling, lambda spec: self, self.clock, Meter())
        self.confirming = Confirming(self.paging, deliverer, self.clock)

    async def send(self, notification: Notification) -> Outcome:
        """Nobody sends here."""
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing to release."""

    async def confirmed(self, notification: Notification) -> bool | None:
        """Answer for the service that the message went to."""
        self.asked.append(notification.uid)
        if "hangs" in notification.destination:
            await self.clock.sleep(10.0)
            return None
        if "breaks" in notification.destination:
            raise LookupError("an odd answer")
        return True

    async def said(self, uid: str, to: str = "good", **changes: object) -> None:
        """Send a message that is accepted."""
        event = changes.pop("event", MessageEvent.TRIGGER)
        message = Message(event, "u1", "INC-1", "HighLatency", "open", "critical", "P2", AT, AT)  # type: ignore[arg-type]
        destination, made_at = f"receiver/{to}/pagerduty/0", changes.pop("created_at", self.clock.now())
        row = Notification(
            uid, f"{destination}|{uid}", f"aiops/x/{uid}", "u1", "shop", destination, "pagerduty", message,
            made_at, self.clock.now(),
        )  # type: ignore[arg-type]  # fmt: skip
        await self.store.commit(Changes(notifications=(row,)))
        (claimed,) = await self.paging.claim(limit=1, lease=30.0, busy=(), full=(), each=1)
        await self.paging.sent(claimed, Sent("key", confirmable=True))

    async def shown(self, uid: str) -> bool:
        """Say whether a message is confirmed."""
        return (await self.paging.notifications([uid]))[uid].confirmed_at is not None


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """An empty store."""
    clock = LoopClock(AT)
    async with sqlite_store(tmp_path, clock) as store:
        yield Service(store, clock)


async def test_a_service_that_hangs_or_breaks_delays_no_other(service: Service) -> None:
    """Many pages to it wait for an answer; that of another service is noted within the same ten seconds."""
    await service.said("n")
    for number in range(15):
        await service.said(f"h{number}", "hangs")
        await service.said(f"b{number}", "breaks")
    await service.clock.sleep(10.0)
    begins = service.clock.now()
    await service.confirming.look()

    assert 10.0 == pytest.approx(service.clock.now() - begins, abs=0.5)
    assert await service.shown("n")


async def test_those_that_can_still_be_confirmed_in_time_come_first(service: Service) -> None:
    """More than are asked at once show nothing; the newest is asked for all the same."""
    for number in range(AT_ONCE + 1):
        await service.said(f"h{number}", "hangs")
    await service.said("new")
    await service.clock.sleep(10.0)
    await service.confirming.look()

    assert await service.shown("new")


async def test_an_end_is_made_sure_of_however_late_it_was_sent(service: Service) -> None:
    """PagerDuty was down for an hour: the resolve that it took then may have been lost like any other."""
    await service.said("n", event=MessageEvent.RESOLVE, created_at=service.clock.now() - 3600.0)
    await service.clock.sleep(11.0)
    await service.confirming.look()

    assert await service.shown("n")
