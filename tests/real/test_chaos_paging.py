"""Paging through chaos: daemons are killed and halted at random while PagerDuty is faulty, and every promise holds.

Three on one PostgreSQL, and one on SQLite. The long forms run under `make chaos` and print their figures.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from chaos_account import account, asking, faults, rested
from chaos_world import Dose, config, unleash
from daemon_process import DaemonProcess
from paging_world import PagingWorld, faulty
from replica_process import Replica

INCIDENTS = int(os.environ.get("CHAOS_INCIDENTS", "10000"))
KILLS = int(os.environ.get("CHAOS_KILLS", "50"))


@pytest.fixture
def replicas(tmp_path: Path, world: PagingWorld, postgres_url: str) -> Iterator[list[Replica]]:
    """Three daemons on one PostgreSQL."""
    three = [Replica(tmp_path / name, postgres_url) for name in "abc"]
    yield from running(three, world)


@pytest.fixture
def single(tmp_path: Path, world: PagingWorld) -> Iterator[list[DaemonProcess]]:
    """One daemon on SQLite."""
    yield from running([DaemonProcess(tmp_path)], world)


def running(daemons: list[DaemonProcess], world: PagingWorld) -> Iterator[list[DaemonProcess]]:
    """Run daemons of one configuration until the test ends."""
    try:
        for one in daemons:
            one.configure(config(world))
            one.start()
        yield daemons
    finally:
        for one in daemons:
            one.end()


def check(daemons: Sequence[DaemonProcess], url: str, world: PagingWorld, dose: Dose, within: float) -> None:
    """Let chaos loose, wait until all is said, and hold every promise against what is."""
    world.pagerduty.fault = faulty(dose.seed)
    happened = unleash(daemons, world, dose)
    if dose.heals:
        world.pagerduty.fault = lambda path, body: None
    rest = rested(asking(url), within)
    made = account(asking(url), world, happened)
    late = sum(one.said().count("after its lease had ended") for one in daemons)
    fenced = sum(one.said().count("another replica took over") for one in daemons)

    print(f"\n{made.words(happened, rest)}; refused to zombies: {late} finishes, {fenced} steps")
    assert "" == "\n".join(faults(made, happened))
    for one in daemons:
        assert "a channel broke" not in one.said()


@pytest.mark.real
@pytest.mark.alone
def test_three_replicas(replicas: list[Replica], world: PagingWorld) -> None:
    """A few kills and halts among three: nothing is lost, and little is sent twice."""
    dose = Dose(100, kills=3, halts=2, seed=3, between=(0.2, 1.0), halted=(2.0, 5.0), heals=True)
    check(replicas, replicas[0].database_url, world, dose, within=90.0)


@pytest.mark.chaos
def test_quiet_replicas_say_everything_once(replicas: list[Replica], world: PagingWorld) -> None:
    """Nobody dies and PagerDuty is well: of three replicas one sends each message."""
    happened = unleash(replicas, world, Dose(1_000, kills=0, seed=6))
    rest = rested(asking(replicas[0].database_url), 300.0)
    made = account(asking(replicas[0].database_url), world, happened)
    sent = [one.said().count('msg="notification sent"') for one in replicas]

    print(f"\n{made.words(happened, rest)}; sent by each: {sent}")
    assert "" == "\n".join(faults(made, happened))
    assert 0 == made.extra
    assert all(sent)


@pytest.mark.chaos
def test_many_incidents_of_three_replicas(replicas: list[Replica], world: PagingWorld) -> None:
    """The same with thousands of incidents, and halts that outlive every lease."""
    halts = (2.0, 6.0, 40.0)
    between = (0.1 * INCIDENTS / 1000, 1.2 * INCIDENTS / 1000)
    dose = Dose(INCIDENTS, kills=KILLS, halts=KILLS // 5, seed=4, halted=halts, between=between)
    check(replicas, replicas[0].database_url, world, dose, within=900.0)


@pytest.mark.chaos
def test_many_incidents_on_sqlite(single: list[DaemonProcess], world: PagingWorld) -> None:
    """One process is killed again and again."""
    between = (0.1 * INCIDENTS / 1000, 1.2 * INCIDENTS / 1000)
    dose = Dose(INCIDENTS, kills=KILLS, seed=5, between=between)
    check(single, f"sqlite:///{single[0].database}", world, dose, within=900.0)
