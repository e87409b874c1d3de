"""Every channel that speaks HTTP, as the shared tests see it: a line each.

`spec(url)` makes the specification of one that speaks to `url`, with CANARY in every secret that it has.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from notify_world import Standing

from aiops_daemon.config.secret import HeldSecret
from aiops_daemon.core.model.channels.jira import JiraSpec
from aiops_daemon.core.model.channels.msteams import TeamsSpec
from aiops_daemon.core.model.channels.pagerduty import PagerDutySpec
from aiops_daemon.core.model.channels.phone import SmsSpec, VoiceSpec
from aiops_daemon.core.model.channels.slack import SlackSpec
from aiops_daemon.core.model.channels.webhook import WebhookSpec
from aiops_daemon.core.model.receiver import ChannelSpec
from aiops_daemon.core.model.source import HttpSpec
from aiops_daemon.edges.notify.build import Shared, make_notifier, make_paces
from aiops_daemon.edges.notify.render import Renderer
from aiops_daemon.ports.notify import Notifier

CANARY = "canary-4c1f9d"
"""What no log line, no outcome and no message may hold."""


def canary(name: str) -> HeldSecret:
    """Make a secret of its own that can be recognised."""
    return HeldSecret(f"{CANARY}-{name}")


@dataclass(frozen=True)
class Channel:
    """One kind of channel. `body` is what its service answers when it takes a message."""

    name: str
    spec: Callable[[str], ChannelSpec]
    body: str = "{}"


def _webhook(url: str) -> WebhookSpec:
    http = HttpSpec(bearer=canary("bearer"), secret_headers=(("X-Key", canary("header")),))
    return WebhookSpec(HeldSecret(f"{url}/{CANARY}-path?sig={CANARY}-query"), url, secret=canary("hmac"), http=http)


def _jira(url: str) -> JiraSpec:
    http = HttpSpec(username="aiops@example.org", password=canary("jira"))
    return JiraSpec(f"{url}/rest/api/2", "OPS", "Bug", http=http)


def _slack_bot(url: str) -> SlackSpec:
    return SlackSpec(canary("bot"), channel="#ops", signing_secret=canary("signing"), web_api_url=url)


def _pagerduty(url: str) -> PagerDutySpec:
    key = HeldSecret(f"{CANARY}-routing-key".ljust(32, "0"))
    return PagerDutySpec(key, url, url, api_token=canary("rest"), webhook_secrets=(canary("hook"),))


CHANNELS = (
    Channel("slack", _slack_bot, '{"ok": true, "channel": "C1", "ts": "1.2"}'),
    Channel("slack webhook", lambda url: SlackSpec(webhook=HeldSecret(f"{url}/services/{CANARY}")), "ok"),
    Channel("msteams", lambda url: TeamsSpec(HeldSecret(f"{url}/workflows/{CANARY}?sig={CANARY}")), ""),
    Channel("pagerduty", _pagerduty, '{"status": "success", "dedup_key": "x"}'),
    Channel("webhook", _webhook),
    Channel("sms", lambda url: SmsSpec(url, "AC1", canary("token"), "+4930111", "+4930123456"), '{"sid": "SM1"}'),
    Channel("voice", lambda url: VoiceSpec(url, "AC1", canary("token"), "+4930111", "+4930123456"), '{"sid": "CA1"}'),
    Channel("jira", _jira, '{"key": "OPS-1", "issues": []}'),
)


@asynccontextmanager
async def opened(spec: ChannelSpec) -> AsyncIterator[Notifier]:
    """Open a channel, and close it."""
    renderer, clock = Renderer(), Standing()
    notifier = make_notifier(spec, Shared(renderer, clock, make_paces(clock)))
    try:
        yield notifier
    finally:
        await notifier.close()
        await renderer.close()
