"""Page budgets: how many incidents told people of a team lately, over how many may.

Enters: when incidents told people, by team, and what the configuration allows per shift. Leaves: one Budget a
team that has one. Counts the `page_budget_per` seconds up to now. Never holds anything back: it is a measure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiops_daemon.core.model.alertmanager import TeamSpec
from aiops_daemon.core.model.incident import Incident


@dataclass(frozen=True, slots=True)
class Budget:
    """What one team used of its budget in the `per` seconds up to now."""

    team: str
    used: int
    allowed: int
    per: float

    @property
    def used_ratio(self) -> float:
        """Return used over allowed; where none is allowed, each counts whole."""
        return self.used / self.allowed if self.allowed else float(self.used)


def budgets(incidents: Iterable[Incident], teams: Sequence[TeamSpec], now: float) -> list[Budget]:
    """Count, for each team with a budget, the incidents whose `notify_at` lies in (now - per, now].

    One that was over before its `notify_at` told nobody.
    """
    told = [(one.teams or (one.team,), one.notify_at) for one in incidents if not _over_before(one)]
    return [
        Budget(
            team.name,
            sum(1 for owners, at in told if at is not None and now - per < at <= now and team.name in owners),
            team.page_budget_max,
            per,
        )
        for team in teams
        if team.page_budget_max is not None and (per := team.page_budget_per) is not None
    ]


def _over_before(incident: Incident) -> bool:
    resolved_at, notify_at = incident.resolved_at, incident.notify_at
    return resolved_at is not None and notify_at is not None and resolved_at < notify_at
