"""Watch what the alerts of each source are made of: an odd mix opens a finding, and its end closes it.

Enters: new episodes from the watch of volume, its ticks, and forests that an edge grows once a day. Leaves: findings of
the query `alert_volume` in the book. Never speaks while the counts do, and never holds an alert back.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.finding import Finding, FindingKind, uid_of
from aiops_daemon.core.quality.counts import BINS_A_DAY
from aiops_daemon.core.quality.forest import features
from aiops_daemon.core.quality.loudness import Subject
from aiops_daemon.core.quality.mix import Bin, Closed, Mix
from aiops_daemon.core.quality.mixform import export, load
from aiops_daemon.core.quality.oddmix import Norm, Odd, Scored, found, norm_of, renewed, ripe
from aiops_daemon.core.quality.volume import Heard
from aiops_daemon.errors import ForestError
from aiops_daemon.flows.findings import FindingBook, Place
from aiops_daemon.logs import fields
from aiops_daemon.ports.forest import Forest

log = logging.getLogger(__name__)

QUERY = "alert_volume"
SEVERITY = "warning"


@dataclass(slots=True)
class _Source:
    """What is known of one source; `tried` is the bin in which a forest was last asked for."""

    norm: Norm | None = None
    tried: int | None = None
    before: Scored = field(default_factory=lambda: Scored(Bin(-1), 0.0))
    odd: Odd | None = None


class OddMixWatch:
    """Scores each bin of each source and keeps the findings of it."""

    def __init__(self, clock: Clock, book: FindingBook, forest: Forest) -> None:
        self._clock = clock
        self._book = book
        self._forest = forest
        self._mix = Mix()
        self._sources: dict[str, _Source] = {}
        self._failing = False

    def heard(self, alert: Heard, *, fresh: bool) -> None:
        """Count a new alert."""
        self._mix.heard(alert, self._clock.now(), fresh=fresh)

    async def look(self, unusual: Collection[Subject]) -> None:
        """Close the bins that are over, score them, and renew at most one forest; `unusual` is what counts tell."""
        for closed in self._mix.close(self._clock.now()):
            self._judge(closed, unusual)
        for source, past in self._mix.pasts.items():
            if ripe(past) and self._due(source, past[-1].number):
                await self._grow(source, [*past])
                break

    def export(self) -> bytes:
        """Return the bins, for the next start; forests are grown anew."""
        return export(self._mix.pasts)

    def load(self, memory: bytes) -> None:
        """Go on with bins counted before."""
        pasts = load(memory) if memory else {}
        if pasts is None:
            log.warning("what alerts were made of cannot be read; it is learned anew")
        self._mix, self._sources = Mix(pasts or {}), {}

    def stop(self, reason: str) -> None:
        """Close every finding."""
        for source, state in self._sources.items():
            state.odd = None
            self._book.close(_place(source), self._clock.now(), reason)

    def _due(self, source: str, number: int) -> bool:
        tried = self._sources.setdefault(source, _Source()).tried
        return tried is None or number - tried >= BINS_A_DAY

    async def _grow(self, source: str, past: list[Bin]) -> None:
        state = self._sources.setdefault(source, _Source())
        try:
            grown = await self._forest.grow(features(past))
        except ForestError as error:
            state.tried = past[-1].number
            if not self._failing:
                log.warning("what alerts are made of is not judged", exc_info=error)
            self._failing = True
            return
        if self._failing:
            log.info("what alerts are made of is judged again", extra=fields(source=source))
        self._failing = False
        state.tried, state.norm = past[-1].number, norm_of(past, grown)

    def _judge(self, closed: Closed, unusual: Collection[Subject]) -> None:
        state = self._sources.setdefault(closed.source, _Source())
        if state.norm is None:
            return
        odd_as = state.norm.trees.score(features([closed.bin])[0]) if closed.bin.alerts else 0.0
        before, now = state.before, Scored(closed.bin, odd_as)
        state.before = now
        if state.odd is not None:
            state.odd = renewed(state.odd, state.norm, before, now)
        elif not _told(closed, unusual):
            state.odd = found(state.norm, before, now)
        self._settle(closed.source, state)

    def _settle(self, source: str, state: _Source) -> None:
        if state.odd is None:
            return
        if state.odd.over:
            self._book.close(_place(source), self._clock.now(), "a mix of alerts as usual")
            state.odd = None
        else:
            self._book.put(_place(source), _finding(source, state.odd, self._clock.now()))


def _told(closed: Closed, unusual: Collection[Subject]) -> bool:
    """Say whether the counts speak of this source, or of a team whose alerts it sent."""
    teams = closed.teams | {""}
    return any(one.source == closed.source or (not one.source and one.team in teams) for one in unusual)


def _place(source: str) -> Place:
    return Place((QUERY, source), FindingKind.ANOMALY, detail="mix")


def _finding(source: str, odd: Odd, now: float) -> Finding:
    labels = Subject(source=source, measure="mix").labels
    width = odd.norm.limit - odd.norm.middle
    return Finding(
        uid=uid_of(FindingKind.ANOMALY, f"{QUERY}/mix", labels, odd.since),
        kind=FindingKind.ANOMALY,
        query=QUERY,
        source=source,
        labels=labels,
        severity=SEVERITY,
        value=odd.score,
        unit="",
        lower=0.0,
        upper=odd.norm.limit,
        score=(odd.score - odd.norm.middle) / width if width > 0 else 1.0,
        confidence_ratio=0.99,  # the limit lies there or higher
        since=odd.since,
        updated_at=now,
        sentence=f"alerts of Alertmanager {source} are of an unusual mix: {odd.sentence}.",
    )
