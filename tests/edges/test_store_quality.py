"""What the past tells of alert rules, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine
from store_rows import ENGINES, T0, engine_for, entry, episode, incident, uid, write

from aiops_daemon.core.model.alert import EpisodeState, Mute
from aiops_daemon.core.model.incident import EntryKind, IncidentState
from aiops_daemon.core.model.listing import RuleEpisode, RuleHistory
from aiops_daemon.core.model.scope import DAEMON
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.edges.store.quality import counts, rule_histories

ONE, TWO = uid("incident", 1), uid("incident", 2)


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Tables, on each engine."""
    yield from engine_for(request)


@pytest.fixture
def conn(engine: Engine) -> Iterator[Connection]:
    """A connection to an empty store."""
    with engine.connect() as connection:
        yield connection


def test_an_episode_is_told_with_what_became_of_it(conn: Connection) -> None:
    """Every field; acted on is the first act of a person, whatever the machine did before."""
    one = episode(
        5,
        ONE,
        state=EpisodeState.RESOLVED,
        ends_at=T0 + 60.5,
        starts=3,
        flapping=True,
        muted=((Mute.SILENCED.value, "silence-1"),),
    )
    acts = (
        entry(1, ONE, kind=EntryKind.OPENED, origin="webhook"),
        entry(2, ONE, kind=EntryKind.RESOLVED, origin="daemon"),
        entry(4, ONE, kind=EntryKind.NOTE, origin="page"),
        entry(3, ONE, kind=EntryKind.ACKNOWLEDGED, origin="cli"),
    )
    write(conn, incidents=(incident(1, false_positive=True),), episodes=(one,), entries=acts)

    told = RuleEpisode(
        uid=one.uid,
        source="main",
        fingerprint=one.fingerprint,
        severity="warning",
        starts_at=T0 + 5,
        ends_at=T0 + 60.5,
        starts=3,
        flapping=True,
        muted=True,
        incident=ONE,
        opened=True,
        acted_at=T0 + 3,
        false_positive=True,
    )
    assert [RuleHistory("default", "HighLatency", (told,))] == rule_histories(conn, 0.0, DAEMON)


def test_episodes_are_gathered_by_team_and_rule_oldest_first(conn: Connection) -> None:
    """Those heard before are left out; those without an incident are in."""
    disk = (("alertname", "DiskFull"),)
    write(
        conn,
        episodes=(
            episode(4, labels=disk),
            episode(3),
            episode(2),
            episode(1),
            episode(5, team="a"),
            episode(6, heard_at=T0 + 2, starts_at=T0 - 500),
        ),
    )
    histories = rule_histories(conn, T0 + 2, DAEMON)

    assert [
        ("a", "HighLatency", [5]),
        ("default", "DiskFull", [4]),
        ("default", "HighLatency", [2, 6, 3]),
    ] == [(one.team, one.rule, [int(past.uid[-4:]) for past in one.episodes]) for one in histories]


def test_an_incident_is_opened_by_what_was_heard_first_in_it(conn: Connection) -> None:
    """Also when that was before the period; an alert without an incident opened none."""
    early, late = episode(1, ONE), episode(2, ONE)
    same, alone = episode(3, TWO), episode(4, "")
    twin = episode(5, TWO, heard_at=same.heard_at)
    write(conn, incidents=(incident(1), incident(2)), episodes=(twin, late, alone, same, early))

    def opened(since: float) -> dict[int, bool]:
        (history,) = rule_histories(conn, since, DAEMON)
        return {int(one.uid[-4:]): one.opened for one in history.episodes}

    assert {1: True, 2: False, 3: True, 4: False, 5: False} == opened(0.0)
    assert {2: False, 3: True, 4: False, 5: False} == opened(late.heard_at)


def test_no_act_and_no_incident(conn: Connection) -> None:
    """Nothing is made up."""
    write(conn, episodes=(episode(1),))

    ((past,),) = [one.episodes for one in rule_histories(conn, 0.0, DAEMON)]
    assert (False, None, False, False) == (past.opened, past.acted_at, past.false_positive, past.muted)


def test_incidents_are_counted_once_each(conn: Connection) -> None:
    """By state, severity and the team of the first alert."""
    write(
        conn,
        incidents=(
            incident(1, teams=("default", "shop")),
            incident(2),
            incident(3, severity=Severity.CRITICAL),
            incident(4, state=IncidentState.RESOLVED, team="shop", teams=("shop",)),
        ),
    )

    assert {
        ("open", "warning", "default"): 2,
        ("open", "critical", "default"): 1,
        ("resolved", "warning", "shop"): 1,
    } == counts(conn)
