"""A small plot as SVG path strings: value line, expected band, points outside it, threshold and breach.

Enters: the recent past of one series. Leaves: coordinates inside a fixed box, and labels for its edges. Pure.
Never fails on what series hold: gaps split the line, constants lie in the middle, huge numbers are scaled first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.quantity import possible_lower, speak, speak_duration
from aiops_daemon.core.model.view import Plot

WIDTH, HEIGHT = 360, 120
MOST_POINTS = 180
_LEFT, _RIGHT, _TOP, _BOTTOM = 4.0, 356.0, 16.0, 102.0
_LONGEST_AHEAD = 1.0  # a breach is drawn on the axis up to one span of the past ahead

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sketch:
    """What the template draws; empty paths draw nothing. `breach` is where the threshold is met, if in sight."""

    line: str
    band: str
    outside: str
    projection: str
    threshold_y: float | None
    breach: tuple[float, float] | None
    now_x: float | None
    top: str
    bottom: str
    span: str


@dataclass(frozen=True, slots=True)
class _Axis:
    low: float
    high: float
    start: float  # coordinate of low
    end: float  # coordinate of high

    def place(self, values: Floats) -> Floats:
        """Map values to coordinates; halves keep the difference of huge numbers finite."""
        if self.high == self.low:
            return np.where(np.isnan(values), np.nan, (self.start + self.end) / 2)
        share = (values / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return self.start + np.clip(share, 0.0, 1.0) * (self.end - self.start)

    def at(self, value: float) -> float:
        """Map one value."""
        return float(self.place(np.array([value]))[0])


def draw(plot: Plot, unit: str, *, threshold: float | None = None, breach_at: float | None = None) -> Sketch | None:
    """Sketch the plot; None when it holds no finite value."""
    shown = _possible(_thin(plot), unit)
    known = np.isfinite(shown.values)
    if not known.any():
        return None
    ends = _axis_of_times(shown.times, breach_at)
    levels = _axis_of_values(shown, threshold)
    x, y = ends.place(shown.times), levels.place(np.where(known, shown.values, np.nan))
    last = (float(x[known][-1]), float(y[known][-1]))
    threshold_y = levels.at(threshold) if _finite(threshold) else None
    goal = breach = None
    if _finite(breach_at) and threshold_y is not None:
        share = _share(float(shown.times[-1]), ends.high, breach_at)
        goal = (ends.at(breach_at), last[1] + share * (threshold_y - last[1]))
        breach = goal if share == 1.0 else None
    ahead = goal is not None and ends.high > float(shown.times[-1])
    return Sketch(
        line=_line(x, y),
        band=_band(x, levels.place(shown.lower), levels.place(shown.upper)),
        outside=_dots(x, y, (shown.values > shown.upper) | (shown.values < shown.lower)),
        projection=_segment(last, goal) if goal else "",
        threshold_y=None if threshold_y is None else round(threshold_y, 1),
        breach=None if breach is None else (round(breach[0], 1), round(breach[1], 1)),
        now_x=round(ends.at(float(shown.times[-1])), 1) if ahead else None,
        top=speak(_rounded(levels.high), unit),
        bottom=speak(_rounded(levels.low), unit),
        span=_span(float(shown.times[0]), float(shown.times[-1]), ends.high),
    )


def _share(now: float, end: float, breach_at: float) -> float:
    """Return how much of the way to a breach fits on the axis: 1 where the breach itself does."""
    return (end - now) / (breach_at - now) if breach_at > end else 1.0


def _thin(plot: Plot) -> Plot:
    """Keep at most MOST_POINTS: both ends, and of each bucket the point farthest from the median: no peak is lost."""
    count = len(plot.values)
    if count <= MOST_POINTS:
        return plot
    finite = plot.values[np.isfinite(plot.values)]
    middle = float(np.median(finite)) if len(finite) else 0.0
    distance = np.where(np.isfinite(plot.values), np.abs(plot.values / 2 - middle / 2), -1.0)
    edges = np.linspace(0, count, MOST_POINTS - 1).astype(np.intp)
    kept = np.array([start + int(np.argmax(distance[start:end])) for start, end in pairwise(edges.tolist())])
    kept = np.union1d(kept, [0, count - 1])
    return Plot(plot.times[kept], plot.values[kept], plot.lower[kept], plot.upper[kept])


def _possible(plot: Plot, unit: str) -> Plot:
    """Open the band downwards where its lower edge cannot be reached."""
    least = float(np.nanmin(plot.values, initial=math.inf))
    lower = np.array([possible_lower(edge, least, unit) for edge in plot.lower.tolist()])
    return replace(plot, lower=lower)


def _axis_of_times(times: Floats, breach_at: float | None) -> _Axis:
    first, last = float(times[0]), float(times[-1])
    if breach_at is not None and last < breach_at < math.inf:
        last = min(breach_at, last + _LONGEST_AHEAD * (last - first))
    return _Axis(first, last, _LEFT, _RIGHT)


def _axis_of_values(plot: Plot, threshold: float | None) -> _Axis:
    everything = np.concatenate([plot.values, plot.lower, plot.upper, [math.nan if threshold is None else threshold]])
    finite = everything[np.isfinite(everything)]
    return _Axis(float(finite.min()), float(finite.max()), _BOTTOM, _TOP)


def _runs(usable: NDArray[np.bool_]) -> Iterator[slice]:
    """Yield the stretches of true values."""
    padded = np.concatenate([[False], usable, [False]]).astype(np.int8)
    changes = np.diff(padded)
    for start, end in zip(np.flatnonzero(changes == 1), np.flatnonzero(changes == -1), strict=True):
        yield slice(int(start), int(end))


def _points(x: Floats, y: Floats) -> str:
    return "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))


def _line(x: Floats, y: Floats) -> str:
    """Draw each stretch; a lone point becomes a line of no length, which round caps make a dot."""
    return "".join(f"M{_points(x[run], y[run])}" + "h0" * (run.stop - run.start == 1) for run in _runs(np.isfinite(y)))


def _band(x: Floats, lower: Floats, upper: Floats) -> str:
    usable = ~(np.isnan(lower) | np.isnan(upper))
    return "".join(
        f"M{_points(x[run], upper[run])}L{_points(x[run][::-1], lower[run][::-1])}Z" for run in _runs(usable)
    )


def _dots(x: Floats, y: Floats, chosen: NDArray[np.bool_]) -> str:
    places = chosen & np.isfinite(y)
    return "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(x[places].tolist(), y[places].tolist(), strict=True))


def _segment(start: tuple[float, float], end: tuple[float, float]) -> str:
    return f"M{start[0]:.1f} {start[1]:.1f}L{end[0]:.1f} {end[1]:.1f}"


def _finite(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _span(first: float, last: float, end: float) -> str:
    """Say what the time axis covers."""
    past = f"last {speak_duration(last - first)}"
    return f"{past}, next {speak_duration(end - last)}" if end > last else past


def _rounded(level: float) -> float:
    """Take off the digits that float32 trails do not have: 0.99999999 is 1."""
    return float(f"{level:.5g}")
