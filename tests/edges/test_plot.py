"""Small plots of particular series."""

import math

import numpy as np

from aiops_daemon.core.model.view import Plot
from aiops_daemon.edges.web.ui.plot import draw

NAN = math.nan


def plot(values, lower=None, upper=None):
    count = len(values)
    return Plot(
        60.0 * np.arange(count),
        np.array(values, dtype=np.float64),
        np.full(count, NAN) if lower is None else np.array(lower, dtype=np.float64),
        np.full(count, NAN) if upper is None else np.array(upper, dtype=np.float64),
    )


def test_gaps_split_the_line_and_a_lone_point_is_a_dot():
    """No line is drawn through what is not known."""
    assert draw(plot([1, 2, NAN, 1, NAN, 2, 1]), "").line.count("M") == 3
    assert "h0" in draw(plot([1, NAN, 2, 3]), "").line


def test_a_constant_lies_in_the_middle():
    """No range to scale by is no fault."""
    assert draw(plot([5, 5]), "").line == "M4.0 59.0L356.0 59.0"


def test_one_point_is_a_dot():
    """Neither axis has a range."""
    assert draw(plot([7]), "").line == "M180.0 59.0h0"


def test_huge_numbers_keep_their_shape():
    """The difference of the largest floats is not infinite here."""
    assert draw(plot([-1.7e308, 0, 1.7e308]), "").line == "M4.0 102.0L180.0 59.0L356.0 16.0"


def test_a_series_without_numbers_is_not_drawn():
    """Nothing known, nothing shown; an empty one as well."""
    assert draw(plot([NAN, math.inf]), "") is None
    assert draw(plot([]), "") is None


def test_points_outside_the_band_are_marked():
    """Only those; an open edge of the band is the edge of the plot."""
    sketch = draw(plot([1, 5, 2], lower=[0, 0, -math.inf], upper=[3, 3, 3]), "")

    assert sketch.outside == "M180.0 16.0h0"
    assert sketch.band == "M4.0 50.4L180.0 50.4L356.0 50.4L356.0 102.0L180.0 102.0L4.0 102.0Z"
    assert ("5", "0") == (sketch.top, sketch.bottom)


def test_a_breach_ahead_extends_the_axis():
    """The past ends at `now`, the projection at the threshold."""
    sketch = draw(plot([0.5, 0.6, 0.7]), "ratio", threshold=0.9, breach_at=240.0)

    assert ("90 %", "last 2m, next 2m") == (sketch.top, sketch.span)
    assert sketch.now_x == 180.0
    assert ((356.0, 16.0), 16.0) == (sketch.breach, sketch.threshold_y)
    assert sketch.projection == "M180.0 59.0L356.0 16.0"


def test_a_breach_far_ahead_is_not_drawn_early():
    """The past keeps half of the plot; the projection leaves it on the way, at its own slope."""
    sketch = draw(plot([0.5, 0.6, 0.7]), "", threshold=0.9, breach_at=120.0 + 4 * 120.0)

    assert (180.0, None) == (sketch.now_x, sketch.breach)
    assert "M180.0 59.0L356.0 48.3" == sketch.projection


def test_a_threshold_without_a_date_is_a_line_only():
    """No projection to nowhere."""
    sketch = draw(plot([0.5, 0.6]), "", threshold=0.9)

    assert ("", None, None) == (sketch.projection, sketch.breach, sketch.now_x)


def test_a_band_below_zero_of_what_is_never_negative_ends_at_the_edge():
    """The axis of a share does not begin at minus one percent."""
    sketch = draw(plot([0.2, 0.3], lower=[-0.1, 0.1], upper=[0.4, 0.4]), "ratio")

    assert ("10 %", "40 %") == (sketch.bottom, sketch.top)
    assert sketch.band.endswith("L356.0 102.0L4.0 102.0Z")
    assert draw(plot([-0.2, 0.3], lower=[-0.5, 0.1], upper=[0.4, 0.4]), "ratio").bottom == "-50 %"


def test_the_scale_says_no_digits_that_a_trail_does_not_have():
    """A float32 trail of 1.0 comes back as 0.99999999; the axis says 100 %."""
    values = np.array([0.4, 0.99999999])
    sketch = draw(Plot(np.array([0.0, 300.0]), values, values - 0.1, values - 0.05), "ratio")

    assert sketch is not None
    assert "100 %" == sketch.top
