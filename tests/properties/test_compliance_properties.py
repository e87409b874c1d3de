"""Properties of compliance reports."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from reports_world import DAY, OCTOBER, SPEC, october

from aiops_daemon.core.reports.breaches import BreachKind
from aiops_daemon.core.reports.compliance import WHOLE, Verdict, compliance
from aiops_daemon.core.reports.month import month_of
from aiops_daemon.core.rules.slo.plan import plan

OUTAGES = st.lists(
    st.tuples(st.floats(0.0, 30 * DAY), st.floats(300.0, 2 * DAY), st.floats(0.0, 1.0)), min_size=0, max_size=4
)
LOST = st.tuples(st.integers(0, 9500), st.integers(0, 4000))


@settings(max_examples=40, deadline=None)
@given(OUTAGES, LOST, st.sampled_from([1.0, 20.0, 3000.0]))
def test_a_report_never_promises_what_it_does_not_know(outages, lost, per_step) -> None:
    """No verdict without nearly all of the month, no 100 % with errors, and breaches in order within what is known."""
    steps = october(*outages, per_step=per_step)
    known = np.ones(len(steps.times), dtype=bool)
    known[lost[0] : lost[0] + lost[1]] = False
    steps = replace(steps, bad=np.where(known, steps.bad, 0), total=np.where(known, steps.total, 0), known=known)

    told = compliance(plan(SPEC), "eu1", steps, OCTOBER, ())

    assert told.verdict is Verdict.UNKNOWN or told.known_ratio >= WHOLE
    assert told.reached_ratio is None or (told.reached_ratio < 1.0) == (told.bad > 0)
    assert sorted(one.begin for one in told.breaches) == [one.begin for one in told.breaches]
    assert all(one.since <= one.begin and (one.end is None or one.begin < one.end) for one in told.breaches)
    assert all(0 <= one.bad <= told.bad + 1e-6 for one in told.breaches)
    ran_out = any(one.kind is BreachKind.BUDGET for one in told.breaches)
    assert ran_out == (told.spent_ratio is not None and told.spent_ratio > 1 + 1e-9)


@given(
    st.integers(1971, 2100),
    st.integers(1, 12),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Beirut"]),
)
def test_months_follow_each_other_without_a_gap(year, month, zone) -> None:
    """Each ends where the next begins, and lasts 28 to 31 days, give or take an hour of the clocks."""
    one = month_of(f"{year}-{month:02}", zone)
    following = month_of(f"{year + month // 12}-{month % 12 + 1:02}", zone)

    assert one.end == following.start
    assert 28 * DAY - 3600 <= one.end - one.start <= 31 * DAY + 3600
