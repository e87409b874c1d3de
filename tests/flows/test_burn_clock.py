"""A clock that was far ahead and is put right: nothing of the budget is lost for good."""

from __future__ import annotations

import pytest
from burn_world import ONE, Answering, constant, poll
from flow_world import AT, SOURCE, surroundings
from slo_kinds import DAY, KINDS

from aiops_daemon.core.model.slo import SloSpec
from aiops_daemon.core.rules.slo.live import asked
from aiops_daemon.flows.burn import SloWatch
from aiops_daemon.flows.keep import Keeper, restore_slo
from aiops_daemon.flows.poll import Poller

pytestmark = pytest.mark.looptime

KEY = b'{"handler":"/pay"}'


class Past(Answering):
    """A source of which nothing later than a day from now can be read back; counters go on from poll to poll."""

    def __init__(self, spec: SloSpec) -> None:
        super().__init__(constant(spec, 1.0, 10.0, KEY if spec.grouping else ONE))
        questions = asked(spec)
        followed = {questions.counters.total, questions.counters.side} if questions.counters else set()
        self.answers = {
            expr: (lambda at, now=answer: now(at if at < AT + DAY else AT + 580))
            if expr in followed
            else (lambda at, now=answer: now(at) if at < AT + DAY else {})
            for expr, answer in self.answers.items()
        }


@pytest.mark.parametrize("days", [2, 20, 40])
@pytest.mark.parametrize("name", ["bad events", "good events, grouped", "expressions", "ratio time slices"])
async def test_a_budget_survives_a_clock_that_was_far_ahead(name: str, days: int) -> None:
    """What was forgotten while the clock was ahead is read back once it is put right, and counts once."""
    watch, source = SloWatch(KINDS[name], SOURCE), Past(KINDS[name])
    (before,) = await poll(watch, source, 10)
    await poll(watch, source, 3, begin=AT + days * DAY)
    (after,) = await poll(watch, source, 10, begin=AT + 600)

    assert before.error_ratio == {window: pytest.approx(ratio, rel=0.02) for window, ratio in after.error_ratio.items()}
    known = [
        ledger._judged.coarse.window(AT + 1140, 30 * DAY).known_seconds for ledger in watch.budgets._ledgers.values()
    ]
    assert 30 * DAY == pytest.approx(known[0], rel=0.01)
    assert all(moment <= AT + 1140 for moment in after.since.values())


@pytest.mark.parametrize("days", [2, 40])
async def test_a_state_from_the_future_is_read_anew(days: int) -> None:
    """A restart while the clock was ahead saved moments that have not come."""
    spec, saved, around = KINDS["bad events"], {}, surroundings()
    watch, source = SloWatch(spec, SOURCE), Past(spec)
    await poll(watch, source, 10)
    await poll(watch, source, 3, begin=AT + days * DAY)
    poller = Poller(SOURCE, None, around)  # type: ignore[arg-type]
    poller.add_slo(watch)
    await Keeper([poller], around, saved.update).save()
    restarted = SloWatch(spec, SOURCE)
    restore_slo(restarted, saved)
    (status,) = await poll(restarted, source, 2, begin=AT + 600)

    known = restarted.budgets._ledgers[()]._judged.coarse.window(AT + 660, 30 * DAY).known_seconds
    assert 30 * DAY == pytest.approx(known, rel=0.01)
    assert status.error_ratio["30d"] == pytest.approx(0.1, rel=0.02)
