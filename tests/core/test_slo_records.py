"""How SLOs stand by what generated rules recorded, and the words of reports."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from slo_kinds import CHECKOUT, LABELS, slo

from aiops_daemon.core.model.slo import Calendar, CalendarUnit, DataState, SloStatus, Withheld
from aiops_daemon.core.reports.records import Recorded, status
from aiops_daemon.core.reports.status import row_of, worst_first
from aiops_daemon.core.reports.wording import burns, exhaustion, objective, reached, state
from aiops_daemon.core.rules.slo.plan import plan

AT = 1_772_000_000.0
SPEC = slo("checkout-availability", CHECKOUT, labels=LABELS)
STEPS = 30 * 288
CALM = {"5m": 0.0, "30m": 0.0, "1h": 0.0, "2h": 0.0, "6h": 0.0, "1d": 0.0, "3d": 0.0, "30d": 0.0002}


def recorded(**changes):
    """Make what was recorded of a month in which a fifth of the budget was spent."""
    bad = np.zeros(STEPS)
    bad[100] = 0.0002 * 300 * STEPS
    defaults = {"present": True, "ratios": CALM, "remaining": 0.8, "bad": bad, "total": np.full(STEPS, 300.0)}
    return Recorded(**(defaults | changes))


def test_a_calm_month_stands_well() -> None:
    """What was recorded is what is told; without errors no end is in sight."""
    told = status(plan(SPEC), (), recorded(), AT)

    assert (DataState.OK, 0.8, None, frozenset(), ()) == (
        told.state, told.budget_remaining_ratio, told.exhaustion_at, told.active, told.policy,
    )  # fmt: skip
    assert 0.2 == pytest.approx(told.burn_rate["30d"])


def test_the_end_is_forecast_from_what_was_recorded() -> None:
    """An hour of errors at burn rate 20: a straight line says 27.8 hours, but a fifth comes back after eight: 35."""
    bad = recorded().bad.copy()
    bad[-12:] = 20 * 0.001 * 300
    told = status(plan(SPEC), (), recorded(bad=bad, remaining=0.8 - 20 / 720), AT)

    assert told.exhaustion_at is not None
    assert 30 * 24 * (1.0 - 20 / 720) / 20 == pytest.approx((told.exhaustion_at - AT) / 3600, rel=0.02)


def test_a_budget_that_is_left_has_not_ended() -> None:
    """Steps of a young record overstate errors: the end is forecast from what is left, as the record says it."""
    bad, total = np.zeros(3), np.array([0.0, 300.0, 300.0])
    bad[1:] = 0.002 * 300
    told = status(plan(SPEC), (), recorded(bad=bad, total=total, remaining=0.5), AT)

    assert told.exhaustion_at is None or told.exhaustion_at > AT


def test_few_errors_are_told_as_held_back() -> None:
    """One error an hour burns, and pages nobody: the words are those of the daemon."""
    ratios = CALM | {"5m": 0.2, "30m": 0.2, "1h": 0.2}
    one = recorded(ratios=ratios, errors={"1h": 1 / 3600}, totals={"1h": 5 / 3600})
    many = recorded(ratios=ratios, errors={"1h": 3 / 3600}, totals={"1h": 200 / 3600})

    assert {"page": Withheld.FEW_ERRORS} == status(plan(SPEC), (), one, AT).guard
    assert {"page": Withheld.UNCERTAIN} == status(plan(SPEC), (), many, AT).guard
    assert {} == status(plan(SPEC), (), replace(many, firing={"page": None}), AT).guard


def test_series_that_are_gone_are_told_from_idle_ones() -> None:
    """No pulse is gone; a pulse without ratios is idle."""
    idle = recorded(ratios={"30d": 0.0})
    gone = recorded(ratios={}, present=False, remaining=None)

    assert (DataState.IDLE, DataState.GONE) == tuple(status(plan(SPEC), (), one, AT).state for one in (idle, gone))


def test_a_policy_step_holds_since_the_record_says() -> None:
    """Half the budget was gone from the second hour on."""
    left = [(AT - 7200, 0.6), (AT - 3600, 0.4)]
    told = status(plan(SPEC), (), recorded(remaining=0.3, left=left), AT)

    assert [(0.5, AT - 3600)] == [(held.step.spent_ratio, held.since) for held in told.policy]


def test_the_first_errors_of_a_young_record_hold_no_step() -> None:
    """An hour is recorded, and two of a hundred requests failed: twenty budgets of that hour, little of the month's."""
    bad, total = np.full(STEPS, np.nan), np.full(STEPS, np.nan)
    bad[-12:], total[-12:] = 0.0, 100 / 12
    bad[-1] = 2.0
    told = status(plan(SPEC), (), recorded(bad=bad, total=total, remaining=-19.0, left=[(AT - 3600, -19.0)]), AT)

    assert (-19.0, ()) == (told.budget_remaining_ratio, told.policy)


def test_a_calendar_budget_is_back_when_its_period_ends() -> None:
    """Spent, and the month's end is the return."""
    spec = replace(SPEC, window=Calendar(CalendarUnit.MONTH, "UTC"))
    told = status(plan(spec), (), recorded(bad=np.full(50, 30.0), total=np.full(50, 300.0), remaining=-99.0), AT)

    assert told.period is not None
    assert (AT, told.period[1]) == (told.exhaustion_at, told.returns_at)


@pytest.mark.parametrize(
    ("ratio", "of", "words"),
    [
        (0.998996, 0.999, "99.89 %"),
        (0.9999999, 0.999, "99.99 %"),
        (1.0, 0.999, "100 %"),
        (0.999, 0.999, "99.9 %"),
        (0.99949, 0.9995, "99.949 %"),
        (0.5, 0.9, "50 %"),
        (0.0, 0.99, "0 %"),
        (None, 0.99, "no events"),
    ],
)
def test_what_was_reached_is_rounded_down(ratio, of, words) -> None:
    """Never the objective, and never 100 %, of what fell short of it."""
    assert words == reached(ratio, of)


def test_objectives_are_written_exactly() -> None:
    """Without the noise of binary fractions."""
    assert ["99.9 %", "99.95 %", "99 %", "90 %"] == [objective(one) for one in (0.999, 0.9995, 0.99, 0.9)]


def test_rows_come_worst_first() -> None:
    """A page before a ticket, a ticket before little budget, what is not known last."""

    def stand(name, remaining, *active):
        return row_of(SloStatus(replace(SPEC, name=name), AT, DataState.OK, budget_remaining_ratio=remaining,
                                active=frozenset(active)))  # fmt: skip

    rows = [stand("calm", 0.9), stand("unknown", None), stand("spent", -1.0), stand("ticket", 0.9, "ticket"),
            stand("page", 0.9, "page", "ticket")]  # fmt: skip

    assert ["page", "ticket", "spent", "calm", "unknown"] == [row.name for row in worst_first(rows)]


def test_words_of_a_row() -> None:
    """Two burn rates at most; when it ends, and comes back; since when what holds."""
    row = row_of(
        SloStatus(
            SPEC, AT, DataState.OK, burn_rate={"5m": 20.0, "1h": 16.04, "6h": 4.0, "1d": None},
            budget_remaining_ratio=0.3, exhaustion_at=AT + 7200, returns_at=AT + 86400, active=frozenset({"page"}),
            since={"page": AT},
        )
    )  # fmt: skip

    assert ("1h 16, 6h 4", "in 2h, back in 1d") == (burns(row), exhaustion(row))
    assert "page since 2026-02-25 07:13 CET" == state(row, "Europe/Berlin")
    assert "spent, back in 1d" == exhaustion(replace(row, remaining_ratio=-0.1))
    assert "not in sight" == exhaustion(replace(row, exhaustion_at=None))
