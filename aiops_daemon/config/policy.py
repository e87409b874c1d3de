"""The section `error_budget_policy`, and the key of the same name of an SLO: what people agreed to do."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from aiops_daemon.config.fields import Section, Share, choice, refusal
from aiops_daemon.config.texts import Text
from aiops_daemon.core.model.budget import DEFAULT_POLICY
from aiops_daemon.core.model.budget import PolicyStep as Step


class PolicyStep(Section):
    """What to do once a share of an error budget is spent."""

    spent_ratio: Annotated[Share, Field(gt=0, le=10)]
    """Share of the budget that is spent: 0.5, 0.8, 1. Required, above 0; above 1 the budget is overspent."""

    action: Text
    """What is to be done then, in words. Required."""

    severity: Annotated[str, choice("critical", "warning", "info")] | None = None
    """How urgent it is, for the eyes: critical, warning or info."""


def _apart(steps: list[PolicyStep]) -> list[PolicyStep]:
    shares = [step.spent_ratio for step in steps]
    twice = next((share for share in shares if shares.count(share) > 1), None)
    if twice is not None:
        raise refusal(f"has two steps at {twice:g}", "write one, with both actions")
    return steps


Policy: TypeAlias = Annotated[list[PolicyStep], AfterValidator(_apart)]


def policy(of_slo: list[PolicyStep], of_file: list[PolicyStep]) -> tuple[Step, ...]:
    """Return the policy of an SLO: its own, else the file's, else the usual one."""
    written = of_slo or of_file
    if not written:
        return DEFAULT_POLICY
    return tuple(Step(one.spent_ratio, one.action, one.severity or "") for one in written)
