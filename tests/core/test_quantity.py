"""Numbers as people say them."""

import math

import pytest

from aiops_daemon.core.model.quantity import possible_lower, speak, speak_duration, speak_time


@pytest.mark.parametrize(
    ("expected", "value", "unit"),
    [
        ("1.2 GiB", 1.2 * 2**30, "bytes"),
        ("512 B", 512, "bytes"),
        ("1 KiB", 1023.99, "bytes"),
        ("-3 MiB", -3 * 2**20, "bytes"),
        ("1.5 MiB/s", 1.5 * 2**20, "bytes_per_second"),
        ("350 ms", 0.35, "seconds"),
        ("2.1 s", 2.1, "seconds"),
        ("1m", 59.99, "seconds"),
        ("3h 20m", 12_000, "seconds"),
        ("1 s", 0.99999, "seconds"),
        ("12 µs", 12e-6, "seconds"),
        ("0 s", 0.0, "seconds"),
        ("12.3 %", 0.123, "ratio"),
        ("99.95 %", 0.9995, "ratio"),
        ("99.91 %", 0.99908, "ratio"),
        ("99.9 %", 0.999, "ratio"),
        ("92.3 %", 0.92345, "ratio"),
        ("100 %", 1 - 1e-15, "ratio"),
        ("100 %", 1.0, "ratio"),
        ("0 %", 0.0, "ratio"),
        ("250 %", 2.5, "ratio"),
        ("12.3 %", 12.3, "percent"),
        ("120/s", 120.4, "per_second"),
        ("0.000123/s", 0.000123, "per_second"),
        ("1,235", 1234.6, ""),
        ("12,346", 12_345.6, ""),
        ("0.123", 0.12345, ""),
        ("1.23 million", 1_234_567, ""),
        ("7e+18", 7e18, ""),
        ("3 open files", 3, "open_files"),
        ("-0.5", -0.5, ""),
        ("unknown", math.nan, "bytes"),
        ("unknown", None, "ratio"),
        ("infinity", math.inf, ""),
        ("infinity", 1.75e308, "ratio"),
        ("-infinity", -math.inf, "seconds"),
    ],
)
def test_speaks(expected, value, unit):
    """A value is said in the unit a person would choose."""
    assert expected == speak(value, unit)


@pytest.mark.parametrize(
    ("expected", "seconds"),
    [
        ("45 s", 45),
        ("1m 30s", 90),
        ("59m 59s", 3599.4),
        ("1h", 3599.9),
        ("3h", 10_800),
        ("2d 4h", 187_200),
        ("7d", 604_800),
        ("1d", 86_399),
        ("2 years", 2 * 365.25 * 86_400),
        ("-5m", -300),
        ("unknown", None),
    ],
)
def test_speaks_durations(expected, seconds):
    """A duration is said by its two largest parts, rounded."""
    assert expected == speak_duration(seconds)


def test_speaks_moments_in_utc():
    """A moment is said to the minute, in UTC; nonsense is unknown."""
    assert speak_time(1_795_230_600) == "2026-11-21 03:10 UTC"
    assert speak_time(math.nan) == "unknown"
    assert speak_time(1e20) == "unknown"


def test_more_digits_tell_close_values_apart():
    """A caller may ask for more digits where two values would read the same."""
    assert speak(0.10042, digits=5) == "0.10042"


@pytest.mark.parametrize(
    ("expected", "lower", "value", "unit"),
    [
        (-math.inf, -0.1, 0.2, "ratio"),
        (-math.inf, 0.0, 0.2, "requests_per_second"),
        (0.1, 0.1, 0.2, "seconds"),
        (-1.0, -1.0, -5.0, "seconds"),
        (-3.0, -3.0, 12.0, "celsius"),
    ],
)
def test_an_edge_below_zero_of_what_is_never_negative_is_no_edge(expected, lower, value, unit):
    """A latency of minus 94 ms is nobody's expectation."""
    assert expected == possible_lower(lower, value, unit)
