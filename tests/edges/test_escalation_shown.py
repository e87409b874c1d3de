"""Who is told of an incident: on its page, which needs no script, in the API, and on the command line."""

import json
from dataclasses import replace

import aiohttp
import pytest
from background import in_background
from incident_world import AlertDaemon, escalation, listening, notification, uid
from outline import Outline
from web_world import HOSTILE, NOW

from aiops_daemon.cli.main import dispatch
from aiops_daemon.core.model.escalation import Phase, Position
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import NotificationState
from aiops_daemon.core.model.route import Mode
from aiops_daemon.edges.web.api.response import Response
from aiops_daemon.edges.web.server import WebServer
from aiops_daemon.edges.web.ui.escalationcard import told_view
from aiops_daemon.errors import StoreError, StoreReason

ONE = "/api/v1/incidents/INC-42"


@pytest.fixture
def daemon():
    return AlertDaemon()


@pytest.fixture
async def http(daemon):
    async with listening(daemon.ports()) as session:
        yield session


async def page(http):
    async with http.get("/incidents/INC-42") as answer:
        assert 200 == answer.status
        return Outline(await answer.text())


async def detail(http):
    async with http.get(ONE) as answer:
        assert 200 == answer.status
        return await answer.json()


def stands(daemon, **changes):
    """Let the escalation of INC-42 stand otherwise."""
    daemon.road.escalations = {uid(42): escalation(**changes)}


async def test_the_page_says_who_is_next_and_who_was_told(http):
    """When, through which step, who stands behind it; each message with its state and reason, no address."""
    shown = await page(http)

    for part in (
        "The escalation runs", "in 5m", "step 2 of 2 of shop", "schedule/backup: bo is on call", "round 1 of 2",
        "Who was told", "person/ann/sms", "sent", "person/ann/email", "did not arrive, 3 tries",
        "client_error: 550 no mailbox (address)", "step 1 of shop: ann is on call in schedule shop",
    ):  # fmt: skip
        assert part in shown.text
    assert "ann@example.org" not in shown.text
    assert "+49301" not in shown.text


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("Nobody is told yet", {"phase": Phase.HELD, "positions": (Position(),)}),
        ("Nobody acknowledged yet, and no further step follows", {"positions": (Position(2, 1),)}),
        ("every firing alert is silenced or inhibited", {"phase": Phase.PAUSED}),
        ("5m after it goes on", {"phase": Phase.PAUSED, "positions": (Position(1, 0, None, 300.0),)}),
        ("Somebody answered, so nobody else is told", {"phase": Phase.ACKNOWLEDGED, "positions": (Position(1),)}),
        ("Snoozed", {"phase": Phase.SNOOZED, "positions": (Position(1),)}),
        ("The escalation is over", {"phase": Phase.ENDED, "positions": (Position(1),)}),
        ("shadow: recorded, not sent", {"positions": (Position(1, 0, NOW + 300, None, Mode.SHADOW),)}),
        ("fallback of shop, for nobody answered", {"positions": (Position(2, 1, NOW + 300, None, Mode.LIVE),)}),
    ],
)
async def test_every_phase_has_words(http, daemon, words, changes):
    """As people need them at night."""
    stands(daemon, **changes)

    assert words in (await page(http)).text


async def test_no_escalation_is_said(http, daemon):
    """A daemon without routes tells nobody, and says so."""
    daemon.road.escalations, daemon.road.told = {}, []
    shown = await page(http)

    assert "No escalation runs" in shown.text
    assert "Who was told" not in shown.text


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        (("sent", "good"), {}),
        (("accepted, not shown yet", "warning"), {"confirmed_at": None}),
        (("waiting", "info"), {"state": NotificationState.WAITING, "attempts": 0}),
        (("waiting, 1 try", "warning"), {"state": NotificationState.WAITING, "attempts": 1}),
        (("shadow, not sent", "plain"), {"state": NotificationState.SHADOW, "attempts": 0}),
        (("muted, not sent", "plain"), {"state": NotificationState.MUTED, "attempts": 0}),
        (("dropped", "plain"), {"state": NotificationState.DROPPED, "attempts": 0}),
    ],
)
def test_every_state_has_words_and_a_tone(expected, changes):
    """What a service has not shown is no page."""
    (line,) = told_view(Response(messages=(notification(1, **changes),)), NOW).lines

    assert expected == (line.state, line.tone)


def test_updates_of_living_messages_are_left_out():
    """They would hide who was told."""
    rows = (notification(2, event=MessageEvent.UPDATE), notification(1, event=MessageEvent.RESOLVE))

    assert ["resolve"] == [line.event for line in told_view(Response(messages=rows), NOW).lines]


async def test_hostile_text_stays_text(http, daemon):
    """Names and reasons come from configurations and from services."""
    one = notification(1, state=NotificationState.DEAD, detail=HOSTILE, destination=f"receiver/{HOSTILE}/log/0")
    daemon.road.told = [replace(one, message=replace(one.message, why_you=HOSTILE))]

    assert 3 <= (await page(http)).text.count(" ".join(HOSTILE.split())[:10])


async def test_the_api_has_both(http):
    """The next step with who stands behind it, and the rows of the delivery log."""
    told = (await detail(http))["data"]

    assert {
        "phase": "running", "started_at": "2026-11-21T02:45:00.000Z", "until": None,
        "next": [{
            "policy": "shop", "mode": "live", "at": "2026-11-21T03:15:00.000Z", "left_seconds": None,
            "targets": [{"target": "schedule/backup", "who": "bo is on call in schedule/backup until 09:00"}],
            "step": 2, "steps": 2, "round": 1, "rounds": 2, "fallback": False,
            "why": 'route 1 matched severity="critical"',
        }],
    } == told["escalation"]  # fmt: skip
    assert ["dead", "sent"] == [one["state"] for one in told["notifications"]]


async def test_without_an_escalation_there_is_null(http, daemon):
    """And a storm of messages is cut, with a warning."""
    daemon.road.escalations = {}
    daemon.road.told = [notification(number) for number in range(101)]
    answer = await detail(http)

    assert (None, 100) == (answer["data"]["escalation"], len(answer["data"]["notifications"]))
    assert ["older messages are left out; see /api/v1/notifications?incident=INC-42"] == answer["warnings"]


async def test_the_stores_trouble_is_a_503(http, daemon):
    """Not a page that says that nobody was told."""

    async def fail(incidents):
        raise StoreError(StoreReason.UNREACHABLE, "gone")

    daemon.road.find_escalations = fail
    server = WebServer(daemon.ports(), listen_address="127.0.0.1:0")
    await server.start()
    async with aiohttp.ClientSession(server.address) as session, session.get(ONE) as answer:
        assert 503 == answer.status
    await server.stop()


def test_the_command_line_says_it_too(daemon, capsys, monkeypatch):
    """In the words of the API."""
    monkeypatch.delenv("AIOPS_TOKEN", raising=False)
    with in_background(WebServer(daemon.ports(), listen_address="127.0.0.1:0")) as address:
        assert 0 == dispatch(["incidents", "show", "INC-42", "--url", address])
        out = capsys.readouterr().out
        assert 0 == dispatch(["incidents", "show", "INC-42", "--url", address, "-o", "json"])
        assert "escalation" in json.loads(capsys.readouterr().out)

    for part in (
        "told next\n  running\n  2026-11-21 03:15 UTC  live  step 2 of 2 of shop: schedule/backup (bo is on call",
        "who was told\n  2026-11-21 02:45 UTC  trigger  person/ann/email  dead  client_error: 550 no mailbox (address)",
    ):
        assert part in out
