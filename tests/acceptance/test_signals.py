"""Whole-daemon scenarios in virtual time: what is found, when, and what is left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes import Fault, Recording, record
from scenario import DAY, EPOCH, HOUR, WEEK, Scenario
from shapes import Shape, between, counter, daily, flat, local_office, only
from virtual_time import VIRTUAL_TIME

from aiops_daemon.core.model.finding import FindingKind
from aiops_daemon.core.model.labels import get
from aiops_daemon.core.model.query import Direction, QuerySpec, Season, Threshold
from aiops_daemon.core.model.sli import EventsSli
from aiops_daemon.core.model.slo import Rolling, SloSpec
from aiops_daemon.core.rules.slo.live import asked

pytestmark = VIRTUAL_TIME

RATE = QuerySpec("rate", "rate", unit="per_second", title="request rate")


def world(shapes: dict[str, Shape], *, hours: float, start: float = EPOCH, expr: str = "rate") -> dict[str, Recording]:
    """Record a week before `start` and some hours after it."""
    return {expr: record(shapes, start=start - WEEK, end=start + hours * HOUR)}


def healthy(count: int = 10) -> dict[str, Shape]:
    return {f"h{n}": daily(100 + 10 * n, 30, 3, seed=n) for n in range(count)}


async def test_a_spike_is_found_at_once_and_closes_when_it_is_over(tmp_path: Path) -> None:
    """Found within three cycles, on that series only, and closed within a quarter of an hour of its end."""
    begin, end = EPOCH + 2 * HOUR, EPOCH + 3 * HOUR
    shapes = healthy() | {"bad": between(daily(100, 30, 3, seed=99), begin, end, lambda t: 0 * t + 150)}
    async with Scenario(tmp_path, world(shapes, hours=5), queries=(RATE,)) as scenario:
        await scenario.until(hours=2)
        assert [] == scenario.open()
        await scenario.until(hours=2, minutes=3)
        (finding,) = scenario.open()
        assert "bad" == get(finding.labels, "name")
        assert finding.upper is not None
        assert finding.value > finding.upper
        assert finding.since == pytest.approx(begin, abs=60)
        await scenario.until(hours=3, minutes=15)
        assert [] == scenario.open()
        assert [finding.uid] == [one.uid for one in scenario.closed()]


async def test_bands_exist_within_the_first_cycle(tmp_path: Path) -> None:
    """History is read back before the first judgement, so the first scrape has every band."""
    async with Scenario(tmp_path, world(healthy(), hours=1), queries=(RATE,)) as scenario:
        await scenario.until(minutes=1)
        page = await scenario.scrape()

        assert 10 == len(page["aiops_value"])
        assert 10 == len(page["aiops_expected_upper"])
        labels = dict(next(iter(page["aiops_expected_lower"])))
        assert {"aiops_query": "rate", "name": "h0"} == labels


async def test_prometheus_down_and_back(tmp_path: Path) -> None:
    """An outage opens nothing, closes nothing, drops the stale page, and is counted by reason."""
    fault = Fault(EPOCH + HOUR, EPOCH + 2 * HOUR, "down")
    bad = between(flat(10, 0.5, seed=5), EPOCH + 0.5 * HOUR, EPOCH + 9 * HOUR, lambda t: 0 * t + 30)
    scenario = Scenario(tmp_path, world(healthy() | {"bad": bad}, hours=4), queries=(RATE,), faults=(fault,))
    async with scenario:
        await scenario.until(minutes=59)
        (before,) = scenario.open()
        await scenario.until(minutes=110)
        assert [before.uid] == [one.uid for one in scenario.open()]
        assert {} == await scenario.scrape()
        failures = scenario.metric("aiops_query_failures_total", source="main", query="rate", reason="connection")
        assert failures == pytest.approx(50, abs=2)
        status, _ = await scenario.get("/-/ready")
        assert 200 == status
        await scenario.until(hours=2, minutes=3)
        assert [before.uid] == [one.uid for one in scenario.open()]
        assert 11 == len((await scenario.scrape())["aiops_value"])


async def test_prometheus_down_at_start(tmp_path: Path) -> None:
    """The daemon starts without its source, is ready, and finds its bands when the source comes."""
    fault = Fault(EPOCH - HOUR, EPOCH + 0.5 * HOUR, "down")
    async with Scenario(tmp_path, world(healthy(), hours=3), queries=(RATE,), faults=(fault,)) as scenario:
        await scenario.until(minutes=2)
        assert 200 == (await scenario.get("/-/ready"))[0]
        await scenario.until(minutes=33)
        assert 10 == len((await scenario.scrape())["aiops_expected"])


async def test_a_slow_prometheus_skips_cycles_and_says_so(tmp_path: Path) -> None:
    """Answers that take 100 s on a 60 s interval: half the cycles are skipped, none overlaps."""
    fault = Fault(EPOCH + 600, EPOCH + 3600, "slow", seconds=100)
    async with Scenario(tmp_path, world(healthy(), hours=2), queries=(RATE,), faults=(fault,)) as scenario:
        await scenario.until(minutes=70)
        assert scenario.metric("aiops_cycles_skipped_total", source="main") >= 15
        moments = [at for source in scenario.sources for at, _ in source.asked]
        assert len(moments) == len(set(moments))
        assert [] == scenario.open()


async def test_partial_answers_are_no_absence(tmp_path: Path) -> None:
    """A source that calls its answer incomplete makes no series vanish and closes no finding."""
    begin = EPOCH + 0.5 * HOUR
    bad = between(flat(10, 0.5, seed=5), begin, EPOCH + 9 * HOUR, lambda t: 0 * t + 30)
    fault = Fault(EPOCH + HOUR, EPOCH + 3 * HOUR, "partial")
    async with Scenario(
        tmp_path, world(healthy() | {"zz": bad}, hours=4), queries=(RATE,), faults=(fault,)
    ) as scenario:
        await scenario.until(hours=3, minutes=-2)
        assert ["zz"] == [get(one.labels, "name") for one in scenario.open()]
        assert scenario.metric("aiops_source_partial_answers_total", source="main") >= 100
        assert 11 == scenario.metric("aiops_series", source="main", query="rate")


async def test_a_lying_source_is_counted_and_learned_from_by_nobody(tmp_path: Path) -> None:
    """Malformed answers keep the old state; complete answers without series end findings after a while."""
    faults = (Fault(EPOCH + 1800, EPOCH + 3600, "wrong"), Fault(EPOCH + 3600, EPOCH + 5400, "empty"))
    async with Scenario(tmp_path, world(healthy(), hours=3), queries=(RATE,), faults=faults) as scenario:
        await scenario.until(minutes=59)
        assert scenario.metric("aiops_query_failures_total", source="main", query="rate", reason="malformed") >= 28
        await scenario.until(minutes=80)
        assert "aiops_value" not in await scenario.scrape()
        await scenario.until(minutes=95)
        assert 10 == len((await scenario.scrape())["aiops_expected"])
        assert [] == scenario.open()
        assert [] == scenario.closed()


async def test_series_churn_recycles_rows_and_finds_nothing(tmp_path: Path) -> None:
    """Pods that live twenty minutes each: the table stays small and newcomers warm up in silence."""
    shapes = healthy(5)
    for n in range(60):
        born = EPOCH + n * 300
        shapes[f"pod{n}"] = only(flat(50, 2, seed=200 + n), born, born + 1200)
    async with Scenario(tmp_path, world(shapes, hours=6), queries=(RATE,)) as scenario:
        await scenario.until(hours=5)
        assert scenario.metric("aiops_series", source="main", query="rate") <= 25
        assert [] == scenario.open()
        assert [] == scenario.closed()


async def test_the_cap_on_series_is_counted(tmp_path: Path) -> None:
    """A query with too many series keeps what it has and counts the rest."""
    query = QuerySpec("rate", "rate", max_series=4)
    async with Scenario(tmp_path, world(healthy(10), hours=1), queries=(query,)) as scenario:
        await scenario.until(minutes=1)
        assert 4 == scenario.metric("aiops_series", source="main", query="rate")
        assert scenario.metric("aiops_series_dropped_total", source="main", query="rate", reason="limit") >= 6


async def test_a_clock_step_breaks_nothing(tmp_path: Path) -> None:
    """An hour back and an hour forward: polls go on, nothing is found, nothing is negative."""
    async with Scenario(tmp_path, world(healthy(), hours=6), queries=(RATE,)) as scenario:
        await scenario.until(hours=2)
        scenario.clock.step(-HOUR)
        await scenario.until(hours=1, minutes=30)
        assert [] == scenario.open()
        scenario.clock.step(HOUR)
        await scenario.until(hours=3)
        assert [] == scenario.open()
        assert 10 == len((await scenario.scrape())["aiops_value"])
        assert 0 == scenario.metric("aiops_loop_failures_total", loop="poll-main")


async def test_a_level_shift_is_found_and_then_learned(tmp_path: Path) -> None:
    """A new normal is a finding first; it ends by itself within two days, without a restart."""
    shifted = between(daily(100, 10, 2, seed=3), EPOCH + HOUR, EPOCH + 30 * DAY, lambda t: 0 * t + 60)
    async with Scenario(
        tmp_path, world(healthy(3) | {"new": shifted}, hours=72), queries=(RATE,), interval=300
    ) as scenario:
        await scenario.until(hours=1, minutes=30)
        assert ["new"] == [get(one.labels, "name") for one in scenario.open()]
        await scenario.until(hours=49)
        assert [] == scenario.open()


@pytest.mark.parametrize("epoch", [1_698_548_400.0, 1_711_839_600.0], ids=["autumn", "spring"])
async def test_a_daylight_saving_day_is_a_day_like_any_other(tmp_path: Path, epoch: float) -> None:
    """Office hours in Berlin start an hour apart in UTC; a season in local time stays silent, none is late."""
    start = epoch - 12 * HOUR  # the change of clocks comes at about 13 hours
    query = QuerySpec("rate", "rate", time_zone="Europe/Berlin", seasons=(Season.DAILY,))
    shapes: dict[str, Shape] = {f"b{n}": local_office("Europe/Berlin", seed=n) for n in range(3)}
    async with Scenario(
        tmp_path, world(shapes, hours=49, start=start), queries=(query,), start=start, interval=300
    ) as scenario:
        await scenario.until(hours=48)
        assert [] == scenario.open()
        assert [] == scenario.closed()


async def test_a_memory_leak_is_called_hours_before_it_breaches(tmp_path: Path) -> None:
    """The breach is dated while there is time to act, within a quarter of the time that is left."""
    leak_from, per_hour = EPOCH + HOUR, 0.03
    leak = between(flat(0.4, 0.005, seed=4), leak_from, EPOCH + WEEK, lambda t: (t - leak_from) / HOUR * per_hour)
    breach_at = leak_from + (0.95 - 0.4) / per_hour * HOUR
    query = QuerySpec(
        "memory",
        "memory",
        unit="ratio",
        title="memory used",
        direction=Direction.UP,
        thresholds=(Threshold("critical", 0.95),),
        horizons=(HOUR, DAY),
    )
    shapes = {f"ok{n}": flat(0.4, 0.005, seed=50 + n) for n in range(5)} | {"leak": leak}
    async with Scenario(tmp_path, world(shapes, hours=24, expr="memory"), queries=(query,), interval=300) as scenario:
        await scenario.until(hours=11)
        (finding,) = [one for one in scenario.open() if one.kind is FindingKind.FORECAST_BREACH]
        assert "leak" == get(finding.labels, "name")
        assert finding.breach_at == pytest.approx(breach_at, abs=0.25 * (breach_at - scenario.clock.now()))
        assert "critical" == finding.severity
        assert finding.slope_per_second == pytest.approx(per_hour / HOUR, rel=0.15)
        assert finding.acceleration == pytest.approx(0.0, abs=per_hour / HOUR / HOUR)
        shown = json.loads((await scenario.get("/api/v1/findings?kind=forecast_breach"))[1])["data"][0]
        assert shown["slope_per_second"] == pytest.approx(finding.slope_per_second)
        page = await scenario.scrape()
        assert any(
            dict(labels)["aiops_threshold"] == "critical" for labels in page["aiops_forecast_breach_timestamp_seconds"]
        )


def shop(errors_from: float, errors_to: float, ratio: float, hours: float) -> tuple[SloSpec, dict[str, Recording]]:
    """An SLO over ten requests a second with a stretch of errors."""
    origin = EPOCH - WEEK
    slo = SloSpec("checkout", EventsSli("total", bad="bad"), 0.999, Rolling(7 * DAY))

    def rate(t: object) -> object:
        return flat(10, 0.5, seed=1)(t)  # type: ignore[arg-type]

    def bad(t):  # type: ignore[no-untyped-def]
        return rate(t) * ((t >= errors_from) & (t < errors_to)) * ratio

    end = EPOCH + hours * HOUR
    total = record({"t": counter(rate, origin)}, start=origin, end=end)  # type: ignore[arg-type]
    errors = record({"b": counter(bad, origin)}, start=origin, end=end)
    grid = record({"x": rate}, start=origin, end=end, step=300)  # type: ignore[dict-item]
    bad_grid = record({"x": bad}, start=origin, end=end, step=300)
    return slo, {"total": total, "bad": errors, asked(slo).total: grid, asked(slo).bad: bad_grid}


async def test_an_outage_burns_the_budget_and_pages(tmp_path: Path) -> None:
    """All requests fail: the page alert holds within three minutes and ends soon after recovery."""
    slo, recordings = shop(EPOCH + HOUR, EPOCH + 1.2 * HOUR, ratio=1.0, hours=4)
    async with Scenario(tmp_path, recordings, queries=(), slos=(slo,)) as scenario:
        await scenario.until(minutes=59)
        assert [] == scenario.open()
        page = await scenario.scrape()
        assert [1.0] == list(page["aiops_slo_error_budget_remaining_ratio"].values())
        await scenario.until(minutes=63)
        assert {"critical", "warning"} >= {one.severity for one in scenario.open()}
        assert any(one.kind is FindingKind.BURN and one.severity == "critical" for one in scenario.open())
        page = await scenario.scrape()
        assert any(dict(labels)["aiops_severity"] == "page" for labels in page["aiops_slo_alert_active"])
        await scenario.until(minutes=120)
        assert not [one for one in scenario.open() if one.severity == "critical"]


async def test_a_prometheus_of_forty_minutes_has_bands_in_the_first_cycle(tmp_path: Path) -> None:
    """The latest hours are read at the polling interval, so little history is enough for a start."""
    young = {"rate": record(healthy(), start=EPOCH - 40 * 60, end=EPOCH + HOUR)}
    async with Scenario(tmp_path, young, queries=(RATE,)) as scenario:
        await scenario.until(minutes=1)
        assert 10 == len((await scenario.scrape())["aiops_expected"])
        await scenario.until(minutes=30)
        assert [] == scenario.open()
