"""Learning: move what is remembered about series on by one sample.

Enters: the columns of a block of rows and the verdict on their values. Leaves: the columns moved on, and what the
profiles may learn. What lies outside the band is learned as the band's edge at most, so an outlier teaches little; what
stays outside is learned in the end. Never looks at direction or gates: two queries on one series learn alike.

Times: a finding's score falls below 1 when its size has been seen for some ten minutes, a level
shift is followed after `ASTRAY_AFTER`, an incident's width is forgotten over a day, one that came back over weeks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.durations import DAY, HOUR
from aiops_daemon.core.model.series import Floats
from aiops_daemon.core.signals.bands.band import SIDES, YOUTH, Rules, Verdict, choose, pick
from aiops_daemon.core.signals.bands.columns import (
    ASTRAY,
    CHOICE,
    FAST_TAILS,
    LEAN,
    LEFT_AT,
    LEVELS,
    OLD_PEAKS,
    PEAKS,
    PRESSURE,
    REFERENCE,
    SCALES,
    SLOW_TAILS,
    USUAL,
    Pace,
)

ASTRAY_AFTER = 6 * HOUR
ASTRAY_FROM = 0.5  # widths
SPIKE_SCALES = 8.0  # how far a value may draw a level or a profile
LEAN_CAP = 6.0  # scales
UNSETTLED = 1.5  # scales of lean beyond which no other model is chosen
SCALE_CAP = 3.0  # scales that a deviation may count for
_LEVEL_SECONDS = np.array([[HOUR], [DAY], [8 * HOUR], [8 * HOUR]])
_QUICK_SECONDS = np.array([[HOUR], [HOUR], [HOUR], [HOUR]])
_LEVEL_SAMPLES = 2.0


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the profiles may learn: values as believed, and the deviation's size."""

    value: Floats
    size: Floats
    pace: Pace
    settled: NDArray[np.bool_]  # past the warm-up


def learn(rules: Rules, columns: Floats, verdict: Verdict, at: float) -> Lesson:
    """Learn one sample of every row; all rows' time must have advanced, or be new."""
    pace = Pace.of(columns, at)
    strain = verdict.strain
    _learn_pressure(columns, strain, pace)
    _learn_tails(columns, verdict, pace)
    _learn_lean(columns, verdict, pace)
    astray = _learn_astray(columns, strain, pace)
    believed = _believe(verdict, astray, pace)
    _learn_levels(columns, verdict, believed, astray, pace)
    size = _learn_scales(columns, verdict, pace)
    columns[REFERENCE] = np.where(pace.count == rules.warm_up, columns[LEVELS][1], columns[REFERENCE])
    settled = pace.count >= rules.warm_up
    pace.write(columns, at)
    held = settled & (np.abs(columns[LEAN]) > UNSETTLED)
    columns[CHOICE] = np.where(held, columns[CHOICE], choose(rules, columns))
    return Lesson(believed, size, pace, settled)


def _learn_pressure(columns: Floats, strain: Floats, pace: Pace) -> None:
    """Count the times that the band was left; polls of one departure, half an hour apart at most, count once."""
    outside = np.abs(strain) >= 1.0
    apart = pace.age - columns[LEFT_AT] > np.maximum(pace.step * 2.0, 0.5 * HOUR)
    columns[PRESSURE] = columns[PRESSURE] * pace.keep(3 * DAY, 0.0) + (outside & apart)
    columns[LEFT_AT] = np.where(outside, pace.age, columns[LEFT_AT])


def _learn_tails(columns: Floats, verdict: Verdict, pace: Pace) -> None:
    """Follow the second largest deviation on each side, of late and of all that has come back.

    A deviation raises the fast tail as far as an earlier one confirms it, and the slow tail as far as one confirms it
    that began hours ago: neither one outlier nor one incident widens the band for long.
    """
    sizes = np.maximum(verdict.deviation * SIDES, 0.0)
    sizes /= verdict.tightness
    rise, keep = pace.gain(600.0, 1.0), pace.keep(24 * DAY, 800.0)
    peaks, old, fast, slow = columns[PEAKS], columns[OLD_PEAKS], columns[FAST_TAILS], columns[SLOW_TAILS]
    fast *= pace.keep(DAY, 100.0)
    _raise(fast, np.minimum(sizes, peaks), rise)
    slow *= keep
    _raise(slow, np.minimum(sizes, old), rise)
    old *= keep
    _raise(old, peaks.copy(), pace.gain(4 * HOUR, 12.0))
    peaks *= keep
    np.maximum(peaks, sizes, out=peaks)


def _raise(tail: Floats, towards: Floats, gain: Floats) -> None:
    """Move a tail up towards larger values, never down; uses up `towards`."""
    towards -= tail
    np.maximum(towards, 0.0, out=towards)
    towards *= gain
    tail += towards


def _learn_lean(columns: Floats, verdict: Verdict, pace: Pace) -> None:
    relative = np.minimum(np.maximum(verdict.deviation / verdict.scale, -LEAN_CAP), LEAN_CAP)
    lean = columns[LEAN] + (relative - columns[LEAN]) * pace.gain(HOUR, 12.0)
    columns[LEAN] = np.where(verdict.ready & (np.abs(lean) > 1e-9), lean, 0.0)


def _believe(verdict: Verdict, astray: NDArray[np.bool_], pace: Pace) -> Floats:
    """Draw values into the band, and spikes that the band has learned to expect closer still.

    Where values went astray for long, the band is all that holds: a new level may be far away.
    """
    youth = YOUTH / (pace.count + 1.0) + 1.0
    reach = np.minimum(verdict.widths, verdict.scale * (SPIKE_SCALES * youth))
    above, below = np.where(astray, verdict.widths, reach)
    expected = verdict.expected
    inside = np.minimum(np.maximum(verdict.value, expected - below), expected + above)
    believed: Floats = np.where(verdict.ready, inside, verdict.value)
    return believed


def _learn_astray(columns: Floats, strain: Floats, pace: Pace) -> NDArray[np.bool_]:
    """Count how long values have been clearly on one side; return rows where that is a new level."""
    astray = columns[ASTRAY]
    signed = np.where(strain > 0.0, pace.weight, -pace.weight)
    same = astray * signed >= 0.0
    calm = np.abs(strain) < ASTRAY_FROM
    fading = np.where(np.abs(astray) < 1.0, 0.0, astray * 0.7)
    columns[ASTRAY] = np.where(calm, fading, np.where(same, astray + signed, signed))
    return np.asarray(np.abs(columns[ASTRAY]) > np.maximum(pace.step * 6.0, ASTRAY_AFTER))


def _learn_levels(columns: Floats, verdict: Verdict, believed: Floats, astray: NDArray[np.bool_], pace: Pace) -> None:
    gain = pace.gain(_LEVEL_SECONDS, _LEVEL_SAMPLES)
    if bool(astray.any()):
        gain = np.where(astray, pace.gain(_QUICK_SECONDS, _LEVEL_SAMPLES), gain)
    drift = verdict.errors + (believed - verdict.value)
    drift *= gain
    columns[LEVELS] += drift


def _learn_scales(columns: Floats, verdict: Verdict, pace: Pace) -> Floats:
    """Follow the mean absolute error of each model; return the size of the chosen model's deviation as counted.

    Deviations that have come back count in full, so that a series that was constant at first gets its scale.
    """
    scales = columns[SCALES]
    returned = np.maximum(columns[SLOW_TAILS][0], columns[SLOW_TAILS][1])
    sizes = np.abs(verdict.errors)
    limits = np.maximum(scales * SCALE_CAP, returned)
    np.minimum(sizes, limits, out=sizes, where=verdict.ready)
    columns[USUAL] += (pick(columns[CHOICE], scales) - columns[USUAL]) * pace.gain(4 * DAY, 0.0)
    size = pick(columns[CHOICE], sizes)
    sizes -= scales
    sizes *= pace.gain(DAY, 24.0)
    scales += sizes
    return size
