"""Who may call what: tokens, roles, forms, names, and addresses without tokens."""

import base64
import logging
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest
from aiohttp import web
from alert_ports import FakeRoad
from webhook_bodies import body

from aiops_daemon.core.model.inbox import Delivery
from aiops_daemon.core.model.scope import Role, Scope
from aiops_daemon.core.model.settings import TokenSpec
from aiops_daemon.edges.web.auth import check_exposure, request_scope
from aiops_daemon.edges.web.csrf import FIELD, Csrf, form_token
from aiops_daemon.edges.web.server import WebServer
from aiops_daemon.errors import ListenError

HOOK, RELOAD, FINDINGS = "/webhooks/alertmanager", "/-/reload", "/api/v1/findings"
ACT, FORM, WHO = "/test/act", "/test/form", "/test/who"
OPEN = ["/-/healthy", "/-/ready", "/metrics", "/findings/metrics", "/static/style.css"]
CANARY = "canary-c2VjcmV0"


def spec(role, *teams):
    """Make a token whose text is its role with a prefix."""
    return TokenSpec(f"{role}-name", role, lambda: f"{CANARY}-{role}", frozenset(teams))


ALL = tuple(spec(role) for role in Role)


@pytest.fixture
def road():
    return FakeRoad(tokens=ALL)


async def _act(request):
    return web.Response(text=request_scope(request).actor)


async def _form(request):
    return web.Response(text=form_token(request))


async def _who(request):
    scope = request_scope(request)
    return web.json_response([scope.actor, sorted(scope.teams or []), scope.role, scope.origin])


@asynccontextmanager
async def serving(road, external_url="", ports=None, address="127.0.0.1:0"):
    """Serve with three paths of our own: one acts, one shows a form, one says who asks."""
    server = WebServer(ports or road.ports(external_url), listen_address=address)
    server._app.add_routes([web.post(ACT, _act), web.get(FORM, _form), web.get(WHO, _who), web.get("/api" + WHO, _who)])
    await server.start()
    async with aiohttp.ClientSession(server.address) as session:
        yield session
    await server.stop()


@pytest.fixture
async def http(road):
    async with serving(road) as session:
        yield session


def bearer(role):
    return {"Authorization": f"Bearer {CANARY}-{role}"}


def basic(role, user="anybody"):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{CANARY}-{role}".encode()).decode()}


async def status(http, method, path, headers=None, **options):
    async with http.request(method, path, headers=headers, allow_redirects=False, **options) as answer:
        return answer.status


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", HOOK, {Role.INGEST, Role.ADMIN}),
        ("GET", FINDINGS, {Role.VIEWER, Role.RESPONDER, Role.OPERATOR, Role.ADMIN}),
        ("GET", WHO, {Role.VIEWER, Role.RESPONDER, Role.OPERATOR, Role.ADMIN}),
        ("HEAD", FINDINGS, {Role.VIEWER, Role.RESPONDER, Role.OPERATOR, Role.ADMIN}),
        ("POST", ACT, {Role.RESPONDER, Role.OPERATOR, Role.ADMIN}),
        ("POST", RELOAD, {Role.ADMIN}),
    ],
)
@pytest.mark.parametrize("presented", [bearer, basic])
async def test_each_role_may_what_it_may(http, road, method, path, allowed, presented):
    """The whole matrix, by Bearer and by Basic; 403 names what is needed."""
    found = {role: await status(http, method, path, presented(role), json={}) for role in Role}

    assert {role: 200 if role in allowed else 403 for role in Role} == found
    assert len(road.accepted) == (2 if path == HOOK else 0)


@pytest.mark.parametrize("path", OPEN)
async def test_probes_metrics_and_static_files_are_open(http, path):
    """Prometheus scrapes without a token, whatever a caller presents."""
    assert [200, 200] == [await status(http, "GET", path), await status(http, "GET", path, {"Authorization": "x"})]


@pytest.mark.parametrize(
    "header",
    [
        None, "", "Bearer", "Bearer ", "Bearer wrong", f"Bearer {CANARY}", f"{CANARY}-admin", f"Token {CANARY}-admin",
        f"Bearer  {CANARY}-admin x", "Basic", "Basic !!!", "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "Basic " + base64.b64encode(b"no-colon").decode(), "Basic " + base64.b64encode(b"admin:").decode(),
        "Basic " + base64.b64encode(f"{CANARY}-admin:x".encode()).decode(), "Bearer \u00e9\u00e8",
    ],
)  # fmt: skip
@pytest.mark.parametrize(("method", "path"), [("GET", WHO), ("GET", FINDINGS), ("POST", HOOK), ("POST", RELOAD)])
async def test_without_a_valid_token_nothing_is_served(http, road, header, method, path):
    """Nor stored, nor reloaded; browsers are asked for a password where pages are."""
    async with http.request(method, path, headers={"Authorization": header} if header is not None else None) as answer:
        assert 401 == answer.status
        assert ("Basic " if path == WHO else "Bearer ") == answer.headers["WWW-Authenticate"][: 6 + (path != WHO)]
    assert ([], 0) == (road.accepted, road.daemon.reloads)


async def test_unknown_paths_and_methods_tell_strangers_nothing(http):
    """They are behind the door as everything else is."""
    assert [401, 401] == [await status(http, "GET", "/nowhere"), await status(http, "PUT", HOOK)]
    assert [404, 405] == [
        await status(http, "GET", "/nowhere", bearer(Role.ADMIN)),
        await status(http, "PUT", HOOK, bearer(Role.ADMIN)),
    ]


async def test_a_refused_caller_is_counted_and_logged_once_a_minute(http, road, caplog):
    """With the peer, never with what was presented."""
    for _ in range(3):
        await status(http, "POST", HOOK, {"Authorization": f"Bearer {CANARY}-wrong"})
    road.daemon.time += 61
    await status(http, "POST", HOOK, {"Authorization": f"Basic {CANARY}"})

    told = [record for record in caplog.records if "valid token" in record.message]
    assert [{"peer": "127.0.0.1", "path": HOOK}] * 2 == [record.fields for record in told]
    assert [(HOOK, 401)] * 4 == road.daemon.counted
    assert CANARY not in caplog.text + str([vars(record) for record in caplog.records])


async def test_a_webhook_that_is_not_let_in_is_counted_as_an_answer(http, road):
    """Under the names that are configured alone, for anybody may send to any name; a probe is no webhook."""
    road.sources = frozenset({"eu1"})
    await status(http, "POST", HOOK)
    await status(http, "POST", HOOK + "/eu1", {"Authorization": "Bearer wrong"})
    await status(http, "POST", HOOK + "/made-up", bearer(Role.VIEWER))
    await status(http, "GET", HOOK)
    await status(http, "POST", RELOAD)

    assert [("eu1", 401), ("eu1", 401), ("unknown", 403)] == road.answers


async def test_the_scope_is_the_tokens(http, road):
    """Its name is the actor; no teams means all; the path says where from."""
    road.tokens = (spec(Role.VIEWER, "shop", "pay"), spec(Role.ADMIN))

    async with http.get(WHO, headers=bearer(Role.VIEWER)) as answer:
        assert ["viewer-name", ["pay", "shop"], "viewer", "page"] == await answer.json()
    async with http.get("/api" + WHO, headers=basic(Role.ADMIN)) as answer:
        assert ["admin-name", [], "admin", "api"] == await answer.json()


@pytest.mark.parametrize(("expected", "teams"), [("shop", ["shop"]), ("default", ["shop", "pay"]), ("default", [])])
async def test_a_body_belongs_to_the_team_of_its_token(http, road, expected, teams):
    """Where there is exactly one."""
    road.tokens = (spec(Role.INGEST, *teams),)

    assert 200 == await status(http, "POST", HOOK, bearer(Role.INGEST), data=b"{}")
    assert [Delivery("alertmanager", b"{}", road.daemon.time, expected)] == road.accepted


async def test_a_rotated_token_needs_no_reload(http, road):
    """Its file is read again; one that is gone matches nothing, not even an empty password."""
    texts = ["first"]

    def read():
        if not texts:
            raise OSError("gone")
        return texts[0]

    road.tokens = (TokenSpec("t", Role.ADMIN, read),)
    first, second = ({"Authorization": f"Bearer {text}"} for text in ("first", "second"))
    assert 200 == await status(http, "GET", WHO, first)
    texts[0] = "second"
    road.daemon.time += 2
    assert [401, 200] == [await status(http, "GET", WHO, each) for each in (first, second)]
    texts.clear()
    road.daemon.time += 2
    assert [401] * 3 == [await status(http, "GET", WHO, each) for each in (first, second, basic("", ""))]
    texts.append("")
    road.daemon.time += 2
    assert 401 == await status(http, "GET", WHO, {"Authorization": "Basic " + base64.b64encode(b"a:").decode()})


async def test_a_reload_changes_who_may_call(http, road):
    """Tokens are asked for with each request."""
    road.tokens = (spec(Role.VIEWER),)

    assert [401, 200] == [await status(http, "GET", WHO, bearer(role)) for role in (Role.ADMIN, Role.VIEWER)]


async def test_without_tokens_everybody_on_loopback_may_everything(road):
    """As anonymous; whatever is presented is not looked at."""
    road.tokens = ()
    async with serving(road) as http:
        async with http.get(WHO, headers=bearer(Role.VIEWER)) as answer:
            assert ["anonymous", [], "admin", "page"] == await answer.json()
        assert [200, 200] == [await status(http, "POST", path, data=b"{}") for path in (HOOK, RELOAD)]


@pytest.mark.parametrize(
    ("expected", "host", "method", "path", "origin"),
    [
        (200, "localhost:1", "GET", WHO, None),
        (200, "127.8.9.1", "GET", WHO, None),
        (200, "[::1]:9641", "GET", WHO, None),
        (200, "app.localhost", "GET", WHO, None),
        (200, "aiops.example.org", "GET", WHO, None),
        (200, "aiops.example.org", "POST", ACT, "https://aiops.example.org"),
        (403, "evil.example", "GET", WHO, None),
        (403, "localhost.evil.example", "GET", FINDINGS, None),
        (403, "127.0.0.1.evil.example", "POST", ACT, None),
        (403, "10.0.0.1", "GET", WHO, None),
        (403, "evil.example", "POST", RELOAD, "http://evil.example"),
        (403, "evil.example", "POST", HOOK, "http://evil.example"),
        (403, "[broken", "GET", WHO, None),
        (200, "monitoring-1", "POST", HOOK, None),
        (200, "evil.example", "GET", "/metrics", None),
    ],
)
async def test_names_that_are_not_ours_are_refused_on_loopback(road, expected, host, method, path, origin):
    """DNS rebinding gives a page in a browser our address under its own name; scrapes and Alertmanagers go on."""
    road.tokens = ()
    headers = {"Host": host} | ({"Origin": origin} if origin else {})
    async with serving(road, "https://aiops.example.org/x") as http:
        assert expected == await status(http, method, path, headers, data=b"{}" if method == "POST" else None)


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
@pytest.mark.parametrize("path", [ACT, HOOK, RELOAD])
async def test_other_sites_change_nothing(http, road, path, headers):
    """A browser would add the Basic password by itself; a Bearer token it would not."""
    basics = await status(http, "POST", path, basic(Role.ADMIN) | headers, json={})
    bearers = await status(http, "POST", path, bearer(Role.ADMIN) | headers, json={})

    assert (403, 200) == (basics, bearers)
    assert len(road.accepted) == (path == HOOK)


async def test_a_form_needs_the_token_of_its_page(http, road):
    """Of the same actor, of today or yesterday; a Bearer caller needs none."""
    async with http.get(FORM, headers=basic(Role.RESPONDER)) as answer:
        token = await answer.text()

    async def sent(headers, **form):
        return await status(http, "POST", ACT, headers, data={"a": "b", **form})

    assert [200, 403, 403, 403, 200] == [
        await sent(basic(Role.RESPONDER), **{FIELD: token}),
        await sent(basic(Role.RESPONDER), **{FIELD: token[:-1] + "x"}),
        await sent(basic(Role.RESPONDER)),
        await sent(basic(Role.ADMIN), **{FIELD: token}),
        await sent(bearer(Role.RESPONDER)),
    ]
    road.daemon.time += 86_400
    assert 200 == await sent(basic(Role.RESPONDER), **{FIELD: token})
    road.daemon.time += 86_400
    assert 403 == await sent(basic(Role.RESPONDER), **{FIELD: token})


@pytest.mark.parametrize(
    ("expected", "kind"),
    [(403, "text/plain"), (403, "application/x-www-form-urlencoded"), (403, "multipart/form-data; boundary=x"),
     (403, "application/x-www-form-urlencoded; charset=nonsense"), (200, "application/json")],
)  # fmt: skip
async def test_what_a_form_can_send_counts_as_one(road, expected, kind):
    """Whatever types a browser sends without asking first, of anonymous callers too."""
    road.tokens = ()
    async with serving(road) as http:
        assert expected == await status(http, "POST", ACT, {"Content-Type": kind}, data=b"{}")


async def test_a_file_is_no_csrf_token(road):
    """A part with a file name is refused, not a fault."""
    road.tokens = ()
    form = aiohttp.FormData()
    form.add_field(FIELD, b"x", filename="x")
    async with serving(road) as http:
        assert 403 == await status(http, "POST", ACT, data=form)


def test_csrf_tokens_are_of_one_actor_one_day_one_process():
    """And any text may be presented."""
    ann, bob = Scope("ann"), Scope("bob")
    csrf = Csrf(b"k" * 32, lambda: 10 * 86_400.0)

    assert csrf.holds(ann, csrf.token(ann))
    assert not csrf.holds(bob, csrf.token(ann))
    assert not csrf.holds(ann, Csrf(b"l" * 32, lambda: 10 * 86_400.0).token(ann))
    assert not csrf.holds(ann, Csrf(b"k" * 32, lambda: 11 * 86_400.0).token(ann))
    assert not any(csrf.holds(ann, text) for text in ("", "é", "\ud800", "x" * 10_000))


@pytest.mark.parametrize(
    ("refused", "address", "tokens", "flag"),
    [
        (True, "0.0.0.0:9641", (), False), (True, ":9641", (), False), (True, "[::]:9641", (), False),
        (True, "10.1.2.3:9641", (), False), (True, "aiops.example.org:9641", (), False),
        (False, "0.0.0.0:9641", ALL, False), (False, ":9641", (), True), (False, "127.0.0.1:9641", (), False),
        (False, "localhost:9641", (), False), (False, "[::1]:9641", (), False), (False, "127.1.2.3:0", (), False),
    ],
)  # fmt: skip
def test_beyond_loopback_tokens_are_needed(refused, address, tokens, flag):
    """Or the word of somebody who knows what guards the address; the remedy is named."""
    if not refused:
        check_exposure(address, tokens, allow_anonymous=flag)
        return
    with pytest.raises(ListenError, match=r"web\.tokens.*--web\.allow-anonymous"):
        check_exposure(address, tokens, allow_anonymous=flag)


async def test_the_listener_refuses_to_be_exposed(road):
    """Before it binds anything."""
    road.tokens = ()
    server = WebServer(road.ports(), listen_address="0.0.0.0:0")

    with pytest.raises(ListenError, match="without tokens"):
        await server.start()
    await server.stop()


async def test_tokens_that_vanish_with_a_reload_open_nothing(road):
    """Beyond loopback the door shuts with 503, which an Alertmanager repeats; with the flag it opens."""
    async with serving(road, address="0.0.0.0:0") as http:
        road.tokens = ()
        found = [await status(http, "POST", HOOK, data=body()), await status(http, "GET", "/metrics")]
    async with serving(road, ports=road.ports(allow_anonymous=True), address="0.0.0.0:0") as http:
        assert 200 == await status(http, "GET", WHO, {"Host": "anything.example"})

    assert [503, 200] == found


async def test_a_daemon_without_the_alert_road_has_a_door_too(road):
    """Nobody has tokens there; the rules of loopback hold."""
    async with serving(road, ports=replace(road.ports(), alerts=None)) as http:
        assert [200, 403, 404] == [
            await status(http, "GET", WHO),
            await status(http, "GET", WHO, {"Host": "evil.example"}),
            await status(http, "POST", HOOK, json={}),
        ]


async def test_no_token_is_ever_logged(http, caplog):
    """At any level."""
    caplog.set_level(logging.DEBUG)
    for presented in (bearer, basic):
        for role in [*Role, "wrong"]:
            await status(http, "POST", ACT, presented(role), json={})

    assert CANARY not in caplog.text
    assert base64.b64encode(CANARY.encode()).decode()[:10] not in caplog.text
