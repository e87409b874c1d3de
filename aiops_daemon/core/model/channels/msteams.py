"""A channel of Microsoft Teams: the webhook of a workflow (Power Automate) that posts what it receives."""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.source import Secret


@dataclass(frozen=True, slots=True)
class TeamsSpec:
    """The whole address is the secret: whoever knows it can post."""

    webhook: Secret
    send_resolved: bool = True
    timeout: float = 10.0  # seconds for one attempt, beside the wait for the webhook's turn

    integration = "msteams"
    destination = "workflow"
    pages = False
