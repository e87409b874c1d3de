"""How seldom an alert may be looked at when its past is asked about."""

from __future__ import annotations

import pytest

from aiops_daemon.cli.rulespast import step_of


@pytest.mark.parametrize(
    ("interval", "hold", "step"),
    [(60, 0, 60), (60, 300, 60), (60, 900, 180), (30, 900, 180), (60, 86_400, 300), (240, 86_400, 240), (600, 60, 600)],
)
def test_a_step_follows_from_for(interval: float, hold: float, step: float) -> None:
    """Whole evaluations, a fifth of `for`, and five minutes at most; without `for` every evaluation counts."""
    assert step == step_of(interval, hold)
