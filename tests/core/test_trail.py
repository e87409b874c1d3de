"""The recent past for plots."""

from __future__ import annotations

import numpy as np

from aiops_daemon.core.model.trail import POINTS, SLOT_SECONDS, Trail

ROW = np.array([0], dtype=np.intp)


def note(trail: Trail, value: float, at: float) -> None:
    trail.note(ROW, np.array([value]), np.array([value - 1]), np.array([value + 1]), at)


def test_points_come_back_in_order_of_time() -> None:
    """The ring unrolls, also after it went round."""
    trail = Trail(4)
    for step in range(POINTS + 10):
        note(trail, 1e9 + step, 1_000_000.0 + step * SLOT_SECONDS)
    plot = trail.plot(0)

    assert POINTS == len(plot.times)
    assert (np.diff(plot.times) == SLOT_SECONDS).all()
    assert [1e9 + 10 + step for step in range(POINTS)] == plot.values.tolist()
    assert (plot.upper - plot.lower == 2).all()


def test_an_outage_leaves_a_hole() -> None:
    """Slots that nobody noted are unknown, not old."""
    trail = Trail(4)
    note(trail, 1.0, 0.0)
    trail.note(np.array([1], dtype=np.intp), np.ones(1), np.ones(1), np.ones(1), SLOT_SECONDS)
    plot = trail.plot(0)

    assert 1.0 == plot.values[0]
    assert np.isnan(plot.values[1])


def test_a_recycled_row_starts_empty() -> None:
    """A new series does not show the past of the one before."""
    trail = Trail(4)
    note(trail, 5.0, 0.0)
    trail.reset(ROW)

    assert np.isnan(trail.plot(0).values).all()
