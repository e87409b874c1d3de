"""Asking our Prometheus servers for their rules: shared answers, deadlines, silence that is remembered."""

from __future__ import annotations

import asyncio

import pytest
from rule_source import RuleSource

from aiops_daemon.clock import LoopClock
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.posted import EvaluatedRule
from aiops_daemon.core.model.repair import Evaluation
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.flows.alerts.evaluations import Evaluations

pytestmark = pytest.mark.looptime

AT = 1_700_000_000.0
ALERT = make({"alertname": "A", "cluster": "eu-1"})
ACTIVE = make({"alertname": "A"})


def world(**external: str) -> tuple[LoopClock, RuleSource, Evaluations]:
    """One source with one rule that is active."""
    clock = LoopClock(AT)
    source = RuleSource("main", clock.now)
    source.active["A"] = [ACTIVE]
    spec = SourceSpec("main", ("http://p",), external_labels=make(external))
    return clock, source, Evaluations([(spec, source)], clock)


async def test_before_the_first_answer_nothing_counts_as_inactive() -> None:
    """A daemon that starts while Prometheus is down must not end alerts."""
    _, _, evaluations = world()

    assert Evaluation.NOT_EVALUATING is evaluations.judge(ALERT)


async def test_many_who_ask_share_one_answer() -> None:
    """Within the age that they accept."""
    clock, source, evaluations = world(cluster="eu-1")
    source.seconds = 1.0
    await asyncio.gather(*(evaluations.refresh(10.0) for _ in range(50)))
    assert (1, Evaluation.FIRING) == (source.asked, evaluations.judge(ALERT))

    source.active["A"] = []
    await evaluations.refresh(10.0)
    assert Evaluation.FIRING is evaluations.judge(ALERT)

    await clock.sleep(10.0)
    await evaluations.refresh(10.0)
    assert (2, Evaluation.INACTIVE) == (source.asked, evaluations.judge(ALERT))


async def test_a_source_that_falls_silent_keeps_its_rules(caplog: pytest.LogCaptureFixture) -> None:
    """Its alerts are not being evaluated, others are not its; said once, and once when it is over."""
    caplog.set_level("INFO")
    _, source, evaluations = world(cluster="eu-1")
    await evaluations.refresh(0.0)
    source.fails = True
    for _ in range(3):
        await evaluations.refresh(0.0)

    assert Evaluation.NOT_EVALUATING is evaluations.judge(ALERT)
    assert Evaluation.NOT_OURS is evaluations.judge(make({"alertname": "B", "cluster": "eu-1"}))

    source.fails = False
    await evaluations.refresh(0.0)
    assert Evaluation.FIRING is evaluations.judge(ALERT)
    assert ["alerting rules cannot be read", "alerting rules can be read again"] == caplog.messages


async def test_a_source_that_hangs_is_waited_for_a_short_time_only() -> None:
    """The desk waits for the answer: five seconds, then two."""
    clock, source, evaluations = world()
    await evaluations.refresh(0.0)
    source.seconds = 3600.0
    waits = []
    for _ in range(2):
        began = clock.monotonic()
        await evaluations.refresh(0.0)
        waits.append(clock.monotonic() - began)

    assert [5.0, 2.0] == pytest.approx(waits)
    assert Evaluation.NOT_EVALUATING is evaluations.judge(ALERT)


async def test_a_dropped_external_label_is_made_up_for_by_what_was_active_lately() -> None:
    """For twelve hours at least, for twenty-four at most."""
    clock, source, evaluations = world(cluster="eu-1", replica="a")
    await evaluations.refresh(0.0)
    source.active["A"] = []
    await evaluations.refresh(0.0)
    assert Evaluation.INACTIVE is evaluations.judge(ALERT)

    await clock.sleep(13 * 3600)
    await evaluations.refresh(0.0)
    assert Evaluation.INACTIVE is evaluations.judge(ALERT)

    await clock.sleep(13 * 3600)
    await evaluations.refresh(0.0)
    assert Evaluation.NOT_OURS is evaluations.judge(ALERT)


async def test_many_active_alerts_are_indexed_in_slices() -> None:
    """Others get their turn meanwhile."""
    _, source, evaluations = world()
    source.active["A"] = [make({"alertname": "A", "n": str(n)}) for n in range(10_000)]
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    await evaluations.refresh(0.0)
    task.cancel()

    assert turns >= 5
    assert Evaluation.FIRING is evaluations.judge(make({"alertname": "A", "n": "9999", "cluster": "x"}))


async def test_rules_that_went_are_not_ours() -> None:
    """A reload of Prometheus removed them."""
    _, source, evaluations = world()
    await evaluations.refresh(0.0)
    del source.active["A"]
    await evaluations.refresh(0.0)

    assert Evaluation.NOT_OURS is evaluations.judge(ALERT)


def test_a_rule_source_is_what_it_says() -> None:
    """The fake tells rules evaluated just now."""
    source = RuleSource("main", lambda: AT)
    source.active["A"] = [ACTIVE]

    assert (EvaluatedRule("A", (), 15.0, AT, True, (ACTIVE,)),) == source.rules()
