"""`slack_configs`: messages to Slack, by a bot or by an incoming webhook."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from aiops_daemon.config.channels.fields import GuardedSecretUrl, GuardedUrl
from aiops_daemon.config.fields import DurationIn, Flag, SecretText, Section
from aiops_daemon.config.secret import secret
from aiops_daemon.config.texts import FilePath, Text
from aiops_daemon.core.model.channels.slack import SlackSpec


class SlackConfig(Section):
    """Post to Slack: a message for each incident, changed as the incident goes on, with its story in the thread. Needs
    exactly one of `bot_token`, `bot_token_file`, `api_url` and `api_url_file`."""

    bot_token: SecretText | None = None
    """Token of the app's bot (`xoxb-...`)."""

    bot_token_file: FilePath | None = None
    """File that holds the token; read again on every use."""

    channel: Text | None = None
    """Channel of a bot: `#name` or its id. Without one, this is how people are reached, by their Slack ids. An incoming
    webhook has a channel of its own."""

    api_url: GuardedSecretUrl | None = None
    """Address of an incoming webhook: the simple mode, which can change no message later. https, or http to this
    machine."""

    api_url_file: FilePath | None = None
    """File that holds the address; read again on every use."""

    signing_secret: SecretText | None = None
    """Signing secret of the app: with it messages have buttons, and `/webhooks/slack` takes clicks and commands. At
    most one of this and `signing_secret_file`."""

    signing_secret_file: FilePath | None = None
    """File that holds the signing secret; read again on every use."""

    app_level_token: SecretText | None = None
    """App-level token (`xapp-...`) for Socket Mode: clicks and commands come over a connection that the daemon opens.
    Needs the extra `slack-socket`. At most one of this and `app_level_token_file`."""

    app_level_token_file: FilePath | None = None
    """File that holds the app-level token; read again on every use."""

    send_resolved: Flag = True
    """Tell the end too."""

    web_api_url: GuardedUrl = "https://slack.com/api"
    """Where Slack's Web API is; GovSlack has another. https, or http to this machine."""

    timeout: Annotated[float, DurationIn("1s", "1m")] = 10.0
    """Longest time of one attempt."""


def slack_spec(section: SlackConfig, folder: Path) -> SlackSpec:
    """Build the channel."""
    return SlackSpec(
        bot_token=secret(section.bot_token, section.bot_token_file, folder),
        webhook=secret(section.api_url, section.api_url_file, folder),
        channel=section.channel or "",
        signing_secret=secret(section.signing_secret, section.signing_secret_file, folder),
        app_level_token=secret(section.app_level_token, section.app_level_token_file, folder),
        send_resolved=section.send_resolved,
        web_api_url=section.web_api_url,
        timeout=section.timeout,
    )
