"""Slack by an incoming webhook: every message a new one, the address a secret."""

import asyncio
import logging

import pytest
from aiohttp import web
from chat_world import acknowledged, message, notification, resolved
from fake_slack import FakeSlack

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


@pytest.fixture
async def webhook(slack):
    clock = LoopClock(0.0)
    notifier = slack_notifier(SlackSpec(webhook=HeldSecret(slack.webhook)), clock, slack_pace(clock))
    yield notifier
    await notifier.close()


async def test_each_message_is_a_new_one(slack, webhook):
    """Trigger, acknowledge and resolve are posted; an update, which could change nothing, is not."""
    for told in (message(), message(MessageEvent.UPDATE), acknowledged(), resolved()):
        assert Sent() == await webhook.send(notification(told))

    assert 3 == len(slack.heads())
    assert "resolved by ann" in slack.heads()[-1].fields["blocks"][1]["fields"][0]["text"]


async def test_the_channel_gets_a_message_a_second(slack, webhook):
    """A crowd waits here; Slack never has to refuse."""
    outcomes = await asyncio.gather(*(webhook.send(notification()) for _ in range(8)))

    assert (4, 0) == (len(slack.messages), slack.limited)
    assert 4 == sum(isinstance(one, Failed) and one.retry for one in outcomes)


@pytest.mark.parametrize(
    ("status", "text", "reason", "retry"),
    [
        (400, "invalid_payload", FailureReason.CLIENT_ERROR, False),
        (403, "action_prohibited", FailureReason.AUTH_ERROR, False),
        (404, "channel_not_found", FailureReason.CLIENT_ERROR, False),
        (404, "no_service", FailureReason.CLIENT_ERROR, False),
        (410, "channel_is_archived", FailureReason.CLIENT_ERROR, False),
        (429, "rate_limited", FailureReason.RATE_LIMITED, True),
        (500, "rollup_error", FailureReason.SERVER_ERROR, True),
        (302, "", FailureReason.CLIENT_ERROR, False),
        (200, "<html>a proxy</html>", FailureReason.OTHER, True),
        (200, "invalid_token", FailureReason.AUTH_ERROR, False),
    ],
)
async def test_refusals(slack, webhook, status, text, reason, retry):
    """The status decides, Slack's word is told."""
    slack.answers = [web.Response(status=status, text=text, headers={"Retry-After": "7"})]
    outcome = await webhook.send(notification())

    assert (reason, retry) == (outcome.reason, outcome.retry)
    assert (text if text.islower() and "<" not in text else "") in outcome.detail
    assert (7.0 if retry and status != 200 else outcome.retry_after) == outcome.retry_after


async def test_a_429_holds_the_webhook(slack, webhook):
    """As long as it says."""
    slack.answers = [web.Response(status=429, headers={"Retry-After": "60"})]
    await webhook.send(notification())
    again = await webhook.send(notification())

    assert (1, True) == (len(slack.calls), 59 < again.retry_after <= 60)


async def test_the_address_is_never_told(slack, caplog, tmp_path):
    """Not in outcomes, logs or representations: wrong, unreachable, unreadable, not an address."""
    caplog.set_level(logging.DEBUG)
    clock = LoopClock(0.0)
    (tmp_path / "url").write_text("canary is no address")
    secrets = [
        HeldSecret(slack.webhook.replace("canary-webhook", "canary-other")),
        HeldSecret("http://127.0.0.1:1/services/canary"),
        HeldSecret("http://canary.invalid/services/canary"),
        HeldSecret("canary"),
        HeldSecret("https://[canary/"),
        FileSecret(tmp_path / "url"),
        FileSecret(tmp_path / "canary-none"),
    ]
    told = []
    for secret in secrets:
        spec = SlackSpec(webhook=secret)
        notifier = slack_notifier(spec, clock, slack_pace(clock))
        told.append(await notifier.send(notification()))
        await notifier.close()

    assert [True] * len(secrets) == [isinstance(one, Failed) for one in told]
    assert "canary" not in repr(told) + caplog.text


def test_a_channel_without_either_is_refused():
    """The configuration never builds one."""
    clock = LoopClock(0.0)
    with pytest.raises(ValueError, match="needs a bot token or an incoming webhook"):
        slack_notifier(SlackSpec(), clock, slack_pace(clock))
    assert [("", True), ("incoming webhook", False)] == [
        (each.destination, each.living) for each in (SlackSpec(HeldSecret("x")), SlackSpec(webhook=HeldSecret("x")))
    ]
