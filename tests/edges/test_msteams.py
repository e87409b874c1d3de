"""Teams: cards under the limit, text as data, four a second, the address a secret."""

import asyncio
import json
import logging

import pytest
from aiohttp import web
from chat_world import FLOOD, HOSTILE, acknowledged, hostile, message, notification, resolved, storm
from fake_teams import FakeTeams, texts, unfit
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.clock import LoopClock
from aiops_daemon.config.secret import HeldSecret
from aiops_daemon.core.model.channels.msteams import TeamsSpec
from aiops_daemon.core.model.message import MessageEvent, Named
from aiops_daemon.core.model.notification import Failed, FailureReason, Sent
from aiops_daemon.core.response.digest import MOST_NAMED
from aiops_daemon.edges.notify.msteams import TeamsNotifier, teams_pace
from aiops_daemon.edges.notify.teamscard import MOST_BYTES, card_body


@pytest.fixture
async def teams():
    async with FakeTeams() as fake:
        yield fake


@pytest.fixture
async def notifier(teams):
    clock = LoopClock(0.0)
    made = TeamsNotifier(TeamsSpec(HeldSecret(teams.url)), clock, teams_pace(clock))
    yield made
    await made.close()
    await made.close()


def card(told):
    """Return the card that a message becomes."""
    return json.loads(card_body(told))["attachments"][0]["content"]


@pytest.mark.looptime
async def test_a_card_is_posted(teams, notifier):
    """Each event but an update is a card of its own; a 202 counts as sent, and says no more."""
    for told in (message(), message(MessageEvent.UPDATE), acknowledged(), resolved()):
        assert Sent(confirmable=False) == await notifier.send(notification(told))

    assert (3, []) == (len(teams.cards), teams.lost)
    assert ["🔴 INC-42", "🔴 Acknowledged: INC-42", "🟢 Resolved: INC-42"] == [
        texts(each)[0].partition(" checkout")[0] for each in teams.cards
    ]
    assert {"Action.OpenUrl"} == {action["type"] for each in teams.cards for action in each["actions"]}


@pytest.mark.looptime
async def test_four_cards_a_second(teams, notifier):
    """A crowd waits here; Teams never has to throttle."""
    outcomes = await asyncio.gather(*(notifier.send(notification()) for _ in range(40)))

    sent = sum(isinstance(one, Sent) for one in outcomes)
    assert (sent, 0) == (len(teams.cards), teams.limited)
    assert 12 <= sent < 40
    assert {FailureReason.RATE_LIMITED} == {one.reason for one in outcomes if isinstance(one, Failed)}


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("status", "reason", "retry"),
    [
        (400, FailureReason.CLIENT_ERROR, False),
        (401, FailureReason.AUTH_ERROR, False),
        (403, FailureReason.AUTH_ERROR, False),
        (404, FailureReason.CLIENT_ERROR, False),
        (413, FailureReason.CLIENT_ERROR, False),
        (429, FailureReason.RATE_LIMITED, True),
        (500, FailureReason.SERVER_ERROR, True),
        (503, FailureReason.SERVER_ERROR, True),
        (302, FailureReason.CLIENT_ERROR, False),
    ],
)
async def test_refusals(teams, notifier, status, reason, retry):
    """Each has its reason; words of the answer are not repeated."""
    teams.answers = [web.Response(status=status, text="canary", headers={"Retry-After": "9"})]
    outcome = await notifier.send(notification())

    assert (reason, retry, 9.0 if retry else None) == (outcome.reason, outcome.retry, outcome.retry_after)
    assert "canary" not in outcome.detail


@pytest.mark.looptime
async def test_a_429_holds_the_webhook(teams, notifier):
    """As long as it says; without a word for a second."""
    teams.answers = [web.Response(status=429)]
    await notifier.send(notification())
    assert isinstance(await notifier.send(notification()), Sent)  # waited inside
    teams.answers = [web.Response(status=429, headers={"Retry-After": "30"})]
    await notifier.send(notification())
    again = await notifier.send(notification())

    assert 29 < again.retry_after <= 30


@pytest.mark.looptime
async def test_the_address_is_never_told(teams, caplog):
    """Not in outcomes, logs or representations."""
    caplog.set_level(logging.DEBUG)
    clock = LoopClock(0.0)
    told = []
    for url in (teams.url + "-wrong", "http://127.0.0.1:1/?sig=canary", "http://canary.invalid/", "canary", ""):
        spec = TeamsSpec(HeldSecret(url))
        notifier = TeamsNotifier(spec, clock, teams_pace(clock))
        told += [await notifier.send(notification()), spec, notifier]
        await notifier.close()

    assert 5 == sum(isinstance(one, Failed) for one in told)
    assert "canary" not in repr(told) + caplog.text


def test_evidence_is_cut_first_and_said():
    """What fits stays, the rest is counted, everything else is there."""
    told = message(evidence=tuple(f"line {number} " + "ü" * 500 for number in range(100)))
    body = card_body(told)
    said = texts(card(told))
    kept = sum(line.startswith("• line") for line in said)

    assert MOST_BYTES - 2_000 < len(body) <= MOST_BYTES
    assert f"{100 - kept} more lines of evidence did not fit; the incident's page has all." in said
    assert [True] * 3 == [any(word in line for line in said) for word in ("Impact", "Next", "Why you got this")]


def test_a_storm_names_what_fits():
    """Incidents beyond the limit are counted."""
    told = storm(1_000)
    said = texts(card(told))
    kept = sum(line.startswith("• INC-") for line in said)

    assert len(card_body(told)) <= MOST_BYTES
    assert f"{1_000 - kept} more incidents did not fit." in said


def test_a_whole_digest_fits():
    """With titles of a hundred characters and links; each name leads to its incident's page."""
    url = "https://monitoring.prod.eu-central-1.example.com/aiops/incidents/INC-12345"
    named = tuple(Named(f"INC-{12345 + n}", "t" * 100, "warning", "checkout-api", url) for n in range(MOST_NAMED))
    told = storm(1, event=MessageEvent.DIGEST, named=named)
    linked = [run for block in card(told)["body"] for run in block["inlines"] if "selectAction" in run]

    assert [one.name for one in named] == [run["text"] for run in linked]
    assert {url} == {run["selectAction"]["url"] for run in linked}


@pytest.mark.parametrize("text", [HOSTILE, FLOOD, "😀" * 30_000, '"\\' * 30_000, "\ud800", ""])
def test_hostile_text_is_data(text):
    """It stands in text runs alone, which know no Markdown; only web addresses become buttons."""
    document = json.loads(card_body(hostile(text)))
    made = document["attachments"][0]["content"]

    assert (True, "") == (len(card_body(hostile(text))) <= MOST_BYTES, unfit(document))
    assert {"RichTextBlock"} == {block["type"] for block in made["body"]}
    assert all(action["url"].startswith("https://e.org/") for action in made.get("actions", []))


@given(st.text(max_size=700), st.integers(0, 80), st.integers(0, 300))
def test_any_card_fits(text, evidence, named):
    """Whatever the texts, however many lines."""
    told = hostile(text)
    many = storm(named, evidence=(text,) * evidence, title=text, why_you=text, note=text)

    assert max(len(card_body(told)), len(card_body(many))) <= MOST_BYTES
