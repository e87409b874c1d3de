"""The same rules under Sloth's names, so that its dashboards and routes go on working.

Enters: a plan with Sloth's names. Leaves: groups, records, labels, windows and alerts called as Sloth calls them. What
is computed stays ours: events and errors are recorded apart (two records more, under our own names), the period is
weighted by traffic, and few errors page nobody.
"""

from __future__ import annotations

from decimal import Decimal

from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.model.labels import Labels, get, legacy_name
from aiops_daemon.core.model.settings import RulesSpec
from aiops_daemon.core.model.slo import SEVERITIES, SloAlert
from aiops_daemon.core.rules.document import AlertRule, RecordingRule, RuleGroup, Texts
from aiops_daemon.core.rules.expression import number
from aiops_daemon.core.rules.slo.alerts import guard, level
from aiops_daemon.core.rules.slo.period import begin, period_ratio
from aiops_daemon.core.rules.slo.plan import INTERVAL, PERIOD_INTERVAL, Plan
from aiops_daemon.core.rules.slo.records import record, window_records
from aiops_daemon.core.rules.template import words
from aiops_daemon.core.signals.burn.windows import BASE, WindowPair

_BUDGET = "slo:error_budget:ratio"
_CURRENT, _PERIOD = "slo:current_burn_rate:ratio", "slo:period_burn_rate:ratio"


def sloth_groups(plan: Plan, rules: RulesSpec, version: str) -> tuple[RuleGroup, ...]:
    """Return Sloth's three groups, the period's ratio in a fourth that is evaluated more seldom."""
    sloth_id = get(plan.style.identity, "sloth_id")
    alerts = sloth_alerts(plan, rules)
    groups = (
        RuleGroup(f"sloth-slo-sli-recordings-{sloth_id}", window_records(plan), INTERVAL),
        RuleGroup(f"aiops-slo-period-{sloth_id}", (*begin(plan), *period_ratio(plan)), PERIOD_INTERVAL),
        RuleGroup(f"sloth-slo-meta-recordings-{sloth_id}", _meta(plan, version), INTERVAL),
        RuleGroup(f"sloth-slo-alerts-{sloth_id}", alerts, INTERVAL),
    )
    return tuple(group for group in groups if group.rules)


def sloth_alerts(plan: Plan, rules: RulesSpec) -> tuple[AlertRule, ...]:
    """Return the page and the ticket alert; none where every pair can never fire or its owner wants none."""
    return tuple(
        _alert(plan, severity, rules)
        for severity in SEVERITIES
        if plan.spec.alerts.of(severity).enabled and any(pair.severity == severity for pair in plan.pairs)
    )


def sloth_name(plan: Plan, severity: str) -> str:
    """Return the name of an alert; Sloth wants one to be given, so there is no default of its own."""
    return plan.spec.alerts.of(severity).name or "SlothErrorBudgetBurn"


def _meta(plan: Plan, version: str) -> tuple[RecordingRule, ...]:
    spec = plan.spec
    on = "on(sloth_id, sloth_slo, sloth_service) group_left"
    budget = plan.select(_BUDGET)
    percent = f"{Decimal(str(spec.objective_ratio)) * 100:f}"
    percent = percent.rstrip("0").rstrip(".") if "." in percent else percent
    info: Labels = (
        ("sloth_mode", "cli-gen-prom"),
        ("sloth_objective", percent),
        ("sloth_spec", "prometheus/v1"),
        ("sloth_version", f"aiops-daemon {version}"),
    )
    return (
        record(plan, "slo:objective:ratio", f"vector({number(spec.objective_ratio)})"),
        record(plan, _BUDGET, f"vector({number(spec.budget_ratio)})"),
        record(plan, "slo:time_period:days", f"vector({number(spec.window_seconds / DAY)})"),
        record(plan, _CURRENT, f"{plan.ratio(BASE)}\n/ {on}\n{budget}"),
        record(plan, _PERIOD, f"{plan.select(plan.period_record)}\n/ {on}\n{budget}"),
        record(plan, plan.style.remaining, f"1 - {plan.select(_PERIOD)}"),
        record(plan, "sloth_slo_info", "vector(1)", info),
    )


def _alert(plan: Plan, severity: str, rules: RulesSpec) -> AlertRule:
    pairs = [pair for pair in plan.pairs if pair.severity == severity]
    wanted = plan.spec.alerts.of(severity)
    title = f"({severity}) {{{{$labels.sloth_service}}}} {{{{$labels.sloth_slo}}}} SLO error budget burn rate is"
    ours = (("summary", f"{title[len(severity) + 3 :]} over expected."), ("title", f"{title} too fast."))
    added = tuple((legacy_name(name), words(text).go) for name, text in rules.annotations)
    return AlertRule(
        sloth_name(plan, severity),
        "\nor\n".join(f"(\n{_holds(plan, pair)}\n)" for pair in pairs),
        _texts(rules.labels, wanted.labels, wanted, ((plan.style.severity, severity),)),
        tuple((dict(added) | dict(ours) | dict(_asked(wanted.annotations, wanted))).items()),
    )


def _holds(plan: Plan, pair: WindowPair) -> str:
    above = f"> {number(level(plan, pair))}"
    ratios = (f"max({plan.ratio(seconds)} {above}) without (sloth_window)" for seconds in (pair.short, pair.long))
    return "\nand\n".join([*ratios, *guard(plan, pair)])


def _texts(added: Labels, asked: Labels, wanted: SloAlert, ours: Texts) -> Texts:
    literal = {legacy_name(name): words(text).go for name, text in added}
    return tuple((literal | dict(_asked(asked, wanted)) | dict(ours)).items())


def _asked(texts: Labels, wanted: SloAlert) -> Texts:
    return tuple((legacy_name(name), text if wanted.templated else words(text).go) for name, text in texts)
