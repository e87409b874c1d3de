"""What follows from an error budget: steps of a policy, and the health of a service.

Enters: what the configuration says, and what core/signals/budget judges. Leaves: frozen values that the engine, pages,
API and reports share. Ratios are 0 to 1. Never judges anything itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.labels import Labels


@dataclass(frozen=True, slots=True)
class PolicyStep:
    """What people agreed to do once this share of the budget is spent; `severity` is for people, "" for none."""

    spent_ratio: float
    action: str
    severity: str = ""

    @property
    def name(self) -> str:
        """Write the share as a label value: 50%, 100%, 12.5%."""
        return f"{self.spent_ratio * 100:.6g}%"


# The Site Reliability Workbook, appendix B, "Example error budget policy": at 100 % changes stop until the service is
# within its SLO again. The two steps before it are the usual warnings of teams that keep one.
DEFAULT_POLICY = (
    PolicyStep(0.5, "Look at what spends the budget; work that makes the service more reliable goes first.", "info"),
    PolicyStep(0.8, "Ask before risky changes: roll out slowly, and one at a time.", "warning"),
    PolicyStep(
        1.0,
        "Stop changes other than urgent and security fixes until some of the budget is back; write a postmortem.",
        "critical",
    ),
)


@dataclass(frozen=True, slots=True)
class HeldStep:
    """A step of a policy that holds, and since when (unix seconds)."""

    step: PolicyStep
    since: float


@dataclass(frozen=True, slots=True)
class HealthPart:
    """What one SLO adds to the health of its service; `ratio` None: it cannot be judged and does not count."""

    slo: str
    labels: Labels  # of the group, where the SLO has groups
    ratio: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Health:
    """How well a service is, from 0 to 1; the worst part decides and stands first. None: nothing is known."""

    labels: Labels  # `service`, and what the source adds: cluster
    ratio: float | None
    parts: tuple[HealthPart, ...]
