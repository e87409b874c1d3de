"""How SLOs stand now, as rows: what `slo status` prints, from whichever side it was read.

Enters: statuses. Leaves: frozen rows of plain values, in the order in which people should read them. Never formats.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.slo import SloStatus


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step of a policy that holds."""

    spent_ratio: float
    action: str
    severity: str
    since: float | None


@dataclass(frozen=True, slots=True)
class StatusRow:
    """How one budget stood at a moment; times are unix seconds, None not known or not in sight."""

    at: float
    name: str
    labels: Labels
    group: Labels
    source: str
    objective_ratio: float
    window: str
    state: str  # ok, idle, gone
    remaining_ratio: float | None
    burn_rate: tuple[tuple[str, float | None], ...]
    exhaustion_at: float | None
    returns_at: float | None
    alerts: tuple[tuple[str, float | None], ...]  # severity, since
    guard: tuple[tuple[str, str], ...]  # severity, why it is held back
    policy: tuple[StepRow, ...]


def row_of(status: SloStatus) -> StatusRow:
    """Turn a status into a row."""
    return StatusRow(
        at=status.at,
        name=status.spec.name,
        labels=status.spec.labels,
        group=status.group,
        source=status.source,
        objective_ratio=status.spec.objective_ratio,
        window=status.spec.window_name,
        state=status.state.value,
        remaining_ratio=status.budget_remaining_ratio,
        burn_rate=tuple(status.burn_rate.items()),
        exhaustion_at=status.exhaustion_at,
        returns_at=status.returns_at,
        alerts=tuple((name, status.since.get(name)) for name in sorted(status.active)),
        guard=tuple((severity, why.value) for severity, why in sorted(status.guard.items())),
        policy=tuple(
            StepRow(held.step.spent_ratio, held.step.action, held.step.severity, held.since) for held in status.policy
        ),
    )


def worst_first(rows: Iterable[StatusRow]) -> list[StatusRow]:
    """Sort: what pages, then what is a ticket, then by what is left of the budget; what is not known comes last."""
    return sorted(rows, key=_rank)


def _rank(row: StatusRow) -> tuple[int, float, str, Labels, str]:
    severities = {severity for severity, _ in row.alerts}
    alert = 0 if "page" in severities else 1 if "ticket" in severities else 2
    left = 2.0 if row.remaining_ratio is None else row.remaining_ratio
    return (alert, left, row.name, row.group, row.source)
