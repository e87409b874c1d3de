"""Whole-daemon scenarios in virtual time: several sources, packs, what is exported, and equality with `score`."""

from __future__ import annotations

import csv
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import FaultySource, record
from scenario import DAY, EPOCH, HOUR, WEEK, Scenario
from shapes import between, daily, flat
from virtual_time import VIRTUAL_TIME

from aiops_daemon.cli.main import dispatch
from aiops_daemon.core.model.query import Export, QuerySpec, Threshold
from aiops_daemon.core.model.settings import ExportSpec
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.packs import PACKS
from aiops_daemon.edges.prometheus.recorded import RecordedSource
from aiops_daemon.ports import MetricSource

pytestmark = VIRTUAL_TIME

RATE = QuerySpec("rate", "rate")


def shapes(count: int = 5) -> dict[str, object]:
    bad = between(daily(100, 30, 3, seed=99), EPOCH + 0.5 * HOUR, EPOCH + WEEK, lambda t: 0 * t + 200)
    return {f"h{n}": daily(100, 30, 3, seed=n) for n in range(count)} | {"bad": bad}


def scenario(folder: Path, *queries: QuerySpec, hours: float = 3) -> Scenario:
    recording = record(shapes(), start=EPOCH - WEEK, end=EPOCH + hours * HOUR)  # type: ignore[arg-type]
    return Scenario(folder, {query.expr: recording for query in queries}, queries=queries)


class TwoClusters(Scenario):
    """The same world behind two Prometheus servers."""

    def _source(self, spec: SourceSpec) -> MetricSource:
        source = FaultySource(RecordedSource(spec.name, self.recordings), self.clock, ())
        self.sources.append(source)
        return source


async def test_two_sources_are_told_apart_by_their_external_labels(tmp_path: Path) -> None:
    """The same series of two clusters are two findings, with the labels that alerts of each carry."""
    recording = record(shapes(), start=EPOCH - WEEK, end=EPOCH + 2 * HOUR)  # type: ignore[arg-type]
    one = TwoClusters(tmp_path, {"rate": recording}, queries=(RATE,))
    sources = tuple(SourceSpec(name, ("http://x",), external_labels=(("cluster", name),)) for name in ("eu1", "us1"))
    one.settings = replace(one.settings, sources=sources)
    one.daemon = one._daemon()
    async with one:
        await one.until(hours=1)

        assert {(("cluster", "eu1"), ("name", "bad")), (("cluster", "us1"), ("name", "bad"))} == {
            finding.labels for finding in one.open()
        }
        assert 12 == len((await one.scrape())["aiops_value"])


async def test_a_query_may_be_meant_for_one_source_only(tmp_path: Path) -> None:
    """`prometheus:` in a query names the sources that it is asked of."""
    recording = record(shapes(), start=EPOCH - WEEK, end=EPOCH + 1 * HOUR)  # type: ignore[arg-type]
    one = TwoClusters(tmp_path, {"rate": recording}, queries=(replace(RATE, sources=("us1",)),))
    sources = tuple(SourceSpec(name, ("http://x",), external_labels=(("cluster", name),)) for name in ("eu1", "us1"))
    one.settings = replace(one.settings, sources=sources)
    one.daemon = one._daemon()
    async with one:
        await one.until(minutes=3)

        assert {"us1"} == {stream.source for stream in one.daemon.view().streams}


async def test_exports_are_chosen_per_query(tmp_path: Path) -> None:
    """all, anomalous and none; findings are shown whatever the choice."""
    queries = tuple(QuerySpec(name, name, export=Export(name)) for name in ("all", "anomalous", "none"))
    async with scenario(tmp_path, *queries) as one:
        await one.until(hours=1)
        page = await one.scrape()
        values = [dict(labels)["aiops_query"] for labels in page["aiops_value"]]

        assert (6, 1, 0) == tuple(values.count(name) for name in ("all", "anomalous", "none"))
        assert 3 == len(page["aiops_anomaly_active"])
        assert 3 == len(one.open())


async def test_a_large_installation_exports_only_what_is_anomalous(tmp_path: Path) -> None:
    """auto: beyond export.max_series bands are not exported for healthy series."""
    one = scenario(tmp_path, RATE)
    one.settings = replace(one.settings, export=ExportSpec("auto", max_series=5))
    one.daemon = one._daemon()
    async with one:
        await one.until(hours=1)

        assert [{"aiops_query": "rate", "name": "bad"}] == [
            dict(labels) for labels in (await one.scrape())["aiops_expected"]
        ]


async def test_packs_are_taken_when_their_metrics_appear(tmp_path: Path) -> None:
    """A pack is taken with its reason; an exporter that comes later is found too."""
    query = next(q for pack in PACKS for q in pack.queries if q.spec.name == "node_load_per_core")
    recording = record({"n": flat(0.5, 0.02, 1)}, start=EPOCH - WEEK, end=EPOCH + 2 * HOUR)
    one = Scenario(tmp_path, {query.spec.expr: recording}, queries=())
    one.settings = replace(one.settings, packs=None)

    def make(spec: SourceSpec) -> MetricSource:
        source = RecordedSource(spec.name, one.recordings, metric_names=frozenset(query.requires))
        late = RecordedSource(spec.name, one.recordings)
        return Appearing(late, source, one)

    one._source = make  # type: ignore[method-assign]
    one.daemon = one._daemon()
    async with one:
        await one.until(minutes=5)
        assert () == one.daemon.view().packs
        await one.until(minutes=40)
        ((source, pack, reason),) = one.daemon.view().packs
        assert ("main", "node") == (source, pack)
        assert "2 of 9 queries" in reason
        assert 1 == len((await one.scrape())["aiops_expected"])


class Appearing:
    """A source whose metric names change half an hour after the start."""

    def __init__(self, before: RecordedSource, after: RecordedSource, one: Scenario) -> None:
        self._before, self._after, self._one = before, after, one
        self.name = before.name
        self.instant, self.history, self.close = after.instant, after.history, after.close
        self.samples_read = after.samples_read

    async def metric_names(self) -> frozenset[str]:
        source = self._before if self._one.clock.now() < EPOCH + 1800 else self._after
        return await source.metric_names()


async def test_excluded_windows_are_not_learned(tmp_path: Path) -> None:
    """An outage in the history, excluded, leaves the band where it was without the outage."""
    outage = (EPOCH - 3 * DAY, EPOCH - 1 * DAY)
    broken = between(daily(100, 10, 2, seed=3), *outage, lambda t: 0 * t + 500)
    recording = record({"x": broken}, start=EPOCH - WEEK, end=EPOCH + HOUR)
    clean = record({"x": daily(100, 10, 2, seed=3)}, start=EPOCH - WEEK, end=EPOCH + HOUR)
    queries = (QuerySpec("excluded", "broken", exclude=(outage,)), QuerySpec("clean", "clean"))
    async with Scenario(tmp_path, {"broken": recording, "clean": clean}, queries=queries) as one:
        await one.until(minutes=10)
        upper = {dict(k)["aiops_query"]: v for k, v in (await one.scrape())["aiops_expected_upper"].items()}

        assert upper["clean"] == pytest.approx(upper["excluded"], rel=0.1)


async def test_predict_linear_is_a_plain_option(tmp_path: Path) -> None:
    """A ramp forecast linearly is the ramp, and has no interval."""
    ramp = record({"r": lambda t: (t - EPOCH) / 3600}, start=EPOCH - WEEK, end=EPOCH + 2 * HOUR)
    query = QuerySpec("ramp", "ramp", horizons=(HOUR,), forecast_linear=True, thresholds=(Threshold("critical", 1e9),))
    async with Scenario(tmp_path, {"ramp": ramp}, queries=(query,)) as one:
        await one.until(hours=1)
        page = await one.scrape()

        assert [2.0] == pytest.approx(list(page["aiops_forecast_value"].values()), abs=0.05)
        assert "aiops_forecast_lower" not in page


async def test_score_offline_and_a_live_run_give_the_same_columns_bit_for_bit(tmp_path: Path) -> None:
    """The same samples through the command line and through the daemon: equal to the last bit."""
    steps = 700
    times = EPOCH + 60.0 * np.arange(steps)
    shape = between(daily(100, 30, 3, seed=7), EPOCH + 400 * 60, EPOCH + 450 * 60, lambda t: 0 * t + 90)
    live = Scenario(tmp_path, {"x": record({"x": shape}, start=EPOCH, end=times[-1])}, queries=(QuerySpec("x", "x"),))
    seen: list[tuple[float, ...]] = []
    async with live:
        for step in range(steps):
            await live.until(minutes=step)
            (stream,) = live.daemon._generation.streams()  # type: ignore[union-attr]
            columns = stream.bands, stream.columns, stream.table
            _, band, table = columns
            seen.append((table.values[0], band.expected[0], band.lower[0], band.upper[0], band.score[0]))
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    rows = zip(times.tolist(), shape(times).tolist(), strict=True)
    source.write_text("timestamp,value\n" + "".join(f"{at!r},{value!r}\n" for at, value in rows))
    assert 0 == dispatch(["score", "--input", str(source), "--output", str(target)])
    with target.open(newline="") as handle:
        offline = list(csv.DictReader(handle))

    assert steps == len(offline)
    compared = 0
    for row, (value, expected, lower, upper, score) in zip(offline, seen, strict=True):
        assert float(row["value"]) == value
        assert float(row["anomaly_score"]) == score
        if not np.isnan(expected):
            compared += 1
            assert (float(row["expected"]), float(row["lower"]), float(row["upper"])) == (expected, lower, upper)
    assert compared > 600
    assert max(one[4] for one in seen) > 1


async def test_two_sources_with_the_same_series_make_no_sample_twice(tmp_path: Path) -> None:
    """Without external labels that tell them apart the page stays one that Prometheus accepts."""
    recording = record(shapes(), start=EPOCH - WEEK, end=EPOCH + 1 * HOUR)  # type: ignore[arg-type]
    one = TwoClusters(tmp_path, {"rate": recording}, queries=(RATE,))
    one.settings = replace(one.settings, sources=(SourceSpec("a", ("http://a",)), SourceSpec("b", ("http://b",))))
    one.daemon = one._daemon()
    async with one:
        await one.until(minutes=3)
        _, text = await one.get("/findings/metrics")
        samples = [line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")]

        assert len(samples) == len(set(samples))
        assert 6 == len([sample for sample in samples if sample.startswith("aiops_value{")])


async def test_a_young_source_is_not_called_healthy(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Series without a band are counted as such on the page, in the API and in the log until they have one."""
    caplog.set_level(logging.INFO)
    shape = {f"l{n}": flat(1, 0.1, seed=n) for n in range(3)}
    recording = record(shape, start=EPOCH - 0.2 * HOUR, end=EPOCH + 2 * HOUR)
    async with Scenario(tmp_path, {"load": recording}, queries=(QuerySpec("load", "load"),)) as one:
        await one.until(minutes=5)
        assert "Nothing is judged yet" in (await one.get("/"))[1]
        assert '"warming":3' in (await one.get("/api/v1/streams"))[1]
        (first,) = [vars(each)["fields"] for each in caplog.records if each.getMessage() == "first cycle done"]
        assert {"queries": 1, "series": 3, "with_bands": 0, "findings": 0} == first

        await one.until(hours=1)
        assert "All 3 watched series" in (await one.get("/"))[1]
        assert '"warming":0' in (await one.get("/api/v1/streams"))[1]
