"""The end of a calendar period's budget: exactly where it is spent, and nowhere when it lasts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.signals.burn.exhaustion import exhaustion_within
from aiops_daemon.core.signals.burn.ring import Sums

shares = st.floats(0.0, 1.0)


@settings(max_examples=60, deadline=None)
@given(shares, st.floats(1.0, 1e6), shares, st.floats(1.0, 1e4), st.floats(60.0, 1e6))
def test_the_end_of_a_period_s_budget_is_where_it_is_spent(
    so_far: float, total: float, ratio: float, rate: float, left: float
) -> None:
    """At that moment bad is budget * total; None when it lasts."""
    budget = 0.05
    present = Sums(ratio * rate * 3600, rate * 3600, 3600.0)
    wait = exhaustion_within(Sums(so_far * budget * total, total, 1.0), present, budget, left=left)
    if wait is not None:
        bad = so_far * budget * total + ratio * rate * wait

        assert 0 <= wait < left
        assert bad == pytest.approx(budget * (total + rate * wait), rel=1e-6)
    elif ratio > budget:
        assert so_far * budget * total + ratio * rate * left <= budget * (total + rate * left) * (1 + 1e-9)
