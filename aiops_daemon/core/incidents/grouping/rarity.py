"""How rare a label value is among all alerts, learned online, with bounded memory.

Enters: tokens of alerts as they join. Leaves: the share of alerts that carry one. Old counts are halved when the
table is full or the count is large, so that the shares follow what a system has become.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

from aiops_daemon.core.incidents.grouping.traits import BROAD

PRIOR = 20.0  # alerts that the prior share is worth
_SHARE = 0.05  # of a value never seen
_BROAD_SHARE = 0.3  # of a value never seen of a label that says where, not what
_MOST_VALUES = 20_000
_MOST_ALERTS = 50_000.0  # then counts are halved: about the last day of a busy system


def prior_share(name: str) -> float:
    """Return the share of alerts that is assumed to have a value never seen of a label."""
    return _BROAD_SHARE if name in BROAD else _SHARE


class Rarity:
    """Counts tokens."""

    def __init__(self) -> None:
        self.alerts = 0.0
        self.counts: dict[str, float] = {}

    def share(self, token: str, name: str) -> float:
        """Return (count + prior) / (alerts + prior), always within 0..1."""
        return (self.counts.get(token, 0.0) + PRIOR * prior_share(name)) / (self.alerts + PRIOR)

    def learn(self, tokens: Iterable[str]) -> None:
        """Count one alert."""
        counts = self.counts
        for token in tokens:
            counts[token] = counts.get(token, 0.0) + 1.0
        self.alerts += 1.0
        if self.alerts > _MOST_ALERTS or len(counts) > _MOST_VALUES:
            self._halve()

    def _halve(self) -> None:
        """Halve all counts; drop what was seen once, then the oldest, until half the room is free."""
        self.alerts /= 2.0
        kept = {token: count / 2.0 for token, count in self.counts.items() if count > 1.0}
        self.counts = dict(islice(kept.items(), max(0, len(kept) - _MOST_VALUES // 2), None))

    def export(self, most: int) -> dict[str, object]:
        """Return the counts as JSON values, the `most` commonest."""
        top = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))[:most]
        return {"alerts": self.alerts, "counts": {token: round(count, 3) for token, count in top}}

    def load(self, stored: Mapping[str, object]) -> None:
        """Take over exported counts."""
        alerts, counts = stored["alerts"], stored["counts"]
        if isinstance(alerts, int | float) and isinstance(counts, dict):
            self.alerts = float(alerts)
            self.counts = {str(name): float(count) for name, count in counts.items()}
