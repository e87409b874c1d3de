"""When an SLO was in breach over a month: its alerts held, or its budget had run out.

Enters: what it counted in each step. Leaves: breaches in order, each with its begin, its end and the budget that it
spent. Alerts are judged here by the conditions of the generated rules, once a step, so that a breach is found whether
or not anybody had rules then.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from aiops_daemon.core.model.durations import HOUR
from aiops_daemon.core.model.slo import SEVERITIES
from aiops_daemon.core.reports.month import Month
from aiops_daemon.core.reports.steps import Bools, Steps, over, runs
from aiops_daemon.core.rules.slo.plan import Plan
from aiops_daemon.core.rules.slo.story import came_back
from aiops_daemon.core.signals.burn.guard import TWO_EVENTS, wilson_lower
from aiops_daemon.core.signals.burn.windows import BASE, WindowPair

_TOGETHER = HOUR  # alerts that come back sooner are one breach
_CLEAN = 3  # steps within the budget: what was before them is another story
_LEAST_SLICES = 2  # slices with errors


class BreachKind(StrEnum):
    """What made it a breach."""

    ALERT = "alert"
    BUDGET = "budget"


@dataclass(frozen=True, slots=True)
class Reason:
    """An incident that was open then; `own`: it is of the service that the SLO is about."""

    incident: str
    title: str
    causes: tuple[str, ...]
    own: bool


@dataclass(frozen=True, slots=True)
class Breach:
    """A breach; `end` None: it still held when the data ended. `since`: when errors began to exceed the budget."""

    kind: BreachKind
    severities: tuple[str, ...]  # the alerts that held, page before ticket
    since: float
    begin: float
    end: float | None
    bad: float  # events within the month
    spent_ratio: float  # of the month's budget
    reasons: tuple[Reason, ...] | None = None  # None: incidents were not read


def breaches(plan: Plan, steps: Steps, month: Month) -> tuple[Breach, ...]:
    """Return the breaches that touch a month, the earliest first."""
    if not len(steps.times):
        return ()
    within = steps.within(month.start, month.end)
    budget = plan.spec.budget_ratio * float(steps.total[within].sum())
    if budget <= 0.0:
        return ()
    active = {severity: _active(plan, steps, severity) for severity in SEVERITIES}
    found = [
        _alert(plan, steps, active, run, within, budget)
        for run in _joined(np.any(list(active.values()), axis=0), round(_TOGETHER / steps.step))
        if within[run[0] : run[1]].any()
    ]
    return tuple(sorted([*found, *_ran_out(steps, within, budget)], key=lambda one: (one.begin, one.kind)))


def _active(plan: Plan, steps: Steps, severity: str) -> Bools:
    """Say at each step whether an alert's condition holds."""
    held = [_holds(plan, steps, pair) for pair in plan.pairs if pair.severity == severity]
    return np.asarray(np.any(held, axis=0)) if held else np.zeros(len(steps.times), dtype=np.bool_)


def _holds(plan: Plan, steps: Steps, pair: WindowPair) -> Bools:
    """Judge a pair: bad > level * total over its windows; two errors at least, and the lower bound decides."""
    least = pair.level(plan.spec.budget_ratio)
    held: Bools = np.ones(len(steps.times), dtype=np.bool_)
    for seconds in (pair.long, pair.short):
        held &= _above(steps, least, seconds)
    if pair.ends_early:
        shares = np.divide(steps.bad, steps.total, out=np.full(len(steps.times), np.nan), where=steps.total > 0.0)
        held &= _above(steps, least, BASE) | came_back(shares, least, round(2 * pair.short / steps.step))
    width = max(1, round(pair.long / steps.step))
    bad, total = over(steps.bad, width), over(steps.total, width)
    if plan.slices:
        return held & (over((steps.bad > 0.0).astype(np.float64), width) >= _LEAST_SLICES)
    if not plan.guarded:
        return held
    held &= bad >= TWO_EVENTS.least
    for at in np.flatnonzero(held).tolist():
        held[at] = wilson_lower(float(bad[at]), float(total[at])) > least
    return held


def _above(steps: Steps, least: float, seconds: float) -> Bools:
    width = max(1, round(seconds / steps.step))
    held: Bools = over(steps.bad, width) > least * over(steps.total, width) + 1e-9
    return held


def _joined(active: Bools, together: int) -> list[tuple[int, int]]:
    """Return the runs of an alert; those that are close are one."""
    found: list[tuple[int, int]] = []
    for first, beyond in runs(active):
        if found and first - found[-1][1] < together:
            found[-1] = (found[-1][0], beyond)
        else:
            found.append((first, beyond))
    return found


def _alert(
    plan: Plan, steps: Steps, active: dict[str, Bools], run: tuple[int, int], within: Bools, budget: float
) -> Breach:
    first, beyond = run
    since = _since(plan, steps, first)
    counted = within.copy()
    counted[:since] = False
    counted[beyond:] = False
    bad = float(steps.bad[counted].sum())
    return Breach(
        kind=BreachKind.ALERT,
        severities=tuple(severity for severity in SEVERITIES if active[severity][first:beyond].any()),
        since=float(steps.times[since]) - steps.step,
        begin=float(steps.times[first]),
        end=float(steps.times[beyond]) if beyond < len(steps.times) else None,
        bad=bad,
        spent_ratio=bad / budget,
    )


def _since(plan: Plan, steps: Steps, first: int) -> int:
    """Walk back to where errors began to exceed the budget, at most the longest window."""
    over_budget = steps.bad > plan.spec.budget_ratio * steps.total
    longest = max(pair.long for pair in plan.pairs)
    since = first
    for at in range(first, max(-1, first - round(longest / steps.step)), -1):
        if over_budget[at]:
            since = at
        elif since - at >= _CLEAN:
            break
    return since


def _ran_out(steps: Steps, within: Bools, budget: float) -> list[Breach]:
    """Return the time from which the month's budget was spent; what it spent is what went beyond."""
    spent = np.cumsum(np.where(within, steps.bad, 0.0))
    gone = np.flatnonzero(within & (spent > budget * (1 + 1e-9)))
    if not len(gone):
        return []
    at, ends = int(gone[0]), np.flatnonzero(within)[-1]
    beyond = float(spent[ends]) - budget
    begin = float(steps.times[at])
    return [Breach(BreachKind.BUDGET, (), begin, begin, None, beyond, beyond / budget)]
