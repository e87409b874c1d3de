"""`msteams_configs`: messages to Microsoft Teams, by the webhook of a workflow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from aiops_daemon.config.channels.fields import GuardedSecretUrl
from aiops_daemon.config.fields import DurationIn, Flag, Section
from aiops_daemon.config.secret import HeldSecret, secret
from aiops_daemon.config.texts import FilePath
from aiops_daemon.core.model.channels.msteams import TeamsSpec


class TeamsConfig(Section):
    """Post an adaptive card to Microsoft Teams. Exactly one of `webhook_url` and `webhook_url_file`."""

    webhook_url: GuardedSecretUrl | None = None
    """Address of the workflow "when a Teams webhook request is received". https, or http to this machine."""

    webhook_url_file: FilePath | None = None
    """File that holds the address; read again on every use."""

    send_resolved: Flag = True
    """Tell the end too."""

    timeout: Annotated[float, DurationIn("1s", "1m")] = 10.0
    """Longest time of one attempt."""


def teams_spec(section: TeamsConfig, folder: Path) -> TeamsSpec:
    """Build the channel; that one of the two is given was checked before."""
    webhook = secret(section.webhook_url, section.webhook_url_file, folder)
    return TeamsSpec(webhook or HeldSecret(""), section.send_resolved, section.timeout)
