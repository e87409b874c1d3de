"""Whole-daemon scenarios in virtual time: one configuration takes over from another."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import Fault, FaultySource, record
from scenario import EPOCH, HOUR, WEEK, Scenario
from shapes import Shape, between, counter, daily, flat, only
from virtual_time import VIRTUAL_TIME

from aiops_daemon.core.model.finding import FindingKind
from aiops_daemon.core.model.query import QuerySpec, Threshold
from aiops_daemon.core.model.sli import EventsSli
from aiops_daemon.core.model.slo import Rolling, SloSpec
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.packs import PACKS
from aiops_daemon.core.rules.slo.live import asked
from aiops_daemon.edges.prometheus.recorded import RecordedSource
from aiops_daemon.errors import SourceError, SourceReason
from aiops_daemon.ports import MetricSource

pytestmark = VIRTUAL_TIME

RATE = QuerySpec("rate", "rate")
LOAD = QuerySpec("load", "load")
SLO = SloSpec("shop", EventsSli("total", bad="bad"), 0.999, Rolling(30 * 86400.0))


def broken(level: float, seed: int) -> Shape:
    """Noise around a level, far above it from half an hour after the start on."""
    return between(flat(level, 0.5, seed), EPOCH + 0.5 * HOUR, EPOCH + WEEK, lambda t: 0 * t + 20 * level)


def scenario(folder: Path, shapes: dict[str, Shape], *, queries: tuple[QuerySpec, ...] = (RATE,)) -> Scenario:
    recordings = {
        "rate": record(shapes, start=EPOCH - WEEK, end=EPOCH + 4 * HOUR),
        "load": record({"l": flat(1, 0.1, seed=8)}, start=EPOCH - WEEK, end=EPOCH + 4 * HOUR),
    }
    return Scenario(folder, recordings, queries=queries)


def packed(folder: Path) -> Scenario:
    """A world in which only a built-in pack finds anything to watch."""
    query = next(q for pack in PACKS for q in pack.queries if q.spec.name == "node_load_per_core")
    recordings = {query.spec.expr: record({"n": broken(0.5, 1)}, start=EPOCH - WEEK, end=EPOCH + 4 * HOUR)}
    one = Scenario(folder, recordings, queries=())
    one.settings = one.next_settings = replace(one.settings, packs=None)

    def make(spec: SourceSpec) -> MetricSource:
        inner = RecordedSource(spec.name, one.recordings, metric_names=frozenset(query.requires))
        source = FaultySource(inner, one.clock, one.faults)
        one.sources.append(source)
        return source

    one._source = make  # type: ignore[method-assign]
    one.daemon = one._daemon()
    return one


async def test_findings_stay_on_their_series_when_rows_move(tmp_path: Path) -> None:
    """Series that went leave holes; after a reload rows are closed up, and no finding closes or opens by that."""
    gone = {f"a{n:03}": only(flat(5, 0.1, n), EPOCH - WEEK, EPOCH + 600) for n in range(100)}
    late = {"z": only(broken(10, 7), EPOCH - WEEK, EPOCH + WEEK)}
    async with scenario(tmp_path, gone | late) as one:
        await one.until(hours=2)
        (before,) = one.open()
        await one.post("/-/reload")
        await one.until(hours=2, minutes=5)
        (after,) = one.open()

        assert before.uid == after.uid
        assert [] == one.closed()
        assert 1 == one.metric("aiops_findings_total", kind="anomaly", severity="info")
        assert 0 == one.metric("aiops_loop_failures_total", loop="poll-main")


async def test_a_reload_keeps_what_packs_learned(tmp_path: Path) -> None:
    """Queries of packs keep bands and findings as configured ones do; nothing is read back again."""
    async with packed(tmp_path) as one:
        await one.until(hours=1)
        (before,) = one.open()
        read = one.metric("aiops_history_samples_read_total", source="main")
        await one.post("/-/reload")
        await one.until(hours=1, minutes=3)

        assert [before.uid] == [finding.uid for finding in one.open()]
        assert one.metric("aiops_history_samples_read_total", source="main") <= read + 5
        assert 1 == len((await one.scrape())["aiops_expected"])


async def test_packs_switched_off_close_their_findings(tmp_path: Path) -> None:
    """What no pack watches any more is not open for ever."""
    async with packed(tmp_path) as one:
        await one.until(hours=1)
        assert 1 == len(one.open())
        one.next_settings = replace(one.settings, packs=())
        await one.post("/-/reload")
        await one.until(hours=1, minutes=3)

        assert [] == one.open()


async def test_a_source_that_is_removed_leaves_nothing_behind(tmp_path: Path) -> None:
    """Its findings close, and no metric of it stays to make an alert fire for ever."""
    async with scenario(tmp_path, {"bad": broken(10, 3)}) as one:
        await one.until(hours=1)
        assert 1 == len(one.open())
        one.next_settings = replace(one.settings, sources=(SourceSpec("other", ("http://b",)),), queries=(LOAD,))
        await one.post("/-/reload")
        await one.until(hours=1, minutes=3)

        _, page = await one.get("/metrics")
        assert [] == one.open()
        assert 'source="main"' not in page
        assert 'loop="poll-main"' not in page
        assert 'loop="poll-other"' in page


def burning(folder: Path) -> Scenario:
    """Half of all requests fail from ten minutes after the start on."""
    begin, end = EPOCH - WEEK, EPOCH + 4 * HOUR
    total = counter(lambda t: 0 * t + 10, begin)
    bad = counter(lambda t: 5.0 * (t >= EPOCH + 600), begin)
    recordings = {
        "total": record({"t": total}, start=begin, end=end),
        "bad": record({"t": bad}, start=begin, end=end),
        asked(SLO).total: record({"t": lambda t: 0 * t + 10}, start=begin, end=end),
        asked(SLO).bad: record({"t": lambda t: 0 * t}, start=begin, end=end),
    }
    return Scenario(folder, recordings, queries=(), slos=(SLO,))


async def test_an_slo_that_is_removed_closes_its_findings(tmp_path: Path) -> None:
    """A burn nobody watches is over, and none of its metrics stays."""
    async with burning(tmp_path) as one:
        await one.until(minutes=40)
        assert {FindingKind.BURN} == {finding.kind for finding in one.open()}
        one.next_settings = replace(one.settings, slos=())
        await one.post("/-/reload")
        await one.until(minutes=43)

        assert [] == one.open()
        assert not [name for name in await one.scrape() if name.startswith("aiops_slo")]


async def test_an_slo_whose_objective_changes_burns_on(tmp_path: Path) -> None:
    """Neither metrics nor alerts blink, nobody is told anew, and the budget is that of the new objective."""
    async with burning(tmp_path) as one:
        await one.until(minutes=40)
        before, told = {finding.uid for finding in one.open()}, (await one.scrape()).keys()
        one.next_settings = replace(one.settings, slos=(replace(SLO, objective_ratio=0.998),))
        await one.post("/-/reload")
        at_once = await one.scrape()
        await one.until(minutes=43)
        page = await one.scrape()

        assert before == {finding.uid for finding in one.open()}
        assert [] == one.closed()
        assert told == at_once.keys() == page.keys()
        assert [0.998] == list(page["aiops_slo_objective_ratio"].values())
        (left,) = page["aiops_slo_error_budget_remaining_ratio"].values()
        assert left == pytest.approx(1 - (34 * 60 * 5) / (10 * (WEEK + 43 * 60)) / 0.002, rel=0.01)


async def test_an_slo_that_is_renamed_keeps_its_budget(tmp_path: Path) -> None:
    """The old name is on no page any more; what was spent stays spent, and it is saved under the new name."""
    async with burning(tmp_path) as one:
        await one.until(minutes=40)
        (spent,) = (await one.scrape())["aiops_slo_error_budget_remaining_ratio"].values()
        one.next_settings = replace(one.settings, slos=(replace(SLO, name="store"),))
        await one.post("/-/reload")
        await one.until(minutes=41)
        one.settings = one.next_settings
        await one.restart()
        await one.until(minutes=43)
        page = await one.scrape()

        ((labels, left),) = page["aiops_slo_error_budget_remaining_ratio"].items()
        assert (("aiops_slo", "store"),) == labels
        assert left == pytest.approx(spent - 3 * (60 * 5) / (10 * WEEK) / 0.001, rel=0.02)  # three minutes more
        assert not [finding for finding in one.open() if finding.query == "shop"]


async def test_a_configuration_that_is_refused_leaves_slos_alone(tmp_path: Path) -> None:
    """The old SLO goes on, with its alert and its budget."""
    async with burning(tmp_path) as one:
        await one.until(minutes=40)
        before = {finding.uid for finding in one.open()}
        one.next_settings = SourceError(SourceReason.CONNECTION, "no such file")
        status, _ = await one.post("/-/reload")
        await one.until(minutes=43)

        assert 400 == status
        assert before == {finding.uid for finding in one.open()}


async def test_the_page_stays_while_the_first_poll_after_a_reload_hangs(tmp_path: Path) -> None:
    """Prometheus must not see every series end because it was itself slow to answer us."""
    fault = Fault(EPOCH + HOUR, EPOCH + HOUR + 300, "slow", seconds=50)
    async with scenario(tmp_path, {"h": flat(10, 1, 2), "bad": broken(10, 3)}) as one:
        one.faults = (fault,)
        for source in one.sources:
            source.faults = one.faults
        await one.until(hours=1, minutes=-0.5)
        await one.until(hours=1, minutes=0.2)
        status, _ = await one.post("/-/reload")
        await one.clock.sleep(20)

        assert 200 == status
        assert 2 == len((await one.scrape())["aiops_value"])
        assert 1 == len(one.open())
        assert 200 == (await one.get("/-/ready"))[0]


async def test_a_threshold_that_is_added_costs_no_learned_state(tmp_path: Path) -> None:
    """Bands and forecasts of the series did not change, only what is called a breach."""
    query = replace(RATE, horizons=(3600.0,), thresholds=(Threshold("critical", 1000.0),))
    async with scenario(tmp_path, {"h": daily(100, 30, 3, 2), "bad": broken(10, 3)}, queries=(query,)) as one:
        await one.until(hours=1)
        (before,) = one.open()
        read = one.metric("aiops_history_samples_read_total", source="main")
        more = replace(query, thresholds=(Threshold("page", 1000.0), Threshold("warning", 900.0)))
        one.next_settings = replace(one.settings, queries=(more,))
        await one.post("/-/reload")
        await one.until(hours=1, minutes=3)

        assert [before.uid] == [finding.uid for finding in one.open()]
        assert one.metric("aiops_history_samples_read_total", source="main") <= read + 5


@pytest.mark.parametrize(
    "change",
    [
        {"labels": (("team", "shop"),)},
        {"exclude": ((EPOCH - 86_400, EPOCH - 80_000),)},
        {"time_zone": "Europe/Berlin"},
    ],
    ids=["labels", "exclude", "time zone"],
)
async def test_what_changes_learning_is_learned_anew(tmp_path: Path, change: dict[str, object]) -> None:
    """Other labels, excluded time or clock: history is read again, and bands are there in the first cycle."""
    async with scenario(tmp_path, {"h": daily(100, 30, 3, 2), "bad": broken(10, 3)}) as one:
        await one.until(hours=1)
        read = one.metric("aiops_history_samples_read_total", source="main")
        one.next_settings = replace(one.settings, queries=(replace(RATE, **change),))  # type: ignore[arg-type]
        await one.post("/-/reload")
        await one.until(hours=1, minutes=3)

        assert one.metric("aiops_history_samples_read_total", source="main") >= read + 2 * 2000
        assert 2 == len((await one.scrape())["aiops_expected"])
        assert all(dict(finding.labels).get("name") == "bad" for finding in one.open())
        assert len(one.open()) <= 1


async def test_two_reloads_at_once_end_with_one_generation(tmp_path: Path) -> None:
    """The second waits for the first; every source but the last is closed."""
    async with scenario(tmp_path, {"h": flat(10, 1, 2)}) as one:
        await one.until(minutes=5)
        await asyncio.gather(one.daemon.reload(), one.daemon.reload(), one.daemon.reload())
        await one.until(minutes=8)

        assert [True, True, True, False] == [source.closed for source in one.sources]
        assert 1 == len((await one.scrape())["aiops_value"])


async def test_a_reload_during_the_first_history_starts_it_again(tmp_path: Path) -> None:
    """Nothing is served before history is read; after it every band is there."""
    one = scenario(tmp_path, {"h": flat(10, 1, 2)})
    one.faults = (Fault(EPOCH - 1, EPOCH + 30, "slow", seconds=40),)
    async with one:
        await one.clock.sleep(60)
        assert 200 == (await one.post("/-/reload"))[0]
        await one.until(minutes=4)
        assert 1 == len((await one.scrape())["aiops_expected"])


async def test_a_reload_that_fails_half_way_leaves_the_old_configuration_running(tmp_path: Path) -> None:
    """A source that cannot be built refuses the whole reload, and the answer says why."""
    async with scenario(tmp_path, {"h": flat(10, 1, 2)}) as one:
        await one.until(minutes=5)
        making = one._source

        def refuse(spec: SourceSpec) -> MetricSource:
            if spec.name == "second":
                raise SourceError(SourceReason.CONNECTION, "TLS files cannot be used")
            return making(spec)

        one.daemon._options = replace(one.daemon._options, make_source=refuse)
        second = SourceSpec("second", ("https://b",))
        one.next_settings = replace(one.settings, sources=(*one.settings.sources, second))
        status, body = await one.post("/-/reload")
        await one.until(minutes=9)

        assert (400, "TLS files cannot be used\n") == (status, body)
        assert 0 == one.metric("aiops_config_last_reload_successful")
        assert 1 == len((await one.scrape())["aiops_value"])
        assert one.daemon.view().at >= EPOCH + 8 * 60


async def test_stop_during_a_reload_leaves_nothing_running(tmp_path: Path) -> None:
    """SIGTERM while the new generation is being built: all sources are closed in the end."""
    async with scenario(tmp_path, {"h": flat(10, 1, 2)}) as one:
        await one.until(minutes=5)
        reloading = asyncio.create_task(one.daemon.reload())
        await asyncio.sleep(0)
        await one.daemon.stop()
        await reloading
        await one.clock.sleep(600)

        assert all(source.closed for source in one.sources)
        asked = sum(len(source.asked) for source in one.sources)
        await one.clock.sleep(600)
        assert asked == sum(len(source.asked) for source in one.sources)
