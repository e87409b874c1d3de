"""Every kind of channel and what makes its notifier: the one table to extend.

Enters: a channel's specification, and what all channels share. Leaves: a notifier. Makes no connection and reads no
secret; each notifier does when it first sends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.receiver import ChannelSpec
from aiops_daemon.edges.notify.email import EmailNotifier
from aiops_daemon.edges.notify.jira import JiraNotifier
from aiops_daemon.edges.notify.log import LogNotifier
from aiops_daemon.edges.notify.msteams import TeamsNotifier, teams_pace
from aiops_daemon.edges.notify.pace import Pace
from aiops_daemon.edges.notify.pagerduty.events import PagerDutyNotifier
from aiops_daemon.edges.notify.render import Renderer
from aiops_daemon.edges.notify.slack import slack_notifier, slack_pace
from aiops_daemon.edges.notify.twilio import TwilioNotifier
from aiops_daemon.edges.notify.webhook import WebhookNotifier
from aiops_daemon.ports.notify import Notifier


@dataclass(frozen=True, slots=True)
class Paces:
    """The limits that services set, which all channels of a process keep together, whatever their configuration."""

    slack: Pace
    msteams: Pace


def make_paces(clock: Clock) -> Paces:
    """Make the limits of a process."""
    return Paces(slack_pace(clock), teams_pace(clock))


@dataclass(frozen=True, slots=True)
class Shared:
    """What the channels of one configuration have in common."""

    renderer: Renderer
    clock: Clock
    paces: Paces


NOTIFIERS: dict[str, Callable[[Any, Shared], Notifier]] = {
    "email": lambda spec, shared: EmailNotifier(spec, shared.renderer),
    "webhook": lambda spec, shared: WebhookNotifier(spec, shared.renderer, shared.clock),
    "sms": lambda spec, shared: TwilioNotifier(spec, shared.renderer, shared.clock),
    "voice": lambda spec, shared: TwilioNotifier(spec, shared.renderer, shared.clock),
    "jira": lambda spec, shared: JiraNotifier(spec, shared.renderer, shared.clock),
    "pagerduty": lambda spec, shared: PagerDutyNotifier(spec, shared.clock.now),
    "slack": lambda spec, shared: slack_notifier(spec, shared.clock, shared.paces.slack),
    "msteams": lambda spec, shared: TeamsNotifier(spec, shared.clock, shared.paces.msteams),
    "log": lambda spec, _: LogNotifier(spec),
}
"""By `integration` of the specification."""


def make_notifier(spec: ChannelSpec, shared: Shared) -> Notifier:
    """Make the notifier of a channel."""
    return NOTIFIERS[spec.integration](spec, shared)
