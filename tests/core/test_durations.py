"""Durations in label values and windows."""

from __future__ import annotations

import pytest

from aiops_daemon.core.model.durations import prometheus_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (300, "5m"),
        (3600, "1h"),
        (5400, "90m"),
        (86400, "1d"),
        (604800, "7d"),
        (2592000, "30d"),
        (30, "30s"),
        (0, "0s"),
        (0.5, "500ms"),
    ],
)
def test_one_exact_unit(seconds: float, text: str) -> None:
    """The largest unit that divides the duration."""
    assert text == prometheus_duration(seconds)
