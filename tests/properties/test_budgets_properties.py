"""Groups and gains: nothing is lost or counted twice, whatever labels come and whatever is no number."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slo_kinds import slo

from aiops_daemon.core.model.sli import EventsSli
from aiops_daemon.core.model.slo import Rolling, Withheld
from aiops_daemon.core.signals.burn.budgets import Budgets, Gain
from aiops_daemon.core.signals.burn.gains import of_rates, of_shares, past_of_rates, past_of_shares
from aiops_daemon.core.signals.burn.groups import Grouping
from aiops_daemon.core.signals.burn.guard import TWO_EVENTS, Guard, wilson
from aiops_daemon.core.signals.burn.ring import Sums

START = 1_800_000_000.0
few = settings(max_examples=60, deadline=None)
names = st.sampled_from(("handler", "code", "pod"))
sets = st.dictionaries(names, st.text(max_size=3), max_size=3)
wild = st.floats(-1e6, 1e6) | st.sampled_from((math.nan, math.inf, -math.inf))
shares = st.floats(0.0, 1.0)


def grouped(limit: int = 3) -> Budgets:
    """Budgets of an SLO that is grouped by one label."""
    spec = slo("x", EventsSli("t", bad="b"), window=Rolling(86_400.0), grouping=("handler",), max_groups=limit)
    return Budgets(spec, TWO_EVENTS)


@few
@given(st.lists(st.tuples(sets, wild), max_size=20), st.sets(names))
def test_groups_hold_every_number_once(series: list[tuple[dict[str, str], float]], by: set[str]) -> None:
    """The sums of groups are the sum of all finite values; a group knows only its own labels."""
    keys = [json.dumps(labels).encode() for labels, _ in series]
    values = np.array([value for _, value in series], dtype=np.float64)
    grouping = Grouping(tuple(by))
    sums = grouping.sums(keys, values)

    assert sum(sums.values()) == pytest.approx(values[np.isfinite(values)].sum(), abs=1e-6)
    assert all({name for name, _ in group} <= by for group in sums)
    assert set(sums) <= grouping.present(keys)


@few
@given(st.lists(st.sets(st.integers(0, 8), max_size=6), min_size=1, max_size=12))
def test_budgets_are_bounded_and_those_that_are_there_stay(polls: list[set[int]]) -> None:
    """Never more than the limit; who was admitted and is present is never refused."""
    budgets, before = grouped(), frozenset()
    for index, present in enumerate(polls):
        groups = frozenset((("handler", str(number)),) for number in present)
        watched = budgets.admit(groups, START + 60 * index)

        assert len(budgets) <= 3
        assert before & groups <= watched
        assert len(groups) == len(watched) + budgets.refused
        before |= watched


@few
@given(wild, wild, st.floats(0.0, 600.0))
def test_gains_are_events_whatever_comes(total: float, bad: float, seconds: float) -> None:
    """0 <= bad <= total, at one moment and on a grid alike."""
    finite = {group: value for group, value in (((), total),) if math.isfinite(value)}
    failed = {group: value for group, value in (((), bad),) if math.isfinite(value)}
    for gain in of_rates(finite, failed, seconds).values():
        assert 0.0 <= gain.bad <= gain.total
        assert gain.lately is not None
    cleaned = [np.array([value if math.isfinite(value) else math.nan]) for value in (total, bad)]
    for past in past_of_rates({(): cleaned[0]}, {(): cleaned[1]}, 300.0).values():
        assert np.isnan(past.total[0]) or 0.0 <= past.bad[0] <= past.total[0]


@few
@given(shares, st.floats(0.0, 600.0))
def test_shares_weigh_by_time(share: float, seconds: float) -> None:
    """A minute at half is half a bad minute."""
    gain = of_shares({(): share}, {}, seconds, step=60.0)[()]
    past = past_of_shares({(): np.array([share, math.nan])}, {}, 60.0)[()]

    assert (share * seconds / 60, seconds / 60) == (pytest.approx(gain.bad), pytest.approx(gain.total))
    assert (share, 1.0) == (pytest.approx(past.bad[0]), past.total[0])
    assert np.isnan(past.total[1])


@few
@given(st.floats(0, 1e5), st.floats(1, 1e5), st.floats(0, 1))
def test_the_guard_lets_through_only_what_is_sure(bad: float, total: float, level: float) -> None:
    """Two errors at least, and a lower bound above the level; the interval holds the ratio."""
    lower, upper = wilson(bad, total)
    held = TWO_EVENTS.withholds(Sums(bad, total, 3600.0), bad, level)

    assert 0.0 <= lower <= min(1.0, bad / total) + 1e-12
    assert min(1.0, bad / total) <= upper + 1e-12
    assert (held is Withheld.FEW_ERRORS) == (bad < 2 - 1e-6)
    assert held is not None or lower > level
    assert Guard().withholds(Sums(bad, total, 3600.0), bad, level) is None


def test_one_error_of_a_new_group_counts() -> None:
    """A group is born with its first event."""
    budgets = grouped()
    for index, groups in enumerate([(), ("/new",)]):
        keys = frozenset((("handler", name),) for name in groups)
        present = budgets.admit(keys, START + 60 * index)
        budgets.add(START + 60 * index, {group: Gain(1.0, 4.0) for group in present})

    (status,) = budgets.statuses(START + 60, present)

    assert status.error_ratio["5m"] == pytest.approx(0.25)
