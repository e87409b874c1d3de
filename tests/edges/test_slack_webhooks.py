"""Buttons and commands of Slack over HTTP: who is believed, how fast it is answered, what is done and told."""

import asyncio
import json
import logging
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest
from chat_world import HOSTILE
from fake_slack import click, click_body, command, command_body, signed, wrong_with
from incident_world import busy_detail, incident, uid
from slack_world import Person, SlackDaemon
from web_world import NOW

from aiops_daemon.config.secret import FileSecret, HeldSecret
from aiops_daemon.core.model.action import Action, ActionKind, Refusal, RefusalReason
from aiops_daemon.core.model.scope import Role, Scope
from aiops_daemon.core.model.settings import TokenSpec
from aiops_daemon.core.model.view import View
from aiops_daemon.edges.web.server import WebServer
from aiops_daemon.edges.web.slack.ports import Duty
from aiops_daemon.errors import StoreError, StoreReason

ANN = Scope("ann", None, Role.RESPONDER, "slack")


@pytest.fixture
async def daemon():
    made = SlackDaemon()
    async with made.slack:
        yield made


@pytest.fixture
async def person(daemon):
    server = WebServer(daemon.ports(), listen_address="127.0.0.1:0")
    await server.start()
    async with aiohttp.ClientSession(server.address) as http:
        yield Person(http, daemon)
    await server.stop()


@pytest.mark.parametrize(
    ("action", "wish", "said"),
    [
        ("aiops_ack", Action(ActionKind.ACK, uid(42)), "is acknowledged"),
        ("aiops_investigate", Action(ActionKind.INVESTIGATE, uid(42)), "is being investigated"),
        ("aiops_resolve", Action(ActionKind.RESOLVE, uid(42)), "is resolved"),
        ("aiops_snooze", Action(ActionKind.SNOOZE, uid(42), seconds=3600.0), "is snoozed until"),
    ],
)
async def test_a_click_acts_in_the_name_of_who_clicked(daemon, person, action, wish, said):
    """The Slack id is mapped to a configured person, and the answer is for them alone."""
    assert 200 == await person.clicks(action, uid(42))
    heard = await person.hears()

    assert [(wish, ANN)] == daemon.road.acted
    assert ("ephemeral", False) == (heard["response_type"], heard["replace_original"])
    assert "<https://aiops.example.org/incidents/INC-42|INC-42>" in heard["text"]
    assert said in heard["text"]


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("ack INC-42", Action(ActionKind.ACK, "INC-42")),
        ("  ACK   42  looking at it ", Action(ActionKind.ACK, "42", text="looking at it")),
        ("resolve INC-42 was the pool", Action(ActionKind.RESOLVE, "INC-42", text="was the pool")),
        ("investigate INC-42", Action(ActionKind.INVESTIGATE, "INC-42")),
        ("snooze INC-42 1h", Action(ActionKind.SNOOZE, "INC-42", seconds=3600.0)),
        ("snooze INC-42 30m until the deploy", Action(ActionKind.SNOOZE, "INC-42", "until the deploy", seconds=1800.0)),
        ("snooze INC-42", Action(ActionKind.SNOOZE, "INC-42", seconds=3600.0)),
        ("Snooze inc-42 1H30M", Action(ActionKind.SNOOZE, "inc-42", seconds=5400.0)),
        ("ack #42, mine", Action(ActionKind.ACK, "42", text="mine")),
        ("ack *INC-42*: mine", Action(ActionKind.ACK, "INC-42", text="mine")),
        ("ack https://aiops.example.org/incidents/INC-42", Action(ActionKind.ACK, "INC-42")),
        ("ack <https://aiops.example.org/incidents/INC-42|INC-42>", Action(ActionKind.ACK, "INC-42")),
        (f"ack {uid(42)}", Action(ActionKind.ACK, uid(42))),
    ],
)
async def test_commands_that_act(daemon, person, text, wish):
    """Any name of the incident will do, and a note may follow."""
    assert 200 == await person.types(text)
    await person.hears()

    assert [(wish, ANN)] == daemon.road.acted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("incidents", ["1 incident is open", "INC-42", "critical, P1, open, 4 firing"]),
        ("incident INC-42", ["INC-42 CheckoutLatencyHigh", "*Findings*", "*Latest*", "Open INC-42", "aiops_ack"]),
        ("incident INC-7", ["There is no incident INC-7."]),
        ("oncall", ["shop: *ann* until", "then bo (rotation 1)", "backup: nobody (no rotation covers this time)"]),
        ("findings", ["3 findings are open", "p99 latency", "burns its error budget"]),
        ("slo", ["🔴 *checkout-availability* objective 99.9 %, 43 % of the budget left, burns 16 times", "no traffic"]),
        ("", ["/aiops incidents", "/aiops snooze INC-42 1h"]),
        ("help", ["/aiops oncall"]),
        ("incident", ["Say which incident", "/aiops incident INC-42"]),
        ("ack", ["Say which incident"]),
        ("ack #", ["Say which incident"]),
        ("incident https://aiops.example.org/incidents/", ["Say which incident"]),
        ("snooze INC-42 soon", ["Say for how long: 30m, 1h, 1d"]),
        ("drop tables", ["There is no such command", "/aiops slo"]),
    ],
)
async def test_commands_that_show(daemon, person, text, said):
    """Lists, one incident, who is on call, findings, objectives; what is wrong is told with what is right."""
    assert 200 == await person.types(text)
    heard = json.dumps(await person.hears(), ensure_ascii=False)

    assert [] == [words for words in said if words not in heard]
    assert [] == daemon.road.acted


async def test_empty_lists_say_so(daemon, person):
    """Nothing open, nothing unusual, nothing configured."""
    daemon.road.details, daemon.duties = [], ()
    daemon.shown = View(at=NOW)
    for count, text in enumerate(("incidents", "findings", "slo", "oncall"), 1):
        await person.types(text)
        daemon.time += 1
        await person.hears(count)

    assert ["Nothing is open.", "Nothing is unusual.", "No SLO is configured.", "No schedule is configured."] == [
        each["text"] for each in daemon.slack.responses["canary-response"]
    ]


async def test_long_lists_fit_and_say_what_is_left_out(daemon, person):
    """Slack takes a list of hundreds; the rest is counted."""
    many = [busy_detail(incident=incident(number, title="x" * 500)) for number in range(300)]
    daemon.road.details = many
    await person.types("incidents")
    heard = await person.hears()

    assert "300 incidents are open." == heard["text"]
    assert "and 280 more" in json.dumps(heard)


async def test_long_lists_of_signs_that_count_twice_fit(daemon, person):
    """Slack counts an emoji as two; a list that is too long for it would not be shown at all."""
    daemon.road.details = [busy_detail(incident=incident(number, title="😀" * 300)) for number in range(20)]
    daemon.duties = (Duty("😀" * 99, "😀" * 80, "😀" * 200, NOW, "😀" * 80),) * 20
    await person.types("incidents")
    incidents = await person.hears()
    daemon.time += 1.0
    await person.types("oncall")
    duties = await person.hears(2)

    assert ["", ""] == [wrong_with(incidents), wrong_with(duties)]


async def test_somebody_unknown_acts_under_their_id(daemon, person):
    """A name that anybody may choose is not taken for a person's."""
    stranger = Person(person.http, daemon, user="U0EVE", name="ann")
    await stranger.clicks("aiops_ack", uid(42))
    await stranger.hears()

    assert "ann (Slack U0EVE)" == daemon.road.acted[0][1].actor


async def test_a_refusal_is_told(daemon, person):
    """What cannot be done changes nothing and is said."""
    daemon.road.refusal = Refusal(RefusalReason.CONFLICT, "3 alerts still fire <!channel>")
    await person.clicks("aiops_resolve", uid(42))

    assert "Not done: 3 alerts still fire &lt;!channel&gt;." == (await person.hears())["text"]


async def test_a_store_that_fails_is_told(daemon, person):
    """The person hears that nothing was done."""
    daemon.road.failure = StoreError(StoreReason.LOCKED, "canary")
    await person.clicks("aiops_ack", uid(42))
    heard = (await person.hears())["text"]

    assert "Not done: the store cannot be used now (locked). Try again." == heard


@pytest.mark.parametrize("text", ["oncall", "findings", "slo", "help"])
async def test_what_needs_no_store_is_told_without_one(daemon, person, text):
    """Whoever asks at night who is on call hears it."""
    daemon.claims_fail = StoreError(StoreReason.LOCKED, "canary")
    await person.types(text)

    assert "store" not in (await person.hears())["text"]


async def test_nothing_is_done_that_cannot_be_claimed(daemon, person):
    """It might be done twice."""
    daemon.claims_fail = StoreError(StoreReason.LOCKED, "canary")
    await person.types("ack INC-42")

    assert "Not done: the store cannot be used now (locked). Try again." == (await person.hears())["text"]
    assert [] == daemon.road.acted


async def test_hostile_text_is_data_in_answers(daemon, person):
    """Titles, findings, timelines, people: Slack reads nothing into them (the fake refuses what it would)."""
    one = busy_detail()
    daemon.road.details = [
        busy_detail(
            incident=incident(title=HOSTILE * 50, assignee=HOSTILE, service=HOSTILE, priority_reason=HOSTILE * 20),
            timeline=tuple(replace(line, text=HOSTILE * 30) for line in one.timeline),
            findings=tuple(replace(each, sentence=HOSTILE * 99) for each in one.findings),
        )
    ]
    for count, text in enumerate((f"incident {HOSTILE}", "incident INC-42", "incidents", HOSTILE, "ack INC-42"), 1):
        await person.types(text)
        daemon.time += 1
        await person.hears(count)


async def test_the_answer_does_not_wait_for_the_work(daemon, person):
    """Slack hears 200 while the store hangs; the result comes when it is there."""
    daemon.hanging = asyncio.Event()
    async with asyncio.timeout(2):
        assert 200 == await person.clicks("aiops_ack", uid(42))
    assert [] == daemon.road.acted
    daemon.hanging.set()
    await person.hears()

    assert 1 == len(daemon.road.acted)


async def test_stopping_waits_for_no_hanging_work(daemon):
    """What hangs is cancelled with the listener, within its deadline."""
    daemon.hanging = asyncio.Event()
    server = WebServer(daemon.ports(), listen_address="127.0.0.1:0")
    await server.start()
    async with aiohttp.ClientSession(server.address) as http:
        await Person(http, daemon).clicks("aiops_ack", uid(42))
    async with asyncio.timeout(5):
        await server.stop()

    assert [] == daemon.road.acted


BODY = command_body(command("ack INC-42", ""))
UNSIGNED = {
    "no signature": {"X-Slack-Signature": ""},
    "no timestamp": {"X-Slack-Request-Timestamp": ""},
    "another timestamp": {"X-Slack-Request-Timestamp": str(int(NOW) + 1)},
    "no number": {"X-Slack-Request-Timestamp": "soon"},
    "a huge number": {"X-Slack-Request-Timestamp": "9" * 400},
    "digits of another script": {"X-Slack-Request-Timestamp": "١٧٩٥٢٣٠٦٠٠"},
    "half a signature": {"X-Slack-Signature": signed(BODY, NOW)["X-Slack-Signature"][:40]},
    "another version": {"X-Slack-Signature": signed(BODY, NOW)["X-Slack-Signature"].replace("v0", "v1")},
    "no ascii": {"X-Slack-Signature": "v0=ü"},
    "another secret": {"X-Slack-Signature": signed(BODY, NOW, "canary-guess")["X-Slack-Signature"]},
}


@pytest.mark.parametrize("case", UNSIGNED)
async def test_what_is_not_signed_is_refused(daemon, person, case):
    """403, and nothing is done."""
    assert 403 == await person.post("command", BODY, **UNSIGNED[case])
    await asyncio.sleep(0)
    assert [] == daemon.road.acted


async def test_another_body_is_refused(daemon, person):
    """The signature covers every byte."""
    headers = signed(BODY, NOW)
    async with person.http.post("/webhooks/slack/command", data=BODY + b"&x=1", headers=headers) as answer:
        assert 403 == answer.status
    assert [] == daemon.road.acted


@pytest.mark.parametrize(("expected", "age"), [(200, 0), (200, 299), (403, 301), (200, -299), (403, -301)])
async def test_the_window_is_five_minutes(person, expected, age):
    """Older requests are refused, and those from the future."""
    assert expected == await person.post("command", BODY, at=NOW - age)


async def test_any_configured_secret_may_sign(daemon, person):
    """Two apps, or a rotation; one whose file is gone disturbs nobody, and none at all lets nobody in."""
    old = Person(person.http, daemon, secret="canary-old-secret")
    daemon.secrets = (FileSecret(Path("/no/such/file")), *daemon.secrets)
    assert (200, 200) == (await old.types("help"), await person.types("slo"))
    daemon.secrets = ()
    assert 403 == await person.types("help")
    daemon.secrets = (HeldSecret(""),)
    assert 403 == await Person(person.http, daemon, secret="").types("help")


async def test_a_replay_does_nothing(daemon, person, caplog):
    """The same signed request a second time acts no second time."""
    payload = click("aiops_ack", uid(42), daemon.slack.response_url())
    body = click_body(payload)
    assert (200, 200) == (
        await person.post("interactive", body, at=NOW),
        await person.post("interactive", body, at=NOW),
    )
    await person.hears()
    await asyncio.sleep(0.05)

    assert (1, 1) == (len(daemon.road.acted), len(daemon.slack.responses["canary-response"]))
    assert "left a repeated request of Slack alone" in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        b"", b"payload=", b"payload=[]", b"payload={", b"payload=%ff", b"\xff", b"payload=3", b"&" * 200,
        urlencode({"payload": json.dumps({"type": "block_actions"})}).encode(),
        urlencode({"payload": json.dumps({"type": "block_actions", "actions": [], "user": {"id": "U"}})}).encode(),
        urlencode({"payload": json.dumps({"type": "block_actions", "actions": [{"action_id": "aiops_ack"}]})}).encode(),
    ],
)  # fmt: skip
async def test_what_slack_never_sends_is_refused(daemon, person, body):
    """400 in plain words, never a 500."""
    assert 400 == await person.post("interactive", body)
    assert [] == daemon.road.acted


async def test_a_command_without_a_user_is_refused(person):
    """Nobody acts as nobody."""
    assert 400 == await person.post("command", urlencode({"text": "ack 42"}).encode())


@pytest.mark.parametrize(
    "body",
    [
        urlencode({"payload": json.dumps({"type": "view_submission", "user": {"id": "U"}})}).encode(),
        urlencode({"payload": json.dumps(click("open_link", "x", ""))}).encode(),
    ],
)
async def test_what_is_not_ours_is_left_alone(daemon, person, body):
    """A link button reports its click too; 200, and nothing is done."""
    assert 200 == await person.post("interactive", body)
    assert 200 == await person.post("command", b"ssl_check=1&token=x")
    assert [] == daemon.road.acted


async def test_tokens_are_not_asked_for_here_but_everywhere_else(daemon, person):
    """Slack has no token; its signature lets it in here and nowhere else."""
    daemon.road.tokens = (TokenSpec("ann", HeldSecret("x" * 16), Role.RESPONDER),)
    assert 200 == await person.types("help")
    async with person.http.get("/api/v1/incidents", headers=signed(b"", NOW)) as answer:
        assert 401 == answer.status
    async with person.http.get("/webhooks/slack/command") as answer:
        assert 405 == answer.status


async def test_without_slack_there_is_no_such_path(daemon):
    """A daemon whose configuration has no Slack app serves nothing there."""
    server = WebServer(replace(daemon.ports(), slack=None), listen_address="127.0.0.1:0")
    await server.start()
    async with (
        aiohttp.ClientSession(server.address) as http,
        http.post("/webhooks/slack/command", data=BODY, headers=signed(BODY, NOW)) as answer,
    ):
        assert 404 == answer.status
    await server.stop()


@pytest.mark.parametrize("status", [404, 302, 400])
async def test_an_answer_that_slack_refuses_is_logged_once(daemon, person, caplog, status):
    """No second try where it cannot help; the address, which is a secret, is not told."""
    daemon.slack.answers = [aiohttp.web.Response(status=status, headers={"Location": "http://canary"})]
    await person.clicks("aiops_ack", uid(42))
    await _until(lambda: "did not reach" in caplog.text)

    assert f"HTTP {status}" in str([getattr(each, "fields", {}) for each in caplog.records])
    assert [] == daemon.slack.answers


@pytest.mark.parametrize(("error", "said"), [("invalid_blocks", "invalid_blocks"), ("canary 1", "no reason given")])
async def test_an_answer_that_a_200_refuses_is_logged(daemon, person, caplog, error, said):
    """Slack may refuse in the body alone; only a word of its own is repeated."""
    daemon.slack.answers = [aiohttp.web.json_response({"ok": False, "error": error})]
    await person.clicks("aiops_ack", uid(42))
    await _until(lambda: "did not reach" in caplog.text)

    assert [said] == [each.fields["reason"] for each in caplog.records if "did not reach" in each.message]


async def test_an_answer_is_tried_again(daemon, person):
    """After a 500 the second try reaches the person."""
    daemon.slack.answers = [aiohttp.web.Response(status=500)]
    await person.clicks("aiops_ack", uid(42))

    assert "is acknowledged" in (await person.hears())["text"]


async def test_only_slacks_addresses_are_called(daemon, person, caplog):
    """A response URL that leads elsewhere is left alone, were it signed ten times."""
    body = command_body(command("help", "http://canary.example:1/"))
    assert 200 == await person.post("command", body)
    await _until(lambda: "not Slack's" in caplog.text)
    assert "canary" not in caplog.text


async def test_no_secret_is_logged(daemon, person, caplog):
    """Not the signing secret, tokens of the payload, signatures, response URLs, whatever happens."""
    caplog.set_level(logging.DEBUG)
    daemon.slack.answers = [aiohttp.web.Response(status=404)]
    await person.clicks("aiops_ack", uid(42))
    await person.post("command", BODY, **{"X-Slack-Signature": "v0=canary"})
    await _until(lambda: "did not reach" in caplog.text)
    told = caplog.text + str([getattr(each, "fields", {}) for each in caplog.records]) + repr(daemon.slack_ports())

    assert "canary" not in told
    assert 1 == caplog.text.count("refused a request")


async def test_a_defect_is_logged(daemon, person, caplog):
    """What nobody foresaw ends neither the listener nor in silence."""
    daemon.broken = True
    await person.types("findings")
    await _until(lambda: "a request of Slack failed" in caplog.text)

    assert 200 == await person.types("help")


async def _until(holds):
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.005)


async def test_an_answer_follows_a_reload(daemon, person):
    """Links lead to where the pages are now."""
    await person.types("incidents")
    before = await person.hears()
    daemon.time += 1.0
    daemon.place = ("https://moved.example.org", "UTC")
    await person.types("incidents")
    after = await person.hears(2)

    assert "aiops.example.org" in str(before)
    assert "moved.example.org" in str(after)
    assert "aiops.example.org" not in str(after)
