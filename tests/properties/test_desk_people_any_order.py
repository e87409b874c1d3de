"""Alerts, people, time and restarts in any order: incidents are what their rows are, and none closes that fires."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from alert_world import ANN, EPOCH, AlertWorld, alert, body, make_world
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiops_daemon.core.model.action import Action, ActionKind
from aiops_daemon.core.model.alert import Mute
from aiops_daemon.core.model.incident import EntryKind, Incident, IncidentState
from aiops_daemon.core.model.repair import Lookup, Repair, RepairClass

ALERTS = [
    {"alertname": "HighLatency", "service": "checkout", "severity": "critical", "team": "shop"},
    {"alertname": "HighErrors", "service": "checkout", "severity": "warning", "team": "shop"},
    {"alertname": "DiskFull", "instance": "db-9", "severity": "warning", "team": "data"},
]


class Steps:
    """A clock that a test moves, forwards and backwards."""

    def __init__(self) -> None:
        self.at = EPOCH

    def now(self) -> float:
        """Return the moment."""
        return self.at

    def monotonic(self) -> float:
        """Return the moment."""
        return self.at

    async def sleep(self, seconds: float) -> None:
        """Pass at once."""
        del seconds
        await asyncio.sleep(0)


def moved(world: AlertWorld, clock: Any) -> AlertWorld:
    """Let a world live by another clock."""
    world.clock = world.around.clock = world.notices._clock = clock
    world.intake._clock = clock
    return world


steps = st.one_of(
    st.tuples(st.just("fire"), st.integers(0, 2), st.integers(0, 1)),
    st.tuples(st.just("end"), st.integers(0, 2), st.integers(0, 1)),
    st.tuples(st.just("blip"), st.integers(0, 2), st.just(0)),
    st.tuples(st.just("mute"), st.integers(0, 2), st.integers(0, 1)),
    st.tuples(st.just("wait"), st.sampled_from([30, 400, 2000, 8000, -600]), st.just(0)),
    st.tuples(st.just("restart"), st.just(0), st.just(0)),
    st.tuples(
        st.sampled_from(["ack", "snooze", "resolve", "force", "false_positive", "reopen"]),
        st.integers(1, 4),
        st.just(0),
    ),
    st.tuples(st.just("merge"), st.integers(1, 4), st.integers(1, 4)),
    st.tuples(st.just("split"), st.integers(1, 4), st.integers(0, 4)),
)


async def take(world: AlertWorld, step: tuple[str, int, int], starts: dict[int, float]) -> None:
    """Let one thing happen."""
    name, one, other = step
    now = world.clock.now()
    if name == "fire":
        starts[one] = starts.get(one, now) if other else now
        await world.send(body([alert(ALERTS[one], starts[one])]))
    elif name == "end":
        await world.send(body([alert(ALERTS[one], starts.get(one, now - 5), now)]))
    elif name == "blip":
        await world.send(body([alert(ALERTS[one], now - 5, now - 1)]))
    elif name == "mute":
        muted = ((Mute.SILENCED.value, "s1"),) if other else ()
        kind = RepairClass.MUTED if other else RepairClass.UNMUTED
        repairs = [
            Repair(kind, each.key, "silence", muted=muted)
            for each in await world.desk.open_episodes("eu1")
            if each.rule == ALERTS[one]["alertname"]
        ]
        await world.desk.repair(repairs)
    elif name == "wait":
        world.clock.at += one  # type: ignore[attr-defined]
        await world.desk.tick()
    else:
        await act(world, name, str(one), other)


async def act(world: AlertWorld, name: str, incident: str, other: int) -> None:
    """Let a person act."""
    given: dict[str, Any] = {"force": name in ("force", "false_positive"), "seconds": 900.0, "other": str(other)}
    if name == "split":
        found = await world.store.find_incident(incident, ANN)
        given["episodes"] = tuple(each.uid for each in found.episodes[other : other + 1]) if found else ()
    kind = ActionKind("resolve" if name == "force" else name)
    await world.desk.act(Action(kind, incident, **given), ANN)


async def check(world: AlertWorld) -> None:
    """Hold memory and rows against each other."""
    for incident in await world.incidents():
        detail = await world.detail(incident.uid)
        opened = [one for one in detail.episodes if one.open]
        counted = (len(detail.episodes), len(opened), sum(bool(one.muted) for one in opened))
        assert counted == (incident.alerts, incident.firing, incident.muted), incident
        assert incident.notify_at is None or not incident.state.closed, incident
        if opened:
            assert not incident.state.closed or incident.resolved_by == "ann", incident
            assert incident.state is not IncidentState.MERGED
        told = [one.verdict.notify_at for one in opened if one.verdict.notify_at is not None]
        if told and not incident.state.closed:
            assert incident.notify_at is not None, incident
        kinds = [line.kind for line in detail.timeline]
        assert incident.reopened == kinds.count(EntryKind.REOPENED), incident
        in_memory(world, incident)


def in_memory(world: AlertWorld, incident: Incident) -> None:
    """Hold the desk's own numbers against an incident's."""
    case = world.desk._working.cases.get(incident.uid)  # type: ignore[union-attr]
    if case is not None:
        facts = case.facts()
        assert case.incident == incident
        assert (facts.alerts, facts.firing, facts.muted) == (incident.alerts, incident.firing, incident.muted)


async def live(folder: Path, told: list[tuple[str, int, int]], lookup: Lookup) -> None:
    """Let everything happen, and look after each step."""
    clock = Steps()
    world = moved(await make_world(folder), clock)
    world.lookup = lookup
    starts: dict[int, float] = {}
    for step in told:
        if step[0] == "restart":
            world = moved(world.restarted(), clock)
            await world.begin()
            await world.desk.tick()
        else:
            await take(world, step, starts)
        await check(world)
    clock.at += 100_000
    await world.desk.tick()
    for number, started in starts.items():
        await world.send(body([alert(ALERTS[number], started, clock.at)]))
    clock.at += 100_000
    await world.desk.tick()
    await check(world)
    left = [one for one in await world.incidents() if not one.state.closed and "reopen" not in {s[0] for s in told}]
    await world.store.close()

    assert [] == left


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=3, max_size=25), st.sampled_from(Lookup))
def test_incidents_are_what_their_rows_are(told: list[tuple[str, int, int]], lookup: Lookup) -> None:
    """Counts, notices, reopenings and ends hold after every step."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(live(Path(folder), told, lookup))
