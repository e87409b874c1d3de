"""The section `receivers`: named places that messages go to. Key names are Alertmanager's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from aiops_daemon.config.channels.email import EmailConfig, email_spec
from aiops_daemon.config.channels.jira import JiraConfig, jira_spec
from aiops_daemon.config.channels.log import LogConfig, log_spec
from aiops_daemon.config.channels.msteams import TeamsConfig, teams_spec
from aiops_daemon.config.channels.pagerduty import PagerDutyConfig, pagerduty_spec
from aiops_daemon.config.channels.phone import SmsConfig, VoiceConfig, sms_spec, voice_spec
from aiops_daemon.config.channels.slack import SlackConfig, slack_spec
from aiops_daemon.config.channels.webhook import WebhookConfig, webhook_spec
from aiops_daemon.config.fields import CountIn, DurationIn, Section
from aiops_daemon.config.texts import FilePath, Name
from aiops_daemon.core.model.receiver import ChannelSpec, ReceiverSpec, StormSpec


class Storm(Section):
    """When further incidents fold into one message."""

    pages: Annotated[int, CountIn(1, 10_000)] = 10
    """Pages to one target, or notices to one chat or mailbox, that still go out one by one."""

    within: Annotated[float, DurationIn("10s", "1d")] = 300.0
    """Time in which they are counted."""

    digest_after: Annotated[float, DurationIn("10s", "1h")] = 60.0
    """Time after its first incident at which the digest for a chat or mailbox goes out."""


class Receiver(Section):
    """A name, and the channels that a message to it leaves by. A channel without a destination of its own is how
    people are reached (`people`)."""

    name: Name
    """Name by which routes and escalations speak of it. Required, unique."""

    storm: Storm = Storm()
    """When further incidents fold into one storm page, or one digest; a critical one on a service not yet paged, or not
    yet told there, still goes out by itself."""

    email_configs: list[EmailConfig] = Field(default=[])
    """E-mail."""

    webhook_configs: list[WebhookConfig] = Field(default=[])
    """Signed JSON to URLs of your own."""

    sms_configs: list[SmsConfig] = Field(default=[])
    """Short messages."""

    voice_configs: list[VoiceConfig] = Field(default=[])
    """Calls."""

    jira_configs: list[JiraConfig] = Field(default=[])
    """Tickets in Jira."""
    pagerduty_configs: list[PagerDutyConfig] = Field(default=[])
    """Pages through PagerDuty."""
    slack_configs: list[SlackConfig] = Field(default=[])
    """Slack."""
    msteams_configs: list[TeamsConfig] = Field(default=[])
    """Microsoft Teams."""

    log_configs: list[LogConfig] = Field(default=[])
    """Lines of the daemon's own log."""


class Templates(Section):
    """The words of messages."""

    directory: FilePath | None = None
    """Folder with templates that replace the built-in ones, by file name. Default: the built-in ones."""


Channels = tuple[tuple[str, Callable[[Any, Path], ChannelSpec]], ...]
CHANNELS: Channels = (
    ("email_configs", email_spec),
    ("webhook_configs", webhook_spec),
    ("sms_configs", sms_spec),
    ("voice_configs", voice_spec),
    ("jira_configs", jira_spec),
    ("pagerduty_configs", pagerduty_spec),
    ("slack_configs", slack_spec),
    ("msteams_configs", teams_spec),
    ("log_configs", log_spec),
)
"""Every key of a receiver that holds channels, and what builds one."""


def receiver(section: Receiver, folder: Path) -> ReceiverSpec:
    """Build one receiver; its channels keep the order of the kinds, then of the file."""
    return ReceiverSpec(
        name=section.name,
        channels=tuple(_channels(section, folder)),
        storm=StormSpec(section.storm.pages, section.storm.within, section.storm.digest_after),
    )


def _channels(section: Receiver, folder: Path) -> Iterator[ChannelSpec]:
    for key, build in CHANNELS:
        for one in getattr(section, key):
            yield build(one, folder)
