"""Delivery: one attempt a claim, each destination for itself, and nothing lost with a failure, a hang or a break."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from store_world import sqlite_store

from aiops_daemon.clock import LoopClock
from aiops_daemon.core.model.message import Message, MessageEvent
from aiops_daemon.core.model.notification import (
    Claim,
    Failed,
    FailureReason,
    Notification,
    NotificationState,
    Outcome,
    Sent,
)
from aiops_daemon.core.model.receiver import ReceiverSpec
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.response.telling import Telling
from aiops_daemon.edges.store.paging import SqlPaging
from aiops_daemon.edges.store.store import SqlStore
from aiops_daemon.flows.paging.deliver import Deliverer
from aiops_daemon.ids import Ids
from aiops_daemon.meter import Meter
from aiops_daemon.ports.store import Changes

pytestmark = pytest.mark.looptime

AT = 1_700_000_000.0
DOWN = Failed(FailureReason.SERVER_ERROR, "503", retry=True)
REFUSED = Failed(FailureReason.CLIENT_ERROR, "400", retry=False)


@dataclass(frozen=True)
class PagerSpec:
    """A channel of a test."""

    integration: str = "pagerduty"
    destination: str = "pager"
    send_resolved: bool = True
    pages: bool = True


@dataclass
class Road:
    """A store, a deliverer, and a channel that answers as it is told; None hangs, an exception is raised."""

    store: SqlStore
    clock: LoopClock
    answer: Callable[[Notification], Outcome | Exception | None] = lambda one: Sent("ref")
    sent: list[tuple[float, str]] = field(default_factory=list)
    under_way: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        self.meter = Meter()
        self.paging = SqlPaging(self.store, self.clock, Ids(self.clock))
        receivers = tuple(
            ReceiverSpec(name, (PagerSpec(integration, name),))
            for name, integration in (("duty", "pagerduty"), ("chat", "slack"))
        )
        self.settings = Settings(mode=Mode.LIVE, receivers=receivers)
        self.telling = Telling(self.settings)
        self.deliverer = Deliverer(self.paging, lambda: self.telling, lambda spec: self, self.clock, self.meter)

    def look_seldom(self) -> None:
        """Look for what is due every minute: for tests of hours."""
        self.deliverer = Deliverer(
            self.paging, lambda: self.telling, lambda spec: self, self.clock, self.meter, look_every=60.0
        )

    async def send(self, notification: Notification) -> Outcome:
        """Be the channel."""
        self.sent.append((self.clock.now() - AT, notification.uid))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            answer = self.answer(notification)
            if answer is None:
                await self.clock.sleep(100_000.0)
                raise AssertionError("a hanging channel was waited for")
            if isinstance(answer, Exception):
                raise answer
            await self.clock.sleep(0.1)
            return answer
        finally:
            self.under_way -= 1

    async def close(self) -> None:
        """Nothing to release."""

    async def put(self, *notifications: Notification) -> None:
        """Write messages as the desk does."""
        await self.store.commit(Changes(notifications=notifications))
        self.deliverer.news.set()

    async def run(self, seconds: float) -> None:
        """Deliver for a while."""
        task = asyncio.create_task(self.deliverer.run(lambda: None))
        await self.clock.sleep(seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await self.deliverer.stop()

    async def state(self, uid: str = "n1") -> Notification:
        """Return a message as it is on disk."""
        return (await self.paging.notifications([uid]))[uid]


@pytest.fixture
async def road(tmp_path: Path) -> AsyncIterator[Road]:
    """An empty road."""
    async with sqlite_store(tmp_path) as store:
        yield Road(store, LoopClock(AT))  # a clock that the test's own loop begins


def page(uid: str = "n1", to: str = "receiver/duty/pagerduty/0", **changes: Any) -> Notification:
    """Return a message that is due."""
    message = Message(MessageEvent.TRIGGER, "u1", "INC-1", "HighLatency", "open", "critical", "P2", AT, AT)
    made = Notification(
        uid=uid, key=f"{to}|{uid}", dedup_key=f"aiops/x/{uid}", incident="u1", team="default", destination=to,
        integration=to.split("/")[2], message=message, created_at=AT, due_at=AT, track="shop", step="1/0/0",
    )  # fmt: skip
    return replace(made, **changes)


async def test_what_is_due_goes_out_once(road: Road) -> None:
    """And is written down with what the service called it."""
    await road.put(page())
    await road.run(30.0)

    row = await road.state()
    assert [(0.0, "n1")] == [(round(at, 0), uid) for at, uid in road.sent]
    assert (NotificationState.SENT, "ref", 1) == (row.state, row.reply, row.attempts)
    assert 1 == road.meter.value("aiops_notifications_total", integration="pagerduty")


async def test_a_failure_is_tried_again_later_and_later(road: Road) -> None:
    """From seconds to ten minutes, for six hours; then it is given up, and its fallback's timer is due."""
    road.answer = lambda one: DOWN
    road.look_seldom()
    await road.put(page())
    await road.run(8 * 3600.0)

    times = [at for at, _ in road.sent]
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert pauses[0] < 61.0
    assert 300.0 < pauses[-1] < 1000.0
    assert 6 * 3600.0 <= times[-1] < 6.5 * 3600.0
    row = await road.state()
    assert (NotificationState.DEAD, "server_error") == (row.state, row.reason)
    assert ["undelivered/n1"] == [timer.name for timer in await road.paging.due_timers(10)]


async def test_what_repeating_cannot_help_is_given_up_at_once(road: Road) -> None:
    """A 400."""
    road.answer = lambda one: REFUSED
    await road.put(page())
    await road.run(60.0)

    assert 1 == len(road.sent)
    assert NotificationState.DEAD is (await road.state()).state
    assert 1 == road.meter.value("aiops_outbox_dead_letters_total", integration="pagerduty")


async def test_messages_given_up_are_counted_from_0(road: Road) -> None:
    """For Prometheus sees no increase in a series that is born at 1, and nobody would be told of the first."""
    personal = ReceiverSpec("people", (PagerSpec("email", ""),))
    road.telling = Telling(replace(road.settings, receivers=(*road.settings.receivers, personal)))
    await road.run(1.0)
    page = road.meter.page().decode()

    for integration in ("pagerduty", "slack", "email"):
        assert f'aiops_outbox_dead_letters_total{{integration="{integration}"}} 0.0\n' in page


async def test_retry_after_is_respected_by_the_whole_destination(road: Road) -> None:
    """The next message to it waits as long; another destination does not."""
    limited = Failed(FailureReason.RATE_LIMITED, "429", retry=True, retry_after=90.0)
    road.answer = lambda one: limited if one.uid == "n1" and one.attempts == 1 else Sent()
    await road.put(page())
    task = asyncio.create_task(road.run(200.0))
    await road.clock.sleep(5.0)
    await road.put(page("n2"), page("n3", "receiver/chat/slack/0"))
    await task

    times = {uid: at for at, uid in road.sent}
    assert times["n3"] < 10.0
    assert times["n2"] >= 90.0
    assert times["n1"] >= 90.0


def note(uid: str) -> Notification:
    """Return a note to the destination of `page`."""
    made = page(uid, track="", step="")
    message = replace(made.message, event=MessageEvent.UPDATE, note="looking")
    return replace(made, key=f"{made.key}|notes", message=message)


async def test_notes_that_hang_hold_up_no_page(road: Road) -> None:
    """However many: they go one by one, in a lane of their own."""
    road.answer = lambda one: None if one.message.note else Sent()
    await road.put(*(note(f"note{number}") for number in range(100)))
    task = asyncio.create_task(road.run(70.0))
    await road.clock.sleep(1.0)
    await road.put(*(page(f"p{number}") for number in range(20)))
    await task

    times = {uid: at for at, uid in road.sent}
    assert 20 == sum(uid.startswith("p") for uid in times)
    assert max(at for uid, at in times.items() if uid.startswith("p")) < 5.0
    assert 4 >= sum(uid.startswith("note") for uid in times)


async def test_what_waits_alone_pauses_no_page(road: Road) -> None:
    """Changes of what was posted have a limit of their own; the next incident of that channel is told at once."""
    limited = Failed(FailureReason.RATE_LIMITED, "429", retry=True, retry_after=90.0, alone=True)
    road.answer = lambda one: limited if one.uid == "n1" and one.attempts == 1 else Sent()
    await road.put(page())
    task = asyncio.create_task(road.run(200.0))
    await road.clock.sleep(5.0)
    await road.put(page("n2"))
    await task

    times = {uid: at for at, uid in road.sent}
    assert times["n2"] < 10.0
    assert times["n1"] >= 90.0


async def test_notes_that_are_limited_pause_no_page(road: Road) -> None:
    """The REST API has limits of its own."""
    limited = Failed(FailureReason.RATE_LIMITED, "429", retry=True, retry_after=90.0)
    road.answer = lambda one: limited if one.message.note and one.attempts == 1 else Sent()
    await road.put(note("note1"), note("note2"))
    task = asyncio.create_task(road.run(200.0))
    await road.clock.sleep(5.0)
    await road.put(page("p1"))
    await task

    times = {uid: at for at, uid in road.sent}
    assert times["p1"] < 10.0
    assert times["note1"] >= 90.0
    assert times["note2"] >= 90.0


async def test_a_note_that_waits_is_nobody_s_page(road: Road) -> None:
    """Neither the age of the outbox nor the auditor counts it, or people would be paged for it."""
    road.answer = lambda one: DOWN
    await road.put(note("note1"))
    await road.run(800.0)
    await road.clock.sleep(400.0)

    assert NotificationState.WAITING is (await road.state("note1")).state
    assert [] == await road.paging.waiting()
    assert () == (await road.paging.violations(routed=True)).stale_outbox


async def test_a_note_that_is_lost_is_no_page_that_is_lost(road: Road) -> None:
    """It is dropped with its reason; no dead letter, over which people would be paged."""
    road.answer = lambda one: Failed(FailureReason.CLIENT_ERROR, "404", retry=False)
    one = page()
    await road.put(replace(one, message=replace(one.message, event=MessageEvent.UPDATE, note="looking")))
    await road.run(5.0)
    row = await road.state()

    assert (NotificationState.DROPPED, "client_error") == (row.state, row.reason)
    assert 0 == road.meter.value("aiops_outbox_dead_letters_total", integration="pagerduty")


async def test_a_hanging_channel_ends_by_its_deadline_and_delays_no_other(road: Road) -> None:
    """A hundred messages to a pager that never answers, one to the chat."""
    road.answer = lambda one: None if one.integration == "pagerduty" else Sent()
    await road.put(*(page(f"p{number}") for number in range(100)))
    task = asyncio.create_task(road.run(60.0))
    await road.clock.sleep(1.0)
    await road.put(page("c", "receiver/chat/slack/0"))
    await task

    chat = next(at for at, uid in road.sent if uid == "c")
    assert chat < 4.0
    first = await road.state("p0")
    assert "deadline_exceeded" == first.reason


async def test_one_destination_gets_a_few_at_a_time(road: Road) -> None:
    """Forty at once would be rude."""
    await road.put(*(page(f"p{number:02}") for number in range(40)))
    await road.run(60.0)

    assert 40 == len({uid for _, uid in road.sent})
    assert road.most <= 4


async def test_a_channel_that_breaks_loses_nothing(road: Road) -> None:
    """A fault of ours is logged, and the message tried again."""
    road.answer = lambda one: RuntimeError("a bug") if one.attempts == 1 else Sent()
    await road.put(page())
    await road.run(60.0)

    assert NotificationState.SENT is (await road.state()).state


async def test_what_was_under_way_at_the_end_is_sent_by_the_next(road: Road) -> None:
    """The daemon stops while the channel hangs; the lease ends, and the next run sends it."""
    road.answer = lambda one: None
    await road.put(page())
    await road.run(5.0)
    road.answer = lambda one: Sent()
    await road.run(60.0)

    assert 2 == len(road.sent)
    assert NotificationState.SENT is (await road.state()).state


async def test_the_kill_switch_holds_for_what_waits(road: Road) -> None:
    """What was being tried when all was muted is not sent, and not when it is live again either."""
    road.answer = lambda one: DOWN
    await road.put(page())
    await road.run(1.0)
    road.telling = Telling(replace(road.settings, mode=Mode.MUTED))
    road.answer = lambda one: Sent()
    await road.run(60.0)
    road.telling = Telling(road.settings)
    await road.run(60.0)

    assert 1 == len(road.sent)
    assert NotificationState.MUTED is (await road.state()).state


async def test_what_is_nearly_done_at_the_end_is_not_sent_twice(road: Road) -> None:
    """The daemon stops, or reloads, while a healthy channel answers: the answer is waited for."""
    await road.put(page())
    task = asyncio.create_task(road.deliverer.run(lambda: None))
    while not road.sent:
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await road.deliverer.stop()
    await road.run(60.0)

    assert 1 == len(road.sent)
    assert NotificationState.SENT is (await road.state()).state


async def test_the_next_process_sends_at_once_what_a_killed_one_had_claimed(road: Road) -> None:
    """Nobody waits for the end of a dead process's lease where there is one process."""
    await road.put(page())
    await road.paging.claim(limit=1, lease=30.0, busy=(), full=(), each=1)
    await road.run(10.0)

    assert 1 == len(road.sent)


async def test_claims_that_come_late_are_not_used(road: Road) -> None:
    """A process that was halted while it claimed sends nothing late: others may have sent what comes after."""
    road.deliverer = Deliverer(
        Halted(road.store, road.clock, Ids(road.clock)), lambda: road.telling, lambda spec: road, road.clock, road.meter
    )
    await road.put(page())
    await road.run(25.0)

    assert [] == road.sent

    await road.run(60.0)

    assert 1 == len(road.sent)


class Halted(SqlPaging):
    """A store whose first claim is answered twenty seconds late."""

    claimed = False

    async def claim(self, **asked: Any) -> list[Claim]:  # type: ignore[override]
        """Claim, and come back late once."""
        claims = await super().claim(**asked)
        if claims and not self.claimed:
            self.claimed = True
            await self._clock.sleep(20.0)
        return claims


async def test_a_receiver_that_is_gone(road: Road) -> None:
    """There is no way to send it: it is given up with that reason."""
    await road.put(page(to="receiver/gone/pagerduty/0"))
    await road.run(10.0)

    row = await road.state()
    assert (NotificationState.DEAD, "removed") == (row.state, row.reason)


async def test_a_reload_uses_the_new_channel(road: Road) -> None:
    """After channels were closed they are made anew."""
    await road.put(page())
    await road.run(10.0)
    await road.put(page("n2"))
    await road.run(10.0)

    assert ["n1", "n2"] == [uid for _, uid in road.sent]
