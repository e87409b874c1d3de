"""Lists of incidents and alerts: filters, orders, pages and facets, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine
from store_rows import ENGINES, T0, engine_for, episode, incident, uid, write

from aiops_daemon.core.model.alert import EpisodeState, Verdict, VerdictKind, VerdictReason
from aiops_daemon.core.model.incident import IncidentState, Priority
from aiops_daemon.core.model.listing import AlertQuery, IncidentQuery, IncidentSort
from aiops_daemon.core.model.scope import DAEMON
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.edges.store import cursors
from aiops_daemon.edges.store.alerts_read import find_alerts
from aiops_daemon.edges.store.incident_read import find_incident
from aiops_daemon.edges.store.incidents_read import find_incidents
from aiops_daemon.errors import InputError

STATES = (IncidentState.OPEN, IncidentState.ACKNOWLEDGED, IncidentState.RESOLVED)
INCIDENTS = tuple(
    incident(
        number,
        state=STATES[number % 3],
        severity=(Severity.CRITICAL, Severity.WARNING)[number % 2],
        priority=tuple(Priority)[number % 4],
        team=("shop", "infra")[number % 2],
        teams=("infra", "shop") if number == 6 else (("shop", "infra")[number % 2],),
        service=("checkout", "cart", "")[number % 3],
        assignee="ann" if number == 5 else "",
        opened_at=T0 + 10 * (number // 2),  # two at a time
        updated_at=T0 + 1000 - number,
    )
    for number in range(1, 13)
)
ODD = (("alertname", 'a"b\\'), ("path", 'C:\\x","y":"z'), ('q"y', "z"))
EPISODES = (
    episode(1, uid("incident", 1), heard_at=T0 + 5, severity="critical"),
    episode(2, uid("incident", 1), heard_at=T0 + 5, state=EpisodeState.STALE, labels=ODD),
    episode(3, uid("incident", 2), heard_at=T0 + 3, state=EpisodeState.RESOLVED, team="shop"),
    episode(
        4,
        "",
        heard_at=T0 + 9,
        source="other",
        labels=(("alertname", "Watchdog"), ("node", "ÄB_%")),
        annotations=(("summary", "Always on"),),
        verdict=Verdict(VerdictKind.RECORD, VerdictReason.WATCHDOG),
    ),
)


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Tables, on each engine."""
    yield from engine_for(request)


@pytest.fixture
def conn(engine: Engine) -> Iterator[Connection]:
    """A connection to a store with twelve incidents and four alerts."""
    with engine.connect() as connection:
        write(connection, incidents=INCIDENTS, episodes=EPISODES)
        yield connection


def numbers(conn: Connection, **query: Any) -> list[int]:
    """Return the numbers of the incidents of one page."""
    return [one.number for one in find_incidents(conn, IncidentQuery(**query), DAEMON).incidents]


def alerts(conn: Connection, **query: Any) -> list[int]:
    """Return the numbers of the alerts of one page."""
    return [int(one.uid[-4:]) for one in find_alerts(conn, AlertQuery(**query), DAEMON).alerts]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"states": ("open", "acknowledged")}, [12, 10, 9, 7, 6, 4, 3, 1]),
        ({"states": ("nonsense",)}, []),
        ({"severities": ("critical",)}, [12, 10, 8, 6, 4, 2]),
        ({"priorities": ("P1",)}, [12, 8, 4]),
        ({"teams": ("infra",)}, [11, 9, 7, 6, 5, 3, 1]),
        ({"teams": ("infra",), "states": ("open",)}, [9, 6, 3]),
        ({"services": ("cart", "")}, [11, 10, 8, 7, 5, 4, 2, 1]),
        ({"assignee": "ann"}, [5]),
        ({"since": T0 + 20, "until": T0 + 40}, [7, 6, 5, 4]),
        ({"severities": ("critical",), "services": ("checkout",), "states": ("open",)}, [12, 6]),
        ({"label": (("alertname", "HighLatency"),)}, [2, 1]),
        ({"label": (("alertname", "HighLatency"), ("instance", "node-3"))}, [2]),
        ({"label": (("instance", "node-1"), ("alertname", 'a"b\\'))}, []),  # on two alerts, not on one
        ({"label": (("alertname", "highlatency"),)}, []),
        ({"label": (("alertname", "HighLatenc"),)}, []),
        ({"label": ODD}, [1]),
        ({"label": (("y", "z"),)}, []),  # within the value of another label
        ({"label": (("alertname", 'a"b\\'),), "states": ("open", "acknowledged")}, [1]),
        ({"label": (("path", "%"),)}, []),
    ],
)
def test_incidents_by_what_they_are(conn: Connection, query: dict[str, Any], expected: list[int]) -> None:
    """Values of one field are alternatives, fields must all agree; latest opening first, then greatest number."""
    assert expected == numbers(conn, **query)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (IncidentSort.OPENED, [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
        (IncidentSort.UPDATED, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        (IncidentSort.PRIORITY, [12, 8, 4, 9, 5, 1, 10, 6, 2, 11, 7, 3]),
        (IncidentSort.SEVERITY, [12, 10, 8, 6, 4, 2, 11, 9, 7, 5, 3, 1]),
    ],
)
@pytest.mark.parametrize("limit", [1, 5, 12])
def test_pages_in_every_order_are_one_list(
    conn: Connection, sort: IncidentSort, expected: list[int], limit: int
) -> None:
    """Each page starts where the one before ended; the last one says that it is the last."""
    cursor: str | None = ""
    seen: list[int] = []
    while cursor is not None:
        page = find_incidents(conn, IncidentQuery(sort=sort, limit=limit, cursor=cursor), DAEMON)
        seen += [one.number for one in page.incidents]
        cursor = page.next

        assert 12 == page.total
        assert limit >= len(page.incidents)
        assert expected[: len(seen)] == seen

    assert expected == seen


def test_facets_count_everything_that_matches(conn: Connection) -> None:
    """Not only the page; an incident of two teams counts for both."""
    page = find_incidents(conn, IncidentQuery(states=("open", "acknowledged"), facets=True, limit=2), DAEMON)

    assert 2 == len(page.incidents)
    assert 8 == page.total
    assert {
        "state": {"open": 4, "acknowledged": 4},
        "severity": {"critical": 4, "warning": 4},
        "priority": {"P1": 2, "P2": 2, "P3": 2, "P4": 2},
        "service": {"checkout": 4, "cart": 4},
        "team": {"shop": 4, "infra": 5},
    } == page.facets


def test_facets_of_a_search_count_what_it_finds(conn: Connection) -> None:
    """Words and labels narrow the counts too."""
    page = find_incidents(conn, IncidentQuery(words="highlatency node-3", facets=True), DAEMON)

    assert (1, {"shop": 1}) == (page.total, page.facets["team"])


def test_facets_are_counted_only_when_asked_for(conn: Connection) -> None:
    """The total always is."""
    page = find_incidents(conn, IncidentQuery(limit=3), DAEMON)

    assert (12, {}) == (page.total, page.facets)


def test_a_search_that_finds_many_agrees_with_one_that_finds_few(conn: Connection) -> None:
    """Whether the incidents found are listed first or looked for twice makes no difference."""
    write(conn, incidents=tuple(incident(number, opened_at=T0 - number) for number in range(13, 2_500)))
    page = find_incidents(conn, IncidentQuery(words="service", facets=True, limit=5), DAEMON)

    assert (2_499, 2_499) == (page.total, sum(page.facets["state"].values()))
    assert [12, 11, 10, 9, 8] == [one.number for one in page.incidents]


@pytest.mark.parametrize("reference", ["INC-5", "inc-5", "5", " INC-005 ", uid("incident", 5)])
def test_an_incident_by_any_of_its_names(conn: Connection, reference: str) -> None:
    """By number as people write it, or by uid."""
    detail = find_incident(conn, reference, DAEMON)

    assert detail is not None
    assert INCIDENTS[4] == detail.incident


@pytest.mark.parametrize("reference", ["INC-99", "9" * 30, "", "INC-", "x\0y", "\ud800", "-5", "INC-5 or 1=1", "٥"])
def test_what_names_no_incident_finds_none(conn: Connection, reference: str) -> None:
    """No name is too odd to be asked for."""
    assert find_incident(conn, reference, DAEMON) is None
    assert [] == alerts(conn, incident=reference or "nobody")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [4, 2, 1, 3]),
        ({"states": ("firing", "stale")}, [4, 2, 1]),
        ({"severities": ("critical",)}, [1]),
        ({"teams": ("shop",)}, [3]),
        ({"sources": ("other",)}, [4]),
        ({"rules": ("HighLatency",)}, [1, 3]),
        ({"incident": "INC-1"}, [2, 1]),
        ({"incident": uid("incident", 2)}, [3]),
        ({"verdicts": ("record",)}, [4]),
        ({"verdicts": ("watchdog", "notify")}, [4, 2, 1, 3]),
        ({"label": (("path", 'C:\\x","y":"z'),)}, [2]),
        ({"words": "LATENCY node-3"}, [3]),
        ({"words": "always"}, [4]),
        ({"words": 'a"B\\'}, [2]),
        ({"words": "Äb_%"}, [4]),
        ({"words": "äb"}, []),
        ({"words": "%"}, [4]),
        ({"words": "nothing\0"}, []),
    ],
)
def test_alerts_by_what_they_are(conn: Connection, query: dict[str, Any], expected: list[int]) -> None:
    """Latest heard first; words ignore the case of A to Z."""
    assert expected == alerts(conn, **query)


def test_pages_of_alerts_are_one_list(conn: Connection) -> None:
    """Alerts heard at the same instant too."""
    cursor: str | None = ""
    seen: list[str] = []
    while cursor is not None:
        page = find_alerts(conn, AlertQuery(limit=1, cursor=cursor), DAEMON)
        seen += [one.uid for one in page.alerts]
        cursor = page.next

        assert (4, 1) == (page.total, len(page.alerts))
        assert len(set(seen)) == len(seen)

    assert [uid("episode", number) for number in (4, 2, 1, 3)] == seen


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "\ud800",
        "====",
        "W10",
        "bnVsbA",
        "W" * 5_000,
        cursors.write("updated", (1.0, 2)),
        cursors.write("heard", (1.0, "x")),
        cursors.write("opened", ("a", 2)),
        cursors.write("opened", (float("nan"), 2)),
        cursors.write("opened", (1.0, 1 << 70)),
        cursors.write("opened", (10**400, 1)),
        cursors.write("opened", (5, 1)),
        cursors.write("opened", (True, 1)),
        cursors.write("opened", (1.0, 2.0)),
    ],
)
def test_a_cursor_that_no_list_gave_is_refused_with_a_remedy(conn: Connection, cursor: str) -> None:
    """Never a failure of the database, never a silent first page."""
    with pytest.raises(InputError, match=r"cursor: .*(start anew|first page)"):
        find_incidents(conn, IncidentQuery(cursor=cursor), DAEMON)


def test_a_cursor_of_another_list_is_refused(conn: Connection) -> None:
    """That of incidents is none of alerts; one with odd text finds what is after it."""
    with pytest.raises(InputError, match="'opened'"):
        find_alerts(conn, AlertQuery(cursor=cursors.write("opened", (1.0, 2))), DAEMON)

    assert [1, 3] == alerts(conn, cursor=cursors.write("heard", (T0 + 5, uid("episode", 2))))
    assert 3 >= len(alerts(conn, cursor=cursors.write("heard", (T0 + 5, "a\0\ud800"))))
