"""What fired and ended while this daemon was down and Alertmanager therefore never told: read once, after a start.

Enters: metric sources, when we were up last, which Alertmanager leads an alert to us. Leaves: repairs that record
episodes as resolved. It waits a while after the start, for what ended just before shows only then: a series has ended
when two points of the grid are without it, and stores that Prometheus writes to show samples late. Never opens, ends
or pages: `ALERTS` lacks alert relabelling, so its fingerprints may differ; what overlaps a known episode is left out.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from aiops_daemon.core.alertmanager.fingerprint import fingerprint
from aiops_daemon.core.alertmanager.past import Stretch, Stretches
from aiops_daemon.core.model.alert import AlertEvent, AlertKey, AlertStatus, Episode, Origin
from aiops_daemon.core.model.labels import Labels, adapt, parse
from aiops_daemon.core.model.repair import Repair, RepairClass
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.quality.episodes import PAST_SLACK
from aiops_daemon.errors import SourceError
from aiops_daemon.logs import fields
from aiops_daemon.ports import MetricSource

log = logging.getLogger(__name__)

EXPRESSION = 'ALERTS{alertstate="firing"}'
LONGEST = 7 * 86_400.0  # seconds; what is older is not looked for
SETTLED = 60.0  # seconds after a start: what had ended by then has ended on two points, half a minute late as well
_FINEST_STEP, _POINTS = 15.0, 2_000  # an alert fires for one evaluation at least, seldom less than 15 s
_SERIES = 1_000  # expected; the source derives from it how much it reads at once
_MOST = 10_000  # episodes recorded of one source
_BREATH = 100  # series after which the loop may turn to others

RoutesHere = Callable[[Labels], Iterable[str]]
"""Names the Alertmanagers whose routes lead an alert to us."""


class Known(Protocol):
    """The store, as far as it is asked."""

    async def latest_episodes(self, keys: Iterable[AlertKey]) -> dict[AlertKey, Episode]:
        """Return the latest episode of each alert that has one."""


class AlertsPast:
    """Reads the history of `ALERTS` from the time we were up last until a while after our start."""

    def __init__(
        self, sources: Sequence[tuple[SourceSpec, MetricSource]], known: Known, *, since: float, until: float
    ) -> None:
        self._sources = sources
        self._known = known
        self._since = max(since, until - LONGEST)
        self._until = until
        self._end = until + SETTLED
        self._step = max(_FINEST_STEP, (self._end - self._since) / _POINTS)

    async def repairs(self, routes_here: RoutesHere) -> list[Repair]:
        """Find episodes that nobody told; a source that cannot be read is left out, and said so."""
        found: list[Repair] = []
        for spec, source in self._sources:
            try:
                stretches = await self._read(source)
            except SourceError as error:
                log.warning("the history of alerts cannot be read", extra=fields(source=spec.name, error=str(error)))
                continue
            missed = [stretch for stretch in stretches if stretch.starts_at < self._until]
            for stretch in missed[:_MOST]:
                found += self._recorded(stretch, spec, routes_here)
        return await self._unknown(found)

    async def _read(self, source: MetricSource) -> list[Stretch]:
        stretches = Stretches(self._step)
        parts = source.history(EXPRESSION, start=self._since, end=self._end, step=self._step, series=_SERIES)
        end = self._since
        async for part in parts:
            for number, (key, values) in enumerate(zip(part.keys, part.values, strict=True), 1):
                stretches.add(key, part.times, values)
                if number % _BREATH == 0:
                    await asyncio.sleep(0)
            end = float(part.times[-1]) if len(part.times) else end
        return list(stretches.finish(end))

    def _recorded(self, stretch: Stretch, spec: SourceSpec, routes_here: RoutesHere) -> list[Repair]:
        labels = adapt(parse(stretch.key), add=spec.external_labels, drop=frozenset({"alertstate"}))
        text = f"It fired and ended while nobody listened, as the history of ALERTS in {spec.name} shows."
        return [
            Repair(RepairClass.MISSED_EPISODE, (name, fingerprint(labels)), text, _event(name, labels, stretch))
            for name in routes_here(labels)
        ]

    async def _unknown(self, found: list[Repair]) -> list[Repair]:
        """Leave out what overlaps the latest known episode or nearly so; a doubled source counts once."""
        latest = await self._known.latest_episodes({repair.key for repair in found})
        slack = max(PAST_SLACK, 2 * self._step)
        kept: dict[tuple[AlertKey, float], Repair] = {}
        for repair in found:
            event, episode = repair.event, latest.get(repair.key)
            if event is not None and (episode is None or not _overlaps(episode, event, slack)):
                kept.setdefault((repair.key, event.starts_at), repair)
        return list(kept.values())


def _event(source: str, labels: Labels, stretch: Stretch) -> AlertEvent:
    return AlertEvent(
        source=source,
        fingerprint=fingerprint(labels),
        status=AlertStatus.RESOLVED,
        labels=labels,
        annotations=(),
        starts_at=stretch.starts_at,
        ends_at=stretch.ends_at,
        received_at=stretch.ends_at,
        origin=Origin.RECONCILIATION,
    )


def _overlaps(episode: Episode, event: AlertEvent, slack: float) -> bool:
    begun = episode.ends_at is None or event.starts_at <= episode.ends_at + slack
    return begun and (event.ends_at or 0.0) >= episode.first_starts_at - slack


class Remembering(Protocol):
    """The desk, as far as it knows when we were up last."""

    @property
    def alive_until(self) -> float | None:
        """Return when an earlier run last said that it lived (unix seconds); None: there was none."""

    @property
    def alive_since(self) -> float | None:
        """Return when this run began to process alerts."""


class SinceAlive:
    """Looks back at the time between two runs, whatever it was."""

    def __init__(self, sources: Sequence[tuple[SourceSpec, MetricSource]], known: Known, desk: Remembering) -> None:
        self._sources = sources
        self._known = known
        self._desk = desk

    def due_at(self) -> float:
        """Return when to look back (unix seconds): a while after this run began to process alerts, inf before."""
        began = self._desk.alive_since
        return math.inf if began is None else began + SETTLED

    async def repairs(self, routes_here: RoutesHere) -> list[Repair]:
        """Find what was missed; nothing at the first start."""
        since, until = self._desk.alive_until, self._desk.alive_since
        if since is None or until is None:
            return []
        return await AlertsPast(self._sources, self._known, since=since, until=until).repairs(routes_here)
