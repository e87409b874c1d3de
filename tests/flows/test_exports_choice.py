"""Which streams are exported whole, and what the dry run says of it."""

from __future__ import annotations

import pytest
from fakes import Fault, FaultySource, record

from aiops_daemon.clock import LoopClock
from aiops_daemon.core.model.durations import HOUR
from aiops_daemon.core.model.query import Export, QuerySpec, Threshold
from aiops_daemon.core.model.settings import ExportSpec, Settings
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.edges.prometheus.recorded import RecordedSource
from aiops_daemon.flows.estimate import Asked, Estimate, ask_source, estimate
from aiops_daemon.flows.exports import fresh_streams, selection
from aiops_daemon.flows.stream import Stream

EPOCH = 1_700_000_040.0
SOURCES = (SourceSpec("eu1", ("http://x",)), SourceSpec("us1", ("http://y",)))
AUTO, ALL, ANOMALOUS, NONE = Export.AUTO, Export.ALL, Export.ANOMALOUS, Export.NONE


@pytest.mark.parametrize(
    ("own", "overall", "series", "limit", "expected"),
    [
        (AUTO, "auto", 20, 20, ALL),
        (AUTO, "auto", 21, 20, ANOMALOUS),
        (AUTO, "all", 21, 20, ALL),
        (AUTO, "none", 1, 20, NONE),
        (AUTO, "anomalous", 1, 20, ANOMALOUS),
        (ALL, "none", 21, 20, ALL),
        (NONE, "all", 1, 20, NONE),
        (ANOMALOUS, "auto", 1, 20, ANOMALOUS),
    ],
)
def test_the_query_decides_then_the_file_then_the_sum(
    own: Export, overall: str, series: int, limit: int, expected: Export
) -> None:
    """What a query says of itself wins; `auto` of both leaves it to the number of series."""
    key = ("rate", "eu1")

    assert {key: expected} == selection({key: (own, series)}, ExportSpec(overall, limit))


def test_the_sum_is_over_all_that_might_be_exported() -> None:
    """Queries that export nothing or only anomalies do not use up the limit of the others."""
    series = {("a", "eu1"): (AUTO, 15), ("b", "eu1"): (NONE, 100), ("c", "eu1"): (ANOMALOUS, 100)}

    assert ALL is selection(series, ExportSpec("auto", 20))["a", "eu1"]
    assert ANOMALOUS is selection(series | {("a", "us1"): (AUTO, 6)}, ExportSpec("auto", 20))["a", "eu1"]
    assert ANOMALOUS is selection(series | {("d", "eu1"): (ALL, 6)}, ExportSpec("auto", 20))["a", "eu1"]


@pytest.mark.parametrize(("age", "fresh"), [(0.0, True), (180.0, True), (180.1, False)])
def test_a_stream_is_fresh_for_three_intervals(age: float, fresh: bool) -> None:
    """Older numbers are worse than none; a stream that was never polled has none."""
    polled, never = (Stream(QuerySpec(name, name), SOURCES[0], trail=False) for name in ("rate", "load"))
    polled.health.last_success = EPOCH - age

    assert ([polled] if fresh else []) == fresh_streams([polled, never], EPOCH)


def world(*queries: QuerySpec, **settings: object) -> tuple[Settings, dict[str, FaultySource]]:
    """Ten series behind each query on two sources."""
    recording = record({f"s{n}": lambda t: 0 * t + 1.0 for n in range(10)}, start=EPOCH - HOUR, end=EPOCH)
    sources = {
        spec.name: FaultySource(
            RecordedSource(spec.name, {query.expr: recording for query in queries}), LoopClock(EPOCH)
        )
        for spec in SOURCES
    }
    return Settings(sources=SOURCES, packs=(), queries=queries, **settings), sources  # type: ignore[arg-type]


async def ask(settings: Settings, sources: dict[str, FaultySource]) -> list[Asked]:
    """Ask every source."""
    return [await ask_source(settings, spec, sources[spec.name], EPOCH) for spec in settings.sources]


async def test_the_dry_run_counts_what_a_run_would_export() -> None:
    """Six samples a series for a band, three more a horizon, and for each threshold a date and its probabilities."""
    plain, ahead = QuerySpec("a", "a"), QuerySpec("b", "b", thresholds=(Threshold("critical", 2.0),), horizons=(HOUR,))
    settings, sources = world(plain, ahead)
    eu1, us1 = estimate(settings, await ask(settings, sources))

    assert [60, 110] == [query.exported for query in eu1.queries]
    assert eu1.queries == us1.queries
    assert 2 * 2 * 10 * 7 * 24 * 12 == eu1.history_samples + us1.history_samples
    assert 340 == Estimate.of([eu1, us1]).exported


async def test_the_dry_run_decides_over_all_sources_together() -> None:
    """Each source alone is under the limit, both together are not; then a healthy moment exports nothing."""
    settings, sources = world(QuerySpec("a", "a"), export=ExportSpec("auto", 15))
    both = await ask(settings, sources)

    assert [60] == [query.exported for query in estimate(settings, both[:1])[0].queries]
    assert 0 == Estimate.of(estimate(settings, both)).exported
    assert 20 == Estimate.of(estimate(settings, both)).polled


async def test_a_query_that_keeps_to_one_source_is_asked_there_only() -> None:
    """The bill of the other source has no line for it."""
    settings, sources = world(QuerySpec("a", "a", sources=("us1",)))
    eu1, us1 = estimate(settings, await ask(settings, sources))

    assert ((), ("a",)) == (eu1.queries, tuple(query.name for query in us1.queries))


async def test_a_source_that_does_not_answer_stands_on_the_bill() -> None:
    """A failure is a line, not a crash, and the other source's figures are there."""
    settings, sources = world(QuerySpec("a", "a"))
    sources["us1"].faults = (Fault(EPOCH - 60, EPOCH + 60, "down"),)
    eu1, us1 = estimate(settings, await ask(settings, sources))

    assert ("", "connection: connection refused") == (eu1.failure, us1.failure)
    assert ((), 0) == (us1.queries, us1.history_samples)
    assert 10 == Estimate.of([eu1, us1]).polled
