"""The objects of OpenSLO v1 as models, field by field as its specification has them.

Enters documents as values; leaves models, or what is wrong with them. What a field can say and we cannot follow is
refused here; what refers to another object is resolved in openslo.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from aiops_daemon.config.fields import Flag, Real, choice, refusal
from aiops_daemon.config.sloformats.common import Camel, Metadata, literally, refused
from aiops_daemon.config.sloformats.openslo_metrics import Metric, Ratio
from aiops_daemon.config.texts import Text, TimeZone
from aiops_daemon.core.model.durations import DAY, HOUR, WEEK
from aiops_daemon.core.model.slo import PAGE, TICKET, Budgeting

KINDS = ("SLO", "SLI", "AlertPolicy", "AlertCondition", "AlertNotificationTarget", "Service", "DataSource")
METHODS = {
    "Occurrences": Budgeting.OCCURRENCES,
    "Timeslices": Budgeting.TIME_SLICES,
    "RatioTimeslices": Budgeting.RATIO_TIME_SLICES,
}
SEVERITIES = {PAGE: PAGE, "critical": PAGE, "sev1": PAGE, "p1": PAGE, TICKET: TICKET, "warning": TICKET}
_UNITS = {"m": 60.0, "h": HOUR, "d": DAY, "w": WEEK, "M": 30 * DAY, "Q": 90 * DAY, "Y": 365 * DAY}
_DURATION = re.compile(r"([1-9][0-9]{0,5})([mhdwMQY])")


def _duration(value: str) -> str:
    if not _DURATION.fullmatch(value):
        raise refusal("is no duration of OpenSLO", "write a number and m, h, d, w, M, Q or Y: 28d")
    return value


def seconds_of(text: str) -> float:
    """Return the length of a duration; a month has 30 days, a quarter 90 and a year 365."""
    found = _DURATION.fullmatch(text)
    return int(found[1]) * _UNITS[found[2]] if found else 0.0


Shorthand = Annotated[str, AfterValidator(_duration)]
_Composite = refused("composite SLOs are not built", "write an SLO for each indicator")


class NamedMetadata(Metadata):
    display_name: Text | None = None


class CalendarSpec(Camel):
    start_time: Text
    time_zone: TimeZone


class TimeWindow(Camel):
    duration: Shorthand
    is_rolling: Flag = False
    calendar: CalendarSpec | None = None


class Objective(Camel):
    display_name: Text | None = None
    op: Annotated[str, choice("lt", "lte", "gt", "gte")] | None = None
    value: Real | None = None
    target: Annotated[Real, Field(gt=0, lt=1)] | None = None
    target_percent: Annotated[Real, Field(gt=0, lt=100)] | None = None
    time_slice_target: Annotated[Real, Field(gt=0, le=1)] | None = None
    time_slice_window: Shorthand | Annotated[Real, Field(gt=0)] | None = None
    composite_weight: Annotated[Any, _Composite] | None = None
    indicator: Annotated[Any, _Composite] | None = None
    indicator_ref: Annotated[Any, _Composite] | None = None


class SliSpec(Camel):
    description: str = ""
    threshold_metric: Metric | None = None
    ratio_metric: Ratio | None = None


class Indicator(Camel):
    metadata: NamedMetadata | None = None
    spec: SliSpec


class Burnrate(Camel):
    kind: Annotated[str, choice("burnrate")] = "burnrate"
    op: Annotated[str, literally("gt", "gte", otherwise="a burn rate fires above", remedy="write gt")] = "gt"
    threshold: Annotated[Real, Field(gt=0)]
    lookback_window: Shorthand
    alert_after: Annotated[
        str, literally("0m", otherwise="the windows say when, so there is no `for`", remedy="write 0m")
    ] = "0m"


class ConditionSpec(Camel):
    description: str = ""
    severity: Annotated[str, choice(*SEVERITIES)]
    condition: Burnrate


class Condition(Camel):
    kind: Annotated[str, choice("AlertCondition")] = "AlertCondition"
    metadata: NamedMetadata | None = None
    spec: ConditionSpec | None = None
    condition_ref: Text | None = None


class TargetSpec(Camel):
    target: Text
    description: str = ""


class Target(Camel):
    kind: Annotated[str, choice("AlertNotificationTarget")] = "AlertNotificationTarget"
    metadata: NamedMetadata | None = None
    spec: TargetSpec | None = None
    target_ref: Text | None = None


_Silent = literally(False, otherwise="Alertmanager's send_resolved says so", remedy="set it there, and false here")


class PolicySpec(Camel):
    description: str = ""
    alert_when_no_data: Flag = False
    alert_when_resolved: Annotated[bool, _Silent] = False
    alert_when_breaching: Flag = True
    conditions: Annotated[list[Condition], Field(min_length=1, max_length=1)]
    notification_targets: list[Target] = Field(default=[])


class Policy(Camel):
    kind: Annotated[str, choice("AlertPolicy")] = "AlertPolicy"
    metadata: NamedMetadata | None = None
    spec: PolicySpec | None = None
    alert_policy_ref: Text | None = None


class SloSpecification(Camel):
    description: str = ""
    service: str = ""
    indicator: Indicator | None = None
    indicator_ref: Text | None = None
    time_window: Annotated[list[TimeWindow], Field(min_length=1, max_length=1)]
    budgeting_method: Annotated[str, choice(*METHODS)]
    objectives: Annotated[list[Objective], Field(min_length=1)]
    alert_policies: list[Policy] = Field(default=[])


class Object(Camel):
    api_version: str
    kind: str
    metadata: NamedMetadata


class SloObject(Object):
    spec: SloSpecification


class SliObject(Object):
    spec: SliSpec


class PolicyObject(Object):
    spec: PolicySpec


class ConditionObject(Object):
    spec: ConditionSpec


class TargetObject(Object):
    spec: TargetSpec


class ServiceSpec(Camel):
    description: str = ""


class ServiceObject(Object):
    spec: ServiceSpec = ServiceSpec()


class SourceSpec(Camel):
    description: str = ""
    type: Annotated[
        str, literally("Prometheus", "prometheus", otherwise="only Prometheus is asked here", remedy="remove it")
    ]
    connection_details: Any = None  # rules are loaded where the data is, so nothing is connected to


class SourceObject(Object):
    spec: SourceSpec


MODELS: Mapping[str, type[Object]] = {
    "SLO": SloObject,
    "SLI": SliObject,
    "AlertPolicy": PolicyObject,
    "AlertCondition": ConditionObject,
    "AlertNotificationTarget": TargetObject,
    "Service": ServiceObject,
    "DataSource": SourceObject,
}
