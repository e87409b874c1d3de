"""How SLOs stand by what generated rules recorded of them.

Enters: the last values of the records `aiops:slo_*`, what was recorded over the window, and which alerts fire. Leaves:
statuses as the daemon has them. What was not recorded is not known; only forecasts and policies are computed anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from aiops_daemon.core.model.budget import HeldStep
from aiops_daemon.core.model.durations import HOUR
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.periods import period_of
from aiops_daemon.core.model.slo import Calendar, DataState, SloStatus, Withheld
from aiops_daemon.core.reports.steps import Floats
from aiops_daemon.core.rules.slo.plan import Plan
from aiops_daemon.core.signals.budget.forecast import Forecast, Pace, Past, forecast
from aiops_daemon.core.signals.budget.policy import LEEWAY, held_steps, window_spent
from aiops_daemon.core.signals.burn.guard import TWO_EVENTS, wilson_lower
from aiops_daemon.core.signals.burn.windows import BASE, WindowPair

_NOTHING: Floats = np.empty(0)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What there is of one budget. Windows are named as in the records: 5m, 1h, ..., 30d or period."""

    present: bool  # the series of the service are there
    ratios: Mapping[str, float]  # error ratio by window
    totals: Mapping[str, float] = field(default_factory=dict)  # events per second by long window
    errors: Mapping[str, float] = field(default_factory=dict)  # bad events per second by long window
    remaining: float | None = None
    firing: Mapping[str, float | None] = field(default_factory=dict)  # severity: since when
    step: float = 300.0
    bad: Floats = field(default_factory=lambda: _NOTHING)  # per step of the window, oldest first; NaN not recorded
    total: Floats = field(default_factory=lambda: _NOTHING)
    left: Sequence[tuple[float, float]] = ()  # moments, and the share of the budget that was left then


def status(plan: Plan, group: Labels, recorded: Recorded, at: float) -> SloStatus:
    """Return how one budget stands at a moment."""
    spec = plan.spec
    period = period_of(spec.window, at) if isinstance(spec.window, Calendar) else None
    ahead = _ahead(plan, recorded, None if period is None else period[1] - at)
    ends, returns = (None if wait is None else at + wait for wait in (ahead.exhaustion_seconds, ahead.return_seconds))
    ratios = dict(recorded.ratios)
    return SloStatus(
        spec=spec,
        at=at,
        state=_state(recorded),
        error_ratio=dict(ratios),
        burn_rate={window: ratio / spec.budget_ratio for window, ratio in ratios.items()},
        budget_remaining_ratio=recorded.remaining,
        exhaustion_at=at if recorded.remaining is not None and recorded.remaining <= 0.0 else ends,
        returns_at=returns,
        active=frozenset(recorded.firing),
        since={severity: since for severity, since in recorded.firing.items() if since is not None},
        error_ratio_lower={
            plan.name(long): wilson_lower(*_events(plan, long, recorded))
            for long in plan.longs
            if plan.name(long) in recorded.totals
        },
        guard=_guard(plan, recorded),
        group=group,
        period=period,
        window_spent_ratio=(spent := _window_spent(plan, recorded, period)),
        policy=_policy(plan, recorded, at, spent),
    )


def _state(recorded: Recorded) -> DataState:
    if not recorded.present:
        return DataState.GONE
    return DataState.OK if "5m" in recorded.ratios or "1h" in recorded.ratios else DataState.IDLE


def _ahead(plan: Plan, recorded: Recorded, resets: float | None) -> Forecast:
    """Forecast at the pace of the last hour, from what is recorded as left.

    Past events are read in steps, coarse for a young record: they are weighed so that they spent what the record says.
    """
    if not len(recorded.bad) or recorded.remaining is None:
        return Forecast()
    known = ~np.isnan(recorded.bad) & ~np.isnan(recorded.total)
    bad, total = (np.where(known, events, 0.0) for events in (recorded.bad, recorded.total))
    lately = slice(-max(1, round(HOUR / recorded.step)), None)
    events, seconds = float(total[lately].sum()), float(known[lately].sum()) * recorded.step
    pace = Pace(float(bad[lately].sum()) / events if events else 0.0, events / seconds if seconds else 0.0)
    if bad.any():
        bad = bad * max(0.0, 1.0 - recorded.remaining) * plan.spec.budget_ratio * total.sum() / bad.sum()
    past = Past(bad, total, known.astype(np.float64) * recorded.step, recorded.step, recorded.step)
    return forecast(past, pace, plan.spec.budget_ratio, resets=resets)


def _guard(plan: Plan, recorded: Recorded) -> dict[str, Withheld]:
    """Say which alerts burn but are held back, as the rules hold them back."""
    if not plan.guarded or plan.slices:
        return {}
    found = {pair.severity: _withheld(plan, pair, recorded) for pair in reversed(plan.pairs)}
    return {severity: why for severity, why in found.items() if why and severity not in recorded.firing}


def _withheld(plan: Plan, pair: WindowPair, recorded: Recorded) -> Withheld | None:
    level, long = pair.level(plan.spec.budget_ratio), plan.name(pair.long)
    windows = (long, plan.name(pair.short), *((plan.name(BASE),) if pair.ends_early else ()))
    if not all(recorded.ratios.get(window, 0.0) > level for window in windows):
        return None
    bad, total = _events(plan, pair.long, recorded)
    if bad < TWO_EVENTS.least:
        return Withheld.FEW_ERRORS
    return Withheld.UNCERTAIN if wilson_lower(bad, total) <= level else None


def _events(plan: Plan, seconds: float, recorded: Recorded) -> tuple[float, float]:
    """Return bad and all events of a long window."""
    name = plan.name(seconds)
    return recorded.errors.get(name, 0.0) * seconds, recorded.totals.get(name, 0.0) * seconds


def _window_spent(plan: Plan, recorded: Recorded, period: tuple[float, float] | None) -> float | None:
    """Return how much of the whole window's budget is spent, as the daemon has it."""
    known = np.isfinite(recorded.bad) & np.isfinite(recorded.total)
    if recorded.remaining is None or not known.any():
        return None
    if plan.guarded and not plan.slices and float(recorded.bad[known].sum()) < TWO_EVENTS.least:
        return 0.0
    budget = plan.spec.budget_ratio
    seconds = plan.spec.window_seconds if period is None else period[1] - period[0]
    ratio = (1.0 - recorded.remaining) * budget
    return window_spent(ratio, budget, float(known.sum()) * recorded.step / seconds)


def _policy(plan: Plan, recorded: Recorded, at: float, of_window: float | None) -> tuple[HeldStep, ...]:
    """Replay the policy over what was left; what held from the first moment on began then or before.

    What is little of the whole window now holds no step: how much was known before is not recorded.
    """
    held: tuple[HeldStep, ...] = ()
    for moment, left in (*recorded.left, (at, recorded.remaining)):
        held = held_steps(plan.spec.policy, left, held, moment)
    return tuple(one for one in held if of_window is None or one.step.spent_ratio <= of_window + LEEWAY)
