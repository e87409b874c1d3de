"""Slack: what a message looks like there, the Web API, and the two ways to post: as a bot, by an incoming webhook."""

from __future__ import annotations

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.channels.slack import SlackSpec
from aiops_daemon.edges.notify.pace import Pace
from aiops_daemon.edges.notify.slack.bot import EVERY_SECONDS, SlackBot
from aiops_daemon.edges.notify.slack.incoming import SlackWebhook
from aiops_daemon.ports.notify import Notifier


def slack_pace(clock: Clock) -> Pace:
    """Make what all Slack channels of this process share: a message a second to each channel."""
    return Pace(clock, every=EVERY_SECONDS)


def slack_notifier(spec: SlackSpec, clock: Clock, pace: Pace) -> Notifier:
    """Make the notifier of one configured channel."""
    if spec.webhook is not None:
        return SlackWebhook(spec, spec.webhook, clock, pace)
    if spec.bot_token is not None:
        return SlackBot(spec, spec.bot_token, clock, pace)
    raise ValueError("a Slack channel needs a bot token or an incoming webhook")
