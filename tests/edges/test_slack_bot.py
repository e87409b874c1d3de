"""Slack as a bot: one message for an incident, its story in the thread, a message a second to each channel."""

import asyncio
import logging
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import web
from chat_world import acknowledged, message, notification, resolved, storm, trial
from fake_slack import TOKEN, FakeSlack

from aiops_daemon.clock import LoopClock
from aiops_daemon.config.secret import FileSecret, HeldSecret
from aiops_daemon.core.model.channels.slack import SlackSpec
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Failed, FailureReason, Sent
from aiops_daemon.edges.notify.slack import slack_notifier, slack_pace

pytestmark = pytest.mark.looptime


@pytest.fixture
async def slack():
    async with FakeSlack() as fake:
        yield fake


class Bot:
    """A configured bot, closed at the end."""

    def __init__(self, slack, clock=None, **changes):
        self.clock = clock or LoopClock(1_795_230_600.0)
        given = {"bot_token": HeldSecret(TOKEN), "channel": "#ops", "signing_secret": HeldSecret("s"), **changes}
        self.spec = SlackSpec(web_api_url=slack.api, **given)
        self.notifier = slack_notifier(self.spec, self.clock, slack_pace(self.clock))

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_error):
        await self.notifier.close()
        await self.notifier.close()

    async def send(self, told=None, thread="", **changes):
        """Send one message."""
        return await self.notifier.send(notification(told, thread=thread, **changes))


async def test_an_incident_is_one_message_that_changes(slack):
    """Trigger, update, acknowledge and resolve: one message in the channel, the story in its thread."""
    async with Bot(slack) as bot:
        first = await bot.send()
        assert isinstance(first, Sent)
        for told in (message(MessageEvent.UPDATE, firing=1), acknowledged(), resolved()):
            assert Sent(first.reply) == await bot.send(told, first.reply)

    (head,) = slack.heads()
    assert f"C0OPS:{head.ts}" == first.reply
    assert ["open", "acknowledged by ann", "resolved by ann"] == [
        each["blocks"][1]["fields"][0]["text"].removeprefix("*State*\n") for each in head.updates
    ]
    assert ["Acknowledged by ann after 12m", "🟢 Resolved by ann after 32m"] == [
        each.fields["text"] for each in slack.thread(head.ts)
    ]
    assert "actions" not in {block["type"] for block in head.now["blocks"]}


async def test_a_second_call_is_seen_by_the_channel(slack):
    """Another trigger of the same incident answers in its thread, and is broadcast."""
    async with Bot(slack) as bot:
        first = await bot.send()
        again = await bot.send(message(severity="critical"), first.reply)

    (head,) = slack.heads()
    (answer,) = slack.thread(head.ts)
    assert (True, first) == (answer.fields["reply_broadcast"], again)


async def test_a_second_call_changes_the_first_message(slack):
    """An incident that came back is no longer shown as resolved, and its buttons are there again."""
    async with Bot(slack) as bot:
        first = await bot.send()
        await bot.send(resolved(), first.reply)
        await bot.send(message(), first.reply)

    (head,) = slack.heads()
    assert "*State*\nopen" == head.now["blocks"][1]["fields"][0]["text"]
    assert "actions" in {block["type"] for block in head.now["blocks"]}


LIMITED = {"status": 429, "headers": {"Retry-After": "300"}}


@pytest.mark.parametrize("trouble", ["internal_error", "invalid_blocks", LIMITED])
async def test_a_first_message_that_cannot_change_holds_up_no_page(slack, trouble):
    """The channel is called all the same, and once."""
    async with Bot(slack) as bot:
        first = await bot.send()
        slack.answers = [trouble if isinstance(trouble, str) else web.json_response({"ok": False}, **trouble)]
        assert first == await bot.send(message(), first.reply)

    (head,) = slack.heads()
    assert (0, 1) == (len(head.updates), len(slack.thread(head.ts)))


async def test_a_first_message_that_hangs_holds_up_no_page_for_long(slack):
    """Five seconds, and the call is out within its deadline."""
    async with Bot(slack) as bot:
        first = await bot.send()
        slack.hanging = 9.0
        began = bot.clock.monotonic()
        assert first == await bot.send(message(), first.reply)

    assert 16 > bot.clock.monotonic() - began
    assert 1 == len(slack.thread(slack.heads()[0].ts))


async def test_a_storm_page_grows_in_place(slack):
    """A storm page that names more is the same message; a digest and a test are always new ones."""
    async with Bot(slack) as bot:
        first = await bot.send(storm(3))
        await bot.send(storm(5), first.reply)
        await bot.send(storm(2, event=MessageEvent.DIGEST), first.reply)
        await bot.send(trial(), first.reply)

    assert [1, 0, 0] == [len(each.updates) for each in slack.heads()]


async def test_what_a_person_removed_is_not_missed(slack):
    """An update has nothing to change; the next call makes a new message."""
    async with Bot(slack) as bot:
        first = await bot.send()
        slack.remove(first.reply.partition(":")[2])

        assert Sent(first.reply) == await bot.send(message(MessageEvent.UPDATE), first.reply)
        assert [] == slack.messages
        second = await bot.send(message(), first.reply)
        await bot.send(resolved(), second.reply)

    (head,) = slack.heads()
    assert f"C0OPS:{head.ts}" == second.reply
    assert "resolved" in head.now["blocks"][1]["fields"][0]["text"]


async def test_what_is_left_of_a_removed_message_takes_no_call(slack):
    """Slack keeps the thread of a removed message that was answered; nobody sees it, so the call is a new message."""
    async with Bot(slack) as bot:
        first = await bot.send()
        slack.answers = ["message_not_found"]
        second = await bot.send(message(), first.reply)

    assert ["chat.postMessage", "chat.update", "chat.postMessage"] == [method for method, _ in slack.calls]
    assert f"C0OPS:{slack.heads()[1].ts}" == second.reply


async def test_the_first_word_may_be_an_update(slack):
    """Without a first message, whatever comes becomes it."""
    async with Bot(slack) as bot:
        for told in (message(MessageEvent.UPDATE), acknowledged(), resolved()):
            assert isinstance(await bot.send(told), Sent)

    assert 3 == len(slack.heads())


async def test_people_are_reached_by_their_slack_id(slack):
    """The message goes to their direct channel, and so does what follows."""
    async with Bot(slack, channel="") as bot:
        first = await bot.send(address="U0ANN", destination="person/ann/slack")
        assert first.reply.startswith("D0ANN:")
        assert Sent(first.reply) == await bot.send(acknowledged(), first.reply)  # the thread knows where
        nobody = await bot.send()

    assert Failed(FailureReason.CLIENT_ERROR, "no channel and no Slack id to send to", retry=False) == nobody
    assert ["D0ANN", "D0ANN"] == [each.channel for each in slack.messages]


async def test_a_channel_gets_a_message_a_second(slack):
    """Of ten at once some wait, the rest are told when to come again; Slack never has to refuse."""
    async with Bot(slack) as bot:
        outcomes = await asyncio.gather(*(bot.send() for _ in range(10)))
        waits = sorted(one.retry_after for one in outcomes if isinstance(one, Failed))

    assert (4, 0) == (len(slack.messages), slack.limited)
    assert {FailureReason.RATE_LIMITED} == {one.reason for one in outcomes if isinstance(one, Failed)}
    assert all(later - earlier >= 0.99 for earlier, later in pairwise(waits))


async def test_one_channel_does_not_delay_another(slack):
    """While one channel's messages wait for their turn, another's leaves at once."""
    clock = LoopClock(0.0)
    pace = slack_pace(clock)
    specs = [SlackSpec(HeldSecret(TOKEN), channel=name, web_api_url=slack.api) for name in ("#ops", "#other")]
    ops, other = (slack_notifier(spec, clock, pace) for spec in specs)
    crowd = asyncio.gather(*(ops.send(notification()) for _ in range(20)))
    assert isinstance(await other.send(notification()), Sent)

    assert clock.monotonic() < 0.5
    await crowd
    await ops.close()
    await other.close()


async def test_one_workspace_does_not_delay_another(slack):
    """A channel of the same name elsewhere, and changes there, have limits of their own."""
    async with FakeSlack() as elsewhere:
        clock = LoopClock(0.0)
        pace = slack_pace(clock)
        specs = [SlackSpec(HeldSecret(TOKEN), channel="#ops", web_api_url=slack.api)]
        specs += [SlackSpec(FileSecret(Path("/no/such")), channel="#ops", web_api_url=elsewhere.api)]
        ours, theirs = (slack_notifier(spec, clock, pace) for spec in specs)
        slack.answers = [web.json_response({"ok": False, "error": "ratelimited"}, **LIMITED)]
        await ours.send(notification())
        await ours.send(notification())
        outcome = await theirs.send(notification())
        await ours.close()
        await theirs.close()

    assert FailureReason.AUTH_ERROR == outcome.reason  # it had its turn, and had no token


async def test_what_slack_asks_to_wait_is_kept(slack):
    """A 429 holds that channel for as long as it says, and no other."""
    slack.answers = [
        web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "30"})
    ]
    async with Bot(slack) as bot:
        refused = await bot.send()
        again = await bot.send()
        calls = len(slack.calls)
        elsewhere = await bot.send(address="U0BO")

    assert (FailureReason.RATE_LIMITED, True, 30.0) == (refused.reason, refused.retry, refused.retry_after)
    assert (1, FailureReason.RATE_LIMITED) == (calls, again.reason)
    assert 29 < again.retry_after <= 30
    assert isinstance(elsewhere, Sent)


async def test_updates_wait_for_their_own_limit_alone(slack):
    """A 429 of chat.update holds updates, not messages."""
    async with Bot(slack) as bot:
        first = await bot.send()
        slack.answers = [
            web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "20"})
        ]
        for told in (message(MessageEvent.UPDATE), message(MessageEvent.UPDATE)):
            limited = await bot.send(told, first.reply)
            assert (FailureReason.RATE_LIMITED, True) == (limited.reason, limited.alone)
        assert isinstance(await bot.send(), Sent)

    assert ["chat.postMessage", "chat.update", "chat.postMessage"] == [method for method, _ in slack.calls]


async def test_a_line_that_cannot_be_written_now_is_written_later(slack):
    """The head changed, the thread did not: the attempt fails, and its repetition completes it."""
    async with Bot(slack) as bot:
        first = await bot.send()
        slack.answers = ["", "internal_error"]
        slack.answers[0] = web.json_response({"ok": True, "channel": "C0OPS", "ts": "1"})
        outcome = await bot.send(acknowledged(), first.reply)
        assert (FailureReason.SERVER_ERROR, True) == (outcome.reason, outcome.retry)
        assert Sent(first.reply) == await bot.send(acknowledged(), first.reply)

    assert 1 == len(slack.thread(slack.heads()[0].ts))


REFUSALS = [
    ("invalid_auth", FailureReason.AUTH_ERROR, False),
    ("not_authed", FailureReason.AUTH_ERROR, False),
    ("account_inactive", FailureReason.AUTH_ERROR, False),
    ("token_revoked", FailureReason.AUTH_ERROR, False),
    ("missing_scope", FailureReason.AUTH_ERROR, False),
    ("channel_not_found", FailureReason.CLIENT_ERROR, False),
    ("not_in_channel", FailureReason.CLIENT_ERROR, False),
    ("is_archived", FailureReason.CLIENT_ERROR, False),
    ("msg_too_long", FailureReason.CLIENT_ERROR, False),
    ("invalid_blocks", FailureReason.CLIENT_ERROR, False),
    ("something_new", FailureReason.CLIENT_ERROR, False),
    ("ratelimited", FailureReason.RATE_LIMITED, True),
    ("internal_error", FailureReason.SERVER_ERROR, True),
    ("fatal_error", FailureReason.SERVER_ERROR, True),
    ("service_unavailable", FailureReason.SERVER_ERROR, True),
]


@pytest.mark.parametrize(("word", "reason", "retry"), REFUSALS, ids=[word for word, _, _ in REFUSALS])
async def test_refusals_in_a_200(slack, word, reason, retry):
    """`ok: false` is a failure whatever the status says; the words name it."""
    slack.answers = [word]
    async with Bot(slack) as bot:
        outcome = await bot.send()

    assert (reason, retry) == (outcome.reason, outcome.retry)
    assert word in outcome.detail


async def test_refusals_say_what_to_do(slack):
    """A channel that the bot is not in, and one that does not exist, are told with a remedy."""
    async with Bot(slack, channel="#quiet") as quiet, Bot(slack, channel="#nowhere") as nowhere:
        assert "invite the bot" in (await quiet.send()).detail
        assert "check the channel's name" in (await nowhere.send()).detail


@pytest.mark.parametrize(
    ("status", "reason", "retry"),
    [
        (400, FailureReason.CLIENT_ERROR, False),
        (403, FailureReason.AUTH_ERROR, False),
        (429, FailureReason.RATE_LIMITED, True),
        (500, FailureReason.SERVER_ERROR, True),
        (503, FailureReason.SERVER_ERROR, True),
        (302, FailureReason.CLIENT_ERROR, False),
        (200, FailureReason.OTHER, True),
    ],
)
async def test_answers_that_are_not_slacks(slack, status, reason, retry):
    """A proxy's page is a failure too, a 200 as well; redirects are not followed."""
    slack.answers = [web.Response(status=status, text="<html>canary</html>", headers={"Location": slack.address})]
    async with Bot(slack) as bot:
        outcome = await bot.send()

    assert (reason, retry) == (outcome.reason, outcome.retry)
    assert "canary" not in outcome.detail
    assert 1 == len(slack.calls)


async def test_a_hanging_slack_ends_at_the_deadline(slack):
    """An attempt is over in time, and may be tried again."""
    slack.hanging = 30.0
    async with Bot(slack, timeout=2.0) as bot:
        began = bot.clock.monotonic()
        outcome = await bot.send()

    assert (FailureReason.DEADLINE_EXCEEDED, True) == (outcome.reason, outcome.retry)
    assert 2.0 == pytest.approx(bot.clock.monotonic() - began, abs=0.1)


async def test_nobody_there_is_unreachable():
    """A refused connection is told without the address."""
    clock = LoopClock(0.0)
    spec = SlackSpec(HeldSecret(TOKEN), channel="#ops", web_api_url="http://127.0.0.1:1/api")
    notifier = slack_notifier(spec, clock, slack_pace(clock))
    outcome = await notifier.send(notification())
    await notifier.close()

    assert Failed(FailureReason.UNREACHABLE, "connection refused", retry=True) == outcome


@pytest.mark.parametrize("text", [None, "", "xoxb-canary\nbot-token", "xoxb-canary-ü"])
async def test_a_token_that_cannot_be_used(slack, tmp_path, text):
    """It is told as what it is, and never repeated; a rotated file is seen at the next message."""
    if text is not None:
        (tmp_path / "token").write_text(text)
    async with Bot(slack, bot_token=FileSecret(tmp_path / "token")) as bot:
        outcome = await bot.send()
        (tmp_path / "token").write_text(TOKEN)
        assert isinstance(await bot.send(), Sent)

    assert (FailureReason.AUTH_ERROR, True) == (outcome.reason, outcome.retry)
    assert "canary" not in outcome.detail


async def test_no_secret_is_told(slack, caplog):
    """Not in outcomes, not in logs, not in representations, whatever goes wrong."""
    caplog.set_level(logging.DEBUG)
    told = []
    async with Bot(slack, bot_token=HeldSecret("xoxb-canary-wrong")) as bot:
        told.append(await bot.send())
        slack.answers = [
            web.Response(status=500, text="xoxb-canary-wrong"),
            web.json_response({"ok": False, "error": "xoxb-canary-wrong"}),
            web.json_response({"ok": False, "error": {"xoxb-canary-wrong": 1}}),
            web.json_response(["xoxb-canary-wrong"]),
        ]
        told += [await bot.send(address=f"U{number}") for number in range(4)]
        told += [bot.spec, bot.notifier]

    assert "canary" not in repr(told) + caplog.text
    assert 5 == sum(isinstance(one, Failed) for one in told)


async def test_the_request_is_one_that_slack_takes(slack):
    """JSON in UTF-8 with the token in its header; without Socket Mode or a signing secret there are no buttons."""
    async with Bot(slack, signing_secret=None) as bot:
        await bot.send(message(title="Übersicht 😀"))

    assert "Übersicht 😀" in slack.heads()[0].fields["text"]
    assert "actions" not in {block["type"] for block in slack.heads()[0].fields["blocks"]}
