"""The mathematics of one band step, on columns of a block of rows.

Enters: the state columns of the rows, their values, and the seasonal profiles at this moment. Leaves: a verdict, and
the columns moved on. Only correctly rounded elementwise operations are used (no exp, log, sums or matrix products),
so no row depends on its neighbours in any bit. Never learns what the verdict calls far outside.

Three models run side by side: level alone, level plus daily profile, level plus weekly profile. Each has a scale, the
mean absolute error of its own predictions; the one with the smallest error is believed. The band around it is
`SIGMAS` scales wide, or as wide as the second largest recent deviation on that side, whichever is more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.query import Direction, Season
from aiops_daemon.core.model.series import Floats

LAST_AT, AGE, COUNT, REFERENCE, CHOICE, PEAK_UP, TAIL_UP, PEAK_DOWN, TAIL_DOWN = range(9)
LEVELS = slice(9, 12)
SCALES = slice(12, 15)
WIDTH = 15

LARGEST = 1e300  # values beyond are taken as this, so that differences stay finite
FLOAT32_MAX = 3e38
SCORE_MAX = 1e6
DAY = 86_400.0
STEP_MAX = 3_600.0  # seconds that one sample may stand for, however long the gap before it

SIGMAS = 6.0  # of mean absolute errors
MARGIN = 1.2  # over the second largest recent deviation
RESOLUTION = 1e-9  # of the expected value: smaller deviations are rounding
_TAU_LEVEL = np.array([[1800.0], [4 * 3600.0], [4 * 3600.0]])
_TAU_SCALE = DAY
_TAU_RISE = 1800.0
_TAU_FALL = 2 * DAY
_BIAS = np.array([[1.0], [0.95], [0.9]])


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of a band; `allowed` says which models may be chosen."""

    up: bool
    down: bool
    allowed: tuple[bool, bool, bool]
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
        """Read options; without seasons all models compete."""
        asked = (Season.DAILY, Season.WEEKLY) if seasons is None else seasons
        return cls(
            up=direction is not Direction.DOWN,
            down=direction is not Direction.UP,
            allowed=(True, Season.DAILY in asked, Season.WEEKLY in asked),
            absolute=deviations[0],
            relative=deviations[1],
            warm_up=warm_up,
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a block of values is worth; `residuals` (3, rows) are the errors of all models."""

    expected: Floats
    above: Floats  # width of the band on either side
    below: Floats
    score: Floats
    confidence: Floats
    ready: NDArray[np.bool_]
    residuals: Floats
    choice: Floats

    def write(self, out: Floats) -> None:
        """Fill the five columns of a step's answer."""
        out[0] = self.expected
        out[1] = self.expected - self.below
        out[2] = self.expected + self.above
        out[3] = self.score
        out[4] = self.confidence


@dataclass(frozen=True, slots=True)
class Kept:
    """What profiles may learn: the value as believed, and the seconds that it stands for."""

    value: Floats
    elapsed: Floats
    age: Floats
    profiled: NDArray[np.bool_]


def tame(values: Floats) -> Floats:
    """Limit values to +-1e300."""
    return np.minimum(np.maximum(values, -LARGEST), LARGEST)


def judge(rules: Rules, columns: Floats, value: Floats, season: Floats) -> Verdict:
    """Compare values with what the chosen model expects of them."""
    fresh = columns[COUNT] == 0
    predicted = np.where(fresh, value, columns[LEVELS] + season)
    residuals = value - predicted
    choice = columns[CHOICE]
    expected = _pick(choice, predicted)
    error = value - expected
    ready = columns[COUNT] >= rules.warm_up
    above, below = _widths(rules, columns, choice, expected)
    score = np.where(error > 0, error / above * rules.up, -error / below * rules.down)
    score = np.where(ready, np.minimum(score, SCORE_MAX), 0.0)
    confidence = columns[COUNT] / (columns[COUNT] + 100.0)
    return Verdict(expected, above, below, score, confidence, ready, residuals, choice)


def learn(rules: Rules, columns: Floats, value: Floats, season: Floats, verdict: Verdict, at: float) -> Kept:
    """Move the columns on by one sample; rows whose time does not advance stay as they are."""
    count = columns[COUNT].copy()
    fresh = count == 0
    passed = at - columns[LAST_AT]
    moved = fresh | (passed > 0) | (passed < -7200.0)
    elapsed = np.where(fresh | (passed < 0), 0.0, np.minimum(passed, STEP_MAX)) * moved
    age = columns[AGE] + elapsed
    _learn_tails(columns, verdict, elapsed)
    believed = np.where(
        verdict.ready,
        np.minimum(np.maximum(value, verdict.expected - verdict.below), verdict.expected + verdict.above),
        value,
    )
    gain = elapsed / (elapsed + np.minimum(_TAU_LEVEL, age) + 1e-9)
    columns[LEVELS] = np.where(fresh, value, columns[LEVELS] + gain * (believed - value + verdict.residuals))
    _learn_scales(columns, verdict, elapsed, age)
    columns[REFERENCE] = np.where(count == rules.warm_up, columns[LEVELS][0], columns[REFERENCE])
    columns[AGE] = age
    columns[COUNT] = count + moved
    columns[LAST_AT] = np.where(moved, at, columns[LAST_AT])
    columns[CHOICE] = _choose(rules, columns)
    return Kept(believed, elapsed, age, moved & (count >= rules.warm_up) & (elapsed > 0))


def _widths(rules: Rules, columns: Floats, choice: Floats, expected: Floats) -> tuple[Floats, Floats]:
    """Return the width of the band above and below the expected value."""
    young = 1.0 + 10.0 / (columns[COUNT] + 1.0)
    magnitude = np.abs(expected)
    least = np.maximum(_pick(choice, columns[SCALES]) * SIGMAS * young, magnitude * RESOLUTION + 1e-290)
    least = np.maximum(least, np.maximum(magnitude * rules.relative, rules.absolute))
    above = np.maximum(least, columns[TAIL_UP] * MARGIN)
    below = np.maximum(least, columns[TAIL_DOWN] * MARGIN)
    return above, below


def _learn_tails(columns: Floats, verdict: Verdict, elapsed: Floats) -> None:
    """Follow the second largest recent deviation on each side: one outlier alone does not widen the band."""
    rise = elapsed / (elapsed + _TAU_RISE)
    keep = _TAU_FALL / (_TAU_FALL + elapsed)
    error = _pick(verdict.choice, verdict.residuals)
    for sign, peak, tail in ((1.0, PEAK_UP, TAIL_UP), (-1.0, PEAK_DOWN, TAIL_DOWN)):
        size = np.maximum(error * sign, 0.0)
        confirmed = np.minimum(size, columns[peak])
        columns[tail] = columns[tail] * keep
        columns[tail] += np.maximum(confirmed - columns[tail], 0.0) * rise
        columns[peak] = np.maximum(columns[peak] * keep, np.where(elapsed > 0, size, 0.0))


def _learn_scales(columns: Floats, verdict: Verdict, elapsed: Floats, age: Floats) -> None:
    """Follow the mean absolute error of each model; an outlier counts as the band's edge at most."""
    gain = elapsed / (elapsed + np.minimum(_TAU_SCALE, age) + 1e-9)
    size = np.abs(verdict.residuals)
    edge = np.maximum(columns[SCALES] * 4.0, np.maximum(columns[TAIL_UP], columns[TAIL_DOWN]))
    size = np.where(verdict.ready, np.minimum(size, edge), size)
    columns[SCALES] += gain * (size - columns[SCALES])


def _choose(rules: Rules, columns: Floats) -> Floats:
    """Choose the model with the smallest error among those that know at least one whole cycle."""
    error = columns[SCALES] * _BIAS
    choice = np.zeros(columns.shape[1])
    best = error[0]
    for model, needed in ((1, 1.5 * DAY), (2, 8 * DAY)):
        if rules.allowed[model]:
            better = (error[model] < best) & (columns[AGE] >= needed)
            choice = np.where(better, float(model), choice)
            best = np.where(better, error[model], best)
    return choice


def _pick(choice: Floats, of: Floats) -> Floats:
    """Take the chosen model's entry of (3, rows)."""
    picked: Floats = np.where(choice == 0.0, of[0], np.where(choice == 1.0, of[1], of[2]))
    return picked
