"""The loop of reconciliation in virtual time: what is polled, repaired, looked up and told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

import pytest
from fake_alertmanager import CONFIG, FakeAlertmanager
from repaired_desk import Desk
from rule_source import RuleSource

from aiops_daemon.clock import LoopClock
from aiops_daemon.core.alertmanager.fingerprint import fingerprint
from aiops_daemon.core.model.alert import AlertEvent, AlertStatus, EpisodeState
from aiops_daemon.core.model.alertmanager import AlertmanagerSpec
from aiops_daemon.core.model.labels import Labels, make
from aiops_daemon.core.model.posted import ClusterAnswer
from aiops_daemon.core.model.repair import Lookup, Repair, RepairClass
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.flows.alerts.evaluations import Evaluations
from aiops_daemon.flows.alerts.reconcile import Reconciler
from aiops_daemon.meter import Meter

pytestmark = pytest.mark.looptime

AT = 1_700_000_000.0
A, B = make({"alertname": "A"}), make({"alertname": "B", "cluster": "eu-1"})
URL = "http://am-1:9093"


class World:
    """One Alertmanager with two peers, one Prometheus that evaluates A, the loop."""

    def __init__(self, *, asked: bool = True) -> None:
        self.clock = LoopClock(AT)
        now = self.clock.now
        self.alertmanager = FakeAlertmanager(now, urls=(URL, "http://am-2:9093"), up_since=AT - 3600)
        self.prometheus = RuleSource("main", now)
        self.prometheus.active["A"] = []
        self.evaluations = Evaluations([(SourceSpec("main", ("http://p",)), self.prometheus)], self.clock)
        self.desk = Desk(self.evaluations)
        self.meter = Meter()
        self.beats = 0
        spec = AlertmanagerSpec("prod", tuple(self.alertmanager.peers) if asked else (), interval=30.0)
        sources = {"prod": self.alertmanager} if asked else {}
        self.reconciler = Reconciler([spec], sources, self.evaluations, self.desk, self.clock, self.meter)

    def beat(self) -> None:
        self.beats += 1

    def fire(self, labels: Labels = A, *, ago: float = 600.0, told: bool = True) -> tuple[str, str]:
        """Let an alert fire everywhere, and tell the desk of it or not."""
        since = self.clock.now() - ago
        self.alertmanager.fire(labels, since)
        self.prometheus.active.setdefault("A", [])
        if labels == A:
            self.prometheus.active["A"] = [labels]
        if told:
            self.tell(labels, since)
        return ("prod", fingerprint(labels))

    def tell(self, labels: Labels, since: float, ended: float | None = None) -> None:
        """Let a webhook arrive."""
        status = AlertStatus.FIRING if ended is None else AlertStatus.RESOLVED
        at = self.clock.now()
        self.desk.hear(AlertEvent("prod", fingerprint(labels), status, labels, (), since, ended, at))

    def end(self, labels: Labels = A) -> None:
        """Let it end everywhere, untold."""
        self.alertmanager.resolve(labels)
        self.prometheus.active["A"] = []


@asynccontextmanager
async def running(world: World) -> AsyncIterator[None]:
    """Run the loop beside the test."""
    task = asyncio.create_task(world.reconciler.run(world.beat))
    await world.clock.sleep(1.0)
    yield
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_was_missed_is_repaired_at_the_start() -> None:
    """At once, not after the first interval."""
    world = World()
    key = world.fire(told=False)
    async with running(world):
        assert [RepairClass.MISSED_FIRING] == world.desk.kinds
        assert world.desk.latest[key].open

        await world.clock.sleep(300.0)
        assert [RepairClass.MISSED_FIRING] == world.desk.kinds
        assert 11 == world.alertmanager.asked
        assert 11 == world.beats


async def test_a_resolve_that_was_never_sent_is_found() -> None:
    """Alertmanager shows it no more, Prometheus shows it inactive."""
    world = World()
    key = world.fire()
    async with running(world):
        world.end()
        await world.clock.sleep(120.0)

    assert [RepairClass.MISSED_RESOLVE] == world.desk.kinds
    assert AT + 30.0 == world.desk.latest[key].ends_at


async def test_a_silence_on_a_firing_alert_shows_and_goes() -> None:
    """The webhook says nothing of it."""
    world = World()
    key = world.fire()
    async with running(world):
        world.alertmanager.silence(A, "s-1")
        await world.clock.sleep(60.0)
        assert (("silenced", "s-1"),) == world.desk.latest[key].muted

        world.alertmanager.unsilence(A)
        await world.clock.sleep(60.0)
    assert () == world.desk.latest[key].muted
    assert [RepairClass.MUTED, RepairClass.UNMUTED] == world.desk.kinds


async def test_a_killed_alertmanager_ends_nothing() -> None:
    """Its list is empty until Prometheus sends again."""
    world = World()
    key = world.fire()
    async with running(world):
        world.alertmanager.restart()
        await world.clock.sleep(50.0)
        world.alertmanager.resend()
        await world.clock.sleep(900.0)

    assert world.desk.latest[key].state is EpisodeState.FIRING
    assert RepairClass.MISSED_RESOLVE not in world.desk.kinds


async def test_a_killed_prometheus_makes_its_alerts_stale_until_it_is_back() -> None:
    """Alertmanager resolves them; nothing is known to be well."""
    world = World()
    key = world.fire()
    async with running(world):
        world.prometheus.fails = True
        world.alertmanager.resolve(A)
        await world.clock.sleep(900.0)
        assert world.desk.latest[key].state is EpisodeState.STALE

        world.tell(A, AT - 600, ended=AT)
        assert world.desk.latest[key].state is EpisodeState.STALE

        world.prometheus.fails = False
        world.prometheus.active["A"] = []
        await world.clock.sleep(90.0)
    assert (EpisodeState.RESOLVED, AT) == (world.desk.latest[key].state, world.desk.latest[key].ends_at)


async def test_a_prometheus_that_answers_and_evaluates_no_more_is_silent_too() -> None:
    """Its rules were last evaluated long ago."""
    world = World()
    key = world.fire()
    async with running(world):
        world.prometheus.frozen_at = world.clock.now()
        world.alertmanager.resolve(A)
        await world.clock.sleep(900.0)

    assert world.desk.latest[key].state is EpisodeState.STALE


async def test_a_stale_alert_that_fires_again_is_revived() -> None:
    """Prometheus is back, and so is the alert."""
    world = World()
    key = world.fire()
    async with running(world):
        world.prometheus.fails = True
        world.alertmanager.resolve(A)
        await world.clock.sleep(120.0)
        world.prometheus.fails = False
        world.alertmanager.fire(A, AT - 600)
        await world.clock.sleep(60.0)

    assert [RepairClass.STALE, RepairClass.REVIVED] == world.desk.kinds
    assert world.desk.latest[key].state is EpisodeState.FIRING


async def test_one_peer_that_fails_forbids_conclusions(caplog: pytest.LogCaptureFixture) -> None:
    """Said once, shown by a metric, and over when it answers again."""
    caplog.set_level("INFO")
    world = World()
    key = world.fire()
    async with running(world):
        world.alertmanager.down(URL)
        world.end()
        await world.clock.sleep(900.0)
        assert world.desk.latest[key].open
        assert 0 == world.meter.value("aiops_alertmanager_up", source="prod", url=URL)

        world.alertmanager.up(URL)
        world.alertmanager.peers[URL].alerts.clear()
        await world.clock.sleep(120.0)
    assert not world.desk.latest[key].open
    assert 1 == world.meter.value("aiops_alertmanager_up", source="prod", url=URL)
    assert ["Alertmanager gives no answer", "Alertmanager answers again"] == caplog.messages


async def test_an_alert_that_nobody_evaluates_expires_after_two_repeats() -> None:
    """2 x (4 h + 30 s) after Alertmanager showed it last."""
    world = World()
    key = world.fire(B)
    async with running(world):
        world.alertmanager.resolve(B)
        await world.clock.sleep(2 * 14_430 - 60)
        assert world.desk.latest[key].state is EpisodeState.UNKNOWN

        await world.clock.sleep(120.0)
    assert world.desk.latest[key].state is EpisodeState.RESOLVED


async def test_an_alertmanager_without_address_is_judged_by_prometheus() -> None:
    """It is never asked, and absence there does not exist."""
    world = World(asked=False)
    key = world.fire()
    other = world.fire(B)
    async with running(world):
        await world.clock.sleep(600.0)
        assert world.desk.latest[key].open

        world.end()
        await world.clock.sleep(600.0)
    assert not world.desk.latest[key].open
    assert world.desk.latest[other].open
    assert 0 == world.alertmanager.asked
    assert Lookup.UNREACHABLE is await world.reconciler.lookup(key)


async def test_routes_that_cannot_be_read_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing opens; what is known to be open still goes on."""
    world = World()
    world.fire(told=False)
    world.alertmanager.config = {**CONFIG, "route": {"receiver": "nobody"}}
    async with running(world):
        await world.clock.sleep(300.0)

    assert [] == world.desk.kinds
    assert ["Alertmanager's routes cannot be read"] == caplog.messages
    assert world.reconciler.repeat_and_group_interval("prod", A) is None


async def test_a_receiver_that_no_route_names_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """Webhooks would never come."""
    world = World()
    world.alertmanager.config = {**CONFIG, "route": {"receiver": "other"}}
    async with running(world):
        await world.clock.sleep(60.0)

    assert ["no route leads to our receiver"] == caplog.messages


async def test_look_ups_share_an_answer_for_two_seconds() -> None:
    """Active, absent, and asked again after."""
    world = World()
    key = world.fire()
    looked = await asyncio.gather(*(world.reconciler.lookup(key) for _ in range(20)))
    absent = await world.reconciler.lookup(("prod", "f0"))
    assert ({Lookup.ACTIVE}, Lookup.ABSENT, 1) == (set(looked), absent, world.alertmanager.asked)

    world.alertmanager.resolve(A)
    await world.clock.sleep(2.0)
    assert Lookup.ABSENT is await world.reconciler.lookup(key)


async def test_absence_that_proves_nothing_is_unreachable() -> None:
    """A peer is down, or has just begun, or the source is none of ours."""
    world = World()
    key = ("prod", "f0")
    world.alertmanager.down(URL)
    assert Lookup.UNREACHABLE is await world.reconciler.lookup(key)

    world.alertmanager.restart()
    await world.clock.sleep(2.0)
    assert Lookup.UNREACHABLE is await world.reconciler.lookup(key)
    assert Lookup.UNREACHABLE is await world.reconciler.lookup(("findings", "f0"))

    await world.clock.sleep(301.0)
    assert Lookup.ABSENT is await world.reconciler.lookup(key)


async def test_a_look_up_ends_after_five_seconds() -> None:
    """The desk waits for it, and people wait for the desk: for half a minute nobody waits again."""
    world = World()

    class Hanging(FakeAlertmanager):
        async def ask(self) -> ClusterAnswer:
            self.asked += 1
            await asyncio.sleep(60.0)
            return ClusterAnswer(())

    hanging = Hanging(world.clock.now)
    spec = AlertmanagerSpec("prod", (URL,))
    reconciler = Reconciler([spec], {"prod": hanging}, world.evaluations, world.desk, world.clock, world.meter)
    began = world.clock.monotonic()
    looked = await asyncio.gather(*(reconciler.lookup(("prod", "f0")) for _ in range(3)))

    waited = world.clock.monotonic() - began
    await world.clock.sleep(29.0)
    looked.append(await reconciler.lookup(("prod", "f0")))
    asked = hanging.asked
    await world.clock.sleep(2.0)
    looked.append(await reconciler.lookup(("prod", "f0")))

    assert [Lookup.UNREACHABLE] * 5 == looked
    assert 5.0 == pytest.approx(waited)
    assert (1, 2) == (asked, hanging.asked)


async def test_intervals_of_a_route_are_known_after_the_first_poll() -> None:
    """The dead man's switch compares its deadline with them."""
    world = World()
    assert world.reconciler.repeat_and_group_interval("prod", A) is None

    async with running(world):
        assert (14_400.0, 30.0) == world.reconciler.repeat_and_group_interval("prod", A)
        assert ("prod",) == world.reconciler.routes_here(A)
        assert world.reconciler.repeat_and_group_interval("elsewhere", A) is None


async def test_a_desk_that_fails_ends_the_round_and_is_asked_again() -> None:
    """The supervisor starts the loop anew; the repair is found again."""
    world = World()
    key = world.fire(told=False)

    class Failing(Desk):
        async def repair(self, repairs: Sequence[Repair]) -> None:
            raise OSError("disk")

    spec = AlertmanagerSpec("prod", (URL,))
    sources = {"prod": world.alertmanager}
    failing = Reconciler([spec], sources, world.evaluations, Failing(world.evaluations), world.clock, world.meter)
    with pytest.raises(OSError, match="disk"):
        await failing.run(world.beat)
    assert 0 == world.beats

    async with running(world):
        assert world.desk.latest[key].open


async def test_the_past_is_looked_into_once_when_routes_are_known() -> None:
    """While no Alertmanager answers, nobody knows which alerts were ours; and not before it is due."""
    world = World()
    due = world.clock.now() + 200.0
    asked: list[tuple[str, ...]] = []

    class Past:
        def due_at(self) -> float:
            return due

        async def repairs(self, routes_here: Callable[[Labels], Iterable[str]]) -> list[Repair]:
            asked.append(tuple(routes_here(A)))
            return []

    spec = AlertmanagerSpec("prod", (URL,))
    world.reconciler = Reconciler(
        [spec], {"prod": world.alertmanager}, world.evaluations, world.desk, world.clock, world.meter, Past()
    )
    world.alertmanager.down()
    async with running(world):
        assert [] == asked

        world.alertmanager.up()
        await world.clock.sleep(120.0)
        assert [] == asked

        await world.clock.sleep(due - world.clock.now() + 0.1)
    assert [("prod",)] == asked


async def test_very_many_routes_are_read_beside_the_loop() -> None:
    """They lead to us like few."""
    world = World()
    routes = [{"receiver": "other", "matchers": [f'team="t{number}"']} for number in range(600)]
    world.alertmanager.config = {**CONFIG, "route": {**CONFIG["route"], "routes": routes}}
    await world.reconciler.once("prod")

    assert ("prod",) == world.reconciler.routes_here(A)
    assert () == world.reconciler.routes_here(make({"team": "t599"}))
