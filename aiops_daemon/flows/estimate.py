"""Estimate what a configuration costs: series and samples polled, head series and bytes exported.

Enters: settings and sources that are asked once. Leaves: numbers; nothing is learned, written or exported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.model.query import Export, QuerySpec
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.packs import choose
from aiops_daemon.errors import SourceError
from aiops_daemon.flows.stream import Stream
from aiops_daemon.ports import MetricSource

_BAND_METRICS = 6  # value, expected, lower, upper, score, confidence
_NAME_AND_VALUE_BYTES = 45  # "aiops_expected_upper{} 0.1234567890123456\n", about
_DISK_BYTES_PER_SAMPLE = 1.7  # Prometheus' documentation: one to two bytes


@dataclass(frozen=True, slots=True)
class QueryEstimate:
    """The cost of one query on one source, a cycle."""

    name: str
    series: int
    samples_read: int
    interval: float
    exported: int
    scrape_bytes: int
    failure: str = ""


@dataclass(frozen=True, slots=True)
class SourceEstimate:
    """The cost of all that one source is asked."""

    name: str
    interval: float
    packs: tuple[tuple[str, bool, str], ...]
    queries: tuple[QueryEstimate, ...]
    history_samples: int
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The sum over all sources."""

    polled: int
    samples_read: int
    history_samples: int
    exported: int
    scrape_bytes: int
    disk_bytes_per_day: float
    interval: float

    @classmethod
    def of(cls, sources: Sequence[SourceEstimate]) -> Estimate:
        """Add up."""
        queries = [query for source in sources for query in source.queries]
        interval = min((source.interval for source in sources), default=60.0)
        exported = sum(query.exported for query in queries)
        return cls(
            polled=sum(query.series for query in queries),
            samples_read=sum(query.samples_read for query in queries),
            history_samples=sum(source.history_samples for source in sources),
            exported=exported,
            scrape_bytes=sum(query.scrape_bytes for query in queries),
            disk_bytes_per_day=exported * DAY / interval * _DISK_BYTES_PER_SAMPLE,
            interval=interval,
        )


async def estimate_source(settings: Settings, spec: SourceSpec, source: MetricSource, at: float) -> SourceEstimate:
    """Ask one source for its metric names and every query once."""
    own = [query for query in settings.queries if not query.sources or spec.name in query.sources]
    try:
        choices = choose(await source.metric_names(), settings.packs)
    except SourceError as error:
        return SourceEstimate(spec.name, spec.interval, (), (), 0, f"{error.reason}: {error}")
    names = {query.name for query in own}
    packed = [q for choice in choices if choice.taken for q in choice.queries if q.name not in names]
    queries = tuple([await _estimate(query, spec, source, at, settings) for query in [*own, *packed]])
    history = settings.history
    steps = int(history.range_seconds / history.step_seconds)
    return SourceEstimate(
        name=spec.name,
        interval=spec.interval,
        packs=tuple((choice.pack.name, choice.taken, choice.reason) for choice in choices),
        queries=queries,
        history_samples=sum(query.series * steps for query in queries),
    )


async def _estimate(
    query: QuerySpec, spec: SourceSpec, source: MetricSource, at: float, settings: Settings
) -> QueryEstimate:
    stream = Stream(query, spec, trail=False)
    try:
        answer = await source.instant(query.expr, at)
        samples = await source.samples_read(query.expr, at)
    except SourceError as error:
        return QueryEstimate(query.name, 0, 0, stream.interval, 0, 0, f"{error.reason}: {error}")
    for part in answer.slices:
        stream.place(part, at)
    rows = stream.table.live()
    each = _samples_per_series(query)
    shown = len(rows) if query.export in (Export.AUTO, Export.ALL) else 0
    if query.export is Export.AUTO and (settings.export.series != "auto" or shown > settings.export.max_series):
        shown = len(rows) if settings.export.series == "all" else 0
    text = sum(len(stream.table.texts[row]) for row in rows[:shown].tolist())
    return QueryEstimate(
        name=query.name,
        series=answer.series,
        samples_read=samples,
        interval=stream.interval,
        exported=shown * each,
        scrape_bytes=each * (text + shown * _NAME_AND_VALUE_BYTES),
    )


def _samples_per_series(query: QuerySpec) -> int:
    horizons, thresholds = len(query.horizons), len(query.thresholds)
    return _BAND_METRICS + 3 * horizons + (thresholds * (1 + horizons) if horizons else 0)
