"""Which alerts fired together before, and what people said of it.

Enters: pairs of (rule, service) as they meet in an incident; people's merges and splits. Leaves: the share of the
rarer one's incidents in which both were, and a correction in nats. Bounded: the rarest are forgotten first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TypeVar

_DOUBT = 2.0  # incidents that a share is held back by: together once proves little
_MOST_TOGETHER = 30_000
_MOST_SINGLE = 10_000
_MOST_CORRECTED = 5_000
_STEP = 1.5  # nats by which one merge or split moves a pair: two outweigh any one other evidence
_FURTHEST = 6.0


class History:
    """Pairs that met, and pairs that people put together or took apart."""

    def __init__(self) -> None:
        self.incidents: dict[str, float] = {}
        self.together: dict[tuple[str, str], float] = {}
        self.corrected: dict[tuple[str, str], float] = {}

    def meet(self, pair: str, others: Iterable[str]) -> None:
        """Count that a pair came into an incident that holds others."""
        self.incidents[pair] = self.incidents.get(pair, 0.0) + 1.0
        for other in others:
            if other != pair:
                key = _key(pair, other)
                self.together[key] = self.together.get(key, 0.0) + 1.0
        if len(self.together) > _MOST_TOGETHER:
            self.together = _halved(self.together, _MOST_TOGETHER // 2)
        if len(self.incidents) > _MOST_SINGLE:
            self.incidents = _halved(self.incidents, _MOST_SINGLE // 2)

    def share(self, pair: str, other: str) -> float:
        """Return together / (incidents of the rarer + doubt), 0..1."""
        both = self.together.get((pair, other) if pair < other else (other, pair))
        if both is None:
            return 0.0
        fewer = min(self.incidents.get(pair, 0.0), self.incidents.get(other, 0.0))
        return min(1.0, both / (max(fewer, both) + _DOUBT))

    def correct(self, left: Iterable[str], right: Iterable[str], *, together: bool) -> None:
        """Move each pair across the two sides towards together or apart."""
        rights = tuple(right)
        for one in left:
            for other in rights:
                key = _key(one, other)
                moved = self.corrected.get(key, 0.0) + (_STEP if together else -_STEP)
                self.corrected[key] = max(-_FURTHEST, min(_FURTHEST, moved))
        while len(self.corrected) > _MOST_CORRECTED:
            del self.corrected[next(iter(self.corrected))]

    def correction(self, pair: str, other: str) -> float:
        """Return what people's corrections say of two pairs, in nats."""
        return self.corrected.get((pair, other) if pair < other else (other, pair), 0.0)

    def export(self, most: int) -> dict[str, object]:
        """Return what was learned as JSON values, the `most` commonest."""
        top = sorted(self.together.items(), key=lambda item: (-item[1], item[0]))[:most]
        single = sorted(self.incidents.items(), key=lambda item: (-item[1], item[0]))[:most]
        return {
            "incidents": dict(single),
            "together": [[one, other, count] for (one, other), count in top],
            "corrected": [[one, other, nats] for (one, other), nats in self.corrected.items()],
        }

    def load(self, stored: Mapping[str, object]) -> None:
        """Take over what was exported."""
        incidents, together, corrected = stored["incidents"], stored["together"], stored["corrected"]
        if isinstance(incidents, dict) and isinstance(together, list) and isinstance(corrected, list):
            self.incidents = {str(pair): float(count) for pair, count in incidents.items()}
            self.together = {(str(one), str(other)): float(count) for one, other, count in together}
            self.corrected = {(str(one), str(other)): float(nats) for one, other, nats in corrected}


def _key(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one <= other else (other, one)


_Key = TypeVar("_Key")


def _halved(table: dict[_Key, float], most: int) -> dict[_Key, float]:
    """Halve all counts; drop what was seen once, then the oldest, until `most` are left."""
    kept = {key: count / 2.0 for key, count in table.items() if count > 1.0}
    return dict(islice(kept.items(), max(0, len(kept) - most), None))
