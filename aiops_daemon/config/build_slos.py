"""The section `slos` as specifications.

Enters valid models; leaves what the live engine and the rules know. Nothing can fail here: what could is a fault
before.
"""

from __future__ import annotations

from decimal import Decimal

from aiops_daemon.config import slos as written
from aiops_daemon.config.policy import PolicyStep, policy
from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.query import OnFinding
from aiops_daemon.core.model.selector import parse_selector
from aiops_daemon.core.model.sli import (
    BoolGaugeSli,
    Comparison,
    EventsSli,
    LatencySli,
    NativeLatencySli,
    RatioSli,
    RawSli,
    Sli,
    ThresholdSli,
)
from aiops_daemon.core.model.slo import (
    WORKBOOK,
    Budgeting,
    BudgetSpec,
    BurnPair,
    BurnWindows,
    Calendar,
    CalendarUnit,
    Rolling,
    SloAlert,
    SloAlerts,
    SloSpec,
    Window,
)

WINDOW = 30 * DAY


def slo(one: written.Slo, time_zone: str, policy_of_file: list[PolicyStep]) -> SloSpec:
    """Build one SLO; `time_zone` and `policy_of_file` are those of the file."""
    return SloSpec(
        name=one.name,
        sli=_sli(one.sli),
        objective_ratio=share(one.objective),
        window=_window(one, time_zone),
        labels=make(one.labels),
        sources=tuple(one.prometheus),
        on_finding=OnFinding(one.on_finding),
        grouping=tuple(one.grouping),
        budget=_budget(one.budgeting),
        burn=_burn(one.burn_windows),
        alerts=SloAlerts(_alert(one.alerts.page), _alert(one.alerts.ticket), _alert(one.alerts.gone)),
        description=one.description or "",
        policy=policy(one.error_budget_policy, policy_of_file),
        max_groups=one.max_groups,
    )


def share(percent: float) -> float:
    """Return a percentage as a ratio: 99.9 / 100 in binary is not 0.999."""
    return float(Decimal(str(percent)) / 100)


def latency(histogram: str, threshold: float) -> LatencySli:
    """Return the indicator of a classic histogram from a selector without the endings of its metrics."""
    selector = parse_selector(histogram)
    bucket, count = (selector.named(f"{selector.metric}{ending}") for ending in ("_bucket", "_count"))
    return LatencySli(str(bucket), str(count), threshold)


def _sli(sli: written.Sli) -> Sli:
    if sli.ratio is not None:
        return RatioSli(sli.ratio.total, sli.ratio.good, sli.ratio.bad)
    if sli.latency is not None:
        return latency(sli.latency.histogram, sli.latency.threshold)
    if sli.native_latency is not None:
        return NativeLatencySli(sli.native_latency.histogram, sli.native_latency.threshold)
    if sli.bool_gauge is not None:
        return BoolGaugeSli(sli.bool_gauge.gauge)
    if sli.raw is not None:
        return RawSli(sli.raw.good, sli.raw.bad)
    if sli.threshold is not None:
        return ThresholdSli(sli.threshold.query, Comparison(sli.threshold.op), sli.threshold.value)
    events = sli.events
    return EventsSli(events.total, events.good, events.bad) if events is not None else EventsSli("")


def _window(one: written.Slo, time_zone: str) -> Window:
    if one.calendar is not None:
        return Calendar(CalendarUnit(one.calendar.unit), one.calendar.time_zone or time_zone)
    return Rolling(WINDOW if one.window is None else one.window)


def _budget(budget: written.Budget) -> BudgetSpec:
    target = None if budget.target is None else share(budget.target)
    return BudgetSpec(Budgeting(budget.method), budget.slice, target)


def _burn(pairs: list[written.BurnPair]) -> BurnWindows:
    if not pairs:
        return WORKBOOK
    chosen = tuple(BurnPair(pair.severity, pair.long, pair.short, pair.budget_ratio, pair.factor) for pair in pairs)
    return BurnWindows("set by the user", chosen, chosen=True)


def _alert(alert: written.Alert) -> SloAlert:
    return SloAlert(alert.enabled, alert.name or "", make(alert.labels), make(alert.annotations))
