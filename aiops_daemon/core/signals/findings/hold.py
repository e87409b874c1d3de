"""What a series would be had the incident not come: the reference that an open finding is held against.

Bands adapt, so after an hour of an incident they have begun to take it for normal. A finding must not close
because of that. From the first anomalous poll on, a row is held: its usual value goes on with the season, but
with the level and the width of that first poll. It is back when it is clearly inside that range again, or, after
`HOLD_SECONDS`, when the bands have accepted the new level. Never changes what the bands learn or say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.durations import HOUR
from aiops_daemon.core.model.finding import Usual
from aiops_daemon.core.model.series import Floats, Rows
from aiops_daemon.core.signals.bands.baseline import Bands, BandStep
from aiops_daemon.core.signals.findings.onsets import Onsets

HOLD_SECONDS = 12 * HOUR  # a level that lasted half a day is the new normal
CLEARLY = 0.8  # of the width at the first anomalous poll

_OUTSIDE = 1.01  # score of a value outside the held range, at least
_NAMES = ("since", "usual", "above", "below", "level", "choice", "held_level")


@dataclass(frozen=True, slots=True)
class Polled:
    """One poll as the bands judged it: finite values of rows, the verdicts, and the moment (unix seconds)."""

    rows: Rows
    values: Floats
    step: BandStep
    at: float


class Holds:
    """References over rows; NaN in `since` where a row is not held. All columns float64, shape (capacity,)."""

    def __init__(self, capacity: int = 64) -> None:
        self._columns: dict[str, Floats] = {name: np.full(capacity, np.nan) for name in _NAMES}

    def grow(self, capacity: int) -> None:
        """Lengthen the columns to `capacity` rows."""
        for name, column in self._columns.items():
            self._columns[name] = np.concatenate([column, np.full(capacity - len(column), np.nan)])

    def reset(self, rows: Rows) -> None:
        """Let go of rows."""
        for column in self._columns.values():
            column[rows] = np.nan

    def held(self, rows: Rows) -> NDArray[np.bool_]:
        """Say which rows are held."""
        return ~np.isnan(self._columns["since"][rows])

    def take(self, rows: Rows, step: BandStep, at: float) -> None:
        """Hold rows whose first anomalous poll is `step`, which is aligned with them."""
        columns = self._columns
        columns["since"][rows] = at
        columns["usual"][rows] = step.expected
        columns["above"][rows] = step.upper - step.expected
        columns["below"][rows] = step.expected - step.lower

    def note(self, rows: Rows, level: Floats, choice: Floats) -> None:
        """Remember level and model of held rows after a step, for the step that follows."""
        columns = self._columns
        other = columns["choice"][rows] != choice  # true at first too: NaN equals nothing
        columns["held_level"][rows] = np.where(other, np.nan, columns["held_level"][rows])
        columns["level"][rows] = level
        columns["choice"][rows] = choice

    def follow(self, rows: Rows, values: Floats, step: BandStep, at: float) -> NDArray[np.bool_]:
        """Move the usual value of held rows on, and say which values are clearly inside its range.

        usual = season + held level, where season = expected - level as `note` remembered it. At first, and when
        the bands believe another model than before, the held level is set so that the usual value goes on
        without a jump. All arguments are aligned with `rows`, which must be held.
        """
        columns = self._columns
        season = step.expected - columns["level"][rows]
        held = columns["held_level"][rows]
        held = np.where(np.isnan(held), columns["usual"][rows] - season, held)
        columns["held_level"][rows] = held
        columns["usual"][rows] = season + held
        away = values - columns["usual"][rows]
        above, below = columns["above"][rows] * CLEARLY, columns["below"][rows] * CLEARLY
        inside: NDArray[np.bool_] = (away <= above) & (-away <= below)
        expired = at - columns["since"][rows] > HOLD_SECONDS
        return inside | (expired & (step.score < 1.0))

    def span(self, row: int) -> Usual | None:
        """Return usual value, lower and upper edge of a held row."""
        if np.isnan(self._columns["since"][row]):
            return None
        usual, above, below = (float(self._columns[name][row]) for name in ("usual", "above", "below"))
        return Usual(usual, usual - below, usual + above)

    def edges(self, rows: Rows, step: BandStep) -> tuple[Floats, Floats]:
        """Return lower and upper edges aligned with `rows`: what is held, else what `step` says."""
        held, usual = self.held(rows), self._columns["usual"][rows]
        lower = np.where(held, usual - self._columns["below"][rows], step.lower)
        upper = np.where(held, usual + self._columns["above"][rows], step.upper)
        return lower, upper

    def export_state(self, rows: Rows) -> dict[str, NDArray[Any]]:
        """Copy the state of rows; the first axis of every array is the row."""
        return {name: column[rows] for name, column in self._columns.items()}

    def import_state(self, rows: Rows, state: Mapping[str, NDArray[Any]]) -> None:
        """Take exported state back; raises ValueError on wrong names or shapes."""
        if set(state) != set(_NAMES) or any(np.shape(column) != (len(rows),) for column in state.values()):
            raise ValueError("state of holds does not fit")
        for name, column in state.items():
            self._columns[name][rows] = np.asarray(column, dtype=np.float64)


def watch(bands: Bands, onsets: Onsets, holds: Holds, polled: Polled) -> None:
    """Open and close findings on the rows of one poll: by the bands at first, by what is held from then on."""
    rows, step, at = polled.rows, polled.step, polled.at
    score = np.where(step.ready, step.score, 0.0)
    held = holds.held(rows)
    places = np.flatnonzero(held)
    if len(places):
        inside = holds.follow(rows[places], polled.values[places], step.part(places), at)
        score[places] = np.where(inside, 0.0, np.maximum(score[places], _OUTSIDE))
    onsets.step(rows, score, at)
    striking = np.isfinite(onsets.since[rows])
    holds.reset(rows[held & ~striking])
    began = np.flatnonzero(striking & ~held)
    holds.take(rows[began], step.part(began), at)
    watched = rows[striking]
    holds.note(watched, *bands.level(watched))
