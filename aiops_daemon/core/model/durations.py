"""Durations: the lengths that everything counts in, and how Prometheus writes them in labels and expressions."""

from __future__ import annotations

import re

HOUR = 3600.0  # seconds
DAY = 24 * HOUR
WEEK = 7 * DAY

_MILLISECONDS = {
    "y": 31_536_000_000,
    "w": 604_800_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1000,
    "ms": 1,
}
PATTERN = "^" + "".join(f"(?:([0-9]{{1,12}}){unit})?" for unit in _MILLISECONDS) + "$"
_FORM = re.compile(PATTERN)
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def prometheus_duration(seconds: float) -> str:
    """Return the shortest exact form with one unit where possible: 3600 -> 1h, 86400 -> 1d, 5400 -> 90m.

    Weeks are written in days, so that a month reads 30d and a week 7d. Fractions become milliseconds.
    """
    whole = round(seconds)
    if abs(seconds - whole) > 1e-9:
        return f"{round(seconds * 1000)}ms"
    for unit, size in _UNITS:
        if whole and whole % size == 0:
            return f"{whole // size}{unit}"
    return "0s"


def parse_duration(text: str) -> float:
    """Read `30s`, `5m`, `1h30m` or `7d` as seconds, in Prometheus' form; raises ValueError when it is none.

    A year is 365 days; `parse_duration(prometheus_duration(s)) == s` for every s that this returns.
    """
    if text == "0":
        return 0.0
    match = _FORM.fullmatch(text)
    if match is None or not text:
        raise ValueError("no duration; write 30s, 5m, 1h30m or 7d")
    amounts = zip(match.groups(), _MILLISECONDS.values(), strict=True)
    return sum(int(amount) * unit for amount, unit in amounts if amount) / 1000
