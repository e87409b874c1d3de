"""A finding: something that is not as expected, with the numbers and the sentence that say why."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from aiops_daemon.core.model.labels import Labels, text

_MOST = 1e6  # score


class FindingKind(StrEnum):
    """What was found; values of the metric label `aiops_kind`."""

    ANOMALY = "anomaly"
    FORECAST_BREACH = "forecast_breach"
    BURN = "burn"


class Usual(NamedTuple):
    """What a value was held against: the value expected and the edges of its range."""

    expected: float
    lower: float
    upper: float

    def score(self, value: float) -> float:
        """Return how far a value is off: 0 at the expected one, 1 at either edge; a range without width gives 0."""
        width = self.upper - self.expected if value > self.expected else self.expected - self.lower
        return min(abs(value - self.expected) / width, _MOST) if width > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One onset on one series. Numbers are in `unit`; times are unix seconds."""

    uid: str
    kind: FindingKind
    query: str  # query name, or SLO name for burn
    source: str
    labels: Labels  # the series' own labels and the query's, without `aiops_query`
    severity: str
    value: float
    unit: str
    lower: float | None  # expected range
    upper: float | None
    score: float  # 1.0 is the edge of the band
    confidence_ratio: float
    since: float
    updated_at: float
    sentence: str
    threshold: str = ""  # forecast breach: which threshold
    breach_at: float | None = None  # forecast breach: expected moment
    slope_per_second: float | None = None  # forecast breach: direction, in units a second
    acceleration: float | None = None  # forecast breach: change of the slope, in units a second squared


def uid_of(kind: FindingKind, query: str, labels: Labels, since: float) -> str:
    """Derive the id from what identifies an onset, so a restart that restores state keeps it."""
    identity = f"{kind}\0{query}\0{text(labels)}\0{since:.3f}"
    return hashlib.blake2b(identity.encode(), digest_size=12).hexdigest()
