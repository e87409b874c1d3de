"""What this daemon says about itself, as alerts of a source of its own, so that people are told as of any other.

Enters: notices as they come, from anywhere in the event loop. Leaves: events on the desk, in order. A notice that was
said ends after a while without being said again; one that is held ends when it is let go.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.alert import SELF_SOURCE, AlertEvent, AlertStatus, Origin
from aiops_daemon.core.model.labels import Labels, get, make, text
from aiops_daemon.core.model.settings import RulesSpec
from aiops_daemon.flows.alerts.desk import Batch, Desk
from aiops_daemon.flows.alerts.wake import news_or_time
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

LASTS = 3600.0  # seconds that a notice stays open after it was last said
_LOOK_EVERY = 5.0  # seconds


@dataclass(slots=True)
class _Notice:
    labels: Labels
    summary: str
    since: float
    until: float | None  # None: held
    told: bool = False

    def is_over(self, now: float) -> bool:
        """Say whether it ended by now."""
        return self.until is not None and self.until <= now


class Notices:
    """Open notices by fingerprint."""

    def __init__(self, clock: Clock) -> None:
        self.rules = RulesSpec()  # where runbooks are
        self._clock = clock
        self._open: dict[str, _Notice] = {}
        self._changed = asyncio.Event()

    def say(self, rule: str, summary: str, *, severity: str = "critical", **labels: str) -> None:
        """Tell of something that happened."""
        self._put(rule, summary, severity, labels, self._clock.now() + LASTS)

    def hold(self, rule: str, summary: str, *, severity: str = "critical", **labels: str) -> None:
        """Tell of something that lasts until it is let go."""
        self._put(rule, summary, severity, labels, None)

    def let_go(self, rule: str, **labels: str) -> None:
        """End what was held; what is not held stays as it is."""
        for notice in self._open.values():
            own = dict(notice.labels)
            if own["alertname"] == rule and labels.items() <= own.items() and notice.until is None:
                notice.until = self._clock.now()
                self._changed.set()

    def _put(self, rule: str, summary: str, severity: str, labels: dict[str, str], until: float | None) -> None:
        own = make({**labels, "alertname": rule, "severity": severity, "service": "aiops-daemon"})
        key = hashlib.blake2b(text(own).encode(), digest_size=8).hexdigest()
        known = self._open.get(key)
        if known is None:
            log.warning("about ourselves", extra=fields(notice=rule, why=summary))
            self._open[key] = _Notice(own, summary, self._clock.now(), until)
            self._changed.set()
        else:
            known.until, known.summary = until, summary

    async def run(self, desk: Desk, beat: Callable[[], None]) -> None:
        """Bring the desk into step with the notices, for ever."""
        await self._adopt(desk)
        while True:
            await self.flush(desk)
            beat()
            await news_or_time(self._changed, self._clock, _LOOK_EVERY)
            self._changed.clear()

    async def flush(self, desk: Desk) -> None:
        """Tell what is new and end what is over; what cannot be written is tried again."""
        if not desk.leads:
            return
        now = self._clock.now()
        over = {key for key, notice in self._open.items() if notice.is_over(now)}
        fresh = {key for key, notice in self._open.items() if not notice.told}
        events = [self._event(key, now) for key in self._open if key in over or key in fresh]
        if not events:
            return
        await desk.take(Batch(events=tuple(events)))
        for key in fresh:
            self._open[key].told = True
        for key in over:
            self._end(key, now)

    def _event(self, key: str, now: float) -> AlertEvent:
        notice = self._open[key]
        over = notice.is_over(now)
        runbook = self.rules.runbook(get(notice.labels, "alertname"))
        return AlertEvent(
            source=SELF_SOURCE,
            fingerprint=key,
            status=AlertStatus.RESOLVED if over else AlertStatus.FIRING,
            labels=notice.labels,
            annotations=make({"summary": notice.summary, "runbook_url": runbook}),
            starts_at=notice.since,
            ends_at=max(notice.since, notice.until or now) if over else None,
            received_at=now,
            origin=Origin.SELF,
        )

    def _end(self, key: str, now: float) -> None:
        """Forget what was told to be over; what was said again meanwhile begins anew."""
        notice = self._open[key]
        if notice.is_over(now):
            del self._open[key]
        else:
            notice.told, notice.since = False, self._clock.now()
            self._changed.set()

    async def _adopt(self, desk: Desk) -> None:
        """Take over what an earlier run left open: it ends unless it is said again."""
        while not desk.leads:
            await self._clock.sleep(1.0)
        until = self._clock.now() + LASTS
        for episode in await desk.open_episodes(SELF_SOURCE):
            summary = dict(episode.annotations).get("summary", "")
            known = _Notice(episode.labels, summary, episode.starts_at, until, told=True)
            self._open.setdefault(episode.fingerprint, known)
