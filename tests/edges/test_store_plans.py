"""How SQLite goes about what is asked often: by an index, never through all rows of a large table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event
from store_rows import T0, entry, episode, in_memory, incident, uid, write

from aiops_daemon.core.model.alert import EpisodeState
from aiops_daemon.core.model.listing import AlertQuery, IncidentQuery, IncidentSort
from aiops_daemon.core.model.scope import DAEMON, Scope
from aiops_daemon.core.model.settings import RetentionSpec
from aiops_daemon.edges.store import desk, quality, retention, schema, timeline
from aiops_daemon.edges.store.alerts_read import find_alerts
from aiops_daemon.edges.store.incident_read import find_incident
from aiops_daemon.edges.store.incidents_read import find_incidents

OPEN = ("open", "acknowledged", "investigating", "mitigated")
SMALL = {"storms"}  # a row for each destination at most, and read whole at the start
SLOW = {f"SCAN {table.name}" for table in schema.metadata.sorted_tables if table.name not in SMALL}
TEAM = Scope("x", frozenset({"shop"}))

ASKED: dict[str, Callable[[Connection], object]] = {
    "open incidents": lambda conn: find_incidents(conn, IncidentQuery(states=OPEN, facets=True), DAEMON),
    "open incidents of a team": lambda conn: find_incidents(conn, IncidentQuery(states=OPEN, facets=True), TEAM),
    "open incidents with words": lambda conn: find_incidents(conn, IncidentQuery(states=OPEN, words="x"), DAEMON),
    "open incidents with a label": lambda conn: find_incidents(
        conn, IncidentQuery(states=OPEN, label=(("a", "b"),)), DAEMON
    ),
    "all incidents": lambda conn: find_incidents(conn, IncidentQuery(facets=True), DAEMON),
    "all incidents, latest change": lambda conn: find_incidents(conn, IncidentQuery(sort=IncidentSort.UPDATED), DAEMON),
    "one incident": lambda conn: find_incident(conn, "INC-1", TEAM),
    "firing alerts": lambda conn: find_alerts(conn, AlertQuery(states=("firing",)), DAEMON),
    "all alerts": lambda conn: find_alerts(conn, AlertQuery(), DAEMON),
    "alerts of an incident": lambda conn: find_alerts(conn, AlertQuery(incident="1"), TEAM),
    "the stream": lambda conn: timeline.entries_after(conn, uid("entry", 1), 100, TEAM),
    "histories": lambda conn: quality.rule_histories(conn, T0, DAEMON),
    "counts": quality.counts,
    "the start": lambda conn: desk.load_desk(conn, T0),
    "latest episodes": lambda conn: desk.latest_episodes(conn, [("main", "f"), ("main", "g")]),
    "incidents by uid": lambda conn: desk.incidents_by_uid(conn, ["a", "b"]),
    "episodes of an incident": lambda conn: desk.episodes_of(conn, "a"),
    "retention": lambda conn: retention.expire(conn, T0 + 1e9, RetentionSpec()),
    "an act": lambda conn: write(conn, incidents=(incident(1),), entries=(entry(9, incident(1).uid),)),
}


@pytest.fixture
def conn() -> Iterator[Connection]:
    """A connection to a small store."""
    with in_memory() as connection:
        of = uid("incident", 1)
        write(connection, incidents=(incident(1),), episodes=(episode(1, of),), entries=(entry(1, of),))
        write(connection, episodes=(episode(2, "", state=EpisodeState.RESOLVED),))
        yield connection


def plans(conn: Connection, call: Callable[[Connection], object]) -> list[str]:
    """Return the steps of every statement of a call."""
    ran: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, parameters: Any, ___: object, many: bool) -> None:
        ran.append((statement, parameters[0] if many else parameters))

    event.listen(conn, "before_cursor_execute", note)
    call(conn)
    event.remove(conn, "before_cursor_execute", note)
    return [
        str(row[3])
        for statement, parameters in ran
        for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    ]


@pytest.mark.parametrize("asked", ASKED)
def test_what_is_asked_often_goes_by_an_index(conn: Connection, asked: str) -> None:
    """No step walks through a table; facets and counts are grouped by its order, without sorting."""
    steps = plans(conn, ASKED[asked])

    assert steps or asked == "an act"
    assert [] == [step for step in steps if step in SLOW]
    assert [] == [step for step in steps if "GROUP BY" in step]


def test_a_scan_would_be_seen(conn: Connection) -> None:
    """The test above can fail."""
    steps = plans(conn, lambda conn: conn.exec_driver_sql("SELECT title, count(*) FROM incidents GROUP BY title"))

    assert ["SCAN incidents", "USE TEMP B-TREE FOR GROUP BY"] == steps
