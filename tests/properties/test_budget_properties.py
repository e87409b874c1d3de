"""Properties of budget forecasts, policies and health."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.model.budget import PolicyStep
from aiops_daemon.core.model.slo import DataState
from aiops_daemon.core.signals.budget.forecast import Pace, Past, forecast
from aiops_daemon.core.signals.budget.health import Stand, healths
from aiops_daemon.core.signals.budget.policy import held_steps

STEP = 3600.0  # long steps: no window below has a day's season
BUDGETS = st.sampled_from([0.001, 0.01, 0.05, 0.3])
EVENTS = st.lists(
    st.tuples(st.integers(0, 1000), st.floats(0.0, 1.0)).map(lambda drawn: (drawn[0], drawn[0] * drawn[1])),
    min_size=1,
    max_size=20,
)
PACES = st.builds(Pace, st.floats(0.0, 1.0), st.floats(0.0, 2.0))


def past(events, leaves=STEP):
    """Make a window of steps."""
    total, bad = np.array(events, dtype=float).T
    return Past(bad, total, np.full(len(events), STEP), STEP, leaves)


def simulated(window, pace, budget, parts=20):
    """Walk forward in small steps: what left, what came, and whether the budget is spent at each."""
    sizes = window.total.copy(), window.bad.copy()
    for events in sizes:
        events[0] *= window.leaves / STEP
    found = []
    for tick in range(len(window.total) * parts + 1):
        at = tick * STEP / parts
        kept = []
        for events in sizes:
            ends = window.leaves + STEP * np.arange(len(events))
            starts = np.concatenate([[0.0], ends[:-1]])
            still = np.clip((ends - at) / (ends - starts), 0.0, 1.0)  # a step leaves evenly
            kept.append(float((events * still).sum()))
        came = pace.events_per_second * at
        left = budget * (kept[0] + came) - kept[1] - pace.error_ratio * came
        found.append((at, left, kept[1] + pace.error_ratio * came))
    return found


@settings(max_examples=150)
@given(EVENTS, PACES, BUDGETS, st.floats(1.0, STEP))
def test_the_forecast_is_what_a_walk_through_time_finds(events, pace, budget, leaves) -> None:
    """Before the forecast end nothing is spent, from it on until the return everything is."""
    window = past(events, leaves)
    told = forecast(window, pace, budget)
    slack = 1e-6 * (1.0 + budget * (window.total.sum() + pace.events_per_second * STEP * len(events)))

    for at, left, bad in simulated(window, pace, budget):
        if told.exhaustion_seconds is None:
            assert left >= -slack or pace.error_ratio == 0.0 or bad <= slack
        elif at < told.exhaustion_seconds - 1.0:
            assert left >= -slack or bad <= slack
        elif told.exhaustion_seconds + 1.0 < at < (told.return_seconds or 0.0) - 1.0:
            assert left <= slack


@given(EVENTS, PACES, BUDGETS, st.floats(0.0, 50 * STEP))
def test_a_calendar_window_is_back_when_it_ends(events, pace, budget, resets) -> None:
    """Whatever is spent, the next window begins whole; an end beyond it is not told."""
    told = forecast(past(events), pace, budget, resets=resets)

    if told.exhaustion_seconds is None:
        assert told.return_seconds is None
    else:
        assert 0.0 <= told.exhaustion_seconds <= resets + 1e-6
        assert told.return_seconds is not None
        assert told.exhaustion_seconds - 1e-6 <= told.return_seconds <= resets + 1e-6


@given(st.floats(0.0, 1.0), st.floats(1.0, 1e6), st.floats(0.0, 1.0), st.floats(1.0, 1e4), st.floats(60.0, 1e6))
def test_the_end_of_a_calendar_budget_is_where_it_is_spent(so_far, total, ratio, rate, left) -> None:
    """At that moment bad is budget * total; None when it lasts."""
    budget = 0.05
    window = past([(total, so_far * budget * total)])
    wait = forecast(window, Pace(ratio, rate), budget, resets=left).exhaustion_seconds
    if wait is not None:
        bad = so_far * budget * total + ratio * rate * wait

        assert 0 <= wait <= left
        assert bad >= budget * (total + rate * wait) * (1 - 1e-6)
    elif ratio > 0:
        assert so_far * budget * total + ratio * rate * left <= budget * (total + rate * left) * (1 + 1e-9)


@given(EVENTS, st.floats(0.001, 0.5), st.floats(0.001, 2.0), BUDGETS)
def test_more_errors_never_end_a_budget_later(events, ratio, rate, budget) -> None:
    """The end is the sooner the more fails."""
    few = forecast(past(events), Pace(ratio, rate), budget).exhaustion_seconds
    many = forecast(past(events), Pace(2 * ratio, rate), budget).exhaustion_seconds

    assert few is None or (many is not None and many <= few + 1e-6)


@given(EVENTS, PACES, BUDGETS)
def test_now_spent_is_what_the_remaining_budget_says(events, pace, budget) -> None:
    """The forecast is 0 exactly where bad >= budget * total."""
    window = past(events)
    spent = window.bad.sum() > 0 and window.bad.sum() >= budget * window.total.sum() * (1 + 1e-9)
    free = window.bad.sum() < budget * window.total.sum() * (1 - 1e-9)
    told = forecast(window, pace, budget).exhaustion_seconds

    assert (told == 0.0) or not spent
    assert told != 0.0 or not free or pytest.approx(0.0, abs=1e-3) == told


@given(
    st.lists(st.floats(0.05, 2.0), min_size=1, max_size=4, unique=True),
    st.lists(st.one_of(st.none(), st.floats(-3.0, 1.0)), min_size=1, max_size=30),
)
def test_steps_hold_in_order(shares, remainings) -> None:
    """A graver step never holds without the milder ones, and none begins in the future or twice at once."""
    policy = [PolicyStep(share, "act") for share in shares]
    held = ()
    for now, remaining in enumerate(remainings):
        held = held_steps(policy, remaining, held, float(now))
        spent = [one.step.spent_ratio for one in held]

        assert sorted(spent, reverse=True) == spent
        assert all(one.since <= now for one in held)
        if remaining is not None:
            assert {share for share in shares if share <= 1.0 - remaining} <= set(spent)


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(-5.0, 1.0)),
            st.sets(st.sampled_from(["page", "ticket"])),
            st.sampled_from(DataState),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_health_is_a_ratio_and_no_better_than_any_part(drawn) -> None:
    """It lies within 0 and 1, and adding an SLO never makes a service better."""
    stands = [
        Stand((("service", "a"),), f"slo{number}", (), state, remaining, frozenset(active))
        for number, (remaining, active, state) in enumerate(drawn)
    ]
    (whole,) = healths(stands)
    (fewer,) = healths(stands[:1])

    assert len(stands) == len(whole.parts)
    assert whole.ratio is None or 0.0 <= whole.ratio <= 1.0
    assert all(part.ratio is None or part.ratio >= whole.ratio for part in whole.parts)
    assert fewer.ratio is None or whole.ratio <= fewer.ratio
