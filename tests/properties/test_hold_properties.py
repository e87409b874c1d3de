"""Holding never invents an opening, and rows do not know each other."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.signals.bands.baseline import BandOptions, Bands
from aiops_daemon.core.signals.findings.hold import Holds, Polled, watch
from aiops_daemon.core.signals.findings.onsets import Onsets

values = st.floats(-1e6, 1e6, allow_nan=False)
lives = st.lists(st.lists(values, min_size=3, max_size=3), min_size=40, max_size=60)


def run(columns: np.ndarray, order: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Step series in some order of rows; returns open flags and usual values, in the series' own order."""
    bands, onsets, holds = Bands(BandOptions(warm_up=10)), Onsets(1), Holds()
    rows = np.array(order, dtype=np.intp)
    for step, value in enumerate(columns):
        at = 60.0 * step
        given_values = value[rows]
        verdict = bands.step(rows, given_values, at)
        watch(bands, onsets, holds, Polled(rows, given_values, verdict, at))
        held = holds.held(rows)
        assert (held == np.isfinite(onsets.since[rows])).all()
        assert (~onsets.open[rows] | held).all()
    return onsets.open[:3].copy(), holds.export_state(np.arange(3))["usual"]


@settings(max_examples=30, deadline=None)
@given(lives, st.permutations([0, 1, 2]))
def test_open_rows_are_held_and_order_changes_nothing(life: list[list[float]], order: list[int]) -> None:
    """Every open row has a reference, and a permutation of the poll gives the same bits."""
    columns = np.array(life)
    first, again = run(columns, [0, 1, 2]), run(columns, order)

    assert (first[0] == again[0]).all()
    np.testing.assert_array_equal(first[1], again[1])
