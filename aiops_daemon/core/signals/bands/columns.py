"""What is remembered about a series, one float64 column a number, and how far time moved for each row.

Enters: the columns of a block of rows and the moment of a sample. Leaves: names of columns, and gains: how much a
sample counts for an average with a given memory. Gains come from elapsed seconds, so history at five minutes and live
polls at fifteen seconds teach alike. Never uses anything but correctly rounded elementwise operations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aiops_daemon.core.model.series import Floats

(
    LAST_AT,  # unix seconds of the last sample learned
    AGE,  # seconds learned
    COUNT,  # samples learned
    STEP,  # typical seconds between samples
    REFERENCE,  # what the profiles are relative to, so that float32 suffices for them
    CHOICE,  # the model believed
    LEAN,  # recent mean of deviation over scale: positive when values keep above what is expected
    ASTRAY,  # seconds for which values have been clearly on one side; negative: below
    PRESSURE,  # fading number of times the band was left
    LEFT_AT,  # age when the band was last left
    USUAL,  # mean scale of the models believed, over four days
) = range(11)
PEAKS = slice(11, 13)  # largest recent deviation: above, below
OLD_PEAKS = slice(13, 15)  # the same, grown over hours: what has come back
FAST_TAILS = slice(15, 17)  # second largest recent deviation, forgotten in a day
SLOW_TAILS = slice(17, 19)  # second largest deviation that has come back, forgotten in weeks
LEVELS = slice(19, 23)  # of the four models: quick level, slow level, daily, weekly
SCALES = slice(23, 27)  # mean absolute errors of the four models
COLUMNS = 27

STEP_MAX = 3_600.0  # seconds that one sample may stand for, however long the gap before it
_INSTANT = 1e-9  # seconds; keeps the first gain of all at 1


@dataclass(frozen=True, slots=True)
class Pace:
    """How far time moved, with the sample included. Arrays have one element when all rows agree (the common case)."""

    elapsed: Floats  # seconds that the sample stands for
    weight: Floats  # the same, limited to twice the usual step, so that a sample after a gap is one sample
    step: Floats
    age: Floats
    count: Floats  # samples before this one

    @classmethod
    def of(cls, columns: Floats, at: float) -> Pace:
        """Measure the way from the last samples to `at`."""
        count, last_at = _common(columns[COUNT]), _common(columns[LAST_AT])
        step, age = _common(columns[STEP]), _common(columns[AGE])
        elapsed = np.where(count == 0.0, 0.0, np.minimum(at - last_at, STEP_MAX))
        step = np.where(count <= 1.0, elapsed, step + (elapsed - step) * 0.1)
        weight = np.minimum(elapsed, step * 2.0) + _INSTANT
        return cls(elapsed, weight, step, age + elapsed, count)

    def write(self, columns: Floats, at: float) -> None:
        """Put the moved time into the columns."""
        columns[LAST_AT] = at
        columns[AGE] = self.age
        columns[COUNT] = self.count + 1.0
        columns[STEP] = self.step

    def gain(self, seconds: float | Floats, samples: float) -> Floats:
        """Weigh the sample for an average over `seconds`, at least `samples` steps, at most the age: w / (w + memory).

        The first samples thus form a plain mean; the ratio stands for 1 - exp(-w / memory), which is no operation
        that rounds alike everywhere.
        """
        memory = np.minimum(np.maximum(self.step * samples, seconds), self.age)
        return self.weight / (self.weight + memory)

    def keep(self, seconds: float, samples: float) -> Floats:
        """Return the share that remains of something forgotten over `seconds`, at least `samples` steps."""
        memory = np.maximum(self.step * samples, seconds)
        return memory / (memory + self.weight)


def _common(column: Floats) -> Floats:
    """Shorten a column to one element when all its rows agree: the same numbers at a fraction of the work."""
    return column[:1] if bool((column == column[0]).all()) else column
