"""Rule files of SLOs, one for each, with the unit test beside it.

Enters: SLOs and what is added to every alert. Leaves: files with native rules under our names or Sloth's; a file never
holds a second document, and no two files have one name. Never says anything of metrics that the daemon exports.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.model.settings import RulesSpec
from aiops_daemon.core.model.sli import RawSli
from aiops_daemon.core.model.slo import SEVERITIES, Calendar, SloSpec
from aiops_daemon.core.rules.document import RecordingRule, RuleFile, RuleGroup, groups_document
from aiops_daemon.core.rules.expression import number
from aiops_daemon.core.rules.slo.alerts import burn_name, gone_name, slo_alerts
from aiops_daemon.core.rules.slo.measure import Counts
from aiops_daemon.core.rules.slo.period import has_summer_time, period_records
from aiops_daemon.core.rules.slo.plan import INTERVAL, OBJECTIVE, PERIOD_INTERVAL, Plan, plan
from aiops_daemon.core.rules.slo.proof import Named, proof
from aiops_daemon.core.rules.slo.records import record, window_records
from aiops_daemon.core.rules.slo.sloth import sloth_groups, sloth_name
from aiops_daemon.core.signals.burn.windows import impossible_pairs

_NO_NAME = re.compile(r"[^a-z0-9]+")
_SAMPLES = 4  # that a range must hold, so that one missing scrape is no gap


def slo_files(
    slos: Sequence[SloSpec], rules: RulesSpec, *, like_sloth: bool = False, version: str = ""
) -> tuple[RuleFile, ...]:
    """Generate a file for each SLO; equal names are covered once."""
    taken: dict[str, int] = {}
    promised = {slo.name: slo for slo in slos}.values()
    return tuple(_file(slo, _stem(slo.name, taken), rules, like_sloth, version) for slo in promised)


def slo_warnings(spec: SloSpec) -> tuple[str, ...]:
    """Say what is generated otherwise than one may think."""
    return (*impossible_pairs(spec), *(f"SLO {spec.name!r}: {words}" for words in _doubts(plan(spec))))


def _doubts(planned: Plan) -> Iterator[str]:
    spec, measured = planned.spec, planned.measured
    if isinstance(spec.sli, RawSli):
        yield "a ready ratio has no events: no weight by traffic, no guard against little of it"
    if isinstance(measured, Counts) and not measured.counted:
        yield "its expressions do not tell what they count, so few events are not guarded against"
    if isinstance(spec.window, Calendar) and has_summer_time(spec.window):
        zone = spec.window.time_zone
        yield f"PromQL knows no time zones: in summer the period of {zone} begins an hour late in these rules"
    if planned.slices and spec.budget.slice_seconds < _SAMPLES * INTERVAL:
        needed = prometheus_duration(spec.budget.slice_seconds / _SAMPLES)
        yield f"slices this short need scrapes every {needed} or oftener"


def _stem(name: str, taken: dict[str, int]) -> str:
    """Name a file after its SLO; where two names come out alike the later ones are numbered."""
    stem = f"aiops-slo-{_NO_NAME.sub('-', name.lower()).strip('-')[:100] or 'unnamed'}"
    taken[stem] = taken.get(stem, 0) + 1
    return stem if taken[stem] == 1 else f"{stem}-{taken[stem]}"


def _file(spec: SloSpec, stem: str, rules: RulesSpec, like_sloth: bool, version: str) -> RuleFile:
    planned = plan(spec, like_sloth=like_sloth)
    groups = sloth_groups(planned, rules, version) if like_sloth else _groups(planned, stem, rules)
    test = proof(planned, _named(planned, like_sloth), f"../{stem}.yaml")
    return RuleFile(stem, groups_document(groups), test, slow=True)


def _groups(planned: Plan, stem: str, rules: RulesSpec) -> tuple[RuleGroup, ...]:
    objective = record(planned, OBJECTIVE, f"vector({number(planned.spec.objective_ratio)})")
    first: tuple[RecordingRule, ...] = (objective, *window_records(planned))
    return (
        RuleGroup(stem, (*first, *slo_alerts(planned, rules)), INTERVAL),
        RuleGroup(f"{stem}-period", period_records(planned), PERIOD_INTERVAL),
    )


def _named(planned: Plan, like_sloth: bool) -> Named:
    possible = [
        severity
        for severity in SEVERITIES
        if planned.spec.alerts.of(severity).enabled and any(pair.severity == severity for pair in planned.pairs)
    ]
    if like_sloth:
        return Named({one: sloth_name(planned, one) for one in possible}, "sloth_severity", like_sloth=True)
    gone = gone_name(planned) if planned.spec.alerts.gone.enabled else ""
    return Named({one: burn_name(planned, one) for one in possible}, "aiops_severity", gone)
