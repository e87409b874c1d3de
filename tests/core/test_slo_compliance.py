"""Compliance of an SLO over a month: ratio, budget, breaches, reasons, and what is not known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from reports_world import BEFORE, DAY, HOUR, OCTOBER, SPEC, STEP, after, incident, october
from slo_kinds import KINDS

from aiops_daemon.core.reports.breaches import BreachKind
from aiops_daemon.core.reports.compliance import Verdict, compliance
from aiops_daemon.core.reports.month import month_of
from aiops_daemon.core.reports.questions import questions
from aiops_daemon.core.reports.steps import Gap, put_together
from aiops_daemon.core.rules.slo.plan import plan

MONTH_STEPS = round((OCTOBER.end - OCTOBER.start) / STEP)


def judged(steps, incidents=(), spec=SPEC):
    """Judge October."""
    return compliance(plan(spec), "eu1", steps, OCTOBER, incidents)


def test_a_month_of_a_zone_begins_and_ends_at_its_midnights() -> None:
    """October of Berlin has an hour more than 31 days: the clocks go back."""
    berlin = month_of("2026-10", "Europe/Berlin")

    assert OCTOBER.start - 2 * HOUR == berlin.start
    assert 31 * DAY + HOUR == berlin.end - berlin.start


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "October", "2026-1", "2026-10-01", "", "0000-01"])
def test_what_is_no_month_is_refused(text: str) -> None:
    """The words say how to write one."""
    with pytest.raises(ValueError, match="write 2026-10"):
        month_of(text, "UTC")


def test_a_clean_month_is_met_without_a_breach() -> None:
    """Everything is known and nothing failed."""
    told = judged(october())

    assert (1.0, 0.0, Verdict.MET, 1.0, (), ()) == (
        told.reached_ratio, told.spent_ratio, told.verdict, told.known_ratio, told.gaps, told.breaches,
    )  # fmt: skip


def test_an_outage_is_a_breach_with_what_it_spent_and_why() -> None:
    """Two hours at 5 %: the page holds from the third day on, and the incident of the service is its reason."""
    told = judged(october((2 * DAY, 2 * HOUR, 0.05)), [incident()])

    (breach,) = told.breaches
    spent = 24 * 150 / (0.001 * 3000 * MONTH_STEPS)
    assert (BreachKind.ALERT, ("page", "ticket")) == (breach.kind, breach.severities)
    assert after(2 * DAY) == breach.since
    assert after(2 * DAY) < breach.begin <= after(2 * DAY + 0.5 * HOUR)
    assert spent == pytest.approx(breach.spent_ratio) == pytest.approx(told.spent_ratio)
    assert [("INC-7", ("a bad deploy",), True)] == [(one.incident, one.causes, one.own) for one in breach.reasons]
    assert Verdict.MET is told.verdict


def test_a_budget_that_ran_out_is_a_breach_of_its_own() -> None:
    """Two hours of nothing but errors are 2.7 times the month's budget."""
    told = judged(october((2 * DAY, 2 * HOUR, 1.0)))

    ran_out = next(one for one in told.breaches if one.kind is BreachKind.BUDGET)
    budget_steps = 0.001 * MONTH_STEPS
    assert after(2 * DAY) < ran_out.begin <= after(2 * DAY + (budget_steps + 1) * STEP)
    assert Verdict.MISSED is told.verdict
    assert 24 / budget_steps - 1 == pytest.approx(ran_out.spent_ratio)
    assert ran_out.end is None


def test_a_month_that_is_not_wholly_known_is_neither_met_nor_missed() -> None:
    """Retention that begins on the tenth: no errors are known, and that is no 100 %."""
    steps = october()
    lost = steps.times <= after(9 * DAY)
    empty = replace(steps, total=np.where(lost, 0.0, steps.total), known=~lost)

    told = judged(empty)

    assert Verdict.UNKNOWN is told.verdict
    assert 22 / 31 == pytest.approx(told.known_ratio)
    assert (Gap(OCTOBER.start, after(9 * DAY)),) == told.gaps


def test_a_restart_of_prometheus_spoils_no_verdict() -> None:
    """Ten minutes are missing; they are told, and 99.9 % of the month says enough."""
    steps = october()
    steps.known[5000:5002] = False

    told = judged(steps)

    assert Verdict.MET is told.verdict
    assert 1 == len(told.gaps)


def test_a_month_without_events_has_no_ratio() -> None:
    """Idle is neither good nor bad."""
    told = judged(october(per_step=0.0))

    assert (None, None, Verdict.UNKNOWN) == (told.reached_ratio, told.spent_ratio, told.verdict)


def test_few_errors_are_no_breach() -> None:
    """One error of a hundred requests an hour is burn rate 10, and no alert: the guard of the rules holds here too."""
    steps = october(per_step=100 / 12)
    steps.bad[2000] = 1.0

    assert () == judged(steps).breaches


def test_what_was_before_the_month_is_not_counted_in_it() -> None:
    """An outage that ended in September opens no breach of October, though windows reach back to it."""
    told = judged(october((-2 * DAY, 3 * HOUR, 0.05)))

    assert (0.0, ()) == (told.spent_ratio, told.breaches)


def test_an_incident_of_another_service_stands_last_and_says_so() -> None:
    """It was open then, which is all that is known of it; one that was over is no reason."""
    other = incident("INC-8", service="database", title="disk full")
    over = incident("INC-9", resolved_at=after(DAY), opened_at=after(DAY - 600))

    told = judged(october((2 * DAY, 2 * HOUR, 0.05)), [other, incident(), over])

    assert [("INC-7", True), ("INC-8", False)] == [(one.incident, one.own) for one in told.breaches[0].reasons]


def test_a_group_without_series_had_no_events() -> None:
    """A handler that is new on the 20th is not unknown before, for other handlers were known."""
    times = np.arange(0.0, 10 * STEP, STEP)
    old, new = (("handler", "a"),), (("handler", "b"),)
    late = np.where(times < 5 * STEP, np.nan, 7.0)
    present = {old: np.full(10, 3.0), new: late}

    steps = put_together(times, STEP, {old: np.zeros(10), new: late / 7}, present, present)

    assert [old, new] == [one.group for one in steps]
    assert all(one.known.all() for one in steps)
    assert 35.0 == steps[1].total.sum()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_indicator_is_asked(kind: str) -> None:
    """Each has an expression for what is bad and one that tells idle from gone."""
    asked = questions(plan(KINDS[kind]))

    assert asked.bad
    assert asked.present
    assert asked.step in (60.0, 300.0)
    assert "{{" not in asked.bad + asked.present + (asked.total or "")


def test_time_slices_are_judged_as_slices() -> None:
    """Three bad slices of five minutes of 8,928 spend a third of what 99.9 % allows."""
    spec = KINDS["time slices"]
    steps = october(per_step=1.0)
    steps.bad[round(BEFORE / STEP) + 100 : round(BEFORE / STEP) + 103] = 1.0

    told = judged(steps, spec=spec)

    assert 3 / (0.001 * MONTH_STEPS) == pytest.approx(told.spent_ratio)
