"""What holds for every number that is said."""

import math
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.model.quantity import speak, speak_duration, speak_time

UNITS = st.sampled_from(["", "seconds", "bytes", "ratio", "percent", "per_second", "bytes_per_second", "restarts"])
SIZES = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "PiB": 2**50, "EiB": 2**60}
PARTS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


@settings(max_examples=50, deadline=None)
@given(value=st.floats(), unit=UNITS, digits=st.integers(2, 8))
def test_any_number_is_said_briefly(value, unit, digits):
    """No number raises, none reads as nan or inf, and all fit into a table cell."""
    said = speak(value, unit, digits=digits)

    assert said
    assert len(said) <= 40
    assert "nan" not in said
    assert not re.search(r"\binf\b", said)


@settings(max_examples=50, deadline=None)
@given(value=st.floats(1, 1e20))
def test_bytes_read_back_within_half_a_percent(value):
    """What is said of bytes is true to three digits."""
    number, unit = speak(value, "bytes").split(" ")

    read = float(number.replace(",", "")) * SIZES[unit]
    assert math.isclose(value, read, rel_tol=0.0051)


@settings(max_examples=50, deadline=None)
@given(seconds=st.integers(60, 365 * 86_400))
def test_durations_read_back_within_half_of_the_smaller_part(seconds):
    """Two parts of a duration lose at most half of the smaller unit: under one part in 23."""
    read = sum(int(part[:-1]) * PARTS[part[-1]] for part in speak_duration(seconds).split(" "))

    assert math.isclose(seconds, read, rel_tol=1 / 45)


@settings(max_examples=50, deadline=None)
@given(value=st.floats(1e-6, 1e12), unit=st.sampled_from(["", "bytes", "seconds", "ratio"]))
def test_the_sign_is_a_prefix(value, unit):
    """A negative number reads as the positive one with a minus, near one apart for ratios."""
    if not (unit == "ratio" and 0.9 < value < 1):
        assert "-" + speak(value, unit) == speak(-value, unit)


@settings(max_examples=50, deadline=None)
@given(st.floats())
def test_any_moment_is_said(unix):
    """A moment is a date or unknown."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC|unknown", speak_time(unix))
