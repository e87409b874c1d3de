"""Who sees what: no reader shows a row of somebody else, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine
from store_rows import ENGINES, T0, engine_for, entry, episode, incident, uid, write

from aiops_daemon.core.model.alert import EpisodeState
from aiops_daemon.core.model.incident import IncidentState
from aiops_daemon.core.model.listing import AlertQuery, IncidentQuery
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.edges.store.alerts_read import find_alerts
from aiops_daemon.edges.store.incident_read import find_incident
from aiops_daemon.edges.store.incidents_read import find_incidents
from aiops_daemon.edges.store.quality import rule_histories
from aiops_daemon.edges.store.timeline import entries_after

SHOP, INFRA, BOTH, MERGED = 1, 2, 3, 4
ALONE_SHOP, ALONE_INFRA = 91, 92

INCIDENTS = (
    incident(SHOP, team="shop", teams=("shop",)),
    incident(INFRA, team="infra", teams=("infra",)),
    incident(BOTH, team="shop", teams=("infra", "shop")),
    incident(MERGED, team="infra", teams=("infra",), state=IncidentState.MERGED, merged_into=uid("incident", BOTH)),
)
EPISODES = (
    episode(11, uid("incident", SHOP), team="shop"),
    episode(21, uid("incident", INFRA), team="infra"),
    episode(31, uid("incident", BOTH), team="shop"),
    episode(32, uid("incident", BOTH), team="infra"),
    episode(ALONE_SHOP, team="shop"),
    episode(ALONE_INFRA, team="infra"),
)
ENTRIES = (
    *(entry(one.number * 10 + place, one.uid, team=team) for one in INCIDENTS for place, team in enumerate(one.teams)),
    entry(ALONE_SHOP, "", team="shop"),
    entry(ALONE_INFRA, "", team="infra"),
)

TEAMS = {
    "all": None,
    "none": frozenset[str](),
    "nobody": frozenset({"nobody"}),
    "shop": frozenset({"shop"}),
    "infra": frozenset({"infra"}),
    "shop and infra": frozenset({"shop", "infra"}),
}
SEEN_INCIDENTS = {
    "all": {SHOP, INFRA, BOTH, MERGED},
    "none": set(),
    "nobody": set(),
    "shop": {SHOP, BOTH},
    "infra": {INFRA, BOTH, MERGED},
    "shop and infra": {SHOP, INFRA, BOTH, MERGED},
}
SEEN_ALERTS = {
    "all": {11, 21, 31, 32, ALONE_SHOP, ALONE_INFRA},
    "none": set(),
    "nobody": set(),
    "shop": {11, 31, 32, ALONE_SHOP},
    "infra": {21, 31, 32, ALONE_INFRA},
    "shop and infra": {11, 21, 31, 32, ALONE_SHOP, ALONE_INFRA},
}
SEEN_ENTRIES = {
    "all": {10, 20, 30, 31, 40, ALONE_SHOP, ALONE_INFRA},
    "none": set(),
    "nobody": set(),
    "shop": {10, 30, 31, ALONE_SHOP},
    "infra": {20, 30, 31, 40, ALONE_INFRA},
    "shop and infra": {10, 20, 30, 31, 40, ALONE_SHOP, ALONE_INFRA},
}

ALL_STATES = tuple(state.value for state in IncidentState)
STILL_OPEN = tuple(state.value for state in IncidentState if not state.closed)
INCIDENT_QUERIES = [
    IncidentQuery(),
    IncidentQuery(states=STILL_OPEN),
    IncidentQuery(words="highlatency"),
    IncidentQuery(words="highlatency", states=STILL_OPEN),
    IncidentQuery(label=(("alertname", "HighLatency"),)),
    IncidentQuery(label=(("alertname", "HighLatency"),), states=STILL_OPEN),
    IncidentQuery(teams=("shop", "infra")),
    IncidentQuery(teams=("shop", "infra"), states=STILL_OPEN),
    IncidentQuery(services=("checkout",), since=T0, facets=True),
]
OPEN_ALERTS = tuple(state.value for state in EpisodeState)
ALERT_QUERIES = [
    AlertQuery(),
    AlertQuery(states=OPEN_ALERTS, teams=("shop", "infra")),
    AlertQuery(words="highlatency", rules=("HighLatency",)),
    AlertQuery(label=(("alertname", "HighLatency"),), verdicts=("notify", "new")),
]


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Tables with rows of two teams, on each engine."""
    for engine in engine_for(request):
        with engine.begin() as conn:
            write(conn, incidents=INCIDENTS, episodes=EPISODES, entries=ENTRIES)
        yield engine


@pytest.fixture
def conn(engine: Engine) -> Iterator[Connection]:
    """A connection to those rows."""
    with engine.connect() as connection:
        yield connection


@pytest.mark.parametrize("query", INCIDENT_QUERIES, ids=repr)
@pytest.mark.parametrize("who", TEAMS)
def test_lists_of_incidents_show_those_of_the_scope(conn: Connection, who: str, query: IncidentQuery) -> None:
    """Page, total and facets; a filter by team widens nothing."""
    page = find_incidents(conn, query, Scope("x", TEAMS[who]))
    with_alerts = {SHOP, INFRA, BOTH} if query.label or query.states else {SHOP, INFRA, BOTH, MERGED}

    expected = SEEN_INCIDENTS[who] & with_alerts
    assert expected == {one.number for one in page.incidents}
    assert len(expected) == page.total
    assert not query.facets or len(expected) == sum(page.facets["state"].values())


@pytest.mark.parametrize("number", [SHOP, INFRA, BOTH, MERGED])
@pytest.mark.parametrize("who", TEAMS)
def test_one_incident_is_shown_whole_or_not_at_all(conn: Connection, who: str, number: int) -> None:
    """By number and by uid; what was merged into it only to those who may see that."""
    scope = Scope("x", TEAMS[who])
    found = [find_incident(conn, name, scope) for name in (f"INC-{number}", str(number), uid("incident", number))]

    assert found[0] == found[1] == found[2]
    assert (number in SEEN_INCIDENTS[who]) is (found[0] is not None)
    if found[0] is not None:
        assert {one for one in EPISODES if one.incident == uid("incident", number)} == set(found[0].episodes)
        assert {MERGED} & SEEN_INCIDENTS[who] & ({MERGED} if number == BOTH else set()) == {
            one.number for one in found[0].merged
        }


@pytest.mark.parametrize("query", ALERT_QUERIES, ids=repr)
@pytest.mark.parametrize("who", TEAMS)
def test_lists_of_alerts_show_those_of_the_scope(conn: Connection, who: str, query: AlertQuery) -> None:
    """One's own, and those of incidents one takes part in."""
    page = find_alerts(conn, query, Scope("x", TEAMS[who]))

    assert SEEN_ALERTS[who] == {int(one.uid[-8:]) for one in page.alerts}
    assert len(SEEN_ALERTS[who]) == page.total


@pytest.mark.parametrize("who", TEAMS)
def test_an_alert_is_not_found_by_an_incident_of_others(conn: Connection, who: str) -> None:
    """Asking for the incident by its number opens nothing."""
    page = find_alerts(conn, AlertQuery(incident=f"INC-{INFRA}"), Scope("x", TEAMS[who]))

    assert SEEN_ALERTS[who] & {21} == {int(one.uid[-8:]) for one in page.alerts}


@pytest.mark.parametrize("who", TEAMS)
def test_the_stream_of_changes_shows_those_of_the_scope(conn: Connection, who: str) -> None:
    """Lines of incidents one takes part in; of no incident, those of one's own team."""
    expected = [one for one in ENTRIES if int(one.uid[-8:]) in SEEN_ENTRIES[who]]

    assert expected == entries_after(conn, "", 100, Scope("x", TEAMS[who]))


@pytest.mark.parametrize("who", TEAMS)
def test_histories_of_rules_hold_the_alerts_of_the_scope(conn: Connection, who: str) -> None:
    """The same alerts as the list."""
    histories = rule_histories(conn, 0.0, Scope("x", TEAMS[who]))

    assert SEEN_ALERTS[who] == {int(one.uid[-8:]) for history in histories for one in history.episodes}
