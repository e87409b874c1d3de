"""Service level objectives: what is promised, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.query import OnFinding


class DataState(StrEnum):
    """Whether an SLO can be judged: traffic seen, series there but without traffic, or series gone."""

    OK = "ok"
    IDLE = "idle"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class SloSpec:
    """An event SLO over counters. Exactly one of `good` and `bad` is set; both are bare selectors."""

    name: str
    total: str
    good: str | None
    bad: str | None
    objective_ratio: float  # 0.999, not 99.9
    window_seconds: float  # rolling
    labels: Labels = ()
    sources: tuple[str, ...] = ()
    on_finding: OnFinding = OnFinding.ENRICH

    @property
    def budget_ratio(self) -> float:
        """Share of events that may fail."""
        return 1.0 - self.objective_ratio


@dataclass(frozen=True, slots=True)
class SloStatus:
    """How an SLO stands at one moment. Ratios are None where there was no traffic."""

    spec: SloSpec
    at: float
    state: DataState
    error_ratio: dict[str, float | None] = field(default_factory=dict)  # by window name: "5m", "1h", ...
    burn_rate: dict[str, float | None] = field(default_factory=dict)  # by window name
    budget_remaining_ratio: float | None = None  # may be negative
    exhaustion_at: float | None = None  # unix seconds; None: not in sight
    active: frozenset[str] = frozenset()  # alert severities that hold now: page, ticket
    since: dict[str, float] = field(default_factory=dict)  # by severity: since when it holds
