"""Recording rules of an SLO: bad and all events apart, then ratios over every window that an alert needs.

Enters: a plan. Leaves: rules in the order in which they need each other, for one group. Windows up to an hour are
asked of the raw series; longer ones add up what was recorded over five minutes, which costs the same however many
series there are. Sum over sum always: a mean of ratios is wrong by -46 % to +996 % where days are busy and nights not.
"""

from __future__ import annotations

from collections.abc import Iterator

from aiops_daemon.core.model.labels import Labels, make
from aiops_daemon.core.model.slo import Budgeting
from aiops_daemon.core.rules.document import RecordingRule
from aiops_daemon.core.rules.expression import number
from aiops_daemon.core.rules.slo.measure import Counts, Ratios, Samples
from aiops_daemon.core.rules.slo.plan import BAD, INTERVAL, RAW_UP_TO, SLICE, TOTAL, VALUE, Plan
from aiops_daemon.core.signals.burn.windows import BASE


def window_records(plan: Plan) -> tuple[RecordingRule, ...]:
    """Return the rules for every window shorter than the period."""
    measured = plan.measured
    if plan.slices:
        return tuple(_sliced(plan))
    if isinstance(measured, Ratios):
        return tuple(_ratios(plan, measured))
    return tuple(_counted(plan, measured)) if isinstance(measured, Counts) else ()


def record(plan: Plan, name: str, expr: str, more: Labels = ()) -> RecordingRule:
    """Make a rule with the labels of the SLO."""
    return RecordingRule(name, expr, make((*plan.style.labels, *more)))


def ratio_record(plan: Plan, seconds: float, expr: str) -> RecordingRule:
    """Make the rule of an error ratio."""
    window = plan.name(seconds)
    more = ((plan.style.window, window),) if plan.style.window else ()
    return record(plan, f"{plan.style.ratio}{window}", expr, more)


def summed(plan: Plan, name: str, seconds: float) -> str:
    """Add up what was recorded over five minutes: events per second over a longer window."""
    chained = plan.select(f"{name}{plan.name(BASE)}")
    return f"sum_over_time({chained}[{plan.name(seconds)}]) * {number(INTERVAL)} / {number(seconds)}"


def divided(bad: str, total: str) -> str:
    """Divide, where there is something to divide by: idle is no ratio, and never NaN."""
    return f"{bad}\n/\n({total} > 0)"


def _counted(plan: Plan, measured: Counts) -> Iterator[RecordingRule]:
    for seconds in plan.windows:
        if seconds in plan.counted:
            yield from _counts(plan, measured, seconds)
        else:
            yield _short(plan, measured, seconds)


def _counts(plan: Plan, measured: Counts, seconds: float) -> Iterator[RecordingRule]:
    yield from _events(plan, measured, seconds)
    window = plan.name(seconds)
    bad, total = plan.select(f"{BAD}{window}"), plan.select(f"{TOTAL}{window}")
    yield ratio_record(plan, seconds, divided(bad, total))


def _events(plan: Plan, measured: Counts, seconds: float) -> Iterator[RecordingRule]:
    """Record the total first, so that the bad events can be told to be none where there are others."""
    raw, window = seconds <= RAW_UP_TO, plan.name(seconds)
    yield record(plan, f"{TOTAL}{window}", measured.total(seconds) if raw else summed(plan, TOTAL, seconds))
    every = _regrouped(plan, plan.select(f"{TOTAL}{window}"))
    yield record(plan, f"{BAD}{window}", measured.bad(seconds, every) if raw else summed(plan, BAD, seconds))


def _regrouped(plan: Plan, selected: str) -> str:
    """Take off the labels that recording has added, so that labels match those of the raw series' sums."""
    by = f" by ({', '.join(plan.spec.grouping)})" if plan.spec.grouping else ""
    return f"sum{by} ({selected})"


def _short(plan: Plan, measured: Counts, seconds: float) -> RecordingRule:
    if seconds > RAW_UP_TO:
        bad, total = (summed(plan, name, seconds) for name in (BAD, TOTAL))
    else:
        total = measured.total(seconds)
        bad = f"\n{measured.bad(seconds, total)}\n"
    return ratio_record(plan, seconds, divided(f"({bad})", f"({total})"))


def _ratios(plan: Plan, measured: Ratios) -> Iterator[RecordingRule]:
    yield record(plan, VALUE, measured.error(BASE))
    for seconds in plan.windows:
        if seconds <= RAW_UP_TO:
            yield ratio_record(plan, seconds, f"({measured.error(seconds)}) >= 0")  # NaN is no ratio
        else:
            yield ratio_record(plan, seconds, f"avg_over_time({plan.ratio(BASE)}[{plan.name(seconds)}])")


def _sliced(plan: Plan) -> Iterator[RecordingRule]:
    if isinstance(plan.measured, Counts):
        yield from _events(plan, plan.measured, BASE)
    elif isinstance(plan.measured, Ratios):
        yield record(plan, VALUE, plan.measured.error(BASE))
    else:
        yield record(plan, VALUE, plan.measured.value)
    yield record(plan, SLICE, slice_now(plan))
    for seconds in plan.windows:
        yield ratio_record(plan, seconds, f"avg_over_time({plan.select(SLICE)}[{plan.name(seconds)}])")
    if plan.spec.budget.method is Budgeting.RATIO_TIME_SLICES and plan.guarded:
        for seconds in plan.longs:
            yield record(plan, f"{BAD}{plan.name(seconds)}", summed(plan, BAD, seconds))


def slice_now(plan: Plan) -> str:
    """Judge the slice that ends now: 1 bad, 0 good; of ratio time slices the share of errors."""
    budget, measured = plan.spec.budget, plan.measured
    if isinstance(measured, Samples):
        return measured.bad
    if isinstance(measured, Counts):
        total = measured.total(budget.slice_seconds)
        ratio = divided(f"(\n{measured.bad(budget.slice_seconds, total)}\n)", f"({total})")
    else:
        ratio = f"({measured.error(budget.slice_seconds)}) >= 0"
    if budget.method is Budgeting.RATIO_TIME_SLICES or budget.slice_target_ratio is None:
        return ratio
    allowed = float(f"{1.0 - budget.slice_target_ratio:.12g}")
    return f"(\n{ratio}\n) > bool {number(allowed)}"
