"""Durations as Prometheus writes them in label values and expressions."""

from __future__ import annotations

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
