"""Incidents, alerts and quality as JSON: shapes, parameters, acts, refusals."""

import json
from dataclasses import replace

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from incident_world import AlertDaemon, busy_detail, incident, listening, uid
from multidict import MultiDict
from web_world import HOSTILE, NOW

from aiops_daemon.core.model.action import Action, ActionKind, Refusal, RefusalReason, Stored
from aiops_daemon.core.model.alert import EpisodeState
from aiops_daemon.core.model.incident import IncidentState
from aiops_daemon.core.model.listing import AlertQuery, IncidentQuery, IncidentSort
from aiops_daemon.edges.web.api import parameters
from aiops_daemon.edges.web.api.bodies import VERBS, action
from aiops_daemon.edges.web.problem import ProblemError
from aiops_daemon.edges.web.server import WebServer
from aiops_daemon.errors import InputError, StoreError, StoreReason

ONE = "/api/v1/incidents/INC-42"
NO_TIME = (
    "since must be an RFC 3339 time such as 2026-11-21T03:10:00Z (a + is written %2B), or a duration back from now "
    "such as 24h"
)


@pytest.fixture
def daemon():
    return AlertDaemon()


@pytest.fixture
async def http(daemon):
    async with listening(daemon.ports()) as session:
        yield session


async def get(http, path, **parameters):
    async with http.get(path, params=parameters) as answer:
        assert (200, "application/json") == (answer.status, answer.content_type), await answer.text()
        return await answer.json()


async def problem(http, path, method="GET", **request):
    async with http.request(method, path, **request) as answer:
        assert answer.content_type == "application/problem+json"
        return answer.status, await answer.json(content_type=None)


async def test_an_incident_is_listed_whole(http):
    """Every field, times in RFC 3339 UTC, what is not there null."""
    answer = await get(http, "/api/v1/incidents")

    assert (None, [], 1) == (answer["next"], answer["warnings"], answer["total"])
    assert "facets" not in answer
    assert [
        {
            "name": "INC-42", "number": 42, "uid": uid(42), "state": "open", "severity": "critical", "priority": "P1",
            "title": "CheckoutLatencyHigh and 3 more rules in checkout",
            "priority_reason": "critical, and checkout-availability burns its budget 16 times too fast",
            "team": "shop", "teams": ["data", "shop"], "service": "checkout",
            "labels": {"cluster": "eu1", "service": "checkout"},
            "opened_at": "2026-11-21T02:45:00.000Z", "updated_at": "2026-11-21T03:09:30.000Z",
            "acknowledged_at": None, "acknowledged_by": None, "resolved_at": None, "resolved_by": None,
            "merged_into": None, "assignee": "ann", "snoozed_until": None,
            "notify_at": "2026-11-21T02:45:00.000Z", "notify_reason": "CheckoutLatencyHigh is critical and new",
            "alerts_total": 5, "alerts_firing": 4, "alerts_muted": 1, "reopened": 0, "false_positive": False,
            "digest": False,
        }
    ] == answer["data"]  # fmt: skip


async def test_every_parameter_reaches_the_query(http, daemon):
    """Repeated ones are alternatives; a duration counts back from now; active stands for what is not closed."""
    path = (
        "/api/v1/incidents?state=active&state=resolved&severity=critical&severity=warning&priority=P1&team=shop"
        "&service=checkout&assignee=ann&label=pod%3Da%3Db&label=zone%3D&since=2026-11-21T03:10:00%2B01:00&until=1h30m"
        "&q=slow+disk&sort=severity&limit=7&cursor=0&facets=true"
    )
    assert {"state", "severity"} <= set((await get(http, path))["facets"])

    query, scope = daemon.road.asked[0]
    assert "api" == scope.origin
    assert query == IncidentQuery(
        states=("open", "acknowledged", "investigating", "mitigated", "resolved"),
        severities=("critical", "warning"), priorities=("P1",), teams=("shop",), services=("checkout",),
        assignee="ann", words="slow disk", label=(("pod", "a=b"), ("zone", "")), since=NOW - 3600, until=NOW - 5400,
        sort=IncidentSort.SEVERITY, limit=7, cursor="0", facets=True,
    )  # fmt: skip


async def test_empty_texts_ask_for_nothing(http, daemon):
    """As programs send what nobody filled in."""
    await get(http, "/api/v1/incidents?q=&team=&service=&assignee=&cursor=")

    assert [IncidentQuery()] == [query for query, _ in daemon.road.asked]


@pytest.mark.parametrize(
    ("expected", "path"),
    [
        (["state must be one of active, open, acknowledged, investigating, mitigated, resolved, merged"],
         "incidents?state=bad&state=bad"),
        (["stat: unknown parameter; did you mean state?"], "incidents?stat=open"),
        (["limit must be a whole number from 1 to 500"], "incidents?limit=501"),
        (["label must be name=value"], "incidents?label=%3Dx"),
        (["label must be name=value"], "incidents?label=x"),
        (["facets must be true or false"], "incidents?facets=yes"),
        (["limit must be a whole number from 1 to 500"], "incidents?limit="),
        (["q is given more than once"], "incidents?q=a&q=b"),
        (["q must have at most 500 characters, none of them NUL"], "alerts?q=%00"),
        (["team is given more than 10 times"], "alerts?" + "&".join(f"team={n}" for n in range(11))),
        ([NO_TIME], "incidents?since=2026-11-21"),
        (["since must be a duration such as 7d"], "quality?since=x"),
        (["x: unknown parameter; known are "], "incidents/INC-42?x=1"),
        (["verdict must be one of notify, delay, suppress, record", "limit must be a whole number from 1 to 500"],
         "alerts?verdict=no&limit=0"),
    ],
)  # fmt: skip
async def test_parameters_that_do_not_fit_are_all_named(http, expected, path):
    """400 with one line a fault."""
    status, document = await problem(http, f"/api/v1/{path}")

    assert (400, expected) == (status, document["errors"])


async def test_one_incident_has_everything(http):
    """Alerts, findings with the points of their plots, why together, what was kept apart, timeline, outcomes."""
    whole = (await get(http, ONE))["data"]

    assert ("INC-42", 7, 2, 5, 1) == (
        whole["incident"]["name"], len(whole["alerts"]), len(whole["findings"]), len(whole["timeline"]),
        len(whole["merged"]),
    )  # fmt: skip
    assert {"kind": "silenced", "by": "7f3a"} == whole["alerts"][3]["muted"][0]
    assert {
        "kind": "delay", "reason": "transient", "sentence": "8 of 10 ended within 4m",
        "notify_at": "2026-11-21T03:13:20.000Z", "until": None, "score": 0.2, "parts": {},
    } == whole["alerts"][2]["verdict"]  # fmt: skip
    assert ("seconds", 2.4, 288) == tuple(
        whole["findings"][0][name] if name != "plot" else len(whole["findings"][0][name])
        for name in ("unit", "value", "plot")
    )
    assert {"at": "2026-11-21T03:10:00.000Z", "value": 2.4} == {
        name: whole["findings"][0]["plot"][-1][name] for name in ("at", "value")
    }
    assert whole["together"]["joined"][0]["reason"].startswith("joined: 20 s after the first")
    assert ["BatchLate kept apart: no common label, 0.12 under 0.35"] == [
        each["text"] for each in whole["together"]["apart"]
    ]
    assert [{"at": "2026-11-21T03:08:20.000Z", "actor": "ann", "cause": "index missing", "done": "index built",
             "helped": True}] == whole["outcomes"]  # fmt: skip


@pytest.mark.parametrize("reference", ["INC-42", "42", uid(42)])
async def test_an_incident_has_three_names(http, reference):
    """Number for people, bare number, uid."""
    assert "INC-42" == (await get(http, f"/api/v1/incidents/{reference}"))["data"]["incident"]["name"]


async def test_the_timeline_is_a_list_of_its_own(http):
    """Oldest first; who, from where, from what to what."""
    lines = (await get(http, f"{ONE}/timeline"))["data"]

    assert ["opened", "joined", "apart", "note", "acknowledged"] == [line["kind"] for line in lines]
    assert ("ann", "api", "open", "acknowledged") == tuple(
        lines[-1][name] for name in ("actor", "origin", "before", "after")
    )


async def test_alerts_are_listed_by_what_is_asked(http, daemon):
    """Every parameter reaches the query."""
    answer = await get(
        http, "/api/v1/alerts?state=stale&severity=critical&team=shop&source=eu1&rule=NodeDown&incident=INC-42"
        "&verdict=notify&label=a%3Db&q=w&limit=3&cursor=c",
    )  # fmt: skip

    assert (3, 7) == (len(answer["data"]), answer["total"])
    assert daemon.road.asked[0][0] == AlertQuery(
        ("stale",), ("critical",), ("shop",), ("eu1",), ("NodeDown",), "INC-42", ("notify",), (("a", "b"),), "w", 3, "c"
    )


@pytest.mark.parametrize(("since", "parameters"), [(NOW - 30 * 86_400, {}), (NOW - 7200, {"since": "2h"})])
async def test_quality_looks_back(http, daemon, since, parameters):
    """Thirty days unless told otherwise."""
    items = (await get(http, "/api/v1/quality", **parameters))["data"]

    assert since == daemon.road.asked[0][0]
    assert ("CheckoutErrors", None, None, None) == tuple(
        items[0][name] for name in ("rule", "false_positive_ratio", "duplicate_of", "duplicate_ratio")
    )
    assert ("for", "5m", 40, 9, 0) == tuple(
        items[0]["proposals"][0][name] for name in ("change", "value", "before", "after", "lost")
    )


@pytest.mark.parametrize(
    ("word", "body", "expected"),
    [
        ("ack", None, Action(ActionKind.ACK, "INC-42")),
        ("ack", {"text": "t", "cause": "c", "done": "d", "helped": False},
         Action(ActionKind.ACK, "INC-42", text="t", cause="c", done="d", helped=False)),
        ("unack", {}, Action(ActionKind.UNACK, "INC-42")),
        ("investigate", None, Action(ActionKind.INVESTIGATE, "INC-42")),
        ("mitigate", {"text": "rolled back"}, Action(ActionKind.MITIGATE, "INC-42", text="rolled back")),
        ("assign", {"assignee": "bo"}, Action(ActionKind.ASSIGN, "INC-42", assignee="bo")),
        ("note", {"text": HOSTILE}, Action(ActionKind.NOTE, "INC-42", text=HOSTILE)),
        ("snooze", {"seconds": 600}, Action(ActionKind.SNOOZE, "INC-42", seconds=600.0)),
        ("snooze", {"until": "2026-11-21T04:10:00Z"}, Action(ActionKind.SNOOZE, "INC-42", seconds=3600.0)),
        ("resolve", {"force": True, "helped": True}, Action(ActionKind.RESOLVE, "INC-42", force=True, helped=True)),
        ("reopen", None, Action(ActionKind.REOPEN, "INC-42")),
        ("merge", {"into": "INC-7"}, Action(ActionKind.MERGE, "INC-42", other="INC-7")),
        ("split", {"alerts": ["a", "b", "a"]}, Action(ActionKind.SPLIT, "INC-42", episodes=("a", "b"))),
        ("false-positive", None, Action(ActionKind.FALSE_POSITIVE, "INC-42")),
        ("false-positive", {"force": True}, Action(ActionKind.FALSE_POSITIVE, "INC-42", force=True)),
    ],
)  # fmt: skip
async def test_a_verb_becomes_an_action(http, daemon, word, body, expected):
    """The answer is the incident as it is now; a split tells the new one too."""
    async with http.post(f"{ONE}/{word}", **({} if body is None else {"json": body})) as answer:
        assert answer.status == 200
        document = await answer.json()

    assert [expected] == [asked for asked, _ in daemon.road.acted]
    assert ("INC-42", True) == (document["data"]["name"], document["changed"])
    assert ("INC-77" if word == "split" else None) == (document["created"] and document["created"]["name"])


@pytest.mark.parametrize(
    ("status", "expected", "word", "body"),
    [
        (422, ["cuase: unknown field; did you mean cause?", "zz: unknown field; known are text, cause, done, helped"],
         "ack", {"cuase": "x", "zz": 1}),
        (422, ["helped: Expected `bool | null`, got `str`"], "resolve", {"helped": "yes"}),
        (422, ["Object missing required field `assignee`"], "assign", {}),
        (422, ["text: Expected `str` of length >= 1"], "note", {"text": ""}),
        (422, ["assignee: Expected `str` of length >= 1"], "assign", {"assignee": ""}),
        (422, ["exactly one of seconds and until must be given"], "snooze", {}),
        (422, ["exactly one of seconds and until must be given"], "snooze", {"seconds": 1, "until": "x"}),
        (422, ["seconds: Expected `float` > 0.0"], "snooze", {"seconds": 0}),
        (422, ["until: must be an RFC 3339 time"], "snooze", {"until": "tomorrow"}),
        (422, ["until: must lie ahead, by at most 7 days"], "snooze", {"until": "2026-11-21T03:10:00Z"}),
        (422, ["alerts: Expected `array` of length >= 1"], "split", {"alerts": []}),
        (422, ["alerts[0]: Expected `str`, got `int`"], "split", {"alerts": [1]}),
        (422, ["text: Expected `str` matching regex '^[^\\\\x00]*$'"], "ack", {"text": "\0"}),
        (400, None, "ack", [1]),
    ],
)  # fmt: skip
async def test_bodies_that_do_not_fit_are_refused_by_field(http, daemon, status, expected, word, body):
    """Nothing is ignored, nothing is done."""
    got, document = await problem(http, f"{ONE}/{word}", "POST", json=body)

    assert (status, expected) == (got, document.get("errors"))
    assert daemon.road.acted == []


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (400, {"data": b"{", "headers": {"Content-Type": "application/json"}}),
        (400, {"data": b'"\xff"', "headers": {"Content-Type": "application/json"}}),
        (400, {"data": b"[" * 100_000, "headers": {"Content-Type": "application/json"}}),
        (415, {"data": {"text": "x"}}),
        (415, {"data": b"{}", "headers": {"Content-Type": "text/plain"}}),
    ],
)
async def test_what_is_no_json_is_refused(http, daemon, status, request_):
    """A form of another site cannot say that it sends JSON."""
    assert status == (await problem(http, f"{ONE}/ack", "POST", **request_))[0]
    assert daemon.road.acted == []


async def test_a_repetition_says_that_it_is_one(http, daemon):
    """The same key by the same person of the same act is the same id; without a key there is none."""
    for word, key in (("ack", "k1"), ("ack", "k1"), ("investigate", "k1"), ("ack", "k2"), ("ack", "")):
        headers = {"Idempotency-Key": key} if key else {}
        async with http.post(f"{ONE}/{word}", json={}, headers=headers) as answer:
            assert answer.status == 200
    first, second, *others, last = daemon.road.uids

    assert first == second
    assert len({first, *others}) == 3
    assert "" == last


@pytest.mark.parametrize("key", ["", "x" * 201, "caf\u00e9"])
async def test_a_key_that_cannot_be_kept_is_refused(http, daemon, key):
    """Nothing is done."""
    status, _ = await problem(http, f"{ONE}/ack", "POST", json={}, headers={"Idempotency-Key": key})

    assert 400 == status
    assert [] == daemon.road.acted


async def test_what_is_stored_and_not_done_yet_is_a_202(daemon):
    """With words that say not to send it again; pages say so too."""

    async def act(action, scope, uid):
        return Stored("a1")

    daemon.road.act = act
    server = WebServer(daemon.ports(), listen_address="127.0.0.1:0")
    await server.start()
    async with (
        aiohttp.ClientSession(server.address) as session,
        session.post(f"{ONE}/ack", json={}) as answer,
    ):
        document = await answer.json()
    await server.stop()

    assert (202, None, None, False) == (answer.status, document["data"], document["created"], document["changed"])
    assert "will be done once" in document["warnings"][0]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (404, RefusalReason.NOT_FOUND), (403, RefusalReason.FORBIDDEN), (422, RefusalReason.INVALID),
        (409, RefusalReason.CONFLICT), (503, RefusalReason.UNAVAILABLE),
    ],
)  # fmt: skip
async def test_a_refusal_has_its_status_and_its_words(http, daemon, status, reason):
    """The words are the road's."""
    daemon.road.refusal = Refusal(reason, "2 alerts still fire")

    got, document = await problem(http, f"{ONE}/resolve", "POST")
    assert (status, "2 alerts still fire") == (got, document["detail"])


@pytest.mark.parametrize(
    "path", ["incidents", "incidents/INC-42", "incidents/INC-42/timeline", "alerts", "quality", "events"]
)
async def test_trouble_with_the_store_is_a_503(http, daemon, path):
    """Not a fault of the daemon."""
    daemon.road.failure = StoreError(StoreReason.FULL, "no space left")

    status, document = await problem(http, f"/api/v1/{path}")
    assert (503, "The store cannot be used now (full): no space left") == (status, document["detail"])


async def test_a_cursor_that_the_store_cannot_read_is_a_400(http, daemon):
    """The words are the store's."""
    daemon.road.failure = InputError("cursor: not one that this list gave")

    status, document = await problem(http, "/api/v1/incidents?cursor=x")
    assert (400, ["cursor: not one that this list gave"]) == (status, document["errors"])


async def test_an_act_that_the_store_refuses_is_a_503(http, daemon):
    """The same for those who write."""
    daemon.road.failure = StoreError(StoreReason.READ_ONLY, "read-only file system")

    assert 503 == (await problem(http, f"{ONE}/ack", "POST"))[0]


@pytest.mark.parametrize("path", [ONE.replace("42", "43"), "/api/v1/incidents/x%2Fy", "/api/v1/incidents/%00"])
async def test_an_incident_that_is_not_there_is_a_404(http, path):
    """In words."""
    assert 404 == (await problem(http, path))[0]


async def test_a_daemon_without_the_alert_road_says_so():
    """A preview has pages and lists of findings alone."""
    daemon = AlertDaemon()
    server = WebServer(replace(daemon.ports(), alerts=None), listen_address="127.0.0.1:0")
    await server.start()
    async with aiohttp.ClientSession(server.address) as session:
        status, document = await problem(session, "/api/v1/incidents")
    await server.stop()

    assert (404, "This daemon takes no alerts.") == (status, document["detail"])


async def test_every_state_and_kind_has_a_shape(http, daemon):
    """What the domain can say, the API can say; the literals of the schema are the domain's values."""
    schemas = (await get(http, "/api/v1/openapi.json"))["components"]["schemas"]

    assert set(map(str, IncidentState)) == set(schemas["IncidentItem"]["properties"]["state"]["enum"])
    assert set(map(str, EpisodeState)) == set(schemas["AlertItem"]["properties"]["state"]["enum"])


async def test_pages_of_a_list_are_followed(http, daemon):
    """next is the cursor of the following page, null on the last."""
    daemon.road.details = [busy_detail(incident=incident(n, opened_at=NOW - n)) for n in range(1, 4)]
    first = await get(http, "/api/v1/incidents", limit="2")
    second = await get(http, "/api/v1/incidents", limit="2", cursor=first["next"])

    assert (["INC-1", "INC-2", "INC-3"], None) == (
        [each["name"] for each in first["data"] + second["data"]], second["next"],
    )  # fmt: skip


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.dictionaries(
    st.sampled_from(["text", "cause", "done", "helped", "force", "assignee", "seconds", "until", "into", "alerts"])
    | st.text(),
    JSON,
    max_size=4,
)


@settings(max_examples=200, deadline=None)
@given(verb=st.sampled_from(VERBS), fields=FIELDS)
def test_any_body_is_an_action_or_a_422(verb, fields):
    """No body is too odd; an action is never made of a field that its verb does not know."""
    try:
        result = action(verb, "INC-1", json.loads(json.dumps(fields)), NOW).kind
    except ProblemError as error:
        result = (error.status, bool(error.errors))

    assert result in (verb.kind, (422, True))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([each.name for each in parameters.INCIDENT_PARAMETERS]), st.text()), max_size=5)
)
def test_any_parameters_are_a_query_or_a_400(pairs):
    """No text is too odd."""
    try:
        result = parameters.read_incident_query(MultiDict(pairs), NOW).limit in range(1, 501)
    except ProblemError as error:
        result = (error.status, bool(error.errors))

    assert result in (True, (400, True))
