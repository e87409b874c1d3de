"""Slack as a bot: one message stands for an incident and changes with it, its story is the thread.

Enters: a notification; its `thread` (`channel:ts`) is the message that stands for its key. Leaves: what became of one
attempt. A message a second leaves to each channel, and no channel waits for another. Never repeats by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
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
_BRIEFLY = 5.0  # seconds that a page waits for its first message to change
_CHANGES = frozenset({MessageEvent.UPDATE, MessageEvent.STORM})
_ENDS = frozenset({MessageEvent.ACKNOWLEDGE, MessageEvent.RESOLVE})
_ALONE = frozenset({MessageEvent.DIGEST, MessageEvent.TEST})  # never changed later


class SlackBot:
    """Posts as a bot into one channel, or to people."""

    def __init__(self, spec: SlackSpec, token: Secret, clock: Clock, pace: Pace) -> None:
        self._spec = spec
        self._pace = pace
        self._workspace = token  # names and limits are those of one workspace
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
        """Call again, under the first message and seen by the whole channel; anew when somebody removed that one.

        The first message is changed before: it may say that all is over, and offer nothing to do.
        """
        if (wait := await self._turn(where)) > 0:
            return _come_again(wait)
        if not await self._stands(notification, where, ts):
            return await self._first(notification, where)
        under = {"channel": where, "thread_ts": ts, "reply_broadcast": True}
        answer = await self._api.call("chat.postMessage", line(notification.message).payload() | under)
        if isinstance(answer, Refused):
            gone = answer.word in GONE
            return await self._first(notification, where) if gone else self._noted(answer, where)
        return Sent(notification.thread)

    async def _stands(self, notification: Notification, where: str, ts: str) -> bool:
        """Change the first message; False: it is gone. Whatever else goes wrong holds up no page."""
        try:
            async with asyncio.timeout(_BRIEFLY):
                refused = await self._update(notification, where, ts)
        except TimeoutError:
            return True
        return refused is None or refused.word not in GONE

    async def _changed(self, notification: Notification, where: str, ts: str) -> Outcome:
        """Change the first message; when somebody removed it, there is nothing left to change."""
        refused = await self._update(notification, where, ts)
        return refused.failure if refused and refused.word not in GONE else Sent(notification.thread)

    async def _told(self, notification: Notification, where: str, ts: str) -> Outcome:
        """Change the first message, and say in its thread what happened.

        The turn is taken before the change: an attempt that must come again has then done nothing.
        """
        if (wait := await self._turn(where)) > 0:
            return _come_again(wait)
        refused = await self._update(notification, where, ts)
        if refused and refused.word not in GONE:
            return refused.failure
        answer = await self._api.call(
            "chat.postMessage", line(notification.message).payload() | {"channel": where, "thread_ts": ts}
        )
        if isinstance(answer, Refused) and answer.failure.retry:
            return self._noted(answer, where)
        return Sent(notification.thread)  # the first message says it already

    async def _update(self, notification: Notification, where: str, ts: str) -> Refused | None:
        """Change the first message; what waits for the limit of changes keeps no other message back."""
        shown = head(notification.message, interactive=self._spec.interactive).payload()
        if (wait := self._pace.held((self._workspace, _UPDATES))) > 0:
            return Refused("", replace(_come_again(wait), alone=True))
        answer = await self._api.call("chat.update", _for_update(shown) | {"channel": where, "ts": ts})
        if not isinstance(answer, Refused):
            return None
        return Refused(answer.word, replace(self._noted(answer, _UPDATES), alone=True))

    async def _post(self, channel: str, fields: Mapping[str, Any]) -> Outcome:
        if (wait := await self._turn(channel)) > 0:
            return _come_again(wait)
        answer = await self._api.call("chat.postMessage", {**fields, "channel": channel})
        if isinstance(answer, Refused):
            return self._noted(answer, channel)
        self._pace.same((self._workspace, channel), (self._workspace, str(answer.get("channel", channel))))
        return Sent(_reply(answer))

    async def _turn(self, channel: str) -> float:
        return await self._pace.turn((self._workspace, channel))

    def _noted(self, answer: Refused, place: str) -> Failed:
        """Pass a failure on; what Slack asks to wait holds for everything that goes the same way."""
        if answer.failure.reason is FailureReason.RATE_LIMITED:
            self._pace.hold((self._workspace, place), answer.failure.retry_after or _PAUSE)
        return answer.failure


def _reply(answer: Mapping[str, Any]) -> str:
    return f"{answer.get('channel', '')}:{answer.get('ts', '')}"


def _for_update(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what chat.update takes of it: it expands nothing by itself."""
    return {"text": fields["text"], "blocks": fields["blocks"]}


def _come_again(wait: float) -> Failed:
    return Failed(FailureReason.RATE_LIMITED, "waits for the channel's turn", retry=True, retry_after=wait)
