"""Watch how many alerts come: an unusual volume opens a finding, and its end closes it.

Enters: new episodes from the desk, ticks of the clock, and who grows forests, if anybody does. Leaves: findings of the
query `alert_volume` in the book. Alerts of rules that we generated, findings and notices about ourselves do not count.
Never holds an alert back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.alert import FINDING_SOURCE, SELF_SOURCE, Episode
from aiops_daemon.core.model.finding import Finding, FindingKind, uid_of
from aiops_daemon.core.model.labels import get
from aiops_daemon.core.quality.loudness import Subject, Unusual
from aiops_daemon.core.quality.volume import Heard, Volume
from aiops_daemon.core.quality.volumeform import export, load
from aiops_daemon.flows.alerts.oddmix import QUERY, SEVERITY, OddMixWatch
from aiops_daemon.flows.alerts.surroundings import is_own_rule
from aiops_daemon.flows.findings import FindingBook, Place
from aiops_daemon.meter import Meter
from aiops_daemon.ports.forest import Forest

log = logging.getLogger(__name__)

EVERY = 60.0  # seconds
_OURS = frozenset((FINDING_SOURCE, SELF_SOURCE))
_SERVICES = ("service", "app", "job", "namespace")  # the first that an alert has
_BREATH = 100  # subjects between two breaths of the loop


class VolumeWatch:
    """Counts what is heard and keeps the findings of it."""

    def __init__(
        self, clock: Clock, book: FindingBook, meter: Meter, memory: bytes = b"", *, forest: Forest | None = None
    ) -> None:
        self._clock = clock
        self._book = book
        self._meter = meter
        self._volume = Volume()
        self._mix = OddMixWatch(clock, book, forest) if forest is not None else None
        self._mixes = b""  # of an earlier start, kept while nothing judges them
        self.load(memory)
        book.expect(FindingKind.ANOMALY, SEVERITY)

    def heard(self, episode: Episode) -> None:
        """Count a new episode."""
        if episode.source in _OURS or is_own_rule(episode.labels):
            return
        service = next((value for name in _SERVICES if (value := get(episode.labels, name))), "")
        critical = episode.severity not in ("warning", "info")
        alert = Heard(episode.source, episode.team, service, episode.rule, episode.fingerprint, critical)
        fresh = self._volume.heard(alert, self._clock.now())
        if self._mix is not None:
            self._mix.heard(alert, fresh=fresh)

    async def run(self, beat: Callable[[], None]) -> None:
        """Look every minute, for ever."""
        while True:
            await self.look()
            beat()
            now = self._clock.now()
            await self._clock.sleep(EVERY - now % EVERY)

    async def look(self) -> None:
        """Close the minutes that are over, and open, renew and close findings."""
        for number, unusual in enumerate(self._volume.close(self._clock.now()), 1):
            if unusual is not None:
                self._settle(unusual)
            if number % _BREATH == 0:
                await asyncio.sleep(0)
        if self._mix is not None:
            await self._mix.look(self._volume.unusual)

    def export(self) -> bytes:
        """Return what was learned, for the next start: a line of counts, and one of mixes where there are any."""
        mixes = self._mixes if self._mix is None else self._mix.export()
        counts = export(self._volume.learned)
        return counts + b"\n" + mixes if mixes else counts

    def load(self, memory: bytes) -> None:
        """Go on with what was learned before; findings of before are closed."""
        memory, _, self._mixes = memory.partition(b"\n")
        learned = load(memory) if memory else None
        if memory and learned is None:
            log.warning("what was learned of alert volume cannot be read; it is learned anew")
        self.stop("what is usual was read anew")
        self._volume = Volume(learned)
        if self._mix is not None:
            self._mix.load(self._mixes)

    def stop(self, reason: str = "alert volume is no longer watched") -> None:
        """Close every finding."""
        for subject, unusual in self._volume.unusual.items():
            self._book.close(_place(subject, silent=unusual.silent), self._clock.now(), reason)
        if self._mix is not None:
            self._mix.stop(reason)

    def _settle(self, unusual: Unusual) -> None:
        now = self._clock.now()
        place = _place(unusual.subject, silent=unusual.silent)
        if unusual.over:
            self._book.close(place, now, "as many alerts as usual")
        else:
            self._book.put(place, _finding(unusual, now))


def _place(subject: Subject, *, silent: bool) -> Place:
    detail = "\0".join((*subject, "silent" if silent else "loud"))
    return Place((QUERY, subject.source), FindingKind.ANOMALY, detail=detail)


def _finding(unusual: Unusual, now: float) -> Finding:
    subject = unusual.subject
    kind = f"{QUERY}/{'silent' if unusual.silent else 'loud'}"
    off, width = abs(unusual.count - unusual.expected), unusual.upper - unusual.expected
    return Finding(
        uid=uid_of(FindingKind.ANOMALY, kind, subject.labels, unusual.since),
        kind=FindingKind.ANOMALY,
        query=QUERY,
        source=subject.source,
        labels=subject.labels,
        severity=SEVERITY,
        value=float(unusual.count),
        unit="alerts",
        lower=0.0 if not unusual.silent else 1.0,
        upper=unusual.upper,
        score=off / width if width > 0 else 1.0,
        confidence_ratio=1.0 - unusual.chance,
        since=unusual.since,
        updated_at=now,
        sentence=f"{unusual.sentence}.",
    )
