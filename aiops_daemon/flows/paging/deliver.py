"""Messages out of the door: claimed under a lease, one attempt each, and what came of it written down.

Enters: what is due in the outbox. Leaves: calls of channels, rows that are sent, put off or given up. No channel delays
another: each destination and each integration has a bound of its own on what is under way, and notes go one by one in a
lane of theirs. Never sends anything that it does not hold; what it brings back late is refused by the store.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.notification import NOTES, Claim, Failed, FailureReason, Notification, Outcome, Sent
from aiops_daemon.core.model.receiver import ChannelSpec
from aiops_daemon.core.response.reach import Destination
from aiops_daemon.core.response.retry import next_attempt
from aiops_daemon.core.response.telling import Telling
from aiops_daemon.errors import StoreError
from aiops_daemon.logs import fields
from aiops_daemon.meter import Meter
from aiops_daemon.ports.notify import Confirmer, Counterpart, Notifier
from aiops_daemon.ports.paging import PagingStore

log = logging.getLogger(__name__)

AT_ONCE = 64  # attempts under way
OF_INTEGRATION = 24
OF_DESTINATION = 4
LEASE = 30.0  # seconds; longer than an attempt may take
DEADLINE = 20.0  # seconds for one attempt; channels have shorter ones of their own
LOOK_EVERY = 2.0  # seconds, where nothing says that there is news
GRACE = 2.0  # seconds in which what is under way may end, before it is cut off and sent once more later

MakeNotifier = Callable[[ChannelSpec], Notifier]


class Deliverer:
    """Sends what is due."""

    def __init__(
        self,
        store: PagingStore,
        telling: Callable[[], Telling],
        make: MakeNotifier,
        clock: Clock,
        meter: Meter,
        *,
        look_every: float = LOOK_EVERY,
    ) -> None:
        self.news = asyncio.Event()  # there may be something to send
        self._store = store
        self._telling = telling
        self._make = make
        self._clock = clock
        self._meter = meter
        self._look_every = look_every
        self._channels: dict[ChannelSpec, Notifier] = {}
        self._under_way: dict[asyncio.Task[None], Claim] = {}
        self._quiet_until: dict[str, float] = {}  # lanes that were asked for a pause
        self._inherited = False
        self._owes = True  # all was muted, in this process or perhaps in the one before

    async def run(self, beat: Callable[[], None]) -> None:
        """Deliver for ever."""
        for integration in self._telling().integrations():  # what is born at 1 has no increase that an alert could see
            self._meter.initialise("aiops_outbox_dead_letters_total", integration=integration)
        if not self._inherited:
            await self._store.inherit()
            self._inherited = True
        while True:
            self.news.clear()
            if not await self._start():
                await self._wait()
            await self._collect()
            beat()

    def confirmer(self, row: Notification) -> Confirmer | None:
        """Return the channel that can say whether a message became a page."""
        channel = self._channel(self._telling().find(row.destination, row.address))
        return channel if isinstance(channel, Confirmer) else None

    def counterparts(self) -> list[Counterpart]:
        """Return the channels whose services have incidents of their own."""
        found: list[Counterpart] = []
        for to in self._telling().everywhere():
            channel: object = self._channel(to)
            if isinstance(channel, Counterpart):
                found.append(channel)
        return found

    def _channel(self, to: Destination | None) -> Notifier | None:
        if to is None:
            return None
        if to.channel not in self._channels:
            self._channels[to.channel] = self._make(to.channel)
        return self._channels[to.channel]

    async def reconfigure(self) -> None:
        """Close the channels that the configuration no longer has; nothing may be under way."""
        for notifier in self._channels.values():
            await notifier.close()
        self._channels.clear()

    async def stop(self) -> None:
        """Let what is under way end, soon; what was not written down is claimed again when its lease ends."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=GRACE)
        await self._collect()
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._under_way.clear()
        await self.reconfigure()

    async def _start(self) -> bool:
        """Claim what fits and begin attempts; say whether there may be more."""
        await self._unmute()
        free = AT_ONCE - len(self._under_way)
        _, due_at = await self._store.next_due()
        if free <= 0 or due_at is None or due_at > self._clock.now():
            return False
        if self._telling().muted and (muted := await self._store.mute()):
            log.warning("what waited is not sent, for all is muted", extra=fields(count=muted))
        asked_at = self._clock.monotonic()
        claims = await self._store.claim(
            limit=free, lease=LEASE, busy=self._busy(), full=self._full(), each=OF_DESTINATION
        )
        if self._clock.monotonic() - asked_at > LEASE - DEADLINE:
            log.warning("claims came too late to be used", extra=fields(count=len(claims)))
            return bool(claims)  # we were halted meanwhile: others may have these by now, or will soon
        for claimed in claims:
            row = claimed.notification
            task = asyncio.create_task(self._attempt(claimed), name=f"deliver {row.uid}")
            self._under_way[task] = claimed
        return bool(claims)

    async def _unmute(self) -> None:
        """Let go, once all is live again, what was muted and is still owed."""
        muted = self._telling().muted
        if self._owes and not muted and (count := await self._store.unmute()):
            log.info("ends that were muted are sent now", extra=fields(count=count))
        self._owes = muted

    def _busy(self) -> list[str]:
        now = self._clock.now()
        self._quiet_until = {name: until for name, until in self._quiet_until.items() if until > now}
        counts = Counter(one.notification.lane for one in self._under_way.values())
        busy = [lane for lane, count in counts.items() if lane == NOTES or count >= OF_DESTINATION]
        return [*self._quiet_until, *busy]

    def _full(self) -> list[str]:
        counts = Counter(one.notification.integration for one in self._under_way.values())
        return [name for name, count in counts.items() if count >= OF_INTEGRATION]

    async def _wait(self) -> None:
        """Wait for news, for the end of an attempt, or for a while."""
        news = asyncio.create_task(self.news.wait())
        pause = asyncio.create_task(self._clock.sleep(self._look_every))
        try:
            await asyncio.wait({news, pause, *self._under_way}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
            pause.cancel()

    async def _collect(self) -> None:
        """Forget the attempts that ended; one that broke is told, and its message tried again later."""
        for task in [one for one in self._under_way if one.done()]:
            claimed = self._under_way.pop(task)
            error = None if task.cancelled() else task.exception()
            if isinstance(error, StoreError):
                log.warning("what came of a message is not written", exc_info=error)
            elif error is not None:
                log.error("a channel broke", exc_info=error, extra=fields(uid=claimed.notification.uid))
                await self._note(claimed, Failed(FailureReason.OTHER, type(error).__name__, retry=True))

    async def _attempt(self, claimed: Claim) -> None:
        row = claimed.notification
        to = self._telling().find(row.destination, row.address)
        started = self._clock.monotonic()
        outcome = await self._send(claimed, to)
        self._meter.observe(
            "aiops_notification_latency_seconds", self._clock.monotonic() - started, integration=row.integration
        )
        await self._note(claimed, outcome)

    async def _send(self, claimed: Claim, to: Destination | None) -> Outcome:
        notifier = self._channel(to)
        if notifier is None:
            return Failed(FailureReason.REMOVED, "its receiver is not in the configuration any more", retry=False)
        try:
            async with asyncio.timeout(DEADLINE):
                return await notifier.send(claimed.notification)
        except TimeoutError:
            return Failed(FailureReason.DEADLINE_EXCEEDED, f"no answer in {DEADLINE:g} s", retry=True)

    async def _note(self, claimed: Claim, outcome: Outcome) -> None:
        """Write down what came of an attempt."""
        row = claimed.notification
        told = fields(uid=row.uid, incident=row.message.name, destination=row.destination, event=row.message.event)
        if isinstance(outcome, Sent):
            kept = await self._store.sent(claimed, outcome)
            self._meter.inc("aiops_notifications_total", integration=row.integration)
            log.info("notification sent" if kept else "notification sent after its lease had ended", extra=told)
            return
        self._meter.inc("aiops_notifications_failed_total", integration=row.integration, reason=str(outcome.reason))
        now = self._clock.now()
        due_at = next_attempt(row, outcome, now)
        limited = outcome.reason is FailureReason.RATE_LIMITED and not outcome.alone
        if outcome.retry_after is not None and limited:
            self._quiet_until[row.lane] = now + outcome.retry_after
        why = {"reason": outcome.reason, "detail": outcome.detail}
        if due_at is None:
            if await self._store.give_up(claimed, outcome) and not row.message.note:
                self._meter.inc("aiops_outbox_dead_letters_total", integration=row.integration)
            log.error("notification given up", extra=fields(**told["fields"], **why))
            return
        await self._store.put_off(claimed, outcome, due_at)
        if row.attempts <= 1:
            log.warning("notification failed; it is tried again", extra=fields(**told["fields"], **why))
