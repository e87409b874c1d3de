"""Slack by an incoming webhook, the simple mode: every message is a new one, for none can be changed later.

Enters: a notification. Leaves: what became of one attempt. Never lets the address, which is the secret, into words.
"""

from __future__ import annotations

import json

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.channels.slack import SlackSpec
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Failed, FailureReason, Notification, Outcome, Sent
from aiops_daemon.core.model.source import HttpSpec, Secret
from aiops_daemon.edges.notify.exchange import Exchange
from aiops_daemon.edges.notify.pace import Pace
from aiops_daemon.edges.notify.secret import read_secret
from aiops_daemon.edges.notify.slack.blocks import head
from aiops_daemon.edges.notify.slack.refusals import error_word, refused
from aiops_daemon.edges.notify.statuses import failed, retry_after

_PAUSE = 1.0  # seconds after a 429 that does not say how long


class SlackWebhook:
    """Posts into the channel that the webhook was made for."""

    def __init__(self, spec: SlackSpec, webhook: Secret, clock: Clock, pace: Pace) -> None:
        self._spec = spec
        self._webhook = webhook
        self._clock = clock
        self._pace = pace
        self._exchange = Exchange(HttpSpec(), clock, spec.timeout)

    async def send(self, notification: Notification) -> Outcome:
        """Send one message once; what only changes a message that stands is no message here."""
        if notification.message.event is MessageEvent.UPDATE:
            return Sent()
        url = read_secret(self._webhook, "incoming webhook")
        if isinstance(url, Failed):
            return url
        if (wait := await self._pace.turn(url)) > 0:
            return Failed(FailureReason.RATE_LIMITED, "waits for the channel's turn", retry=True, retry_after=wait)
        shown = head(notification.message, interactive=self._spec.interactive).payload()
        headers = {"Content-Type": "application/json; charset=utf-8"}
        answer = await self._exchange.send("POST", url, headers=headers, body=json.dumps(shown).encode())
        if isinstance(answer, Failed):
            return answer
        text = answer.body.decode(errors="replace").strip()
        if answer.accepted and text == "ok":
            return Sent()
        wait_asked = retry_after(answer.headers, self._clock.now())
        if answer.status == 429:
            self._pace.hold(url, wait_asked or _PAUSE)
        word = error_word(text)
        if answer.accepted:
            return refused(word, wait_asked) if word else failed(answer.status, "no answer of Slack's", wait_asked)
        return _failed(answer.status, word, wait_asked)

    async def close(self) -> None:
        """Release connections; idempotent."""
        await self._exchange.close()


def _failed(status: int, word: str, wait: float | None) -> Failed:
    """Say Slack's own word where it gives one; the status tells whether another attempt may help."""
    meant = failed(status, word, wait)
    return Failed(meant.reason, f"HTTP {status}: {refused(word, wait).detail}", meant.retry, meant.retry_after)
