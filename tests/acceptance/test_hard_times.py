"""Whole-daemon scenarios in virtual time: history that cannot be had, silence, faults of our own, stalls, stops."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import Fault, FaultySource, record
from scenario import EPOCH, HOUR, WEEK, Scenario
from shapes import Shape, between, daily, flat
from virtual_time import VIRTUAL_TIME

from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.core.model.sli import EventsSli
from aiops_daemon.core.model.slo import Rolling, SloSpec
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.edges.prometheus.recorded import RecordedSource
from aiops_daemon.ports import MetricSource

pytestmark = VIRTUAL_TIME

RATE = QuerySpec("rate", "rate")
SLOW = QuerySpec("load", "load", interval=300.0)
SLO = SloSpec("shop", EventsSli("total", bad="bad"), 0.999, Rolling(30 * 86400.0))


def scenario(folder: Path, *faults: Fault, more: dict[str, Shape] | None = None) -> Scenario:
    """Five healthy series, and others besides."""
    shapes = {f"h{n}": daily(100, 30, 3, seed=n) for n in range(5)} | (more or {})
    recordings = {
        "rate": record(shapes, start=EPOCH - WEEK, end=EPOCH + 5 * HOUR),
        "load": record({"l": flat(1, 0.1, seed=8)}, start=EPOCH - WEEK, end=EPOCH + 5 * HOUR),
    }
    return Scenario(folder, recordings, queries=(RATE,), faults=faults)


def breaking(seed: int) -> Shape:
    return between(flat(10, 0.5, seed), EPOCH + 0.5 * HOUR, EPOCH + WEEK, lambda t: 0 * t + 100)


async def test_history_that_took_too_long_is_read_a_minute_later(tmp_path: Path) -> None:
    """One timeout at start costs two minutes of bands, not the week."""
    async with scenario(tmp_path, Fault(EPOCH - 1, EPOCH + 30, "no history")) as one:
        await one.until(minutes=0.5)
        assert 0 == one.metric("aiops_history_progress_ratio", source="main")
        await one.until(minutes=4)

        assert 5 == len((await one.scrape())["aiops_expected"])
        assert 1 == one.metric("aiops_history_progress_ratio", source="main")


async def test_history_that_never_comes_is_given_up(tmp_path: Path) -> None:
    """After three attempts bands warm up live: half an hour of samples later they are there."""
    async with scenario(tmp_path, Fault(EPOCH - 1, EPOCH + WEEK, "no history")) as one:
        await one.until(minutes=45)

        assert 5 == len((await one.scrape())["aiops_expected"])


@pytest.mark.parametrize("kind", ["empty", "partial"])
async def test_an_early_answer_is_not_taken_for_all_there_is(tmp_path: Path, kind: str) -> None:
    """A Prometheus that has just started knows no series yet: history is read when it does, for all of them."""
    async with scenario(tmp_path, Fault(EPOCH - 1, EPOCH + 90, kind)) as one:
        await one.until(minutes=3)

        assert 5 == len((await one.scrape())["aiops_expected"])


async def test_an_empty_answer_after_an_outage_closes_nothing(tmp_path: Path) -> None:
    """An hour without Prometheus and a minute in which it knows no series: the finding stays the same."""
    faults = Fault(EPOCH + HOUR, EPOCH + 2 * HOUR, "down"), Fault(EPOCH + 2 * HOUR, EPOCH + 2 * HOUR + 90, "empty")
    async with scenario(tmp_path, *faults, more={"bad": breaking(4)}) as one:
        await one.until(minutes=59)
        (before,) = one.open()
        await one.until(hours=2, minutes=6)

        assert [before.uid] == [finding.uid for finding in one.open()]
        assert [] == one.closed()


async def test_a_series_that_has_no_number_any_more_ends_its_finding(tmp_path: Path) -> None:
    """A ratio whose denominator went to 0 is infinite or NaN for ever: it neither holds nor opens a finding."""
    odd = between(breaking(4), EPOCH + HOUR, EPOCH + WEEK, lambda t: np.full_like(t, np.inf))
    async with scenario(tmp_path, more={"bad": odd}) as one:
        await one.until(minutes=58)
        assert 1 == len(one.open())
        await one.until(minutes=70)

        assert [] == one.open()
        assert 6 == one.metric("aiops_series", source="main", query="rate")


async def test_a_slow_query_slows_nothing_else(tmp_path: Path) -> None:
    """A query every five minutes beside an SLO and packs that follow the source's minute."""
    one = scenario(tmp_path)
    one.settings = one.next_settings = replace(one.settings, queries=(SLOW,), slos=(SLO,))
    one.daemon = one._daemon()
    async with one:
        await one.until(minutes=21)
        asked = [expr for _, expr in one.sources[0].asked]

        assert asked.count("load") <= 6
        assert asked.count("total") >= 20
        assert "aiops_slo_objective_ratio" in await one.scrape()


async def test_a_fault_of_ours_in_one_query_spoils_no_other(tmp_path: Path) -> None:
    """The others are polled, judged and exported; the fault is counted and said once."""
    one = scenario(tmp_path)
    one.settings = one.next_settings = replace(one.settings, queries=(RATE, QuerySpec("load", "load")))
    whole = RecordedSource("main", one.recordings)
    broken = FaultySource(whole, one.clock, (Fault(EPOCH - 1, EPOCH + WEEK, "broken"),))

    class Parted(FaultySource):
        async def instant(self, expr, at):  # type: ignore[no-untyped-def]
            return await (broken if expr == "load" else self.inner).instant(expr, at)

    def make(spec: SourceSpec) -> MetricSource:
        return Parted(whole, one.clock)

    one._source = make  # type: ignore[method-assign]
    one.daemon = one._daemon()
    async with one:
        await one.until(minutes=20)

        assert 5 == len((await one.scrape())["aiops_expected"])
        assert one.daemon.view().at >= EPOCH + 18 * 60
        assert one.metric("aiops_loop_failures_total", loop="poll-main") >= 10


async def test_an_slo_without_history_is_watched_from_now_on(tmp_path: Path) -> None:
    """Increases over a month may be more than a Prometheus will read; burning is seen all the same."""
    one = scenario(tmp_path, Fault(EPOCH - 1, EPOCH + WEEK, "no history"))
    one.recordings["total"] = one.recordings["bad"] = record(
        {"t": lambda t: t - EPOCH + WEEK}, start=EPOCH - WEEK, end=EPOCH + 5 * HOUR
    )
    one.settings = one.next_settings = replace(one.settings, queries=(), slos=(SLO,))
    one.daemon = one._daemon()
    async with one:
        await one.until(minutes=15)

        assert {"page", "ticket"} >= {
            dict(key)["aiops_severity"] for key in (await one.scrape())["aiops_slo_alert_active"]
        }
        assert {"critical", "warning"} >= {finding.severity for finding in one.open()} != set()


async def test_an_slo_that_cannot_be_read_is_counted_and_shown(tmp_path: Path) -> None:
    """By source, name and reason, as queries are."""
    one = scenario(tmp_path, Fault(EPOCH + 120, EPOCH + WEEK, "down"))
    one.settings = one.next_settings = replace(one.settings, queries=(), slos=(SLO,))
    one.daemon = one._daemon()
    async with one:
        await one.until(minutes=10)

        assert 8 <= one.metric("aiops_query_failures_total", source="main", query="shop", reason="connection")
        assert ("SLO shop@main: connection: connection refused",) == one.daemon.view().warnings


async def test_ready_ends_when_polling_stalls(tmp_path: Path) -> None:
    """A poll that never comes back, after good ones, is seen within minutes, not after half an hour."""
    async with scenario(tmp_path, Fault(EPOCH + 600, EPOCH + WEEK, "slow", seconds=1e7)) as one:
        await one.until(minutes=9)
        assert 200 == (await one.get("/-/ready"))[0]
        await one.until(minutes=20)

        assert (503, "not ready:\nloop poll-main stalled\n") == await one.get("/-/ready")


@pytest.mark.parametrize("seconds", [0.0, 600.0], ids=["in the first poll", "later"])
async def test_stop_takes_no_longer_than_promised(tmp_path: Path, seconds: float) -> None:
    """A source that neither answers nor closes."""
    one = scenario(tmp_path, Fault(EPOCH + seconds - 1, EPOCH + WEEK, "slow", seconds=1e7))

    class Clinging(FaultySource):
        async def close(self) -> None:
            await self.clock.sleep(1e6)

    def make(spec: SourceSpec) -> MetricSource:
        return Clinging(RecordedSource(spec.name, one.recordings), one.clock, one.faults)

    one._source = make  # type: ignore[method-assign]
    one.daemon = one._daemon()
    async with one:
        await one.until(minutes=12)
        began = one.clock.monotonic()
        await one.daemon.stop()

        assert one.clock.monotonic() - began <= 10


async def test_the_file_is_watched_for_ever(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A fault while looking at the file is counted, and the next change is seen; a signal is obeyed at once."""
    one = scenario(tmp_path)
    marks = {"now": "a"}

    def fingerprint() -> str:
        if marks["now"] == "broken":
            raise ValueError("no such luck")
        return marks["now"]

    one.fingerprint = fingerprint
    one.daemon = one._daemon()
    with caplog.at_level(logging.INFO, "aiops_daemon.flows.reload"):
        async with one:
            await one.until(minutes=2)
            marks["now"] = "broken"
            await one.until(minutes=3)
            marks["now"] = "b"
            await one.until(minutes=6)
            one.daemon.request_reload()
            await one.until(minutes=6.2)

    assert 2 == [record.getMessage() for record in caplog.records].count("configuration reloaded")
