"""How well a grouping agrees with what is known to belong together, counted in pairs of alerts.

Enters: the incident given to each alert and what it truly belongs to, or people's merges and splits. Leaves:
precision = pairs put together rightly / pairs put together; recall = those / pairs that belong together. Compression
(1 - incidents / alerts) says nothing alone: one incident for everything compresses best.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiops_daemon.core.model.incident import Correction
from aiops_daemon.core.model.labels import Labels


@dataclass(frozen=True, slots=True)
class Agreement:
    """Pairs of alerts: put together by the grouping, by the truth, by both."""

    both: int
    found: int
    true: int

    @property
    def precision(self) -> float:
        """Return both / found, 1 when nothing was put together."""
        return self.both / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Return both / true, 1 when nothing belongs together."""
        return self.both / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2.0 * self.precision * self.recall / total if total else 0.0


def agreement(found: Sequence[Hashable], truth: Sequence[Hashable]) -> Agreement:
    """Compare two groupings of the same alerts."""
    return Agreement(_pairs(Counter(zip(found, truth, strict=True))), _pairs(Counter(found)), _pairs(Counter(truth)))


def compression(found: Sequence[Hashable]) -> float:
    """Return 1 - incidents / alerts, 0 when there are no alerts."""
    return 1.0 - len(set(found)) / len(found) if found else 0.0


def corrected(corrections: Iterable[Correction], incident_of: Mapping[Labels, Hashable]) -> Agreement:
    """Compare a grouping with people's merges (belong together) and splits (do not); unknown alerts count nowhere."""
    both = found = true = 0
    for correction in corrections:
        merged = correction.kind == "merge"
        for left in map(incident_of.get, correction.left):
            for right in map(incident_of.get, correction.right):
                if left is not None and right is not None:
                    both += merged and left == right
                    found += left == right
                    true += merged
    return Agreement(both, found, true)


def _pairs(counts: Counter[Hashable] | Counter[tuple[Hashable, Hashable]]) -> int:
    return sum(count * (count - 1) // 2 for count in counts.values())
