"""What an incident's alerts amount to: the numbers from which its severity, title and end follow."""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.severity import Severity


@dataclass(frozen=True, slots=True)
class Facts:
    """Counts over all alerts of one incident. `worst` is that of the open ones, none when nothing is open."""

    alerts: int = 0  # ever
    firing: int = 0  # not known to have ended
    muted: int = 0  # of those, silenced or inhibited
    flapping: int = 0  # alerts that flap, also those between two firings: they count as firing
    worst: Severity = Severity.NONE
    labels: Labels = ()  # shared by all
    rules: tuple[tuple[str, int], ...] = ()  # alert names by number of alerts, the gravest first, then the commonest
    services: tuple[tuple[str, int], ...] = ()
    teams: tuple[str, ...] = ()
    notify_at: float | None = None  # earliest of the open alerts
    notify_reason: str = ""
    burning: str = ""  # an SLO whose page pair burns, with the numbers
    breach_at: float | None = None  # earliest expected breach of a linked forecast

    @property
    def quiet(self) -> bool:
        """Say whether nothing fires and nothing flaps."""
        return self.firing == 0 and self.flapping == 0
