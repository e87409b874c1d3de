"""Slack as a bot: one message stands for an incident and changes with it, its story is the thread.

Enters: a notification; its `thread` is the reply (`channel:ts`) to the first message of its key. Leaves: what became of
one attempt. A message a second leaves to each channel, and no channel waits for another. Never repeats by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.channels.slack import SlackSpec
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Failed, FailureReason, Notification, Outcome, Sent
from aiops_daemon.core.model.source import Secret
from aiops_daemon.edges.notify.pace import Pace
from aiops_daemon.edges.notify.slack.blocks import head, line
from aiops_daemon.edges.notify.slack.refusals import GONE
from aiops_daemon.edges.notify.slack.webapi import Refused, WebApi

EVERY_SECONDS = 1.0  # https://docs.slack.dev/apis/web-api/rate-limits: a message a second for each channel
_PAUSE = 1.0  # seconds after a 429 that does not say how long
_UPDATES = "chat.update"  # its limit is that of the method, not of a channel
_CHANGES = frozenset({MessageEvent.UPDATE, MessageEvent.STORM})
_ENDS = frozenset({MessageEvent.ACKNOWLEDGE, MessageEvent.RESOLVE})
_ALONE = frozenset({MessageEvent.DIGEST, MessageEvent.TEST})  # never changed later


class SlackBot:
    """Posts as a bot into one channel, or to people."""

    def __init__(self, spec: SlackSpec, token: Secret, clock: Clock, pace: Pace) -> None:
        self._spec = spec
        self._pace = pace
        self._api = WebApi(spec, token, clock)

    async def send(self, notification: Notification) -> Outcome:
        """Send one message once."""
        where, _, ts = notification.thread.partition(":")
        event = notification.message.event
        if not (where and ts) or event in _ALONE:
            return await self._first(notification, notification.address or self._spec.channel or where)
        if event in _CHANGES:
            return await self._changed(notification, where, ts)
        if event in _ENDS:
            return await self._told(notification, where, ts)
        return await self._again(notification, where, ts)

    async def close(self) -> None:
        """Release connections; idempotent."""
        await self._api.close()

    async def _first(self, notification: Notification, channel: str) -> Outcome:
        """Post the message that stands for the incident."""
        if not channel:
            return Failed(FailureReason.CLIENT_ERROR, "no channel and no Slack id to send to", retry=False)
        shown = head(notification.message, interactive=self._spec.interactive)
        return await self._post(channel, shown.payload())

    async def _again(self, notification: Notification, where: str, ts: str) -> Outcome:
        """Call again, under the first message and seen by the whole channel; anew when somebody removed that one."""
        if (wait := await self._pace.turn(where)) > 0:
            return _come_again(wait)
        under = {"channel": where, "thread_ts": ts, "reply_broadcast": True}
        answer = await self._api.call("chat.postMessage", line(notification.message).payload() | under)
        if isinstance(answer, Refused):
            gone = answer.word in GONE
            return await self._first(notification, where) if gone else self._noted(answer, where)
        return Sent(_reply(answer))

    async def _changed(self, notification: Notification, where: str, ts: str) -> Outcome:
        """Change the first message; when somebody removed it, there is nothing left to change."""
        return await self._update(notification, where, ts) or Sent(notification.thread)

    async def _told(self, notification: Notification, where: str, ts: str) -> Outcome:
        """Change the first message, and say in its thread what happened.

        The turn is taken before the change: an attempt that must come again has then done nothing.
        """
        if (wait := await self._pace.turn(where)) > 0:
            return _come_again(wait)
        if failure := await self._update(notification, where, ts):
            return failure
        answer = await self._api.call(
            "chat.postMessage", line(notification.message).payload() | {"channel": where, "thread_ts": ts}
        )
        if isinstance(answer, Refused) and answer.failure.retry:
            return self._noted(answer, where)
        return Sent(notification.thread)  # the first message says it already

    async def _update(self, notification: Notification, where: str, ts: str) -> Failed | None:
        shown = head(notification.message, interactive=self._spec.interactive).payload()
        if (wait := self._pace.held(_UPDATES)) > 0:
            return _come_again(wait)
        answer = await self._api.call("chat.update", _for_update(shown) | {"channel": where, "ts": ts})
        if isinstance(answer, Refused) and answer.word not in GONE:
            return self._noted(answer, _UPDATES)
        return None

    async def _post(self, channel: str, fields: Mapping[str, Any]) -> Outcome:
        if (wait := await self._pace.turn(channel)) > 0:
            return _come_again(wait)
        answer = await self._api.call("chat.postMessage", {**fields, "channel": channel})
        if isinstance(answer, Refused):
            return self._noted(answer, channel)
        self._pace.same(channel, str(answer.get("channel", channel)))
        return Sent(_reply(answer))

    def _noted(self, answer: Refused, place: str) -> Failed:
        """Pass a failure on; what Slack asks to wait holds for everything that goes the same way."""
        if answer.failure.reason is FailureReason.RATE_LIMITED:
            self._pace.hold(place, answer.failure.retry_after or _PAUSE)
        return answer.failure


def _reply(answer: Mapping[str, Any]) -> str:
    return f"{answer.get('channel', '')}:{answer.get('ts', '')}"


def _for_update(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what chat.update takes of it: it expands nothing by itself."""
    return {"text": fields["text"], "blocks": fields["blocks"]}


def _come_again(wait: float) -> Failed:
    return Failed(FailureReason.RATE_LIMITED, "waits for the channel's turn", retry=True, retry_after=wait)
