"""OpenSLO v1alpha: one object holds all, and metrics stand in the objectives.

Enters a document. Leaves an SLO for each objective. Only what v1 also has is taken: Prometheus, one time window.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from aiops_daemon.config.faults import Path
from aiops_daemon.config.fields import CountIn, Flag, Real, choice
from aiops_daemon.config.sloformats.common import Camel, Document, literally
from aiops_daemon.config.sloformats.openslo import calendar_window
from aiops_daemon.config.sloformats.openslo_metrics import events_of, threshold_of
from aiops_daemon.config.sloformats.openslo_objects import CalendarSpec, seconds_of
from aiops_daemon.config.texts import Expression, Name, Text
from aiops_daemon.core.model.durations import DAY, HOUR
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.sli import Sli
from aiops_daemon.core.model.slo import Budgeting, BudgetSpec, Rolling, SloSpec, Window

API_VERSION = "openslo/v1alpha"
_UNITS = {"Minute": "m", "Hour": "h", "Day": "d", "Week": "w", "Month": "M", "Quarter": "Q", "Year": "Y"}


class _Metadata(Camel):
    name: Name
    display_name: Text | None = None


class _Metric(Camel):
    source: Annotated[
        str, literally("prometheus", "Prometheus", otherwise="only Prometheus is asked here", remedy="remove it")
    ]
    query_type: Annotated[
        str, literally("promql", "PromQL", otherwise="only PromQL is understood here", remedy="write promql")
    ] = "promql"
    query: Expression


class _Ratio(Camel):
    counter: Flag = False
    incremental: Flag = False
    good: _Metric
    total: _Metric


class _Indicator(Camel):
    threshold_metric: _Metric


class _Objective(Camel):
    display_name: Text | None = None
    value: Real | None = None
    op: Annotated[str, choice("lt", "lte", "gt", "gte")] | None = None
    target: Annotated[Real, Field(gt=0, lt=1)]
    time_slice_target: Annotated[Real, Field(gt=0, le=1)] | None = None
    ratio_metrics: _Ratio | None = None


class _TimeWindow(Camel):
    unit: Annotated[str, choice(*_UNITS)]
    count: Annotated[int, CountIn(1, 10_000)]
    is_rolling: Flag | None = None  # neither said nor a calendar: rolling, as Sloth reads and writes it
    calendar: CalendarSpec | None = None


class _Spec(Camel):
    time_windows: Annotated[list[_TimeWindow], Field(min_length=1, max_length=1)]
    budgeting_method: Annotated[str, choice("Occurrences", "Timeslices")] = "Occurrences"
    description: str = ""
    indicator: _Indicator | None = None
    service: str = ""
    objectives: Annotated[list[_Objective], Field(min_length=1)]


class _Slo(Camel):
    api_version: str
    kind: str
    metadata: _Metadata
    spec: _Spec


class _ServiceSpec(Camel):
    description: str = ""


class _Service(Camel):
    api_version: str
    kind: str
    metadata: _Metadata
    spec: _ServiceSpec = _ServiceSpec()


def import_openslo_alpha(document: Document) -> None:
    """Read an object of OpenSLO v1alpha."""
    kind = document.text("kind")
    if kind == "Service":
        document.read(_Service)
        return
    if kind != "SLO":
        document.fault(("kind",), "must be one of SLO, Service")
        return
    read = document.read(_Slo)
    if read is not None:
        window = _window(document, read.spec.time_windows[0])
        for index, objective in enumerate(read.spec.objectives):
            found = _sli(document, index, read.spec, objective)
            if window is not None and found is not None and not document.faults:
                path: Path = ("spec", "objectives", index)
                document.add(path, _slo(read, index, objective, found, window))


def _slo(read: _Slo, index: int, objective: _Objective, found: tuple[Sli, tuple[str, ...]], window: Window) -> SloSpec:
    spec, metadata = read.spec, read.metadata
    said = (metadata.display_name or "", objective.display_name or "", spec.description.strip())
    slices = spec.budgeting_method == "Timeslices"
    return SloSpec(
        name=metadata.name if len(spec.objectives) == 1 else f"{metadata.name}-{index + 1}",
        sli=found[0],
        objective_ratio=objective.target,
        window=window,
        labels=make({"service": spec.service}),
        service_implied=True,
        grouping=found[1],
        budget=BudgetSpec(Budgeting.TIME_SLICES, 60.0, objective.time_slice_target) if slices else BudgetSpec(),
        description=". ".join(text for text in said if text),
    )


def _sli(document: Document, index: int, spec: _Spec, objective: _Objective) -> tuple[Sli, tuple[str, ...]] | None:
    path = ("spec", "objectives", index)
    slices = spec.budgeting_method == "Timeslices"
    if slices != (objective.time_slice_target is not None):
        document.fault(path, "timeSliceTarget goes with Timeslices, and only with them", "add or remove it")
    if (spec.indicator is None) == (objective.ratio_metrics is None):
        document.fault(path, "needs exactly one of ratioMetrics and the indicator's thresholdMetric", "choose one")
        return None
    if objective.ratio_metrics is not None:
        ratio = objective.ratio_metrics
        counter = ratio.counter or ratio.incremental
        at = (*path, "ratioMetrics")
        if objective.op is not None:
            document.fault((*path, "op"), "belongs to a thresholdMetric", "remove it")
        return events_of(document, at, ratio.total.query, ratio.good.query, bad=False, counter=counter)
    query = spec.indicator.threshold_metric.query if spec.indicator is not None else ""
    return threshold_of(document, path, query, objective)


def _window(document: Document, window: _TimeWindow) -> Window | None:
    path = ("spec", "timeWindows", 0)
    duration = f"{window.count}{_UNITS[window.unit]}"
    if window.calendar is not None and not window.is_rolling:
        return calendar_window(document, path, duration, window.calendar)
    if window.is_rolling is False or window.calendar is not None:
        document.fault(path, "must be rolling or have a calendar", "write isRolling: true")
    if not HOUR <= seconds_of(duration) <= 400 * DAY:
        document.fault(path, "must be 1h to 400d")
    return Rolling(seconds_of(duration))
