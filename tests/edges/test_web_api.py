"""The JSON API: shapes, filters, pages, faults."""

import json
import math

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_world import SlackDaemon
from web_world import HOSTILE, NOW, PAGE, FakeDaemon, busy_view, disk_finding, finding, slo, stream

from aiops_daemon.core.model.view import View
from aiops_daemon.edges.web.api import openapi, paging
from aiops_daemon.edges.web.server import WebServer


@pytest.fixture
def daemon():
    return FakeDaemon(shown=busy_view())


@pytest.fixture
async def http(daemon):
    server = WebServer(daemon.ports(), listen_address="127.0.0.1:0")
    await server.start()
    async with aiohttp.ClientSession(server.address) as session:
        yield session
    await server.stop()


async def get(http, path, **parameters):
    async with http.get(path, params=parameters) as answer:
        assert (200, "application/json") == (answer.status, answer.content_type)
        return await answer.json()


async def faults(http, path):
    async with http.get(path) as answer:
        assert (400, "application/problem+json") == (answer.status, answer.content_type)
        return (await answer.json(content_type=None))["errors"]


async def test_an_open_finding_is_shown_whole(http, daemon):
    """Every field, times in RFC 3339 UTC, durations in seconds."""
    daemon.shown = View(at=NOW, page=PAGE, findings=(disk_finding(),))

    assert {
        "data": [
            {
                "uid": "u2",
                "state": "open",
                "kind": "forecast_breach",
                "query": "disk_used",
                "source": "eu1",
                "labels": {"cluster": "eu1", "instance": "db-1:9100", "mountpoint": "/var/lib/postgresql"},
                "severity": "critical",
                "sentence": disk_finding().sentence,
                "value": 0.912,
                "unit": "ratio",
                "expected_lower": None,
                "expected_upper": 0.95,
                "score": 1.7,
                "confidence_ratio": 0.87,
                "since": "2026-11-21T00:10:00.000Z",
                "updated_at": "2026-11-21T03:09:40.000Z",
                "duration_seconds": 10800.0,
                "threshold": "critical",
                "breach_at": "2026-11-21T06:30:00.000Z",
                "seconds_to_breach": 12000.0,
                "slope_per_second": None,
                "acceleration_per_second_squared": None,
            }
        ],
        "next": None,
        "warnings": [],
    } == await get(http, "/api/v1/findings")


@pytest.mark.parametrize(
    ("uids", "parameters"),
    [
        (["u3", "u1", "u2"], {}),
        (["u3", "u1", "u2"], {"state": "open"}),
        (["r1"], {"state": "recent"}),
        (["u1"], {"kind": "anomaly"}),
        (["u2"], {"query": "disk_used"}),
        ([], {"query": "disk_used", "kind": "burn"}),
        ([], {"query": ""}),
    ],
)
async def test_findings_are_filtered_newest_first(http, uids, parameters):
    """Filters narrow together; recent is another list."""
    assert uids == [item["uid"] for item in (await get(http, "/api/v1/findings", **parameters))["data"]]


async def test_pages_follow_their_cursor_even_when_findings_come_and_go(http, daemon):
    """Nothing is repeated or lost of what stays."""
    many = [finding(f"u{n}", since=NOW - n) for n in range(5)]
    daemon.shown = View(at=NOW, page=PAGE, findings=tuple(many))
    first = await get(http, "/api/v1/findings", limit="2")
    daemon.shown = View(at=NOW, page=PAGE, findings=(finding("new", since=NOW + 1), *many[:1], *many[2:]))
    second = await get(http, "/api/v1/findings", limit="2", cursor=first["next"])
    third = await get(http, "/api/v1/findings", limit="2", cursor=second["next"])

    seen = [item["uid"] for page in (first, second, third) for item in page["data"]]
    assert (["u0", "u1", "u2", "u3", "u4"], None) == (seen, third["next"])


@pytest.mark.parametrize(
    ("expected", "path"),
    [
        (["kind must be one of anomaly, forecast_breach, burn"], "/api/v1/findings?kind=bad"),
        (["state must be one of open, recent"], "/api/v1/findings?state=closed"),
        (["limit must be a whole number from 1 to 1000"], "/api/v1/findings?limit=0"),
        (["limit must be a whole number from 1 to 1000"], "/api/v1/streams?limit=1001"),
        (["limit must be a whole number from 1 to 1000"], "/api/v1/slos?limit=%C2%B2"),
        (["cursor is not one that this list gave out"], "/api/v1/findings?cursor=x"),
        (["cursor is not one that this list gave out"], "/api/v1/findings?cursor=WyJhIiwiYiJd"),
        (["cursor is not one that this list gave out"], "/api/v1/findings?cursor=%F0%9F%98%80"),
        (["kindd: unknown parameter; did you mean kind?"], "/api/v1/findings?kindd=burn"),
        (["zz: unknown parameter; known are name, service, limit, cursor"], "/api/v1/slos?zz=1"),
        (["limit is given more than once"], "/api/v1/findings?limit=1&limit=2"),
        (
            ["kind must be one of anomaly, forecast_breach, burn", "limit must be a whole number from 1 to 1000"],
            "/api/v1/findings?kind=&limit=-1",
        ),
    ],
)
async def test_parameters_that_do_not_fit_are_all_named(http, expected, path):
    """400 as a problem document with one line a fault."""
    assert expected == await faults(http, path)


async def test_json_never_holds_what_json_has_not(http, daemon):
    """NaN and infinity are null; hostile labels are plain strings."""
    odd = finding(value=math.nan, score=math.inf, lower=-math.inf, since=math.nan, labels=(("x", HOSTILE),))
    daemon.shown = View(at=NOW, page=PAGE, findings=(odd,))

    async with http.get("/api/v1/findings") as answer:
        text = await answer.text()
    item = json.loads(text, parse_constant=pytest.fail)["data"][0]
    assert (None, None, None, None, None) == tuple(
        item[name] for name in ("value", "score", "expected_lower", "since", "duration_seconds")
    )
    assert {"x": HOSTILE} == item["labels"]


async def test_streams_are_listed_by_source_and_query(http):
    """What failed says so; the user's own query has no pack."""
    items = (await get(http, "/api/v1/streams"))["data"]

    assert ["checkout_p99", "disk_used", "http_error_ratio", "node_load"] == [item["query"] for item in items]
    assert ("query timed out after 30 s", 900.0) == (items[3]["last_error"], items[3]["age_seconds"])
    assert (None, None) == (items[0]["pack"], items[0]["last_error"])
    one = await get(http, "/api/v1/streams", query="disk_used", source="eu1")
    assert [1_180] == [item["series"] for item in one["data"]]


async def test_slos_say_how_they_stand(http):
    """Windows are keys, unknown ratios null, alerts carry their onset."""
    items = (await get(http, "/api/v1/slos", name="checkout-availability"))["data"]

    assert len(items) == 1
    assert {"5m": 16.0, "1h": 16.2, "6h": 4.0} == items[0]["burn_rate"]
    assert [{"severity": "page", "since": "2026-11-21T03:03:20.000Z"}] == items[0]["alerts"]
    assert (0.43, 68_400.0) == (items[0]["error_budget_remaining_ratio"], items[0]["seconds_to_exhaustion"])


async def test_slos_tell_of_guard_policy_and_return(http):
    """What is held back and why, what people agreed to do and since when, and when budget comes back."""
    (item,) = (await get(http, "/api/v1/slos", service="checkout", name="checkout-availability"))["data"]

    assert ("eu1", {}, "30d", None) == (item["source"], item["group"], item["window"], item["period_end"])
    assert {"ticket": "few_errors"} == item["guard"]
    assert (0.5, "info", "2026-11-21T01:10:00.000Z") == tuple(
        item["policy"][0][key] for key in ("spent_ratio", "severity", "since")
    )
    assert "2026-11-26T03:10:00.000Z" == item["returns_at"]


async def test_services_say_how_well_they_are(http):
    """A ratio, and the parts that made it, the worst first; what cannot be judged is null."""
    (item,) = (await get(http, "/api/v1/services", name="checkout"))["data"]

    assert ("checkout", 0.215, {"cluster": "eu1", "service": "checkout"}) == (
        item["name"], item["health_ratio"], item["labels"],
    )  # fmt: skip
    assert [0.215, None] == [part["ratio"] for part in item["parts"]]
    assert [] == (await get(http, "/api/v1/services", name="search"))["data"]


async def test_slos_of_one_name_are_all_listed_and_paged(http, daemon):
    """Groups of an SLO differ in labels only."""
    daemon.shown = View(at=NOW, page=PAGE, slos=(slo("a"), slo("b"), slo("c")))
    first = await get(http, "/api/v1/slos", limit="2")

    rest = await get(http, "/api/v1/slos", limit="2", cursor=first["next"])
    assert ["a", "b", "c"] == [item["name"] for item in first["data"] + rest["data"]]


async def test_warnings_say_when_the_picture_is_old_or_missing(http, daemon):
    """A reader must not take old findings for new ones."""
    daemon.shown = View(at=NOW, warnings=("w",))
    assert ["no cycle has finished yet", "w"] == (await get(http, "/api/v1/findings"))["warnings"]
    daemon.shown, daemon.time = busy_view(), NOW + 600
    warnings = (await get(http, "/api/v1/streams"))["warnings"]
    assert warnings[0] == "the last cycle finished 10m 20s ago; what is shown is old"


async def test_the_description_lists_exactly_the_routes():
    """OpenAPI paths are the served paths, and filters are its parameters."""
    server = WebServer(SlackDaemon().ports(), listen_address="127.0.0.1:0")
    document = json.loads(openapi.document("1", ""))
    served = {resource.canonical for resource in server._app.router.resources()} - {"/static/{name}"}

    assert served == set(document["paths"])
    parameters = document["paths"]["/api/v1/findings"]["get"]["parameters"]
    assert ["kind", "query", "state", "limit", "cursor"] == [parameter["name"] for parameter in parameters]


async def test_the_description_is_served_and_its_references_resolve(http):
    """Every $ref points at a component, every answer's field is described."""
    document = await get(http, "/api/v1/openapi.json")
    schemas = document["components"]["schemas"]
    references = {part.split('"')[0] for part in json.dumps(document).split('"#/components/schemas/')[1:]}
    item = (await get(http, "/api/v1/findings"))["data"][0]

    assert references <= set(schemas)
    assert set(item) == set(schemas["FindingItem"]["properties"])


@settings(max_examples=50, deadline=None)
@given(names=st.lists(st.text(), max_size=20, unique=True), limit=st.integers(1, 7))
def test_any_list_is_paged_without_loss(names, limit):
    """Following cursors yields the sorted list, whatever the names hold."""
    items, seen, after = [stream(name) for name in names], [], None
    while True:
        asked = paging.Asked({}, limit, after)
        part, cursor = paging.page(items, lambda item: (item.source, item.query), asked)
        seen += [item.query for item in part]
        if cursor is None:
            break
        after = paging._decode(cursor, (str, str))

    assert sorted(names) == seen
