"""The bill of a dry run: what would be polled, read and exported, by the rules of a run."""

from __future__ import annotations

from fakes import Fault, FaultySource, record

from aiops_daemon.clock import LoopClock
from aiops_daemon.core.model.durations import HOUR
from aiops_daemon.core.model.query import QuerySpec, Threshold
from aiops_daemon.core.model.settings import ExportSpec, Settings
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.edges.prometheus.recorded import RecordedSource
from aiops_daemon.errors import SourceReason, remedy
from aiops_daemon.flows.estimate import Asked, Estimate, ask_source, estimate

EPOCH = 1_700_000_040.0
SOURCES = (SourceSpec("eu1", ("http://x",)), SourceSpec("us1", ("http://y",)))


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

    assert "" == eu1.failure
    assert f"connection: connection refused; {remedy(SourceReason.CONNECTION)}" == us1.failure
    assert ((), 0) == (us1.queries, us1.history_samples)
    assert 10 == Estimate.of([eu1, us1]).polled
