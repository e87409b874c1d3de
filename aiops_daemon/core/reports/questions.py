"""What a metric source is asked for a report: what an SLO counts in each step of time.

Enters: an SLO of any kind. Leaves: PromQL for a range query whose step is `step`: each value tells of the step that
ends with it. The expressions are those of the generated rules, over raw series: no recording rule is needed.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.rules.expression import number
from aiops_daemon.core.rules.slo.measure import Counts, Ratios, Samples
from aiops_daemon.core.rules.slo.plan import SLICE, Plan
from aiops_daemon.core.rules.slo.records import window_records

STEP = 300.0  # seconds: what windows are chained from in the rules too
_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Questions:
    """`bad` and `total` are events in a step, or, without `total`, the share of a step that is bad.

    `present` has a value, whichever, where the service's series exist, with traffic or without.
    """

    step: float
    bad: str
    total: str | None
    present: str


def questions(plan: Plan) -> Questions:
    """Return what is asked; time slices are asked each once, as OpenSLO means them."""
    measured = plan.measured
    if plan.slices or isinstance(measured, Samples):
        step = _MINUTE if isinstance(measured, Samples) else plan.spec.budget.slice_seconds
        bad = next(rule.expr for rule in window_records(plan) if rule.record == SLICE)
        return Questions(step, bad, None, _present(plan, step, bad))
    if isinstance(measured, Counts):
        total = measured.total(STEP)
        events = f"({total}) * {number(STEP)}"
        return Questions(STEP, f"(\n{measured.bad(STEP, total)}\n) * {number(STEP)}", events, total)
    error = measured.error(STEP)
    return Questions(STEP, f"({error}) >= 0", None, _present(plan, STEP, error))


def _present(plan: Plan, step: float, otherwise: str) -> str:
    if isinstance(plan.measured, Counts):
        return plan.measured.total(step)
    if isinstance(plan.measured, Ratios):  # NaN, which 0/0 is, is a value too
        by = f" by ({', '.join(plan.spec.grouping)})" if plan.spec.grouping else ""
        return f"group{by} ({plan.measured.error(step)})"
    return otherwise
