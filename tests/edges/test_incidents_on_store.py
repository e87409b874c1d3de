"""API, pages and stream over the real store, on each engine: what is written is found, sorted, paged and shown."""

from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise

import aiohttp
import pytest
from incident_world import AlertDaemon, busy_detail, entry, episode, incident, uid
from web_world import NOW

from aiops_daemon.core.model.incident import EntryKind, IncidentState, Priority
from aiops_daemon.core.model.scope import Role
from aiops_daemon.core.model.settings import TokenSpec
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.edges.web.server import WebServer
from aiops_daemon.ports.store import Changes


class StoreDaemon(AlertDaemon):
    """A daemon whose readers are the store's."""

    def __init__(self, store):
        super().__init__()
        self.store = store

    def ports(self, external_url=""):
        """Wire the store."""
        ports = super().ports(external_url)
        alerts = replace(
            ports.alerts,
            find_incidents=self.store.find_incidents,
            find_incident=self.store.find_incident,
            find_alerts=self.store.find_alerts,
            entries_after=self.store.entries_after,
            last_entry=self.store.last_entry,
        )
        return replace(ports, alerts=alerts)


def written(detail):
    """Return an incident with all that belongs to it as the desk would commit it."""
    return Changes((*detail.episodes,), (detail.incident,), detail.timeline, detail.findings, detail.outcomes)


def small(number, **changes):
    """Make an incident with one alert and one line."""
    one = incident(number, **changes)
    alert = episode(number + 100, f"Rule{number}", incident=one.uid, fingerprint=f"{number:x}", team=one.team)
    line = entry(number + 100, EntryKind.OPENED, f"opened {number}", incident=one.uid, team=one.team)
    return Changes((alert,), (one,), (line,))


@pytest.fixture
async def filled(store):
    """A store with one rich incident and five small ones."""
    await store.commit(written(busy_detail(merged=())))
    for number, severity in enumerate((Severity.INFO, Severity.WARNING, Severity.CRITICAL, Severity.INFO), 50):
        state = IncidentState.RESOLVED if number == 53 else IncidentState.OPEN
        priority = Priority.P3 if severity is Severity.INFO else Priority.P2
        await store.commit(
            small(
                number,
                severity=severity,
                state=state,
                priority=priority,
                title=f"Trouble {number}",
                service="search",
                opened_at=NOW - number,
                team="data",
                teams=("data",),
            )
        )
    return store


@asynccontextmanager
async def serving(store, **tokens):
    daemon = StoreDaemon(store)
    daemon.road.tokens = tuple(
        TokenSpec(name, Role.VIEWER, lambda name=name: name, teams) for name, teams in tokens.items()
    )
    server = WebServer(daemon.ports(), listen_address="127.0.0.1:0")
    await server.start()
    async with aiohttp.ClientSession(server.address) as http:
        yield http
    await server.stop()


async def names(http, query, **request):
    async with http.get(f"/api/v1/incidents?{query}", **request) as answer:
        assert answer.status == 200, await answer.text()
        return [each["name"] for each in (await answer.json())["data"]]


LISTS = {
    "": ["INC-50", "INC-51", "INC-52", "INC-53", "INC-42"],
    "state=active": ["INC-50", "INC-51", "INC-52", "INC-42"],
    "severity=critical": ["INC-52", "INC-42"],
    "sort=priority&state=active&severity=critical&severity=warning": ["INC-42", "INC-52", "INC-51"],
    "state=resolved&service=search&team=data": ["INC-53"],
    "q=pod+checkout": ["INC-42"],
    "label=service%3Dcheckout&label=alertname%3DDiskSlow": ["INC-42"],
    "label=alertname%3DRule51": ["INC-51"],
    "assignee=ann": ["INC-42"],
    "since=51s": ["INC-50", "INC-51"],
    "until=51s": ["INC-52", "INC-53", "INC-42"],
    "q=database": ["INC-42"],
    "q=INC-42": ["INC-42"],
    "q=%27%22%29%3B--%20*": [],
    "team=%3Cscript%3E": [],
}


async def test_lists_say_what_the_store_holds(filled):
    """Filters, words, order."""
    async with serving(filled) as http:
        found = {query: await names(http, query) for query in LISTS}

    assert LISTS == found


async def test_every_order_is_paged_without_loss(filled):
    """Two at a time; a cursor of another order is a 400."""
    async with serving(filled) as http:
        for sort, other in pairwise(["opened", "updated", "priority", "severity", "opened"]):
            seen, cursor, last = [], "", ""
            while cursor is not None:
                async with http.get(f"/api/v1/incidents?sort={sort}&limit=2&cursor={cursor}") as answer:
                    page = await answer.json()
                seen += [each["name"] for each in page["data"]]
                last, cursor = cursor, page["next"]
            async with http.get(f"/api/v1/incidents?sort={other}&cursor={last}") as answer:
                assert answer.status == 400
            assert ["INC-42", "INC-50", "INC-51", "INC-52", "INC-53"] == sorted(seen)


async def test_one_incident_is_shown_from_its_rows(filled):
    """JSON and page agree with what was written."""
    async with serving(filled) as http:
        async with http.get("/api/v1/incidents/inc-42") as answer:
            whole = (await answer.json())["data"]
        async with http.get("/incidents/INC-42") as answer:
            page = await answer.text()
        async with http.get("/incidents") as answer:
            listed = await answer.text()

    assert (7, 2, 5, 1) == tuple(len(whole[name]) for name in ("alerts", "findings", "timeline", "outcomes"))
    assert 288 == len(whole["findings"][0]["plot"])
    assert {"severity": 0.6, "acted": 0.31} == next(
        each["verdict"]["parts"] for each in whole["alerts"] if each["uid"] == uid(1001)
    )
    assert "BatchLate kept apart: no common label" in page
    assert '<path class="line"' in page
    assert "4 open incidents" in listed
    assert "Trouble 52" in listed


async def test_a_team_sees_its_own_alone(filled):
    """In lists, by name, in the stream and in the number on the first page."""
    async with serving(filled, data=frozenset({"data"}), pay=frozenset({"pay"})) as http:
        data, pay = ({"headers": {"Authorization": f"Bearer {name}"}} for name in ("data", "pay"))

        assert ["INC-50", "INC-51", "INC-52", "INC-53", "INC-42"] == await names(http, "", **data)
        assert [] == await names(http, "", **pay)
        async with http.get("/api/v1/incidents/INC-42", **pay) as answer:
            assert answer.status == 404
        async with http.get("/api/v1/incidents/INC-42/timeline", **pay) as answer:
            assert answer.status == 404
        async with http.get("/api/v1/alerts", **pay) as answer:
            assert 0 == (await answer.json())["total"]
        async with http.get("/", **pay) as answer:
            assert "0 open incidents" in await answer.text()


async def test_alerts_are_found_by_their_own_filters(filled):
    """State, rule, verdict, incident."""
    async with serving(filled) as http:
        found = {}
        for query in ("state=stale", "rule=PodRestarts&verdict=suppress", "incident=INC-51", "q=Rule52", "team=data"):
            async with http.get(f"/api/v1/alerts?{query}") as answer:
                found[query] = sorted(each["rule"] for each in (await answer.json())["data"])

    assert {
        "state=stale": ["NodeDown"], "rule=PodRestarts&verdict=suppress": ["PodRestarts"],
        "incident=INC-51": ["Rule51"], "q=Rule52": ["Rule52"], "team=data": ["Rule50", "Rule51", "Rule52", "Rule53"],
    } == found  # fmt: skip


async def test_the_stream_goes_on_after_what_was_seen(filled):
    """In the order of the commits."""
    request = {"headers": {"Last-Event-ID": uid(5150)}}
    async with serving(filled) as http, http.get("/api/v1/events", **request) as answer:
        lines = []
        while len(lines) < 3:
            line = (await answer.content.readline()).decode()
            lines += [line.split()[1]] if line.startswith("id:") else []

    assert [uid(5151), uid(5152), uid(5153)] == lines
