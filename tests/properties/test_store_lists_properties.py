"""Lists of the store agree with plain Python over the same values, and pages with each other while rows change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection
from store_rows import T0, episode, in_memory, incident, uid, write

from aiops_daemon.core.model.alert import Episode, EpisodeState
from aiops_daemon.core.model.incident import Incident, IncidentState, Priority
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.listing import AlertQuery, IncidentQuery, IncidentSort
from aiops_daemon.core.model.scope import DAEMON, Scope
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.edges.store.alerts_read import find_alerts
from aiops_daemon.edges.store.incidents_read import find_incidents

TEAMS = ("infra", "shop", "web")
WORDS = ("disk", "Disk full", "ÄRGER", "a%b", "a_b", "x\\y", '"q"')
words = st.sampled_from(WORDS)
asked_words = st.sampled_from(("", "disk", "FULL disk", "ärger", "%", "_", "\\", '"', "b", "inc-1", "nothing"))
labels = st.dictionaries(st.sampled_from(("a", "b", "alertname")), words, max_size=3).map(make)


@st.composite
def incidents(draw: st.DrawFn, number: int) -> Incident:
    """Make an incident of the few values that queries ask for."""
    teams = tuple(sorted(draw(st.sets(st.sampled_from(TEAMS), min_size=1))))
    return incident(
        number,
        team=draw(st.sampled_from(teams)),
        teams=teams,
        title=draw(words),
        state=draw(st.sampled_from(IncidentState)),
        severity=draw(st.sampled_from(Severity)),
        priority=draw(st.sampled_from(Priority)),
        service=draw(st.sampled_from(("", "cart", "pay"))),
        assignee=draw(st.sampled_from(("", "ann"))),
        opened_at=T0 + draw(st.integers(0, 3)),
        updated_at=T0 + draw(st.integers(0, 3)),
    )


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Incident], list[Episode]]:
    """Make a few incidents and alerts in them and beside them."""
    several = [draw(incidents(number)) for number in range(1, draw(st.integers(1, 7)))]
    homes = st.sampled_from(["", *(one.uid for one in several)])
    alerts = [
        episode(
            number,
            draw(homes),
            labels=draw(labels),
            annotations=(),
            team=draw(st.sampled_from(TEAMS)),
            state=draw(st.sampled_from(EpisodeState)),
            severity=draw(st.sampled_from(Severity)).value,
            heard_at=T0 + draw(st.integers(0, 3)),
        )
        for number in range(draw(st.integers(0, 8)))
    ]
    return several, alerts


def subset(values: Any) -> st.SearchStrategy[tuple[str, ...]]:
    """Choose some of these, mostly none."""
    return st.just(()) | st.lists(st.sampled_from(values), max_size=3, unique=True).map(
        lambda some: tuple(map(str, some))
    )


label_filter = st.just(()) | st.lists(
    st.tuples(st.sampled_from(("a", "b", "alertname")), words), max_size=2, unique_by=lambda pair: pair[0]
).map(tuple)
incident_queries = st.builds(
    IncidentQuery,
    states=subset(IncidentState),
    severities=subset(Severity),
    priorities=subset(Priority),
    teams=subset(TEAMS),
    services=subset(("", "cart")),
    assignee=st.sampled_from(("", "", "ann")),
    words=asked_words,
    label=label_filter,
    since=st.none() | st.just(T0 + 1),
    until=st.none() | st.just(T0 + 3),
    facets=st.just(True),
    sort=st.sampled_from(IncidentSort),
)
alert_queries = st.builds(
    AlertQuery,
    states=subset(EpisodeState),
    severities=subset(Severity),
    teams=subset(TEAMS),
    rules=subset(WORDS),
    label=label_filter,
    incident=st.sampled_from(("", "", "INC-1", "2")),
)
scopes = st.just(DAEMON) | st.frozensets(st.sampled_from(TEAMS)).map(lambda teams: Scope("x", teams))


def matches(one: Incident, alerts: list[Episode], query: IncidentQuery, scope: Scope) -> bool:
    """Say what the list should hold, the slow way."""
    mine = [alert for alert in alerts if alert.incident == one.uid]
    lines = [one.name, one.title, *(value for alert in mine for _, value in alert.labels)]
    chosen = (
        (query.states, {one.state.value}),
        (query.severities, {one.severity.value}),
        (query.priorities, {one.priority.value}),
        (query.teams, set(one.teams)),
        (query.services, {one.service}),
        ((query.assignee,) if query.assignee else (), {one.assignee}),
    )
    return (
        scope.sees(one.teams)
        and all(not asked or not has.isdisjoint(asked) for asked, has in chosen)
        and all(any(word.casefold() in line.casefold() for line in lines) for word in query.words.split())
        and (not query.label or any(set(query.label) <= set(alert.labels) for alert in mine))
        and (query.since is None or one.opened_at >= query.since)
        and (query.until is None or one.opened_at < query.until)
    )


ORDERS = {
    IncidentSort.OPENED: lambda one: (-one.opened_at, -one.number),
    IncidentSort.UPDATED: lambda one: (-one.updated_at, -one.number),
    IncidentSort.PRIORITY: lambda one: (one.priority.value, -one.number),
    IncidentSort.SEVERITY: lambda one: (-one.severity.rank, -one.number),
}


@pytest.fixture(scope="module")
def conn() -> Iterator[Connection]:
    """A connection to an empty store in memory."""
    with in_memory() as connection:
        yield connection


@settings(max_examples=150, deadline=None)
@given(worlds(), incident_queries, scopes)
def test_the_list_of_incidents_is_what_a_plain_filter_gives(
    conn: Connection, world: tuple[list[Incident], list[Episode]], query: IncidentQuery, scope: Scope
) -> None:
    """Rows, their order, total and facets, for any scope."""
    several, alerts = world
    write(conn, incidents=tuple(several), episodes=tuple(alerts))
    page = find_incidents(conn, query, scope)
    conn.rollback()

    expected = sorted((one for one in several if matches(one, alerts, query, scope)), key=ORDERS[query.sort])
    assert expected == list(page.incidents)
    assert (len(expected), None) == (page.total, page.next)
    assert {
        "state": Counter(one.state.value for one in expected),
        "severity": Counter(one.severity.value for one in expected),
        "priority": Counter(one.priority.value for one in expected),
        "service": Counter(one.service for one in expected),
        "team": Counter(team for one in expected for team in one.teams),
    } == page.facets


@settings(max_examples=100, deadline=None)
@given(worlds(), alert_queries, scopes)
def test_the_list_of_alerts_is_what_a_plain_filter_gives(
    conn: Connection, world: tuple[list[Incident], list[Episode]], query: AlertQuery, scope: Scope
) -> None:
    """Rows, their order and total, for any scope."""
    several, alerts = world
    write(conn, incidents=tuple(several), episodes=tuple(alerts))
    page = find_alerts(conn, query, scope)
    conn.rollback()
    teams = {one.uid: one.teams for one in several}
    wanted = {"": None, "INC-1": uid("incident", 1), "2": uid("incident", 2)}[query.incident]

    expected = [
        one
        for one in sorted(alerts, key=lambda one: (one.heard_at, one.uid), reverse=True)
        if scope.sees((one.team, *teams.get(one.incident, ())))
        and (not query.states or one.state in query.states)
        and (not query.severities or one.severity in query.severities)
        and (not query.teams or one.team in query.teams)
        and (not query.rules or one.rule in query.rules)
        and (wanted is None or one.incident == wanted)
        and set(query.label) <= set(one.labels)
    ]
    assert expected == list(page.alerts)
    assert len(expected) == page.total


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 4), st.sampled_from(IncidentSort))
def test_what_stays_in_its_place_comes_once_while_all_else_changes(
    conn: Connection, data: st.DataObject, limit: int, sort: IncidentSort
) -> None:
    """Between two pages incidents open, change and move; each that was there and did not move comes exactly once."""
    conn.rollback()  # what an example left that hypothesis cut short
    now = {number: data.draw(incidents(number)) for number in range(1, data.draw(st.integers(2, 9)))}
    write(conn, incidents=tuple(now.values()))
    moved, seen, cursor = set[int](), Counter[int](), ""
    there = set(now)
    for _ in range(40):  # pages; there are far fewer
        page = find_incidents(conn, IncidentQuery(sort=sort, limit=limit, cursor=cursor), DAEMON)
        seen.update(one.number for one in page.incidents)
        if page.next is None:
            break
        cursor = page.next
        for number in data.draw(st.lists(st.integers(1, 12), max_size=3)):
            fresh = data.draw(incidents(number))
            if number in now:  # when it opened never changes
                fresh = replace(fresh, opened_at=now[number].opened_at)
                moved |= {number} if ORDERS[sort](fresh) != ORDERS[sort](now[number]) else set()
            now[number] = fresh
            write(conn, incidents=(fresh,))
    conn.rollback()

    assert dict.fromkeys(there - moved, 1) == {number: seen[number] for number in there - moved}
    assert sort is not IncidentSort.OPENED or not moved


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(1, 4), st.data())
def test_every_alert_comes_once_while_alerts_change(
    conn: Connection, heard: list[int], limit: int, data: st.DataObject
) -> None:
    """Alerts that end, move to another incident, or are heard first, between two pages."""
    conn.rollback()  # what an example left that hypothesis cut short
    write(conn, episodes=tuple(episode(number, heard_at=T0 + at) for number, at in enumerate(heard)))
    seen, cursor = Counter[str](), ""
    for _ in range(40):  # pages; there are far fewer
        page = find_alerts(conn, AlertQuery(limit=limit, cursor=cursor), DAEMON)
        seen.update(one.uid for one in page.alerts)
        if page.next is None:
            break
        cursor, number = page.next, data.draw(st.integers(0, 20))
        at = heard[number] if number < len(heard) else data.draw(st.integers(0, 3))
        if number < len(heard) or seen[uid("episode", number)] == 0:
            write(conn, episodes=(episode(number, "i", heard_at=T0 + at, state=EpisodeState.RESOLVED),))
    conn.rollback()

    assert [1] * len(heard) == [seen[uid("episode", number)] for number in range(len(heard))]
