"""Microsoft Teams: an adaptive card for the webhook of a workflow.

Enters: a notification. Leaves: what became of one attempt. A 202 is taken as sent, for there is nothing better: the
workflow answers before it runs, and says nothing when it fails later. Never lets the address, which is the secret, into
words.
"""

from __future__ import annotations

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.channels.msteams import TeamsSpec
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Failed, FailureReason, Notification, Outcome, Sent
from aiops_daemon.core.model.source import HttpSpec
from aiops_daemon.edges.notify.exchange import Exchange
from aiops_daemon.edges.notify.pace import Pace
from aiops_daemon.edges.notify.secret import read_secret
from aiops_daemon.edges.notify.statuses import failed, retry_after
from aiops_daemon.edges.notify.teamscard import card_body

EVERY_SECONDS = 0.25  # over four requests a second Teams throttles
_PAUSE = 1.0  # seconds after a 429 that does not say how long


def teams_pace(clock: Clock) -> Pace:
    """Make what all Teams channels of this process share: four messages a second to each webhook."""
    return Pace(clock, every=EVERY_SECONDS)


class TeamsNotifier:
    """Posts cards through one workflow; cards cannot be changed later."""

    def __init__(self, spec: TeamsSpec, clock: Clock, pace: Pace) -> None:
        self._spec = spec
        self._clock = clock
        self._pace = pace
        self._exchange = Exchange(HttpSpec(), clock, spec.timeout)

    async def send(self, notification: Notification) -> Outcome:
        """Send one card once; what only changes a message that stands is no message here."""
        if notification.message.event is MessageEvent.UPDATE:
            return Sent()
        url = read_secret(self._spec.webhook, "webhook URL")
        if isinstance(url, Failed):
            return url
        if (wait := await self._pace.turn(url)) > 0:
            return Failed(FailureReason.RATE_LIMITED, "waits for the webhook's turn", retry=True, retry_after=wait)
        headers = {"Content-Type": "application/json; charset=utf-8"}
        answer = await self._exchange.send("POST", url, headers=headers, body=card_body(notification.message))
        if isinstance(answer, Failed):
            return answer
        if answer.accepted:
            return Sent()
        asked = retry_after(answer.headers, self._clock.now())
        if answer.status == 429:
            self._pace.hold(url, asked or _PAUSE)
        return failed(answer.status, _WORDS.get(answer.status, "the workflow refused the card"), asked)

    async def close(self) -> None:
        """Release connections; idempotent."""
        await self._exchange.close()


_WORDS = {
    401: "the workflow's URL is not valid any more: make a new one",
    403: "the workflow may not be called by its URL: allow anyone in its trigger",
    404: "the workflow was removed or is switched off",
    413: "the card is too large",
    429: "the workflow is called too often",
}
