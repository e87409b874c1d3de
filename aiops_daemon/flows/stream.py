"""One query on one source: its table of series and everything learned about them, in columns.

Enters: slices of answers. Leaves: columns that the publisher reads and rows that the detector judges. Every
learner grows and resets with the table, in this file only. Never fetches, never publishes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.labels import Labels, make
from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.core.model.series import Assigned, Floats, Rows, SeriesTable
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.model.trail import Trail
from aiops_daemon.core.signals.bands.baseline import BandOptions, Bands, BandStep
from aiops_daemon.core.signals.findings.hold import Holds
from aiops_daemon.core.signals.findings.onsets import Onsets
from aiops_daemon.core.signals.forecast.forecaster import Forecaster, ForecastOptions, ForecastStep
from aiops_daemon.ports import VectorSlice

PLOT_ROWS = 20_000  # beyond this many rows a stream keeps no trail for plots

StreamKey = tuple[str, str]  # query name, source name
Learner = Bands | Onsets | Holds | Forecaster
State = dict[str, NDArray[np.generic]]

_BREACH = "breach-"


@dataclass(slots=True)
class Health:
    """How polling this stream goes; times are unix seconds."""

    last_success: float | None = None
    last_error: str = ""
    tried: bool = False
    partial_answers: int = 0  # in a row
    history_failures: int = 0  # in a row
    dropped: int = 0  # series of the last answer that were not taken


@dataclass(slots=True)
class Columns:
    """What the last step said of every row; NaN where nothing is known. Shape (capacity,)."""

    expected: Floats
    lower: Floats
    upper: Floats
    score: Floats
    confidence: Floats

    @classmethod
    def empty(cls, capacity: int) -> Columns:
        """Make columns that know nothing."""
        return cls(*(np.full(capacity, np.nan) for _ in range(5)))

    def grow(self, capacity: int) -> None:
        """Make room for more rows."""
        for name in self.__slots__:
            old = getattr(self, name)
            setattr(self, name, np.concatenate([old, np.full(capacity - len(old), np.nan)]))

    def reset(self, rows: Rows) -> None:
        """Forget rows."""
        for name in self.__slots__:
            getattr(self, name)[rows] = np.nan

    def put(self, rows: Rows, step: BandStep) -> None:
        """Keep what a step said; rows that are warming up have no band yet."""
        known = step.ready
        self.expected[rows] = np.where(known, step.expected, np.nan)
        self.lower[rows] = np.where(known, step.lower, np.nan)
        self.upper[rows] = np.where(known, step.upper, np.nan)
        self.score[rows] = step.score
        self.confidence[rows] = step.confidence


@dataclass(slots=True)
class Outlook:
    """Forecasts of a stream: the learner, breach onsets by threshold, and the last prediction."""

    forecaster: Forecaster
    breaches: tuple[Onsets, ...]
    rows: Rows = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    step: ForecastStep | None = None
    fitted_at: float | None = None


class Stream:
    """The state of one query on one source."""

    def __init__(self, spec: QuerySpec, source: SourceSpec, *, trail: bool = True) -> None:
        self.spec = spec
        self.source = source
        self.health = Health()
        self._plots = trail
        self.begin()

    def begin(self) -> None:
        """Start with an empty table and learners that know nothing."""
        self.learned = False  # history is read back (or given up): bands may judge
        self.learned_until = 0.0  # unix seconds up to which the learners have lived
        self.table = SeriesTable(
            limit=self.spec.max_series,
            add=self.source.external_labels,
            drop=self.source.drop_labels,
            own=make((*self.spec.labels, ("aiops_query", self.spec.name))),
        )
        capacity = self.table.capacity
        self.bands = Bands(BandOptions.of(self.spec), capacity)
        self.onsets = Onsets(self.spec.open_after, capacity)
        self.holds = Holds(capacity)
        self.columns = Columns.empty(capacity)
        self.trail = Trail(capacity) if self._plots else None
        self.outlook = _outlook(self.spec, capacity)

    @property
    def key(self) -> StreamKey:
        """Identify the stream."""
        return self.spec.name, self.source.name

    @property
    def interval(self) -> float:
        """Seconds between polls."""
        return self.spec.interval or self.source.interval

    @property
    def learns_from(self) -> str:
        """Say all that what is learned depends on; state learned from anything else is of no use."""
        spec, source = self.spec, self.source
        identity = (spec.labels, source.external_labels, tuple(sorted(source.drop_labels)))
        return repr((spec.expr, *identity, spec.exclude, spec.time_zone, spec.seasons))

    def labels(self, row: int) -> Labels:
        """Return a row's labels without `aiops_query`, as findings carry them."""
        return tuple(pair for pair in self.table.labels(row) if pair[0] != "aiops_query")

    def reserve(self, series: int) -> None:
        """Make room for many series at once, with nothing to spare."""
        self.table.reserve(series)
        self._grow()

    def place(self, part: VectorSlice, at: float) -> Assigned:
        """Assign a slice to rows and make every learner ready for rows that are new."""
        assigned = self.table.assign(part.keys, part.values, at)
        self._follow(assigned.fresh)
        return assigned

    def current(self) -> Rows:
        """Return the rows that the last complete answer had."""
        if self.health.last_success is None:
            return np.empty(0, dtype=np.intp)
        return np.flatnonzero(self.table.seen_at >= self.health.last_success)

    def warming(self) -> int:
        """Count the live series that have no band yet."""
        return int(np.isnan(self.columns.expected[self.table.live()]).sum())

    def _follow(self, fresh: Rows) -> None:
        self._grow()
        if len(fresh):
            self._reset(fresh)

    def _grow(self) -> None:
        capacity = self.table.capacity
        if self.bands.capacity >= capacity:
            return
        self.bands.grow(capacity)
        self.onsets.grow(capacity)
        self.holds.grow(capacity)
        self.columns.grow(capacity)
        if capacity > PLOT_ROWS:
            self.trail = None
        if self.trail:
            self.trail.grow(capacity)
        if self.outlook:
            self.outlook.forecaster.grow(capacity)
            for onsets in self.outlook.breaches:
                onsets.grow(capacity)

    def _reset(self, rows: Rows) -> None:
        self.bands.reset(rows)
        self.onsets.reset(rows)
        self.holds.reset(rows)
        self.columns.reset(rows)
        if self.trail:
            self.trail.reset(rows)
        if self.outlook:
            self.outlook.forecaster.reset(rows)
            for onsets in self.outlook.breaches:
                onsets.reset(rows)

    def export_state(self, rows: Rows) -> tuple[list[str], State]:
        """Return the label texts of rows and, in the same order, everything learned about them."""
        state: State = {}
        for prefix, learner in self._learners():
            state |= {f"{prefix}.{name}": column for name, column in learner.export_state(rows).items()}
        return [self.table.texts[row] for row in rows.tolist()], state

    def import_state(self, texts: list[str], state: Mapping[str, NDArray[np.generic]], at: float) -> None:
        """Take back what `export_state` gave at `at`; raises ValueError when it does not fit this query."""
        if any(len(column) != len(texts) for column in state.values()):
            raise ValueError("columns and label texts differ in length")
        rows = self.table.restore(texts, at)
        room = rows >= 0
        rows = rows[room]
        self._follow(rows)
        for prefix, learner in self._learners():
            own = {name.removeprefix(f"{prefix}."): v[room] for name, v in state.items() if _is_of(name, prefix)}
            if own or not prefix.startswith(_BREACH):  # a threshold may be new
                learner.import_state(rows, own)
        self.learned_until = max(self.learned_until, at)

    def _learners(self) -> list[tuple[str, Learner]]:
        learners: list[tuple[str, Learner]] = [("band", self.bands), ("onset", self.onsets), ("hold", self.holds)]
        if self.outlook:
            learners.append(("forecast", self.outlook.forecaster))
            learners.extend(
                (f"{_BREACH}{threshold.name}", onsets)
                for threshold, onsets in zip(self.spec.thresholds, self.outlook.breaches, strict=True)
            )
        return learners


def _outlook(spec: QuerySpec, capacity: int) -> Outlook | None:
    if not spec.horizons:
        return None
    breaches = tuple(Onsets(spec.open_after, capacity) for _ in spec.thresholds)
    return Outlook(Forecaster(ForecastOptions.of(spec), capacity), breaches)


def _is_of(name: str, prefix: str) -> bool:
    return name.rpartition(".")[0] == prefix
