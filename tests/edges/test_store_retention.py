"""What is old enough goes, a little at a time, and nothing open ever, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, Table, func, select
from store_rows import ENGINES, T0, engine_for, entry, episode, incident, uid, write

from aiops_daemon.core.model.alert import EpisodeState
from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.model.inbox import Quarantined, QuarantineReason
from aiops_daemon.core.model.incident import Incident, IncidentState, LinkedFinding, Outcome
from aiops_daemon.core.model.settings import RetentionSpec
from aiops_daemon.edges.store import schema
from aiops_daemon.edges.store.retention import MAX_ROWS, QUARANTINE_ROWS, expire

KEEP = RetentionSpec(resolved_incidents=400 * DAY, alerts=90 * DAY)
NOW = T0 + 1000 * DAY
OLD, YOUNG = NOW - 401 * DAY, NOW - 399 * DAY
NEWEST = incident(999)
"""Keeps the highest number, so that the others may go."""


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Tables, on each engine."""
    yield from engine_for(request)


@pytest.fixture
def conn(engine: Engine) -> Iterator[Connection]:
    """A connection to an empty store."""
    with engine.connect() as connection:
        yield connection


def closed(number: int, at: float, state: IncidentState = IncidentState.RESOLVED) -> Incident:
    """Return an incident that was closed then."""
    return incident(number, state=state, opened_at=at - 60.0, updated_at=at, resolved_at=at)


def left(conn: Connection, table: Table) -> int:
    """Count rows."""
    return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def incidents_left(conn: Connection) -> set[int]:
    """Return the numbers of the incidents that are there."""
    return set(conn.execute(select(schema.incidents.c.number)).scalars())


def test_an_old_incident_goes_with_all_that_belongs_to_it(conn: Connection) -> None:
    """Nothing of it stays, and nothing of others goes."""
    for number in (1, 2):
        of = closed(number, OLD if number == 1 else YOUNG)
        finding = LinkedFinding(f"f{number}", of.uid, "default", "q", "breach", (), "info", T0, T0, "", "")
        write(
            conn,
            incidents=(of, NEWEST),
            episodes=(episode(number, of.uid, state=EpisodeState.RESOLVED),),
            entries=(entry(number, of.uid),),
            findings=(finding,),
            outcomes=(Outcome(of.uid, "default", T0, "ann"),),
        )
    gone = expire(conn, NOW, KEEP)

    assert 7 == gone
    assert {2, 999} == incidents_left(conn)
    assert [1, 1, 1, 1] == [
        left(conn, table) for table in (schema.episodes, schema.timeline, schema.linked_findings, schema.outcomes)
    ]
    assert [2, 2] == [left(conn, table) for table in (schema.incident_teams, schema.words)]
    assert 0 == expire(conn, NOW, KEEP)


@pytest.mark.parametrize("state", [IncidentState.RESOLVED, IncidentState.MERGED])
def test_what_is_closed_goes_when_it_is_old(conn: Connection, state: IncidentState) -> None:
    """Counted from its end; where a merged one has none, from its last change."""
    endless = incident(4, state=state, opened_at=OLD, updated_at=OLD, resolved_at=None)
    still_told = incident(5, state=state, opened_at=OLD, updated_at=YOUNG, resolved_at=None)
    write(conn, incidents=(closed(1, OLD, state), closed(2, YOUNG, state), endless, still_told, NEWEST))
    expire(conn, NOW, KEEP)

    assert {2, 5, 999} == incidents_left(conn)


@pytest.mark.parametrize("state", [state for state in IncidentState if not state.closed])
def test_an_open_incident_never_goes(conn: Connection, state: IncidentState) -> None:
    """However old it is."""
    write(conn, incidents=(incident(1, state=state, opened_at=0.0, updated_at=0.0, resolved_at=0.0), NEWEST))

    assert (0, {1, 999}) == (expire(conn, NOW, KEEP), incidents_left(conn))


@pytest.mark.parametrize("state", [state for state in EpisodeState if state is not EpisodeState.RESOLVED])
def test_an_open_alert_never_goes_nor_its_incident(conn: Connection, state: EpisodeState) -> None:
    """Whatever the incident says."""
    of = closed(1, OLD)
    write(
        conn,
        incidents=(of, NEWEST),
        episodes=(
            episode(1, of.uid, state=state),
            episode(2, of.uid, state=EpisodeState.RESOLVED),
            episode(3, "", state=state, heard_at=0.0, seen_at=0.0),
        ),
    )

    assert (0, {1, 999}, 3) == (expire(conn, NOW, KEEP), incidents_left(conn), left(conn, schema.episodes))


def test_the_highest_number_stays_so_that_none_is_given_twice(conn: Connection) -> None:
    """The last incident waits for a newer one."""
    write(conn, incidents=(closed(1, OLD), closed(2, OLD)))
    expire(conn, NOW, KEEP)

    assert {2} == incidents_left(conn)


def test_old_alerts_without_incident_go(conn: Connection) -> None:
    """When they ended long ago; those of an incident stay with it."""
    ended = {"state": EpisodeState.RESOLVED, "heard_at": T0}
    write(
        conn,
        incidents=(closed(1, YOUNG),),
        episodes=(
            episode(1, "", seen_at=NOW - 91 * DAY, **ended),
            episode(2, "", seen_at=NOW - 89 * DAY, **ended),
            episode(3, uid("incident", 1), seen_at=NOW - 91 * DAY, **ended),
        ),
    )
    gone = expire(conn, NOW, KEEP)

    kept = set(conn.execute(select(schema.episodes.c.uid)).scalars())
    assert (1, {uid("episode", 2), uid("episode", 3)}) == (gone, kept)


def test_what_was_set_aside_goes_after_a_month(conn: Connection) -> None:
    """Whatever the retention of the rest."""
    rejected = [
        Quarantined(NOW - days * DAY, "am", "default", QuarantineReason.NOT_JSON, f"{days}", b"{") for days in (31, 29)
    ]
    write(conn, quarantined=tuple(rejected))

    assert 1 == expire(conn, NOW, KEEP)
    assert ["29"] == list(conn.execute(select(schema.quarantine.c.detail)).scalars())


def test_of_what_was_set_aside_the_newest_stay(conn: Connection) -> None:
    """However young it is: what one sender does wrong must not fill the disk."""
    rejected = [
        Quarantined(NOW, "am", "default", QuarantineReason.BAD_ALERT, f"{number}", b"1")
        for number in range(QUARANTINE_ROWS + 700)
    ]
    write(conn, quarantined=tuple(rejected))

    assert [500, 200, 0] == [expire(conn, NOW, KEEP) for _ in range(3)]
    kept = list(conn.execute(select(schema.quarantine.c.detail).order_by(schema.quarantine.c.id)).scalars())
    assert (QUARANTINE_ROWS, "700") == (len(kept), kept[0])


def test_a_call_deletes_so_much_and_no_more(conn: Connection) -> None:
    """A large incident goes over several calls, itself last; the calls end."""
    of = closed(1, OLD)
    lines = tuple(entry(number, of.uid) for number in range(MAX_ROWS + 20))
    many = tuple(episode(number, of.uid, state=EpisodeState.RESOLVED) for number in range(MAX_ROWS))
    write(conn, incidents=(of, NEWEST), entries=lines, episodes=many)
    first = expire(conn, NOW, KEEP)
    between = incidents_left(conn)
    rest = [expire(conn, NOW, KEEP) for _ in range(3)]

    assert (MAX_ROWS, {1, 999}) == (first, between)
    assert [MAX_ROWS, 23, 0] == rest
    assert {999} == incidents_left(conn)
    assert [0, 0] == [left(conn, schema.timeline), left(conn, schema.episodes)]
