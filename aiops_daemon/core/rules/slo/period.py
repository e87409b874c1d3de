"""The budget over the whole window of an SLO, rolling or calendar.

Enters: a plan. Leaves: rules for the error ratio of the period, what is left of its budget and how fast it burns, in a
group of their own that is evaluated seldom. A calendar period is added up from its begin by a subquery; where its time
zone changes to summer time, the begin is off by the hour that the clocks are: only the daemon knows the calendar.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aiops_daemon.core.model.durations import DAY, WEEK
from aiops_daemon.core.model.periods import LONGEST_DAYS
from aiops_daemon.core.model.slo import Calendar, CalendarUnit
from aiops_daemon.core.rules.document import RecordingRule
from aiops_daemon.core.rules.expression import number
from aiops_daemon.core.rules.slo.measure import Counts
from aiops_daemon.core.rules.slo.plan import BAD, BURN, PERIOD_START, REMAINING, TOTAL, Plan
from aiops_daemon.core.rules.slo.records import divided, ratio_record, record
from aiops_daemon.core.signals.burn.windows import BASE

_FIRST_MONDAY = 4 * DAY  # 1970-01-05
_YEAR = 2026  # any: only whether January and July differ is asked


def period_records(plan: Plan) -> tuple[RecordingRule, ...]:
    """Return the rules over the whole period; our own names."""
    return tuple(_period(plan))


def period_ratio(plan: Plan) -> tuple[RecordingRule, ...]:
    """Return the rule of the period's error ratio, weighted by traffic where events are counted.

    None where an alert has a long window of that length, for then it is recorded already.
    """
    seconds = plan.spec.window_seconds
    if isinstance(plan.spec.window, Calendar):
        more = ((plan.style.window, "period"),) if plan.style.window else ()
        return (record(plan, plan.period_record, _since_begin(plan, plan.spec.window), more),)
    if seconds in plan.windows:
        return ()
    span = plan.name(seconds)  # every sample: rate() of five minutes sees four of them where scrapes are a minute apart
    if plan.slices or not isinstance(plan.measured, Counts):
        return (ratio_record(plan, seconds, f"avg_over_time({plan.ratio(BASE)}[{span}])"),)
    bad, total = (f"sum_over_time({plan.select(f'{name}{plan.name(BASE)}')}[{span}])" for name in (BAD, TOTAL))
    return (ratio_record(plan, seconds, divided(bad, total)),)


def begin(plan: Plan) -> tuple[RecordingRule, ...]:
    """Return the rule that records when a calendar period began; a rolling one has none."""
    window = plan.spec.window
    return (record(plan, PERIOD_START, _begin(window)),) if isinstance(window, Calendar) else ()


def offset_of(window: Calendar) -> float:
    """Return the standard-time offset of a zone from UTC in seconds, the smaller of January's and July's."""
    zone = ZoneInfo(window.time_zone)
    offsets = [datetime(_YEAR, month, 1, tzinfo=UTC).astimezone(zone).utcoffset() for month in (1, 7)]
    return min(offset.total_seconds() for offset in offsets if offset is not None)


def has_summer_time(window: Calendar) -> bool:
    """Say whether the zone changes its clocks."""
    zone = ZoneInfo(window.time_zone)
    return len({datetime(_YEAR, month, 1, tzinfo=UTC).astimezone(zone).utcoffset() for month in range(1, 13)}) > 1


def _period(plan: Plan) -> Iterator[RecordingRule]:
    budget = number(plan.spec.budget_ratio)
    yield from begin(plan)
    yield from period_ratio(plan)
    yield record(plan, BURN, f"{plan.select(plan.period_record)} / {budget}")
    yield record(plan, REMAINING, f"1 - {plan.select(BURN)}")


def _since_begin(plan: Plan, window: Calendar) -> str:
    ids = ", ".join(name for name, _ in plan.style.identity)
    since = f"(time() - {plan.select(PERIOD_START)} @ end()) > 0"  # a record tells of what was before its time
    base = plan.period_base
    span = f"{LONGEST_DAYS[window.unit]}d:{plan.name(base)}"

    def over(record_name: str, function: str) -> str:
        return f"{function}(({record_name} and on ({ids}) ({since}))[{span}])"

    if plan.slices or not isinstance(plan.measured, Counts):
        return over(plan.ratio(base), "avg_over_time")
    bad, total = (plan.select(f"{name}{plan.name(base)}") for name in (BAD, TOTAL))
    return divided(over(bad, "sum_over_time"), over(total, "sum_over_time"))


def _begin(window: Calendar) -> str:
    """Return the moment at which the period began, from the clock alone, in the zone's standard time."""
    offset = offset_of(window)
    local = f"(time() + {number(offset)})"
    midnight = f"({local} - {local} % {number(DAY)})"
    of = f"vector({local})"
    match window.unit:
        case CalendarUnit.DAY:
            days = "0"
        case CalendarUnit.WEEK:
            week = f"({local} - {number(_FIRST_MONDAY)}) % {number(WEEK)}"
            return f"vector({local} - {week} - {number(offset)})"
        case CalendarUnit.MONTH:
            days = f"(day_of_month({of}) - 1)"
        case CalendarUnit.YEAR:
            days = f"(day_of_year({of}) - 1)"
        case CalendarUnit.QUARTER:
            days = _days_of_quarter(of)
    return f"{midnight} - {number(offset)} - {number(DAY)} * ({days} + vector(0))"


def _days_of_quarter(of: str) -> str:
    """Count whole days since the quarter began; leap years by the rule that holds until 2100."""
    leap = f"(year({of}) % 4 == bool 0)"
    gone = f"((90 + {leap}) * (month({of}) >= bool 4) + 91 * (month({of}) >= bool 7) + 92 * (month({of}) >= bool 10))"
    return f"(day_of_year({of}) - 1 - {gone})"
