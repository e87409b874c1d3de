"""Native alerts of an SLO: page, ticket, and on series that are gone.

Enters: a plan. Leaves: alerts on the recorded ratios. A page asks for one more thing than the workbook: that errors
still exceed the factor over five minutes, which ends it soon after recovery; errors that went and came back lift it, so
that bursts do not page one by one. The guard: two errors or more in the long window, and the lower bound of the ratio
decides, for at a hundred requests an hour one error is no outage.
"""

from __future__ import annotations

import math

from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.model.labels import legacy_name
from aiops_daemon.core.model.quantity import speak
from aiops_daemon.core.model.settings import RulesSpec
from aiops_daemon.core.model.slo import PAGE, SEVERITIES, Budgeting, SloAlert
from aiops_daemon.core.rules.burn import BURN as BURN_ALERTS
from aiops_daemon.core.rules.burn import GONE, SEVERITY_OF
from aiops_daemon.core.rules.document import AlertRule, Texts
from aiops_daemon.core.rules.expression import number
from aiops_daemon.core.rules.slo.plan import BAD, INTERVAL, OBJECTIVE, REMAINING, SLICE, TOTAL, Plan
from aiops_daemon.core.rules.template import words
from aiops_daemon.core.signals.burn.guard import Z
from aiops_daemon.core.signals.burn.turns import TURNS
from aiops_daemon.core.signals.burn.windows import BASE, WindowPair

GONE_HOLD = 600.0  # seconds
_TWO_ERRORS = 1.5  # rate() extrapolates: between what it makes of one event and what it makes of two
_REMAINING = (
    "{{{{ with query {} }}}} Left of the {} budget: {{{{ . | first | value | humanizePercentage }}}}.{{{{ end }}}}"
)


def slo_alerts(plan: Plan, rules: RulesSpec) -> tuple[AlertRule, ...]:
    """Return the alerts of an SLO that can fire and that its owner wants."""
    burns = [
        _burn(plan, severity, rules)
        for severity in SEVERITIES
        if plan.spec.alerts.of(severity).enabled and any(pair.severity == severity for pair in plan.pairs)
    ]
    return (*burns, _gone(plan, rules)) if plan.spec.alerts.gone.enabled else tuple(burns)


def burn_name(plan: Plan, severity: str) -> str:
    """Return the name of a burn alert."""
    return plan.spec.alerts.of(severity).name or BURN_ALERTS[severity]


def gone_name(plan: Plan) -> str:
    """Return the name of the alert on series that are gone."""
    return plan.spec.alerts.gone.name or GONE


def level(plan: Plan, pair: WindowPair) -> float:
    """Return the error ratio above which a pair fires: factor * budget, without the noise of binary fractions."""
    return pair.level(plan.spec.budget_ratio)


def guard(plan: Plan, pair: WindowPair) -> tuple[str, ...]:
    """Return what else must hold, so that few events are no page."""
    window, seconds, least = plan.name(pair.long), number(pair.long), number(least_bad(plan))
    if plan.slices and plan.spec.budget.method is not Budgeting.RATIO_TIME_SLICES:
        return (f"sum_over_time({plan.select(SLICE)}[{window}]) >= {least}",)
    if not plan.guarded:
        return ()
    two = f"{plan.select(f'{BAD}{window}')} * {seconds} >= {least}"
    if plan.slices:
        return (two,)
    return (_surely(plan, pair), two)


def _surely(plan: Plan, pair: WindowPair) -> str:
    """Ask whether the lower bound of Wilson's score interval for k of n events exceeds the factor.

    It does where k > n p + z sqrt(n p (1 - p)), for the interval holds every p whose score test passes: Wilson, JASA 22
    (1927). Divided by the window, because events are recorded per second.
    """
    least, window = level(plan, pair), plan.name(pair.long)
    bad, total = plan.select(f"{BAD}{window}"), plan.select(f"{TOTAL}{window}")
    margin = float(f"{Z * math.sqrt(least * (1 - least) / pair.long):.6g}")
    return f"{bad} > {number(least)} * {total} + {number(margin)} * sqrt({total})"


def least_bad(plan: Plan) -> float:
    """Return how many bad events, or bad slices of a minute, the long window must hold: two, with room for rates."""
    if plan.slices and plan.spec.budget.method is not Budgeting.RATIO_TIME_SLICES:
        return _TWO_ERRORS * max(1.0, plan.spec.budget.slice_seconds / 60.0)
    return _TWO_ERRORS if plan.guarded else 0.0


def _burn(plan: Plan, severity: str, rules: RulesSpec) -> AlertRule:
    pairs = [pair for pair in plan.pairs if pair.severity == severity]
    expr = "\nor\n".join(f"(\n{_holds(plan, pair)}\n)" for pair in pairs)
    wanted = plan.spec.alerts.of(severity)
    pace = "fast" if severity == PAGE else "slowly, but faster than it may"
    told = f"SLO {plan.spec.name} burns its error budget {pace}."
    return AlertRule(
        burn_name(plan, severity),
        expr,
        (*_labels(wanted, rules, SEVERITY_OF[severity]), ("aiops_severity", severity)),
        _annotations(wanted, rules, told, _burning(plan), BURN_ALERTS[severity]),
    )


def _holds(plan: Plan, pair: WindowPair) -> str:
    above = f"> {number(level(plan, pair))}"
    conditions = [f"{plan.ratio(pair.long)} {above}", *guard(plan, pair), f"{plan.ratio(pair.short)} {above}"]
    if pair.ends_early:
        conditions.append(f"(\n{plan.ratio(BASE)} {above}\nor\n{_came_back(plan, pair)}\n)")
    return "\nand\n".join(conditions)


def _came_back(plan: Plan, pair: WindowPair) -> str:
    """Ask whether errors rose above the factor, fell below it and rose again within twice the short window."""
    span = f"{plan.name(2 * pair.short)}:{plan.name(INTERVAL)}"
    return f"changes(({plan.ratio(BASE)} > bool {number(level(plan, pair))})[{span}]) >= {TURNS}"


def _burning(plan: Plan) -> str:
    """Describe a burning budget; `$value` is the error ratio over the long window of the pair that holds."""
    spec = plan.spec
    may = speak(spec.budget_ratio, "ratio").replace(" ", "")
    remaining = _REMAINING.format(f"`{plan.select(REMAINING)}`", prometheus_duration(spec.window_seconds))
    if "`" in plan.select(REMAINING) or spec.grouping:  # a group has a budget of its own: see its label
        remaining = ""
    said = words(f"SLO {spec.name}: ").go + "{{ $value | humanizePercentage }}"
    described = words(f" {spec.description.strip()}").go if spec.description.strip() else ""
    return f"{said}{words(f' of events failed, {may} may.').go}{remaining}{described}"


def _gone(plan: Plan, rules: RulesSpec) -> AlertRule:
    """Fire where there was something within a day and now is nothing; no traffic is not nothing."""
    ids = ", ".join(name for name, _ in plan.style.identity)
    expr = f"{plan.select(OBJECTIVE)}\nunless on ({ids})\n{plan.pulse}"
    if plan.spec.grouping:
        was = f"present_over_time({plan.pulse}[1d])"
        expr = f"({was}\nunless\n{plan.pulse})\nor on ({ids})\n({expr})"
    wanted, name = plan.spec.alerts.gone, plan.spec.name
    described = words(
        f"No series match the total of SLO {name} any more, so its budget cannot be judged. A service without traffic "
        "would still have series."
    ).go
    return AlertRule(
        gone_name(plan),
        expr,
        _labels(wanted, rules, "warning"),
        _annotations(wanted, rules, f"The series of SLO {name} are gone.", described, GONE),
        hold=GONE_HOLD,
    )


def _labels(wanted: SloAlert, rules: RulesSpec, severity: str) -> Texts:
    ours = {"severity": severity}
    added = {legacy_name(name): words(text).go for name, text in rules.labels if name not in ours}
    asked = {legacy_name(name): text if wanted.templated else words(text).go for name, text in wanted.labels}
    return tuple((ours | added | asked).items())


def _annotations(wanted: SloAlert, rules: RulesSpec, summary: str, description: str, runbook: str) -> Texts:
    ours = {"summary": words(summary).go, "description": description, "runbook_url": words(rules.runbook(runbook)).go}
    added = {legacy_name(key): words(text).go for key, text in rules.annotations if key not in ours}
    asked = {legacy_name(key): text if wanted.templated else words(text).go for key, text in wanted.annotations}
    return tuple((ours | added | asked).items())
