"""Numbers as people say them: 1.2 GiB, 350 ms, 3h 20m, 12.3 %, 120/s.

Enters: a number and the unit of its query (base units: seconds, bytes, ratio). Leaves: short text for sentences,
pages and the terminal. Never raises and never shows "nan": what is not known is "unknown".
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

UNKNOWN = "unknown"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_SECOND = -62_135_596_800.0  # 0001-01-01
_LAST_SECOND = 253_402_300_799.0  # 9999-12-31
_PER_SECOND = "per_second"
_BYTES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_SCALES = ((1e12, " trillion"), (1e9, " billion"), (1e6, " million"))
_SMALL_TIMES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_LARGE_TIMES = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
_NEVER_NEGATIVE = frozenset({"seconds", "bytes", "ratio", "percent"})
_LARGEST = 1e300  # beyond, rounding up and percent would overflow
_YEAR = 365.25 * 86_400


def speak(value: float | None, unit: str = "", *, digits: int = 3) -> str:
    """Say `value` in `unit` ("", seconds, bytes, ratio, percent, *_per_second or a word of its own).

    `digits` is the least number of significant digits kept; whole numbers below a million stay whole.
    """
    if value is None or math.isnan(value):
        return UNKNOWN
    if abs(value) > _LARGEST:
        return "infinity" if value > 0 else "-infinity"
    if unit == _PER_SECOND or unit.endswith("_" + _PER_SECOND):
        counted = unit.removesuffix(_PER_SECOND).removesuffix("_")
        return f"{speak(value, counted, digits=digits)}/s"
    if unit == "seconds":
        return speak_duration(value, digits=digits)
    if unit == "bytes":
        return _bytes(value, digits)
    if unit == "ratio":
        return f"{_percent(value, digits)} %"
    if unit == "percent":
        return f"{_percent(value / 100, digits)} %"
    number = _plain(value, digits)
    return f"{number} {unit.replace('_', ' ')}" if unit else number


def speak_duration(seconds: float | None, *, digits: int = 3) -> str:
    """Say a length of time by its two largest parts: 350 ms, 2.1 s, 3h 20m, 12d 4h, 1.5 years."""
    if seconds is None or not math.isfinite(seconds):
        return speak(seconds)
    if seconds < 0:
        return "-" + speak_duration(-seconds, digits=digits)
    rounded = _round(seconds, digits)
    if rounded < 60:
        return _short_time(seconds, rounded, digits)
    if seconds >= _YEAR:
        return f"{_plain(seconds / _YEAR, digits)} years"
    return _parts(seconds)


def speak_time(unix: float | None) -> str:
    """Say a moment in UTC to the minute: 2026-11-21 03:10 UTC."""
    moment = utc(unix)
    return UNKNOWN if moment is None else f"{moment.isoformat(' ', 'minutes')[:16]} UTC"


def possible_lower(lower: float, value: float, unit: str) -> float:
    """Return minus infinity for an edge below zero of what cannot be negative: sizes, durations, shares, rates.

    A negative `value` shows that this one can; then the edge stays.
    """
    natural = unit in _NEVER_NEGATIVE or unit.endswith(_PER_SECOND)
    return -math.inf if natural and lower <= 0 <= value else lower


def utc(unix: float | None) -> datetime | None:
    """Turn unix seconds into a UTC datetime; None outside the years 1 to 9999."""
    if unix is None or not _FIRST_SECOND <= unix <= _LAST_SECOND:
        return None
    return _EPOCH + timedelta(seconds=unix)


def _round(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")


def _plain(value: float, digits: int) -> str:
    rounded = _round(value, digits)
    for scale, word in _SCALES:
        if abs(rounded) >= 1e15:
            return f"{rounded:g}"
        if abs(rounded) >= scale:
            return _trim(_round(value / scale, digits)) + word
    if abs(value) >= 10 ** (digits - 1):
        return f"{round(value):,}"
    return _trim(rounded)


def _trim(value: float) -> str:
    """Write a rounded number without exponent (down to a millionth) and without trailing zeros."""
    if value == 0:
        return "0"
    if abs(value) < 1e-6:
        return f"{value:g}"
    return f"{value:,.12f}".rstrip("0").rstrip(".")


def _percent(ratio: float, digits: int) -> str:
    """Write ratio times 100; close to one, keep the first digit of what is missing (99.95, not 100)."""
    missing = (1.0 - ratio) * 100
    if 1e-9 < missing < 10:
        decimals = max(digits - 2, math.ceil(-math.log10(missing) - 1e-9))
        return _trim(round(ratio * 100, decimals))
    return _plain(ratio * 100, digits)


def _bytes(value: float, digits: int) -> str:
    scaled = value
    for unit in _BYTES[:-1]:
        if abs(_round(scaled, max(digits, 4))) < 1024:
            return f"{_plain(scaled, digits)} {unit}"
        scaled /= 1024
    return f"{_plain(scaled, digits)} {_BYTES[-1]}"


def _short_time(seconds: float, rounded: float, digits: int) -> str:
    for size, unit in _SMALL_TIMES:
        if rounded >= size:
            return f"{_trim(_round(seconds / size, digits))} {unit}"
    return "0 s" if seconds == 0 else f"{_trim(_round(seconds * 1e9, digits))} ns"


def _parts(seconds: float) -> str:
    """Split into the largest unit and the next smaller one, rounded there."""
    largest = next(index for index, (size, _) in enumerate(_LARGE_TIMES) if round(seconds) >= size)
    size, unit = _LARGE_TIMES[largest]
    next_size, next_unit = _LARGE_TIMES[min(largest + 1, len(_LARGE_TIMES) - 1)]
    whole, rest = divmod(round(seconds / next_size) * next_size, size)
    if largest and whole * size >= _LARGE_TIMES[largest - 1][0]:
        return f"1{_LARGE_TIMES[largest - 1][1]}"
    return f"{whole}{unit} {rest // next_size}{next_unit}" if rest else f"{whole}{unit}"
