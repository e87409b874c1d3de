"""Durations of several units add up, and foreign text is refused in words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.model.durations import parse_duration

UNITS = (("y", 365 * 86_400), ("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1), ("ms", 0.001))


@settings(max_examples=50, deadline=None)
@given(amounts=st.lists(st.none() | st.integers(min_value=0, max_value=999), min_size=7, max_size=7))
def test_parts_add_up(amounts: list[int | None]) -> None:
    """A duration of several units, the largest first, is their sum."""
    parts = [(amount, unit, size) for amount, (unit, size) in zip(amounts, UNITS, strict=True) if amount is not None]
    text = "".join(f"{amount}{unit}" for amount, unit, _ in parts) or "0"

    assert sum(amount * size for amount, _, size in parts) == pytest.approx(parse_duration(text))


@pytest.mark.parametrize("text", ["", "5", "5 m", "-5m", "1.5h", "5m1h", "m", "5min", "１m"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """Prometheus would refuse it too; the message shows the form."""
    with pytest.raises(ValueError, match="write 30s, 5m, 1h30m or 7d"):
        parse_duration(text)
