"""Pages through PagerDuty: one attempt for each message, within a deadline, off the loop.

Enters: a row of the outbox. Leaves: what became of it. The dedup key is the row's, the same over trigger, acknowledge,
resolve and all attempts. Never sleeps, never repeats: the outbox does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx2

from aiops_daemon.core.model.channels.pagerduty import PagerDutySpec
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Failed, Notification, Outcome, Sent
from aiops_daemon.edges.notify.pagerduty import body
from aiops_daemon.edges.notify.pagerduty.answers import once
from aiops_daemon.edges.notify.pagerduty.api import Incidents
from aiops_daemon.edges.notify.pagerduty.clients import Events
from aiops_daemon.edges.notify.pagerduty.lane import DEADLINE_SECONDS, Lane
from aiops_daemon.edges.notify.secret import read_secret

PAGING = frozenset((MessageEvent.TRIGGER, MessageEvent.STORM, MessageEvent.DIGEST, MessageEvent.TEST))
_ENDS = {MessageEvent.ACKNOWLEDGE: "acknowledged", MessageEvent.RESOLVE: "resolved"}


class PagerDutyNotifier:
    """One integration of one PagerDuty service."""

    def __init__(self, spec: PagerDutySpec, now: Callable[[], float], *, deadline: float = DEADLINE_SECONDS) -> None:
        self._spec = spec
        self._now = now
        self._lane = Lane(spec.url, deadline=deadline)
        self._incidents = Incidents(spec, now, deadline=deadline)

    async def send(self, notification: Notification) -> Outcome:
        """Send one message once. An update is a note, where there is one to write and a token to write it with."""
        message, key = notification.message, notification.dedup_key or notification.uid
        if message.event is MessageEvent.UPDATE:
            text = f"{message.actor}: {message.note}" if message.actor else message.note
            since = notification.created_at if notification.attempts > 1 else None
            return await self._incidents.note(key, text, since=since) if text else Sent(key)
        if message.event is MessageEvent.ACKNOWLEDGE:
            return await self._post(key, lambda client: client.acknowledge(key), confirmable=self._spec.writes)
        if message.event is MessageEvent.RESOLVE:
            return await self._post(key, lambda client: client.resolve(key), confirmable=self._spec.writes)
        if message.event is MessageEvent.CHANGE:
            change = body.change(message, self._spec)
            return await self._post("", lambda client: client.send_change_event(**change))
        event = body.trigger(message, self._spec, key)
        taken = await self._post(key, lambda client: _submit(client, event), confirmable=self._spec.confirmable)
        if not isinstance(taken, Sent) or self._spec.api_token is not None:
            return taken
        return replace(taken, told_once=taken.confirmable)  # webhooks tell of what is made, not of what joins it

    async def _post(self, key: str, call: Callable[[Events], Any], *, confirmable: bool = False) -> Outcome:
        routing_key = read_secret(self._spec.routing_key, "routing key")
        if isinstance(routing_key, Failed):
            return routing_key

        def post(transport: httpx2.BaseTransport) -> Sent:
            call(Events(routing_key, self._spec.url, transport))
            return Sent(key, confirmable)

        return await once(self._lane, post, routing_key, self._now())

    async def confirmed(self, notification: Notification) -> bool | None:
        """Say whether PagerDuty shows the page that it accepted, or its end; None when that cannot be asked.

        An end that it does not show is written by the REST API.
        """
        key, event = notification.dedup_key or notification.uid, notification.message.event
        if event in _ENDS:
            return await self._incidents.settled(key, _ENDS[event], notification.sent_at or notification.created_at)
        return await self._incidents.shown(key, notification.created_at) if event in PAGING else None

    async def note(self, dedup_key: str, text: str) -> Outcome:
        """Write a note to an incident there."""
        return await self._incidents.note(dedup_key, text)

    async def dedup_key(self, remote_id: str) -> str | None:
        """Return the key of an incident there, "" when it has none; None: it could not be asked."""
        return await self._incidents.dedup_key(remote_id)

    async def close(self) -> None:
        """Close the connections; idempotent."""
        self._lane.close()
        self._incidents.close()


def _submit(client: Events, event: dict[str, Any]) -> None:
    fields = dict(event)
    client.send_event(fields.pop("event_action"), **fields)
