"""Whatever the order, the doubling and the crashes: once reconciled, the desk holds what is true."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from alert_world import EPOCH, AlertWorld, alert, body, fingerprint, make_world
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiops_daemon.core.model.alert import AlertEvent, AlertStatus, Origin
from aiops_daemon.core.model.incident import Incident
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.repair import Lookup, Repair, RepairClass

SOURCE = "eu1"


@dataclass(frozen=True)
class Life:
    """What really happened to one alert: stretches of firing; the last one may go on."""

    name: int
    stretches: tuple[tuple[int, int], ...]  # start and length in seconds, one after the other
    goes_on: bool
    doubled: bool  # an HA pair tells every firing twice, 15 s apart

    @property
    def labels(self) -> dict[str, str]:
        """Return its labels."""
        return {"alertname": f"Rule{self.name}", "service": f"s{self.name % 2}", "severity": "warning"}

    def times(self) -> list[tuple[float, float]]:
        """Return start and end of every stretch."""
        at, told = EPOCH, []
        for gap, length in self.stretches:
            told.append((at + gap, at + gap + length))
            at += gap + length
        return told

    def notices(self) -> list[bytes]:
        """Return everything that Alertmanager could ever send of it, in order."""
        sent = []
        times = self.times()
        for number, (start, end) in enumerate(times):
            sent.append(body([alert(self.labels, start)]))
            if self.doubled:
                sent.append(body([alert(self.labels, start + 15)]))
            if number < len(times) - 1 or not self.goes_on:
                sent.append(body([alert(self.labels, start, end)]))
        return sent


lives = st.builds(
    Life,
    st.integers(0, 5),
    st.lists(st.tuples(st.integers(20, 400), st.integers(16, 900)), min_size=1, max_size=3).map(tuple),
    st.booleans(),
    st.booleans(),
)
CRASH = None


async def reconcile(world: AlertWorld, told: list[Life]) -> None:
    """Put right what the order hid, as reconciliation does with what Alertmanager shows now."""
    active = {fingerprint(life.labels): life for life in told if life.goes_on}
    held = {episode.fingerprint: episode for episode in await world.desk.open_episodes(SOURCE)}
    repairs = [
        Repair(RepairClass.MISSED_RESOLVE, episode.key, "gone", ends_at=world.clock.now())
        for name, episode in held.items()
        if name not in active
    ]
    for name, life in active.items():
        if name not in held:
            start = life.times()[-1][0]
            event = AlertEvent(
                SOURCE, name, AlertStatus.FIRING, make(life.labels), (), start, None, world.clock.now(),
                origin=Origin.RECONCILIATION,
            )  # fmt: skip
            repairs.append(Repair(RepairClass.MISSED_FIRING, event.key, "seen", event=event))
    await world.desk.repair(repairs)


async def live_through(folder: Path, told: list[Life], order: list[bytes | None], lookup: Lookup) -> AlertWorld:
    """Let everything arrive in that order, with crashes between, and reconcile."""
    world = await make_world(folder)
    world.lookup = lookup
    for notice in order:
        if notice is CRASH:
            world = world.restarted()
            await world.begin()
        else:
            await world.send(notice)
    await reconcile(world, told)
    return world


async def check(folder: Path, told: list[Life], order: list[bytes | None], lookup: Lookup) -> None:
    world = await live_through(folder, told, order, lookup)
    open_now = {episode.fingerprint for episode in await world.desk.open_episodes(SOURCE)}
    on_disk = {episode.fingerprint for episode in await world.alerts() if episode.open}
    incidents = await world.incidents()
    counted = {one.uid: one.firing for one in incidents}
    alerts = await world.alerts()
    await world.store.close()

    assert {fingerprint(life.labels) for life in told if life.goes_on} == open_now == on_disk
    for incident in incidents:
        own = [one for one in alerts if one.open and one.incident == incident.uid]
        assert len(own) == counted[incident.uid]
        assert incident.state.closed == (not own) or _flaps(incident, alerts)
    assert all(one.incident for one in alerts if one.open)


def _flaps(incident: Incident, alerts: list) -> bool:  # type: ignore[type-arg]
    return any(one.flapping for one in alerts if one.incident == incident.uid)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(lives, min_size=1, max_size=3, unique_by=lambda life: life.name),
    st.data(),
    st.sampled_from(Lookup),
)
def test_any_order_doubling_and_crash_ends_in_what_is_true(
    told: list[Life], data: st.DataObject, lookup: Lookup
) -> None:
    """Open are exactly the alerts that fire, on disk and in memory, and an incident is open while one of its is."""
    notices: list[bytes | None] = [notice for life in told for notice in life.notices()]
    again = data.draw(st.lists(st.sampled_from(notices), max_size=4))
    crashes: list[bytes | None] = [CRASH] * data.draw(st.integers(0, 2))
    order = data.draw(st.permutations(notices + again + crashes))
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(check(Path(folder), told, order, lookup))
