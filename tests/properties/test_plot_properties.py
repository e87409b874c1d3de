"""What holds for every small plot."""

import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aiops_daemon.core.model.view import Plot
from aiops_daemon.edges.web.ui.plot import HEIGHT, MOST_POINTS, WIDTH, draw

PATH = re.compile(r"(M[\d.]+ [\d.]+(L[\d.]+ [\d.]+)*(h0|Z)?)*")


@settings(max_examples=50, deadline=None)
@given(data=st.data(), count=st.integers(1, 400), threshold=st.none() | st.floats(), ahead=st.none() | st.floats())
def test_any_series_is_drawn_inside_the_box(data, count, threshold, ahead):
    """Every coordinate is finite and inside, whatever the numbers; nothing finite draws nothing."""
    column = arrays(np.float64, count, elements=st.floats(width=64))
    values, lower, upper = data.draw(column), data.draw(column), data.draw(column)
    times = 1.7e9 + 60.0 * np.arange(count)
    breach_at = None if ahead is None else float(times[-1] + ahead)

    sketch = draw(Plot(times, values, lower, upper), "bytes", threshold=threshold, breach_at=breach_at)

    if not np.isfinite(values).any():
        assert sketch is None
        return
    assert sketch.line
    for path in (sketch.line, sketch.band, sketch.outside, sketch.projection):
        assert PATH.fullmatch(path)
        for x, y in re.findall(r"([\d.]+) ([\d.]+)", path):
            assert 0 <= float(x) <= WIDTH
            assert 0 <= float(y) <= HEIGHT
    assert len(re.findall(r"[ML]", sketch.line)) <= MOST_POINTS


@settings(max_examples=30, deadline=None)
@given(st.integers(500, 3_000), st.data())
def test_a_peak_is_never_thinned_away(count, data):
    """One spike among thousands of points is still the top of the plot."""
    values = np.sin(np.arange(count) / 50)
    values[data.draw(st.integers(0, count - 1))] = 1e6
    flat = np.zeros(count)

    sketch = draw(Plot(60.0 * np.arange(count), values, flat - 1, flat + 1), "")
    assert sketch.top == "1 million"
    assert " 16.0" in sketch.line
