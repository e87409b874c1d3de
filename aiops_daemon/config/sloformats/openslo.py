"""OpenSLO v1: objects that refer to each other, over all documents that are read together.

Enters documents. Leaves an SLO for each objective of each object of kind SLO. Indicators, alert policies, conditions,
targets and data sources may be inline or named. Only Prometheus is a data source here, composites are not built, and a
condition has one window, so its short one is a twelfth of it, as the SRE workbook has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aiops_daemon.config.build_slos import share
from aiops_daemon.config.faults import Path, did_you_mean
from aiops_daemon.config.sloformats.common import Document, legacy_labels
from aiops_daemon.config.sloformats.openslo_metrics import sli_of_ratio, sli_of_threshold
from aiops_daemon.config.sloformats.openslo_objects import (
    KINDS,
    METHODS,
    MODELS,
    SEVERITIES,
    CalendarSpec,
    Condition,
    ConditionObject,
    ConditionSpec,
    Object,
    Objective,
    PolicyObject,
    PolicySpec,
    SliObject,
    SliSpec,
    SloObject,
    Target,
    TimeWindow,
    seconds_of,
)
from aiops_daemon.core.model.durations import DAY, HOUR
from aiops_daemon.core.model.labels import Labels, make
from aiops_daemon.core.model.sli import Sli
from aiops_daemon.core.model.slo import (
    PAGE,
    TICKET,
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

API_VERSION = "openslo/v1"

_CALENDAR = {
    "1d": CalendarUnit.DAY, "1w": CalendarUnit.WEEK, "7d": CalendarUnit.WEEK, "1M": CalendarUnit.MONTH,
    "1Q": CalendarUnit.QUARTER, "3M": CalendarUnit.QUARTER, "1Y": CalendarUnit.YEAR, "12M": CalendarUnit.YEAR,
}  # fmt: skip
_SHORTEST = 300.0  # seconds of a short window


@dataclass(slots=True)
class _World:
    """Every named object that was read."""

    objects: dict[str, dict[str, Object]]

    def add(self, document: Document, found: Object) -> None:
        """Keep an object; a fault where there is one of this name, for which of them is referred to?"""
        known = self.objects[found.kind]
        if found.kind != "SLO" and found.metadata.name in known:  # names of SLOs are compared over all formats
            words = f"there is {found.kind} {found.metadata.name!r} already"
            document.fault(("metadata", "name"), words, "choose another name")
        known.setdefault(found.metadata.name, found)

    def find(self, document: Document, path: Path, kind: str, name: str) -> Object | None:
        """Return an object that is referred to; a fault where there is none."""
        found = self.objects[kind].get(name)
        if found is None:
            known = did_you_mean(name, self.objects[kind])
            document.fault(path, f"no {kind} of this name was read", known or "give its file too")
        return found


def import_openslo(documents: list[Document]) -> None:
    """Read all documents of OpenSLO v1 together."""
    world = _World({kind: {} for kind in KINDS})
    read: list[tuple[Document, SloObject]] = []
    for document in documents:
        model = MODELS.get(document.text("kind"))
        if model is None:
            document.fault(("kind",), f"must be one of {', '.join(KINDS)}", did_you_mean(document.text("kind"), KINDS))
            continue
        found = document.read(model)
        if found is not None:
            world.add(document, found)
        if isinstance(found, SloObject):
            read.append((document, found))
    for document, slo in read:
        _Reader(document, world, slo).read()


class _Reader:
    """Reads one object of kind SLO."""

    def __init__(self, document: Document, world: _World, slo: SloObject) -> None:
        self._document, self._world, self._slo = document, world, slo

    def read(self) -> None:
        """Add an SLO for each objective; none where a fault was found."""
        before = len(self._document.faults)
        spec = self._slo.spec
        window = self._window(spec.time_window[0])
        alerts, pairs = self._alerts()
        indicator = self._indicator()
        made = [
            self._one(index, objective, indicator, window)
            for index, objective in enumerate(spec.objectives)
            if indicator is not None and window is not None
        ]
        if len(self._document.faults) > before:
            return
        burn = BurnWindows("set by the user", pairs, chosen=True) if pairs else WORKBOOK
        for index, slo in enumerate(made):
            if slo is not None:
                self._document.add(("spec", "objectives", index), replace(slo, alerts=alerts, burn=burn))

    def _one(self, index: int, objective: Objective, indicator: SliSpec, window: Window) -> SloSpec | None:
        path: Path = ("spec", "objectives", index)
        ratio, budget = self._ratio(path, objective), self._budget(path, objective)
        found = self._sli(path, objective, indicator)
        if ratio is None or budget is None or found is None:
            return None
        metadata, spec = self._slo.metadata, self._slo.spec
        service = {"service": spec.service} if spec.service else {}
        said = (metadata.display_name or "", objective.display_name or "", spec.description.strip())
        return SloSpec(
            name=metadata.name if len(spec.objectives) == 1 else f"{metadata.name}-{index + 1}",
            sli=found[0],
            objective_ratio=ratio,
            window=window,
            labels=make({**dict(legacy_labels(metadata.labels)), **service}),
            service_implied=True,
            grouping=found[1],
            budget=budget,
            description=". ".join(text for text in said if text),
        )

    def _ratio(self, path: Path, objective: Objective) -> float | None:
        if (objective.target is None) == (objective.target_percent is None):
            self._document.fault(path, "exactly one of target and targetPercent is required", "choose one")
            return None
        return share(objective.target_percent) if objective.target_percent is not None else objective.target

    def _budget(self, path: Path, objective: Objective) -> BudgetSpec | None:
        method = METHODS[self._slo.spec.budgeting_method]
        target, window = objective.time_slice_target, objective.time_slice_window
        if method is Budgeting.OCCURRENCES:
            if target is not None or window is not None:
                self._document.fault(path, "Occurrences have no time slices", "remove timeSliceTarget, timeSliceWindow")
            return BudgetSpec()
        if window is None or (target is None and method is Budgeting.TIME_SLICES):
            self._document.fault(path, "time slices need timeSliceTarget and timeSliceWindow", "add them")
            return None
        seconds = seconds_of(window) if isinstance(window, str) else window * 60
        if not 60.0 <= seconds <= DAY:
            self._document.fault((*path, "timeSliceWindow"), "must be 1m to 1d")
        return BudgetSpec(method, seconds, target if method is Budgeting.TIME_SLICES else None)

    def _sli(self, path: Path, objective: Objective, indicator: SliSpec) -> tuple[Sli, tuple[str, ...]] | None:
        at: Path = ("spec", "indicator", "spec") if self._slo.spec.indicator is not None else ("spec", "indicatorRef")
        sources = self._world.objects["DataSource"]
        if indicator.threshold_metric is not None:
            return sli_of_threshold(self._document, (path, at), indicator.threshold_metric, objective, sources)
        if objective.op is not None or objective.value is not None:
            self._document.fault(path, "op and value belong to a thresholdMetric", "remove them")
        return sli_of_ratio(self._document, at, indicator.ratio_metric, sources) if indicator.ratio_metric else None

    def _indicator(self) -> SliSpec | None:
        spec = self._slo.spec
        if (spec.indicator is None) == (spec.indicator_ref is None):
            self._document.fault(("spec",), "exactly one of indicator and indicatorRef is required", "choose one")
            return None
        if spec.indicator_ref is not None:
            found = self._world.find(self._document, ("spec", "indicatorRef"), "SLI", spec.indicator_ref)
            chosen = found.spec if isinstance(found, SliObject) else None
        else:
            chosen = spec.indicator.spec if spec.indicator is not None else None
        if chosen is not None and (chosen.threshold_metric is None) == (chosen.ratio_metric is None):
            path: Path = ("spec", "indicator")
            self._document.fault(path, "exactly one of thresholdMetric and ratioMetric is required", "choose one")
            return None
        return chosen

    def _window(self, window: TimeWindow) -> Window | None:
        path: Path = ("spec", "timeWindow", 0)
        if window.calendar is None:
            if not window.is_rolling:
                self._document.fault(path, "is neither rolling nor has a calendar", "write isRolling: true")
            seconds = seconds_of(window.duration)
            if not HOUR <= seconds <= 400 * DAY:
                self._document.fault((*path, "duration"), "must be 1h to 400d")
            return Rolling(seconds)
        if window.is_rolling:
            self._document.fault(path, "cannot be rolling and have a calendar", "choose one")
        return calendar_window(self._document, path, window.duration, window.calendar)

    def _alerts(self) -> tuple[SloAlerts, tuple[BurnPair, ...]]:
        """Return the alerts that the policies ask for, and their windows; without policies, ours."""
        policies = list(self._policies())
        if not self._slo.spec.alert_policies:
            return self._annotated(SloAlerts()), ()
        pairs: list[BurnPair] = []
        told: dict[str, list[str]] = {PAGE: [], TICKET: []}
        for path, policy in policies:
            condition = self._condition((*path, "conditions", 0), policy.conditions[0])
            if condition is None or not policy.alert_when_breaching:
                continue
            severity = SEVERITIES[condition.severity]
            long = seconds_of(condition.condition.lookback_window)
            pairs.append(BurnPair(severity, long, max(_SHORTEST, long / 12), factor=condition.condition.threshold))
            told[severity] += self._targets((*path, "notificationTargets"), policy)
        gone = SloAlert(any(policy.alert_when_no_data for _, policy in policies))
        page, ticket = (
            SloAlert(any(pair.severity == severity for pair in pairs), labels=_told(told[severity]))
            for severity in (PAGE, TICKET)
        )
        return self._annotated(SloAlerts(page, ticket, gone)), tuple(pairs)

    def _annotated(self, alerts: SloAlerts) -> SloAlerts:
        told = legacy_labels(self._slo.metadata.annotations)
        return SloAlerts(*(replace(one, annotations=told) for one in (alerts.page, alerts.ticket, alerts.gone)))

    def _policies(self) -> Iterator[tuple[Path, PolicySpec]]:
        for index, policy in enumerate(self._slo.spec.alert_policies):
            path: Path = ("spec", "alertPolicies", index)
            if policy.alert_policy_ref is not None:
                found = self._world.find(self._document, path, "AlertPolicy", policy.alert_policy_ref)
                if isinstance(found, PolicyObject):
                    yield path, found.spec
            elif policy.spec is not None:
                yield (*path, "spec"), policy.spec
            else:
                self._document.fault(path, "one of alertPolicyRef and spec is required", "add one")

    def _condition(self, path: Path, condition: Condition) -> ConditionSpec | None:
        if condition.condition_ref is not None:
            found = self._world.find(self._document, path, "AlertCondition", condition.condition_ref)
            return found.spec if isinstance(found, ConditionObject) else None
        if condition.spec is None:
            self._document.fault(path, "one of conditionRef and spec is required", "add one")
        return condition.spec

    def _targets(self, path: Path, policy: PolicySpec) -> Iterator[str]:
        for index, target in enumerate(policy.notification_targets):
            name = self._target((*path, index), target)
            if name:
                yield name

    def _target(self, path: Path, target: Target) -> str:
        if target.target_ref is not None:
            found = self._world.find(self._document, path, "AlertNotificationTarget", target.target_ref)
            return found.metadata.name if found is not None else ""
        return target.metadata.name if target.metadata is not None else ""


def _told(targets: Sequence[str]) -> Labels:
    """Return the label that names whom all policies of a severity tell, each once."""
    return make({"notification_target": ",".join(dict.fromkeys(targets))} if targets else {})


def calendar_window(document: Document, path: Path, duration: str, calendar: CalendarSpec) -> Window | None:
    """Return a calendar window; a fault where it begins elsewhere than a day, week, month, quarter or year does."""
    unit = _CALENDAR.get(duration)
    if unit is None:
        document.fault((*path, "duration"), "is no calendar window here", f"write one of {', '.join(_CALENDAR)}")
        return None
    if not _begins(unit, calendar.start_time):
        message = f"is no moment at which a {unit.value} begins"
        document.fault((*path, "calendar", "startTime"), message, "write 2026-01-01 00:00:00; of weeks a Monday")
    return Calendar(unit, calendar.time_zone)


def _begins(unit: CalendarUnit, text: str) -> bool:
    try:
        start = datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  the format is without zone
    except ValueError:
        return False
    if (start.hour, start.minute, start.second) != (0, 0, 0):
        return False
    return {
        CalendarUnit.DAY: True,
        CalendarUnit.WEEK: start.weekday() == 0,
        CalendarUnit.MONTH: start.day == 1,
        CalendarUnit.QUARTER: start.day == 1 and start.month % 3 == 1,
        CalendarUnit.YEAR: start.day == 1 and start.month == 1,
    }[unit]
