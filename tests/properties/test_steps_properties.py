"""Edges as PromQL say what was written, and rounding never narrows a band."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.model.hourly import HOURS, HourlyBand
from aiops_daemon.core.rules.steps import outward, steps

few = settings(max_examples=60, deadline=None)
_TERM = re.compile(r"([+-]) (\S+) \* \(time\(\) % (\d+) >= bool (\d+)\)")


def read(expr: str, hour: int) -> float:
    """Evaluate an edge in the middle of an hour of the UTC week."""
    first = float(expr.removeprefix("vector(").split(" ")[0].rstrip(")"))
    into = hour * 3600 + 1800
    return first + sum(
        (1 if sign == "+" else -1) * float(gain)
        for sign, gain, period, start in _TERM.findall(expr)
        if into % int(period) >= int(start)
    )


@st.composite
def bands(draw: st.DrawFn) -> HourlyBand:
    """Draw a band that is the same every day, or not."""
    count = draw(st.sampled_from([1, 24, HOURS]))
    level, scale = draw(st.floats(-1e6, 1e6)), draw(st.floats(1e-3, 1e5))
    parts = draw(st.lists(st.floats(-1, 1), min_size=count, max_size=count)) * (HOURS // count)
    width = draw(st.floats(0.01, 1.0)) * scale
    lower = tuple(level + part * scale for part in parts)
    return HourlyBand((), lower, tuple(edge + width for edge in lower))


@few
@given(bands())
def test_a_band_is_never_narrowed_and_hardly_widened(band: HourlyBand) -> None:
    """By a twentieth of its narrowest width and the rounding at most."""
    rounded = outward(band)
    width = min(upper - lower for lower, upper in zip(band.lower, band.upper, strict=True))
    slack = 0.06 * width + 1e-11 * max(map(abs, (*band.lower, *band.upper)))
    for hour in range(HOURS):
        assert -1e-11 * abs(band.upper[hour]) <= rounded.upper[hour] - band.upper[hour] <= slack
        assert -1e-11 * abs(band.lower[hour]) <= band.lower[hour] - rounded.lower[hour] <= slack


@few
@given(bands())
def test_promql_says_what_was_written(band: HourlyBand) -> None:
    """In every hour, to eleven digits of the largest edge."""
    rounded = outward(band)
    largest = max(map(abs, rounded.upper)) + 1.0
    expr = steps(rounded.upper)
    for hour in range(HOURS):
        assert abs(read(expr, hour) - rounded.upper[hour]) <= 1e-9 * largest


@few
@given(st.floats(-1e300, 1e300))
def test_an_edge_that_never_changes_is_one_number(edge: float) -> None:
    """Nothing is paid for hours that are alike."""
    assert "bool" not in steps((edge,) * HOURS)
