"""Every kind of SLO, watched: what it asks, what it makes of the answers, and what it never loses."""

from __future__ import annotations

from dataclasses import replace

import pytest
from burn_world import NAN, ONE, Answering, constant, poll
from flow_world import AT, SOURCE, surroundings
from slo_kinds import CHECKOUT, DAY, KINDS, slo

from aiops_daemon.core.model.sli import Comparison, EventsSli, RawSli, ThresholdSli
from aiops_daemon.core.model.slo import (
    Budgeting,
    BudgetSpec,
    BurnPair,
    BurnWindows,
    Calendar,
    CalendarUnit,
    DataState,
    SloSpec,
    Withheld,
)
from aiops_daemon.core.rules.slo.live import asked
from aiops_daemon.errors import SourceError
from aiops_daemon.flows.blocks import slo_blocks
from aiops_daemon.flows.burn import SloWatch
from aiops_daemon.flows.keep import Keeper, restore_slo
from aiops_daemon.flows.poll import Poller

pytestmark = pytest.mark.looptime

CART, PAY = b'{"handler":"/cart","code":"200"}', b'{"handler":"/pay"}'


@pytest.mark.parametrize("name", KINDS)
async def test_every_kind_is_watched_and_its_past_is_read(name: str) -> None:
    """A tenth of bad events, or of bad time, in every window from the first poll on."""
    spec = KINDS[name]
    key = PAY if spec.grouping else ONE
    watch, source = SloWatch(spec, SOURCE), Answering(constant(spec, 1.0, 10.0, key))

    (first,) = await poll(watch, source, 1)
    (later,) = await poll(watch, source, 10, begin=AT + 60)

    for status in (first, later):
        known = {window: ratio for window, ratio in status.error_ratio.items() if ratio is not None}
        assert {"1h", "1d", "3d", spec.window_name} <= set(known)
        assert all(ratio == pytest.approx(0.1, rel=0.02) for ratio in known.values())
        assert DataState.OK is status.state
    assert watch.last_success == watch.known_until


async def test_slices_are_looked_at_once_a_minute() -> None:
    """A slice speaks for a minute: their past is read a minute apart, and the rest five."""
    for name, step in (("threshold", 60.0), ("time slices", 60.0), ("expressions", 300.0), ("bad events", 300.0)):
        source = Answering(constant(KINDS[name], 1.0, 10.0))
        await poll(SloWatch(KINDS[name], SOURCE), source, 1)

        assert {step} == {read[2] for read in source.read}


async def test_each_group_has_a_budget_of_its_own() -> None:
    """Labels beyond the grouping are summed over; both series carry theirs."""
    spec = slo("shop", EventsSli("total", bad="bad"), grouping=("handler",), labels=(("service", "shop"),))
    answers = dict(constant(spec, 0.0, 10.0, CART, PAY))
    answers["bad"] = lambda at: {PAY: max(0.0, at - AT)}
    watch = SloWatch(spec, SOURCE)

    cart, pay = await poll(watch, Answering(answers), 11)
    texts = {text for block in slo_blocks(watch, AT + 600, set()) for text in block.labels}

    assert ((("handler", "/cart"),), (("handler", "/pay"),)) == (cart.group, pay.group)
    assert 0.0 == cart.error_ratio["5m"]
    assert pay.error_ratio["5m"] == pytest.approx(0.1)
    assert 'aiops_slo="shop",handler="/pay",service="shop"' in texts
    assert (True, True) == ("page" in pay.active, not cart.active)


async def test_groups_above_the_limit_are_refused_and_told_of() -> None:
    """The first ones are watched on; the rest is counted and named, with the remedy."""
    spec = replace(slo("shop", EventsSli("total", bad="bad"), grouping=("handler",)), max_groups=2)
    keys = [b'{"handler":"/%d"}' % number for number in range(5)]
    watch, around = SloWatch(spec, SOURCE), surroundings()
    poller = Poller(SOURCE, Answering(constant(spec, 1.0, 10.0, *keys)), around)  # type: ignore[arg-type]
    poller.add_slo(watch)

    await poller._poll_slos([watch], AT)

    assert ["/0", "/1"] == [dict(status.group)["handler"] for status in watch.statuses]
    assert (
        "3 combinations of handler have no budget beside 2 others: group by fewer labels, narrow the selectors, or "
        "raise max_groups"
    ) == watch.last_error
    assert 3 == around.meter.value("aiops_series_dropped_total", source="main", query="shop", reason="limit")


async def test_a_group_without_series_is_gone_and_after_a_day_untold() -> None:
    """A handler that was taken out does not alert for a month; an SLO without any group still says that it is gone."""
    spec = slo("shop", EventsSli("total", bad="bad"), grouping=("handler",))
    answers = dict(constant(spec, 1.0, 10.0, CART, PAY))
    watch, source = SloWatch(spec, SOURCE), Answering(answers)
    await poll(watch, source, 5)
    answers |= constant(spec, 1.0, 10.0, PAY)
    source.answers = answers
    gone, there = await poll(watch, source, 5, begin=AT + 300)
    (only,) = await poll(watch, source, 1, begin=AT + DAY + 400)
    source.answers = dict.fromkeys(answers, lambda _: {})
    (none,) = await poll(watch, source, 1, begin=AT + 3 * DAY)

    assert (DataState.GONE, DataState.OK) == (gone.state, there.state)
    assert (("handler", "/pay"),) == only.group
    assert ((), DataState.GONE) == (none.group, none.state)


@pytest.mark.parametrize(
    "spec",
    [
        slo("raw", RawSli(bad="errors:ratio")),
        slo("p99", ThresholdSli("p99", Comparison.AT_MOST, 0.5)),
        slo("slices", CHECKOUT, budget=BudgetSpec(Budgeting.TIME_SLICES, 300.0, 0.95)),
    ],
    ids=lambda spec: spec.name,
)
async def test_a_quiet_night_is_idle_and_neither_bad_nor_gone(spec: SloSpec) -> None:
    """No traffic makes ratios and quantiles no numbers, or slices none; the series are still there."""
    questions = asked(spec)
    answers = dict(constant(spec, 0.0, 10.0))
    watch, source = SloWatch(spec, SOURCE), Answering(answers)
    await poll(watch, source, 1)
    missing = spec.name != "raw"
    source.answers = answers | {questions.pulse: lambda _: {ONE: NAN}}
    if questions.bad != questions.pulse:
        source.answers |= {questions.bad: lambda _: {} if missing else {ONE: NAN}}

    (status,) = await poll(watch, source, 70, begin=AT + 60)

    assert (DataState.IDLE, frozenset()) == (status.state, status.active)
    assert status.budget_remaining_ratio == pytest.approx(1.0)


async def test_what_was_missed_is_read_back() -> None:
    """Half an hour without answers: rates know only five minutes, so the errors within are read from the past."""
    spec = KINDS["expressions"]
    questions = asked(spec)
    answers = dict(constant(spec, 0.0, 10.0))
    answers[questions.bad] = lambda at: {ONE: 5.0 if AT + 600 < at <= AT + 1200 else 0.0}
    watch, source = SloWatch(spec, SOURCE), Answering(answers)
    await poll(watch, source, 5)
    source.down = True
    with pytest.raises(SourceError):
        await poll(watch, source, 1, begin=AT + 360)
    kept = watch.known_until
    source.down = False
    source.read.clear()

    (status,) = await poll(watch, source, 1, begin=AT + 1800)

    assert AT + 240 == kept
    assert {(AT + 360, AT + 1560, 300.0)} == set(source.read)
    assert status.error_ratio["1h"] == pytest.approx(600 * 5.0 / 36_000, rel=0.02)


@pytest.mark.parametrize("name", ["good events, grouped", "latency", "expressions", "ratio time slices", "calendar"])
async def test_budgets_survive_a_restart(name: str) -> None:
    """What was saved is taken back, groups and all, and only what came since is read."""
    spec, saved = KINDS[name], {}
    key = PAY if spec.grouping else ONE
    source, around = Answering(constant(spec, 1.0, 10.0, key)), surroundings()
    watch = SloWatch(spec, SOURCE)
    before = await poll(watch, source, 10)
    poller = Poller(SOURCE, None, around)  # type: ignore[arg-type]
    poller.add_slo(watch)
    await Keeper([poller], around, saved.update).save()
    restored = SloWatch(spec, SOURCE)
    restore_slo(restored, saved)
    source.read.clear()

    after = await poll(restored, source, 1, begin=AT + 900)

    assert AT + 540 == restored.past.whole_until
    assert all(start > AT + 540 for start, _, _ in source.read)
    assert [status.group for status in before] == [status.group for status in after]
    assert [status.error_ratio for status in after] == [
        {window: pytest.approx(0.1, rel=0.02) for window in status.error_ratio} for status in before
    ]


async def test_saved_budgets_of_another_indicator_are_left() -> None:
    """What is counted changed: the past is read anew."""
    saved: dict[str, object] = {}
    around = surroundings()
    watch = SloWatch(slo("x", EventsSli("total", bad="bad")), SOURCE)
    await poll(watch, Answering(constant(watch.spec, 1.0, 10.0)), 3)
    poller = Poller(SOURCE, None, around)  # type: ignore[arg-type]
    poller.add_slo(watch)
    await Keeper([poller], around, saved.update).save()
    other = SloWatch(slo("x", EventsSli("total", bad="worse")), SOURCE)
    restore_slo(other, saved)  # type: ignore[arg-type]

    assert other.past.whole_until is None


async def test_the_guard_is_told_of() -> None:
    """One error among few: the budget burns, nobody is paged, and the page says why not."""
    spec = slo("quiet", EventsSli("total", bad="bad"))
    answers = dict(constant(spec, 0.0, 0.01))
    answers["bad"] = lambda at: {ONE: float(at > AT + 60)}
    watch = SloWatch(spec, SOURCE)
    (status,) = await poll(watch, Answering(answers), 4)
    names = {(block.metric.name, text) for block in slo_blocks(watch, AT + 180, set()) for text in block.labels}

    assert {"page": Withheld.FEW_ERRORS} == status.guard
    assert not status.active
    assert ("aiops_slo_guard_active", 'aiops_severity="page",aiops_slo="quiet"') in {
        (name, ",".join(sorted(text.split(",")))) for name, text in names
    }


async def test_windows_of_a_user_are_judged() -> None:
    """Pairs are data: a page over 15 minutes and 5, at a factor that the user gave."""
    pairs = BurnWindows("ours", (BurnPair("page", 900.0, 300.0, factor=50.0),), chosen=True)
    spec = replace(slo("x", EventsSli("total", bad="bad")), burn=pairs)
    (status,) = await poll(SloWatch(spec, SOURCE), Answering(constant(spec, 1.0, 10.0)), 2)

    assert ["5m", "15m", "30d"] == list(status.error_ratio)
    assert {"page"} == status.active


async def test_a_new_month_has_a_whole_budget() -> None:
    """Errors of the day before count until local midnight; the burn windows go on over it."""
    spec = slo("x", EventsSli("total", bad="bad"), window=Calendar(CalendarUnit.MONTH, "Europe/Berlin"))
    midnight = 1_788_213_600.0  # 2026-09-01 00:00 in Berlin
    answers = dict(constant(spec, 0.0, 10.0))
    answers[asked(spec).bad] = lambda at: {ONE: 1.0 if at <= midnight else 0.0}
    answers["bad"] = lambda at: {ONE: min(at, midnight)}
    watch = SloWatch(spec, SOURCE)
    (before,) = await poll(watch, Answering(answers), 1, begin=midnight - 60)
    (after,) = await poll(watch, Answering(answers), 30, begin=midnight)

    assert before.error_ratio["month"] == pytest.approx(0.1, rel=0.01)
    assert after.error_ratio["month"] == pytest.approx(0.0, abs=1e-9)
    assert after.error_ratio["1d"] == pytest.approx(0.1, rel=0.05)
    assert after.period is not None
    assert midnight == after.period[0]


async def test_a_budget_that_is_spent_again_in_the_new_period_is_not_spent_since_the_old_one() -> None:
    """An outage goes on over the turn of the month: the new budget is gone within minutes."""
    spec = slo("x", EventsSli("total", bad="bad"), window=Calendar(CalendarUnit.MONTH, "Europe/Berlin"))
    midnight = 1_788_213_600.0  # 2026-09-01 00:00 in Berlin
    answers = dict(constant(spec, 5.0, 10.0))
    watch = SloWatch(spec, SOURCE)
    (before,) = await poll(watch, Answering(answers), 10, begin=midnight - 600)
    (after,) = await poll(watch, Answering(answers), 10, begin=midnight)

    assert midnight - 600 == before.exhaustion_at
    assert midnight + 60 == after.exhaustion_at
    assert after.budget_remaining_ratio is not None
    assert after.budget_remaining_ratio < 0


@pytest.mark.parametrize("name", ["bad events", "expressions", "threshold"])
async def test_a_clock_that_is_put_back_counts_nothing_twice(name: str) -> None:
    """Ratios stay what they are, and no sum falls below nothing."""
    watch, source = SloWatch(KINDS[name], SOURCE), Answering(constant(KINDS[name], 1.0, 10.0))
    await poll(watch, source, 10)
    await poll(watch, source, 1, begin=AT + 60)
    (status,) = await poll(watch, source, 5, begin=AT + 600)

    assert status.error_ratio["1h"] == pytest.approx(0.1, rel=0.02)
