"""Whatever comes when, and whatever breaks between: each incident is named in one notice or in one digest."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from alert_world import AlertWorld, make_world
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiops_daemon.config.secret import HeldSecret
from aiops_daemon.core.model.channels.slack import SlackSpec
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Claim, Failed, FailureReason, Notification, NotificationQuery, Sent
from aiops_daemon.core.model.receiver import ReceiverSpec, StormSpec
from aiops_daemon.core.model.route import Mode, RouteSpec
from aiops_daemon.core.model.scope import DAEMON
from aiops_daemon.errors import StoreError, StoreReason
from aiops_daemon.ports.store import Changes

ROOM = ReceiverSpec("chat", (SlackSpec(channel="#ops", bot_token=HeldSecret("x")),), StormSpec(3, 300.0, 60.0))
WORLD: dict[str, Any] = {
    "receivers": (ROOM,),
    "route": RouteSpec(receiver="chat", mode=Mode.LIVE),
    "mode": Mode.LIVE,
}
DOWN = Failed(FailureReason.SERVER_ERROR, "503", retry=True)


class Channel:
    """A chat of one world: what it was sent, and who is sending."""

    def __init__(self) -> None:
        self.sent: list[Notification] = []  # of a sender that died perhaps twice
        self._held: list[Claim] = []

    async def take(self, world: AlertWorld) -> None:
        """Claim what is due and post it, and do not say so yet."""
        for claimed in await world.paging.claim(limit=10, lease=30.0, each=10, busy=(), full=()):
            self.sent.append(claimed.notification)
            self._held.append(claimed)

    async def refuse(self, world: AlertWorld) -> None:
        """Claim what is due, and fail."""
        for claimed in await world.paging.claim(limit=10, lease=30.0, each=10, busy=(), full=()):
            await world.paging.put_off(claimed, DOWN, world.clock.now() + 20.0)

    async def answer(self, world: AlertWorld) -> None:
        """Say of what was posted that it was; late, where somebody else has it meanwhile."""
        for claimed in self._held:
            await world.paging.sent(claimed, Sent("C1:1"))
        self._held = []

    def die(self) -> None:
        """Never say it."""
        self._held = []


class Torn:
    """A store whose next commit is lost."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, changes: Changes, *, token: int | None = None) -> None:
        """Lose it."""
        raise StoreError(StoreReason.FULL, "no space left")


ROUNDS = st.tuples(  # some alerts, some time, and what delivery does or what breaks then
    st.tuples(st.sampled_from(("alerts", "alerts", "critical")), st.integers(0, 4)),
    st.tuples(st.just("wait"), st.sampled_from((0, 1, 10, 40, 61, 61, 310))),
    st.tuples(st.sampled_from(("take", "take", "refuse", "answer", "crash", "torn")), st.just(0)),
)


async def live_through(folder: Path, script: list[tuple[str, int]]) -> tuple[Channel, list[Notification], int]:
    """Let it all happen, then let everything be sent; return what was sent, what is on disk, how many incidents."""
    world, channel, number = await make_world(folder, **WORLD), Channel(), 0
    for what, count in [*script, *[("wait", 61), ("take", 0), ("answer", 0)] * 6]:
        if what in ("alerts", "critical"):
            severity = "warning" if what == "alerts" else "critical"
            await world.fire(*(_alert(number + each, severity) for each in range(count)))
            number += count
        elif what == "wait":
            world.clock.step(float(count))
        elif what == "crash":
            channel.die()
            world = world.restarted()
            await world.paging.inherit()
            await world.begin()
        elif what == "torn":
            await _tear(world, number)
            number += 1
        else:
            await getattr(channel, what)(world)
    rows = await world.paging.find_notifications(NotificationQuery(limit=500), DAEMON)
    incidents = await world.incidents()
    await world.store.close()
    assert number == len(incidents)
    return channel, list(rows.notifications), number


async def _tear(world: AlertWorld, number: int) -> None:
    """Let one alert come while the store is gone; it is processed when the store is back."""
    whole, world.around.store = world.around.store, Torn(world.around.store)
    with suppress(StoreError):
        await world.fire(_alert(number, "warning"))
    world.around.store = whole
    await world.process()


def _alert(number: int, severity: str) -> dict[str, str]:
    return {"alertname": f"Rule{number}", "service": f"s{number}", "cluster": f"c{number}", "severity": severity}


def _named(rows: list[Notification]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for one in rows:
        folded = one.message.event is MessageEvent.DIGEST
        counted.update(each.name for each in one.message.named) if folded else counted.update([one.message.name])
    return counted


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ROUNDS, min_size=1, max_size=8))
def test_each_incident_is_named_once(rounds: list[tuple[tuple[str, int], ...]]) -> None:
    """On disk in exactly one message; in the chat too, but for what a dead sender had posted."""
    script = [("alerts", 4), *(happening for each in rounds for happening in each)]
    with tempfile.TemporaryDirectory() as folder:
        channel, rows, incidents = asyncio.run(live_through(Path(folder), script))

    begun = [one for one in rows if one.message.event in (MessageEvent.TRIGGER, MessageEvent.DIGEST)]
    written = [one for one in begun if one.step or one.message.event is MessageEvent.DIGEST]  # not said once more
    names = {f"INC-{number + 1}": 1 for number in range(incidents)}
    assert names == _named(written)
    first = {one.uid: one for one in reversed(channel.sent)}
    assert names == _named([first[one.uid] for one in written if one.uid in first])
    for one in channel.sent:
        assert one.message == first[one.uid].message
        assert one.message.event is not MessageEvent.DIGEST or one.uid in {each.uid for each in written}
