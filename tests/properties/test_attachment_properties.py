"""What a finding's body in an incident keeps, for any numbers."""

import json
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.model.attachment import Attachment, read_attachment, write_attachment
from aiops_daemon.core.model.finding import Finding, FindingKind
from aiops_daemon.core.model.view import Plot

ANY = st.floats()
JSON = st.recursive(
    st.none() | st.booleans() | ANY | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["plot", "times", "values", "lower", "upper", "unit", "score"]), inner)
    ),
    max_leaves=20,
)


def known(value):
    """Return what JSON can say of a number."""
    return value if value is not None and math.isfinite(value) else None


@given(
    numbers=st.tuples(ANY, st.none() | ANY, st.none() | ANY, ANY, ANY, st.none() | ANY),
    points=st.lists(st.tuples(ANY, ANY, ANY), max_size=5),
)
def test_what_is_written_is_read_back(numbers, points):
    """Every finite number and point survives; the others are unknown."""
    value, lower, upper, score, confidence, breach_at = numbers
    finding = Finding(
        "u", FindingKind.ANOMALY, "q", "s", (), "warning", value, "seconds", lower, upper, score, confidence, 0.0, 1.0,
        "sentence", "critical", breach_at,
    )  # fmt: skip
    columns = np.array([(index, *point) for index, point in enumerate(points)], dtype=float).reshape(-1, 4).T
    read = read_attachment(write_attachment(finding, Plot(*columns)))

    assert (known(value), known(lower), known(upper)) == (read.value, read.lower, read.upper)
    assert (known(score), known(confidence), known(breach_at)) == (read.score, read.confidence_ratio, read.breach_at)
    assert ("seconds", "critical") == (read.unit, read.threshold)
    assert (read.plot is None) == (not points)
    if read.plot:
        expected = np.where(np.isfinite(columns[1:]), columns[1:], np.nan)
        assert np.array_equal(expected, [read.plot.values, read.plot.lower, read.plot.upper], equal_nan=True)


@given(JSON)
def test_no_body_is_too_odd(document):
    """Whatever stands in the row, reading it gives something to show."""
    read = read_attachment(json.dumps(document))

    assert read.value is None or math.isfinite(read.value)
    assert read.plot is None or len(read.plot.times) == len(read.plot.values) > 0


def test_what_is_no_json_has_no_numbers():
    """An empty or broken body is not a fault of the page."""
    assert Attachment() == read_attachment("") == read_attachment("{") == read_attachment("[1]")
