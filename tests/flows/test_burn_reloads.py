"""An SLO that changes under the running daemon: what is counted stays, what is promised of it is new."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from burn_world import ONE, Answering, constant, poll
from flow_world import AT, SOURCE, surroundings
from slo_kinds import DAY, KINDS, slo

from aiops_daemon.core.model.budget import PolicyStep
from aiops_daemon.core.model.sli import EventsSli
from aiops_daemon.core.model.slo import (
    BurnPair,
    BurnWindows,
    Calendar,
    CalendarUnit,
    DataState,
    Rolling,
    SloSpec,
    SloStatus,
)
from aiops_daemon.core.rules.slo.live import asked
from aiops_daemon.flows.burn import SloWatch
from aiops_daemon.flows.findings import FindingBook
from aiops_daemon.flows.keep import Keeper, restore_slo
from aiops_daemon.flows.poll import Poller
from aiops_daemon.flows.succeed import adopt_slos

pytestmark = pytest.mark.looptime

SHOP = slo("shop", EventsSli("total", bad="bad"), labels=(("service", "shop"),))


class Forgetful(Answering):
    """A source that knows four tenths of errors until now and one tenth from now on, and loses that past."""

    def __init__(self, spec: SloSpec) -> None:
        key = b'{"handler":"/pay"}' if spec.grouping else ONE
        super().__init__(constant(spec, 1.0, 10.0, key))
        bad = asked(spec).bad
        later = self.answers[bad]
        self.answers = dict(self.answers) | {bad: lambda at: {key: (4.0 if at <= AT else 1.0) * later(at)[key]}}

    def lose(self) -> None:
        self.answers = {
            expr: (lambda at, now=answer: now(at) if at > AT + 9 * 60 else {}) for expr, answer in self.answers.items()
        }


async def changed(before: SloSpec, after: SloSpec) -> tuple[SloStatus, SloWatch, Forgetful]:
    """Watch ten minutes, then reload; the source has lost what was before."""
    watch, source = SloWatch(before, SOURCE), Forgetful(before)
    (status,) = await poll(watch, source, 10)
    source.lose()
    new = SloWatch(after, SOURCE)
    await adopt_slos([watch], [new])
    return status, new, source


CHANGES = {
    "objective": {"objective_ratio": 0.99},
    "labels": {"labels": (("service", "store"),)},
    "name": {"name": "store"},
    "limit of groups": {"max_groups": 3},
    "alert windows": {"burn": BurnWindows("ours", (BurnPair("page", 7200.0, 600.0, factor=14.4),), chosen=True)},
    "shorter window": {"window": Rolling(7 * DAY)},
    "longer window": {"window": Rolling(90 * DAY)},
    "window kept in hours": {"window": Rolling(200 * DAY)},
    "calendar window": {"window": Calendar(CalendarUnit.QUARTER, "Europe/Berlin")},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("name", ["bad events", "good events, grouped", "ratio time slices"])
async def test_what_was_counted_outlives_a_reload(name: str, change: dict[str, object]) -> None:
    """The source holds the past no more: a budget that was read anew would tell of ten minutes."""
    spec = KINDS[name]
    before, watch, source = await changed(spec, replace(spec, **change))  # type: ignore[arg-type]

    (status,) = await poll(watch, source, 2, begin=AT + 600)

    assert before.group == status.group
    assert status.error_ratio[watch.spec.window_name] == pytest.approx(0.4, rel=0.02)
    assert status.error_ratio.get("3d", 0.4) == pytest.approx(0.4, rel=0.02)
    assert status.budget_remaining_ratio == pytest.approx(1 - 0.4 / watch.spec.budget_ratio, rel=0.03)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_nothing_vanishes_between_a_reload_and_the_first_poll(change: dict[str, object]) -> None:
    """Another source's cycle may end first: metrics and alerts are there, by what is promised now."""
    before, watch, _ = await changed(SHOP, replace(SHOP, **change))  # type: ignore[arg-type]

    (status,) = watch.statuses
    assert watch.spec is status.spec
    assert (DataState.OK, {"page"}) == (status.state, status.active & {"page"})
    assert before.since["page"] == status.since["page"]
    assert AT + 540 == watch.last_success


async def test_an_alert_keeps_its_onset_when_the_objective_changes() -> None:
    """Nobody is told twice of the same errors."""
    before, watch, source = await changed(SHOP, replace(SHOP, objective_ratio=0.995))
    book = FindingBook(surroundings().meter)

    await watch.poll(source, AT + 600, book)  # type: ignore[arg-type]

    assert {before.since["page"]} == {one.since for one in book.open() if one.severity == "critical"}


async def test_an_alert_ends_when_the_new_objective_allows_its_errors() -> None:
    """Four tenths of errors are what 50 % allows."""
    _, watch, source = await changed(SHOP, replace(SHOP, objective_ratio=0.5))
    (status,) = await poll(watch, source, 1, begin=AT + 600)

    assert not status.active


async def test_a_policy_that_changed_is_the_one_that_is_told() -> None:
    """Its budget goes on, and its steps are those of the new configuration."""
    steps = (PolicyStep(0.3, "Call the owner"),)
    _, watch, source = await changed(SHOP, replace(SHOP, policy=steps))
    (status,) = await poll(watch, source, 1, begin=AT + 600)

    assert steps == status.spec.policy


@pytest.mark.parametrize(
    "change",
    [
        {"sli": EventsSli("total", bad="worse")},
        {"grouping": ("handler",)},
    ],
    ids=["indicator", "grouping"],
)
async def test_what_counts_otherwise_begins_anew(change: dict[str, object]) -> None:
    """Errors of another indicator are no errors of this one."""
    after = replace(SHOP, **change)  # type: ignore[arg-type]
    _, watch, source = await changed(SHOP, after)
    source.answers = constant(after, 0.0, 10.0, b'{"handler":"/pay"}')

    assert ((), None) == (watch.statuses, watch.last_success)
    (status,) = await poll(watch, source, 2, begin=AT + 600)

    assert status.error_ratio["30d"] == pytest.approx(0.0)


async def test_a_longer_window_reads_what_it_lacks() -> None:
    """What is known stays, and what lies before it is asked for."""
    before, after = replace(SHOP, window=Rolling(7 * DAY)), SHOP
    watch, source = SloWatch(before, SOURCE), Answering(constant(before, 1.0, 10.0))
    await poll(watch, source, 10)
    new = SloWatch(after, SOURCE)
    await adopt_slos([watch], [new])
    source.answers = dict(source.answers) | {asked(after).bad: lambda at: {ONE: 4.0}}

    (status,) = await poll(new, source, 1, begin=AT + 600)

    assert status.error_ratio["30d"] == pytest.approx((7 * 0.1 + 23 * 0.4) / 30, rel=0.02)


async def test_one_budget_has_one_heir() -> None:
    """Two SLOs on the same indicator do not count into the same budget, whoever had it before."""
    watch, source = SloWatch(SHOP, SOURCE), Answering(constant(SHOP, 1.0, 10.0))
    await poll(watch, source, 10)
    heirs = [SloWatch(replace(SHOP, name=name), SOURCE) for name in ("alpha", "shop")]
    await adopt_slos([watch], heirs)

    assert [None, AT + 540] == [heir.last_success for heir in heirs]
    for heir in heirs:
        (status,) = await poll(heir, source, 10, begin=AT + 600)
        assert status.error_ratio["5m"] == pytest.approx(0.1)


@pytest.mark.parametrize("days", [7, 90, 200])
@pytest.mark.parametrize("name", ["bad events", "good events, grouped", "ratio time slices"])
async def test_a_restart_with_another_window_keeps_what_fits(name: str, days: int) -> None:
    """What was saved is kept as far as it reaches, and the source is asked for the rest; hours are read anew."""
    spec, saved, around = KINDS[name], {}, surroundings()
    watch, source = SloWatch(spec, SOURCE), Forgetful(spec)
    await poll(watch, source, 10)
    poller = Poller(SOURCE, None, around)  # type: ignore[arg-type]
    poller.add_slo(watch)
    await Keeper([poller], around, saved.update).save()
    after = SloWatch(replace(spec, window=Rolling(days * DAY)), SOURCE)
    restore_slo(after, saved)
    source.read.clear()
    source.lose()
    (status,) = await poll(after, source, 1, begin=AT + 600)

    assert status.error_ratio["1d"] == pytest.approx(0.4 if days < 100 else 0.1, rel=0.02)
    assert source.read[0][0] - (AT + 600 - days * DAY) <= 300
    assert {} == saved


async def test_the_loop_is_given_back_among_many_groups() -> None:
    """A hundred budgets are judged, saved, read back and handed on in several turns."""
    spec = replace(slo("x", EventsSli("total", bad="bad"), grouping=("handler",)), max_groups=100)
    keys = [b'{"handler":"/%d"}' % number for number in range(100)]
    watch, source, around, turns = (
        SloWatch(spec, SOURCE),
        Answering(constant(spec, 1.0, 10.0, *keys)),
        surroundings(),
        0,
    )
    poller = Poller(SOURCE, source, around)  # type: ignore[arg-type]
    poller.add_slo(watch)
    await poll(watch, source, 1)
    heir = SloWatch(replace(spec, objective_ratio=0.99), SOURCE)
    steps = (
        poll(watch, source, 1, begin=AT + 60),
        Keeper([poller], around, {}.update).save(),
        adopt_slos([watch], [heir]),
    )
    for step in steps:
        working, turns = asyncio.ensure_future(step), 0
        while not working.done():
            await asyncio.sleep(0)
            turns += 1

        assert turns > 100 / 20
