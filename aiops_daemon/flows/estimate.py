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
from aiops_daemon.errors import SourceError, remedy
from aiops_daemon.flows.exports import resolve
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


@dataclass(frozen=True, slots=True)
class _Polled:
    """What one query on one source answered; `text_bytes` is the length of all its label sets."""

    spec: QuerySpec
    interval: float
    answered: int = 0
    samples_read: int = 0
    rows: int = 0
    text_bytes: int = 0
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one source answered to everything that it would be asked."""

    spec: SourceSpec
    packs: tuple[tuple[str, bool, str], ...] = ()
    polled: tuple[_Polled, ...] = ()
    failure: str = ""


async def ask_source(settings: Settings, spec: SourceSpec, source: MetricSource, at: float) -> Asked:
    """Ask one source for its metric names and every query once."""
    own = [query for query in settings.queries if not query.sources or spec.name in query.sources]
    try:
        choices = choose(await source.metric_names(), settings.packs)
    except SourceError as error:
        return Asked(spec, failure=_told(error))
    names = {query.name for query in own}
    packed = [q for choice in choices if choice.taken for q in choice.queries if q.name not in names]
    polled = tuple([await _poll(query, spec, source, at) for query in [*own, *packed]])
    return Asked(spec, tuple((choice.pack.name, choice.taken, choice.reason) for choice in choices), polled)


def estimate(settings: Settings, asked: Sequence[Asked]) -> list[SourceEstimate]:
    """Estimate the cost of each source; what is exported depends on the sum over all of them."""
    series = {
        (one.spec.name, source.spec.name): (one.spec.export, one.rows) for source in asked for one in source.polled
    }
    chosen = resolve(series, settings.export)
    steps = int(settings.history.range_seconds / settings.history.step_seconds)
    return [
        SourceEstimate(
            name=source.spec.name,
            interval=source.spec.interval,
            packs=source.packs,
            queries=tuple(_cost(one, chosen[one.spec.name, source.spec.name]) for one in source.polled),
            history_samples=sum(one.answered * steps for one in source.polled),
            failure=source.failure,
        )
        for source in asked
    ]


async def _poll(query: QuerySpec, spec: SourceSpec, source: MetricSource, at: float) -> _Polled:
    stream = Stream(query, spec, trail=False)
    try:
        answer = await source.instant(query.expr, at)
        samples = await source.samples_read(query.expr, at)
    except SourceError as error:
        return _Polled(query, stream.interval, failure=_told(error))
    for part in answer.slices:
        stream.place(part, at)
    rows = stream.table.live()
    text = sum(len(stream.table.texts[row].encode()) for row in rows.tolist())
    return _Polled(query, stream.interval, answer.series, samples, len(rows), text)


def _told(error: SourceError) -> str:
    return f"{error.reason}: {error}; {remedy(error.reason)}"


def _cost(polled: _Polled, export: Export) -> QueryEstimate:
    """Count what a healthy moment exports: everything or nothing."""
    each = _samples_per_series(polled.spec) if export is Export.ALL else 0
    return QueryEstimate(
        name=polled.spec.name,
        series=polled.answered,
        samples_read=polled.samples_read,
        interval=polled.interval,
        exported=polled.rows * each,
        scrape_bytes=each * (polled.text_bytes + polled.rows * _NAME_AND_VALUE_BYTES),
        failure=polled.failure,
    )


def _samples_per_series(query: QuerySpec) -> int:
    horizons, thresholds = len(query.horizons), len(query.thresholds)
    return _BAND_METRICS + 3 * horizons + (thresholds * (1 + horizons) if horizons else 0)
