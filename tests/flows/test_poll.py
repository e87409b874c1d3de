"""One cycle of one source: what is due is asked, and what is shown is never half a poll."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import numpy as np
import pytest
from fakes import key

from aiops_daemon.clock import LoopClock
from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.errors import SourceError, SourceReason
from aiops_daemon.flows.findings import FindingBook
from aiops_daemon.flows.poll import Poller, Surroundings
from aiops_daemon.flows.stream import Stream
from aiops_daemon.meter import Meter
from aiops_daemon.ports import HistoryAnswer, InstantAnswer, VectorSlice

pytestmark = pytest.mark.looptime

EPOCH = 1_700_000_040.0
SOURCE = SourceSpec("eu1", ("http://x",), interval=60.0)


@dataclass
class Slices:
    """A source that answers every query with the same slices, one series each, or not at all."""

    names: tuple[str, ...]
    partial: bool = False
    broken: bool = False
    asked: list[tuple[str, float]] = field(default_factory=list)
    name: str = "eu1"

    async def instant(self, expr: str, at: float) -> InstantAnswer:
        self.asked.append((expr, at))
        if self.broken:
            raise SourceError(SourceReason.TIMEOUT, "no answer")
        parts = tuple(VectorSlice([key(name)], np.array([1.0])) for name in self.names)
        return InstantAnswer(parts, ("half is lacking",) if self.partial else (), partial=self.partial)

    async def history(
        self, expr: str, *, start: float, end: float, step: float, series: int
    ) -> AsyncIterator[HistoryAnswer]:
        for _ in ():
            yield HistoryAnswer([], np.empty(0), np.empty((0, 0)), 0)

    async def samples_read(self, expr: str, at: float) -> int:
        return 0

    async def metric_names(self) -> frozenset[str]:
        return frozenset()

    async def close(self) -> None:
        """Have nothing to release."""


async def nothing(at: float) -> None:
    """Prepare nothing before a cycle."""


def poller_of(source: Slices, *queries: QuerySpec) -> tuple[Poller, Meter]:
    """Build a poller of streams that have nothing to learn."""
    meter = Meter()
    around = Surroundings(LoopClock(EPOCH), meter, FindingBook(meter), Settings(sources=(SOURCE,), queries=queries))
    poller = Poller(SOURCE, source, around)
    poller.add(Stream(query, SOURCE) for query in queries)
    for stream in poller.streams.values():
        stream.learned = True
    return poller, meter


async def test_what_is_current_never_shrinks_while_slices_are_judged() -> None:
    """A page that is written in the middle of a poll has the series of the poll before, not a part of this one."""
    poller, _ = poller_of(Slices(("a", "b", "c", "d")), QuerySpec("rate", "rate"))
    stream = poller.streams["rate"]
    await poller.cycle(EPOCH, nothing)
    seen: list[int] = []

    cycle = asyncio.ensure_future(poller.cycle(EPOCH + 60, nothing))
    while not cycle.done():
        seen.append(len(stream.current()))
        await asyncio.sleep(0)

    assert {4} == set(seen)
    assert EPOCH + 60 == stream.health.last_success


async def test_a_partial_answer_is_no_success() -> None:
    """Its warning is shown, its series count, and what was current stays so."""
    source = Slices(("a", "b"))
    poller, meter = poller_of(source, QuerySpec("rate", "rate"))
    await poller.cycle(EPOCH, nothing)
    source.names, source.partial = ("a",), True
    await poller.cycle(EPOCH + 60, nothing)
    health = poller.streams["rate"].health

    assert EPOCH == health.last_success
    assert "partial answer: half is lacking" == health.last_error
    assert 2 == len(poller.streams["rate"].current())
    assert 1 == meter.value("aiops_source_partial_answers_total", source="eu1")
    assert EPOCH == meter.value("aiops_query_last_success_timestamp_seconds", source="eu1", query="rate")


async def test_a_failure_is_counted_every_time_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A Prometheus that is down for a day writes two lines: when it went, and when it came back."""
    source = Slices(("a",), broken=True)
    poller, meter = poller_of(source, QuerySpec("rate", "rate"))
    for minute in range(5):
        await poller.cycle(EPOCH + 60 * minute, nothing)
    failing = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    source.broken = False
    with caplog.at_level("INFO"):
        await poller.cycle(EPOCH + 300, nothing)

    assert ["query failed; old state is kept"] == failing
    assert 5 == meter.value("aiops_query_failures_total", source="eu1", query="rate", reason="timeout")
    assert "query recovered" in [record.getMessage() for record in caplog.records]
    assert "" == poller.streams["rate"].health.last_error


async def test_each_query_keeps_its_own_interval() -> None:
    """A query of five minutes is asked at every fifth tick of one minute, and the tick is the shortest interval."""
    source = Slices(("a",))
    poller, _ = poller_of(source, QuerySpec("fast", "fast"), QuerySpec("slow", "slow", interval=300.0))
    for minute in range(10):
        await poller.cycle(EPOCH + 60 * minute, nothing)
    asked = [expr for expr, _ in source.asked]

    assert 60.0 == poller.interval
    assert (10, 3) == (asked.count("fast"), asked.count("slow"))


async def test_a_clock_that_went_back_does_not_silence_a_query() -> None:
    """Moments before the last poll are due at once; waiting for the old time to come again would be hours."""
    source = Slices(("a",))
    poller, _ = poller_of(source, QuerySpec("rate", "rate"))
    await poller.cycle(EPOCH, nothing)
    await poller.cycle(EPOCH - 7200, nothing)

    assert [EPOCH, EPOCH - 7200] == [at for _, at in source.asked]


async def test_series_beyond_the_cap_are_counted_at_every_poll() -> None:
    """The counter grows with each poll that leaves series out, by their number."""
    poller, meter = poller_of(Slices(("a", "b", "c")), QuerySpec("rate", "rate", max_series=2))
    for minute in range(3):
        await poller.cycle(EPOCH + 60 * minute, nothing)
    labels = {"source": "eu1", "query": "rate"}

    assert 2 == meter.value("aiops_series", **labels) == meter.value("aiops_series_limit", **labels)
    assert 3 == meter.value("aiops_series_dropped_total", reason="limit", **labels)
    assert 0 == meter.value("aiops_series_dropped_total", reason="duplicate", **labels)
