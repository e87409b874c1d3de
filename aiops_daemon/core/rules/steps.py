"""Edges of a band as PromQL: a sum of steps over the UTC week, or over the day where all days are alike.

Enters: a band of HOURS hours. Leaves: the band rounded outward and its edges as expressions. Prometheus pays for every
term (0.1 to 0.4 ms of processor time, more in long sums), so hours that differ by little become one. Never makes a band
narrower.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from aiops_daemon.core.model.durations import DAY, HOUR, WEEK
from aiops_daemon.core.model.hourly import HourlyBand
from aiops_daemon.core.rules.expression import number

_SLACK = 0.05  # of the narrowest width: hours in a row whose edges lie within it share the outermost
_GRAIN = 0.005  # of the narrowest width: what edges are rounded by
_DIGITS = 12
_HOURS_A_DAY = 24


def outward(band: HourlyBand) -> HourlyBand:
    """Give hours that are nearly alike one edge, and round edges to numbers that people can read."""
    widths = [upper - lower for lower, upper in zip(band.lower, band.upper, strict=True)]
    least = min((width for width in widths if 0.0 < width < math.inf), default=0.0)
    grain = 10.0 ** math.floor(math.log10(least * _GRAIN)) if least > 1e-200 else 0.0
    if not grain or max(map(abs, (*band.lower, *band.upper))) / grain > 10.0**_DIGITS:
        return band
    lower = _joined(band.lower, least * _SLACK, min)
    upper = _joined(band.upper, least * _SLACK, max)
    return HourlyBand(
        band.labels,
        tuple(_plain(math.floor(edge / grain) * grain) for edge in lower),
        tuple(_plain(math.ceil(edge / grain) * grain) for edge in upper),
    )


def steps(edges: Sequence[float]) -> str:
    """Write HOURS numbers: the first one, and what is added from each hour on where that changes it."""
    daily = _is_daily(edges)
    into = f"time() % {number(DAY if daily else WEEK)}"
    shown = edges[:_HOURS_A_DAY] if daily else edges
    terms = [number(shown[0])]
    for hour, (before, now) in enumerate(pairwise(shown), 1):
        gain = _plain(now - before)
        if gain:
            sign = "-" if gain < 0 else "+"
            terms.append(f"{sign} {number(abs(gain))} * ({into} >= bool {number(hour * HOUR)})")
    return f"vector({' '.join(terms)})"


def _joined(edges: Sequence[float], slack: float, outermost: Callable[[Iterable[float]], float]) -> list[float]:
    """Join hours in a row; days that are alike stay alike."""
    shown = edges[:_HOURS_A_DAY] if _is_daily(edges) else edges
    runs: list[list[float]] = []
    for edge in shown:
        if runs and max(*runs[-1], edge) - min(*runs[-1], edge) <= slack:
            runs[-1].append(edge)
        else:
            runs.append([edge])
    joined = [outermost(run) for run in runs for _ in run]
    return joined * (len(edges) // len(joined))


def _is_daily(edges: Sequence[float]) -> bool:
    return all(edge == edges[hour % _HOURS_A_DAY] for hour, edge in enumerate(edges))


def _plain(at: float) -> float:
    return float(f"{at:.{_DIGITS}g}")
