"""Whether an SLO kept its promise over a month, and what spent its budget.

Enters: what it counted in each step, from a while before the month on, and the incidents of that time. Leaves: the
ratio that was reached, the budget that is spent, breaches with their reasons, and how much of the month is known. What
is not known is never taken for good: such a month is neither met nor missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.slo import SloSpec
from aiops_daemon.core.reports.breaches import Breach, breaches
from aiops_daemon.core.reports.month import Month
from aiops_daemon.core.reports.reasons import PastIncident, reasons
from aiops_daemon.core.reports.steps import Gap, Steps, gaps
from aiops_daemon.core.rules.slo.plan import Plan

WHOLE = 0.99  # share of the month that must be known for a verdict: a restart of Prometheus spoils none


class Verdict(StrEnum):
    """What can be said of a promise."""

    MET = "met"
    MISSED = "missed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Compliance:
    """One SLO, of a grouped one one group, over a month; events, or of time slices slices."""

    spec: SloSpec
    source: str
    group: Labels
    bad: float
    total: float
    reached_ratio: float | None  # None: nothing was counted
    spent_ratio: float | None  # of the budget of the month; above 1 it ran out
    verdict: Verdict
    known_ratio: float  # of the time of the month that has passed
    gaps: tuple[Gap, ...]
    breaches: tuple[Breach, ...]


@dataclass(frozen=True, slots=True)
class MonthReport:
    """The SLOs of a month; `until`: up to when, before the end of a month that still runs."""

    month: Month
    until: float
    slos: tuple[Compliance, ...]
    notes: tuple[str, ...] = ()

    @property
    def running(self) -> bool:
        """Say whether the month is not over."""
        return self.until < self.month.end


def compliance(
    plan: Plan, source: str, steps: Steps, month: Month, incidents: Sequence[PastIncident] | None
) -> Compliance:
    """Judge one SLO.

    reached = 1 - bad / total over the month; spent = bad / (b total): b is the budget ratio. Met when reached >=
    objective and at least WHOLE of the time that has passed is known. `incidents` None: they were not read.
    """
    spec = plan.spec
    within = steps.within(month.start, month.end)
    bad, total = float(steps.bad[within].sum()), float(steps.total[within].sum())
    known = float(np.mean(steps.known[within])) if within.any() else 0.0
    missing = min(1.0, bad / total) if total > 0 else None
    found = breaches(plan, steps, month)
    return Compliance(
        spec=spec,
        source=source,
        group=steps.group,
        bad=bad,
        total=total,
        reached_ratio=None if missing is None else 1.0 - missing,
        spent_ratio=None if missing is None else missing / spec.budget_ratio,
        verdict=_verdict(missing, spec.budget_ratio, known),
        known_ratio=known,
        gaps=gaps(steps, within),
        breaches=found if incidents is None else tuple(reasons(breach, spec, incidents) for breach in found),
    )


def _verdict(missing: float | None, budget_ratio: float, known: float) -> Verdict:
    if missing is None or known < WHOLE:
        return Verdict.UNKNOWN
    return Verdict.MET if missing <= budget_ratio * (1 + 1e-9) else Verdict.MISSED
