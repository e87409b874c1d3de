"""Episodes are those of Prometheus' rule manager, step by step, whatever comes and goes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.rules.backtest.episodes import episodes

STEP = 30.0
presence = st.lists(st.booleans(), min_size=1, max_size=40)
lengths = st.sampled_from([0.0, 30.0, 45.0, 60.0, 100.0, 300.0])


def by_hand(present: list[bool], hold: float, keep: float) -> list[tuple[float, float, bool]]:
    """Do what AlertingRule.Eval does (rules/alerting.go): state, ActiveAt, KeepFiringSince."""
    found: list[tuple[float, float, bool]] = []
    state, active_at, missing_since, fired_at = "inactive", 0.0, -1.0, 0.0
    for index, there in enumerate(present):
        now = index * STEP
        if there and state == "inactive":
            state, active_at = "pending", now
        if not there and state != "inactive":
            keeps = False
            if state == "firing" and keep > 0:
                missing_since = now if missing_since < 0 else missing_since
                keeps = now - missing_since < keep
            if not keeps:
                found += [(fired_at, now, False)] if state == "firing" else []
                state, missing_since = "inactive", -1.0
                continue
        elif there:
            missing_since = -1.0
        if state == "pending" and now - active_at >= hold:
            state, fired_at = "firing", now
    return found + ([(fired_at, (len(present) - 1) * STEP, True)] if state == "firing" else [])


@given(presence, lengths, lengths)
def test_episodes_are_those_of_the_rule_manager(present: list[bool], hold: float, keep: float) -> None:
    """Start, end and whether it is still open agree with a walk through the states."""
    times = np.arange(len(present)) * STEP
    found = episodes(times, np.array(present), hold, keep)

    assert by_hand(present, hold, keep) == [(one.start, one.end, one.open) for one in found]
