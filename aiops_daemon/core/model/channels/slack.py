"""A channel of Slack: a bot that posts into a channel or to people, or an incoming webhook as the simple mode."""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.source import Secret


@dataclass(frozen=True, slots=True)
class SlackSpec:
    """Exactly one of `bot_token` and `webhook` is set. Without `channel` a bot reaches people by their Slack id."""

    bot_token: Secret | None = None
    webhook: Secret | None = None  # the whole address is the secret
    channel: str = ""  # "#ops" or an id
    signing_secret: Secret | None = None  # of buttons and commands that come over HTTP
    app_level_token: Secret | None = None  # of buttons and commands that come over Socket Mode
    send_resolved: bool = True
    web_api_url: str = "https://slack.com/api"
    timeout: float = 10.0  # seconds for one attempt, beside the wait for the channel's turn

    integration = "slack"
    pages = False

    @property
    def destination(self) -> str:
        """Return the channel; of an incoming webhook, which knows its own, a word for it."""
        return self.channel or ("incoming webhook" if self.webhook else "")

    @property
    def living(self) -> bool:
        """Say whether its first message can be changed later; an incoming webhook's never can."""
        return self.webhook is None

    @property
    def interactive(self) -> bool:
        """Say whether buttons lead anywhere: a click must be able to reach this daemon."""
        return self.signing_secret is not None or self.app_level_token is not None
