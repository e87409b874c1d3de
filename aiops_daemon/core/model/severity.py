"""Severities: the four that everything is mapped to, and the words of one's own alerts that mean them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad. none: recorded, never opens an incident."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"
    NONE = "none"

    @property
    def rank(self) -> int:
        """Return 3 for critical down to 0 for none."""
        return _RANK[self]


_RANK = {Severity.CRITICAL: 3, Severity.WARNING: 2, Severity.INFO: 1, Severity.NONE: 0}


def worst(severities: list[Severity]) -> Severity:
    """Return the worst; none for an empty list."""
    return max(severities, key=lambda one: one.rank, default=Severity.NONE)


@dataclass(frozen=True, slots=True)
class SeveritiesSpec:
    """Which values of the label `severity` mean what, in lower case; unknown or missing counts as `unknown`."""

    words: tuple[tuple[str, Severity], ...] = (
        *((word, Severity.CRITICAL) for word in ("critical", "page", "p1")),
        *((word, Severity.WARNING) for word in ("warning", "p2")),
        ("info", Severity.INFO),
        ("none", Severity.NONE),
    )
    unknown: Severity = Severity.CRITICAL

    def of(self, word: str) -> Severity:
        """Map a label value."""
        lowered = word.strip().lower()
        for known, severity in self.words:
            if known == lowered:
                return severity
        return self.unknown
