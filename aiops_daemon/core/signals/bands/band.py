"""Judging: what a series should be now, how far it may stray, and how far it did.

Enters: the columns of a block of rows, their values, and their profiles at this moment. Leaves: a verdict. Only
correctly rounded elementwise operations are used (no exp, log, sums or matrix products), so no row depends on its
neighbours in any bit. Never learns: that is learning.py.

Four models run side by side: a quick level, a slow level, slow level plus daily profile, slow level plus weekly
profile. The one whose predictions have been best is believed. The width of the band on each side is the larger of
`SCALES_WIDE` mean absolute errors and, with a margin, the second largest deviation that the series has shown on that
side: heavy tails, spikes and jobs that come again are learned from the series itself, one outlier alone is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.durations import DAY, WEEK
from aiops_daemon.core.model.query import Direction, Season
from aiops_daemon.core.model.series import Floats
from aiops_daemon.core.signals.bands.columns import (
    AGE,
    CHOICE,
    COUNT,
    FAST_TAILS,
    LEAN,
    LEVELS,
    PRESSURE,
    SCALES,
    SLOW_TAILS,
    USUAL,
)

SIDES = np.array([[1.0], [-1.0]])  # above, below
LARGEST = 1e300  # values beyond are taken as this, so that differences stay finite
SCORE_MAX = 1e6
TINY = 1e-290
RESOLUTION = 1e-9  # of the expected value: smaller deviations are rounding

SCALES_WIDE = 6.0
MARGIN = 1.2  # over the second largest deviation
LEARNED_BETTER = 1.5  # tails count in full while the seasonal scale is this many times smaller than was usual
MARGIN_BY_PRESSURE = 0.3  # more for each time the band was left lately
SCALE_BY_PRESSURE = 0.05
PRESSURE_MAX = 4.0
YOUTH = 10.0  # a band from n samples is 1 + 10 / (n + 1) times as wide
LEAN_FREE = 1.0  # scales that values may keep to one side before the band tightens there
LEAN_MAX = 4.0
TIGHTENING = 0.5
UNREST_TRUST = 0.5  # weight of the overall scale against that of the half hour
UNREST_LEAST, UNREST_MOST = 0.5, 4.0
UNREST_AFTER = 1.5 * DAY
KNOWN_AFTER = (0.0, 0.0, 1.5 * DAY, WEEK + DAY)  # age at which each model may be believed


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of a band; `allowed` says which of the four models may be believed."""

    up: bool
    down: bool
    allowed: tuple[bool, bool, bool, bool]
    absolute: float
    relative: float
    warm_up: int

    @classmethod
    def of(
        cls,
        direction: Direction,
        seasons: tuple[Season, ...] | None,
        deviations: tuple[float, float],
        warm_up: int,
    ) -> Rules:
        """Read options: `seasons` restricts the models that compete; None lets all of them."""
        asked = (Season.DAILY, Season.WEEKLY) if seasons is None else seasons
        return cls(
            up=direction is not Direction.DOWN,
            down=direction is not Direction.UP,
            allowed=(True, True, Season.DAILY in asked, Season.WEEKLY in asked),
            absolute=deviations[0],
            relative=deviations[1],
            warm_up=warm_up,
        )


@dataclass(frozen=True, slots=True)
class Seasonal:
    """A block's profiles at one moment: what to add to a level, and the mean error of this half hour."""

    daily: Floats
    weekly: Floats
    unrest: Floats


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a block of values is worth. Widths, score and deviation are those of learning: all sides, no gates."""

    value: Floats
    errors: Floats  # (4, rows): value less prediction of each model
    expected: Floats
    deviation: Floats
    scale: Floats  # of the chosen model at this time of day
    tightness: Floats  # (2, rows): what a deviation above and below is divided by to be remembered
    widths: Floats  # (2, rows): above, below
    strain: Floats  # deviation in widths: beyond 1 or -1 the value is outside; 0 while warming up
    ready: NDArray[np.bool_]


def tame(values: Floats) -> Floats:
    """Limit values to +-1e300."""
    return np.minimum(np.maximum(values, -LARGEST), LARGEST)


def judge(rules: Rules, columns: Floats, value: Floats, seasonal: Seasonal) -> Verdict:
    """Compare values with what the chosen model expects of them."""
    predicted = columns[LEVELS].copy()
    predicted[2] += seasonal.daily
    predicted[3] += seasonal.weekly
    choice = columns[CHOICE]
    expected, typical = pick(choice, predicted), pick(choice, columns[SCALES])
    unrest = _unrest(columns, typical, seasonal.unrest)
    tightness = _tightness(columns[LEAN], unrest)
    errors = np.subtract(value, predicted, out=predicted)
    widths = _widths(columns, typical, np.abs(expected), tightness)
    deviation, ready = value - expected, columns[COUNT] >= rules.warm_up
    return Verdict(
        value=value,
        errors=errors,
        expected=expected,
        deviation=deviation,
        scale=np.maximum(typical * unrest, np.abs(expected) * RESOLUTION + TINY),
        tightness=tightness,
        widths=widths,
        strain=_strain(deviation, widths, ready),
        ready=ready,
    )


def answer(rules: Rules, columns: Floats, verdict: Verdict, out: Floats) -> None:
    """Fill rows expected, lower, upper, score, confidence of `out`, with the direction and gates asked for.

    The band is at least as wide as both minimum deviations, so that a score over 1 means that all were exceeded.
    """
    widths, strain = verdict.widths, verdict.strain
    if rules.absolute > 0.0 or rules.relative > 0.0:
        gate = np.maximum(np.abs(verdict.expected) * rules.relative, rules.absolute)
        widths = np.maximum(widths, np.minimum(gate, LARGEST))
        strain = _strain(verdict.deviation, widths, verdict.ready)
    out[0] = verdict.expected
    np.subtract(verdict.expected, widths[1], out=out[1])
    np.add(verdict.expected, widths[0], out=out[2])
    np.minimum(_sided(rules, strain), SCORE_MAX, out=out[3])
    out[4] = _confidence(columns)


def choose(rules: Rules, columns: Floats) -> Floats:
    """Choose the model with the least error that knows a whole cycle; slow and seasonal ones get a head start.

    A slow model that predicts nearly as well is worth more: it does not follow an incident.
    """
    scales, age = columns[SCALES], columns[AGE]
    choice = np.zeros(columns.shape[1])
    best = scales[0]
    for model, handicap in ((1, 0.9), (2, 0.8), (3, 0.9)):
        if rules.allowed[model]:
            error = scales[model] * handicap
            better = (error <= best) if model == 1 else (error < best) & (age >= KNOWN_AFTER[model])
            choice = np.where(better, float(model), choice)
            best = np.where(better, error, best)
    return choice


def _strain(deviation: Floats, widths: Floats, ready: NDArray[np.bool_]) -> Floats:
    width = np.where(deviation > 0.0, widths[0], widths[1])
    strain: Floats = np.divide(deviation, width, out=width)
    strain[~ready] = 0.0
    return strain


def _sided(rules: Rules, strain: Floats) -> Floats:
    """Turn strain into a score on the sides that matter; + 0.0 makes -0.0 a plain zero."""
    if rules.up and rules.down:
        return np.abs(strain)
    return np.maximum(strain if rules.up else -strain, 0.0) + 0.0


def pick(choice: Floats, of: Floats) -> Floats:
    """Take the chosen model's entry of (4, rows)."""
    picked: Floats = np.where(choice == 0.0, of[0], of[1])
    np.copyto(picked, of[2], where=choice == 2.0)
    np.copyto(picked, of[3], where=choice == 3.0)
    return picked


def _unrest(columns: Floats, typical: Floats, unrest: Floats) -> Floats:
    """Compare the noise of this half hour with that of the whole day, leaning towards 1."""
    ratio = (unrest + typical * UNREST_TRUST) / (typical * (1.0 + UNREST_TRUST))
    ratio = np.minimum(np.maximum(ratio, UNREST_LEAST), UNREST_MOST)
    factor: Floats = np.where((columns[AGE] > UNREST_AFTER) & (typical > 0.0), ratio, 1.0)
    return factor


def _tightness(lean: Floats, unrest: Floats) -> Floats:
    """Tighten the band on the side where values have kept for a while: small but lasting deviations count."""
    excess = np.minimum(np.maximum(lean * SIDES - LEAN_FREE, 0.0), LEAN_MAX)
    tightness: Floats = unrest / (excess * TIGHTENING + 1.0)
    return tightness


def _widths(columns: Floats, typical: Floats, magnitude: Floats, tightness: Floats) -> Floats:
    """Return the width of the band above and below the expected value."""
    pressure = np.minimum(columns[PRESSURE], PRESSURE_MAX)
    youth = YOUTH / (columns[COUNT] + 1.0) + 1.0
    least = typical * SCALES_WIDE * youth * (pressure * SCALE_BY_PRESSURE + 1.0)
    tails = np.maximum(columns[FAST_TAILS], columns[SLOW_TAILS] * _outgrown(columns, typical))
    tails *= pressure * MARGIN_BY_PRESSURE + MARGIN
    widths: Floats = np.maximum(np.maximum(tails, least) * tightness, magnitude * RESOLUTION + TINY)
    return widths


def _outgrown(columns: Floats, typical: Floats) -> Floats:
    """Discount slow tails from before the season was known: they were errors of the model, not of the series."""
    shrunk = np.minimum(typical * LEARNED_BETTER / np.maximum(columns[USUAL], TINY), 1.0)
    factor: Floats = np.where((columns[CHOICE] >= 2.0) & (columns[USUAL] > 0.0), shrunk, 1.0)
    return factor


def _confidence(columns: Floats) -> Floats:
    """Return 0..1: how much of what could be known is known, from samples seen and time lived (a week: 0.93)."""
    count, age = columns[COUNT], columns[AGE]
    confidence: Floats = (count / (count + 30.0)) * ((age + 0.5 * DAY) / (age + DAY))
    return confidence
