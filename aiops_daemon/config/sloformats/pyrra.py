"""Pyrra's Kubernetes object ServiceLevelObjective.

Enters a document. Leaves one SLO. Labels and annotations under `pyrra.dev/` go to rules and alerts, as there. Windows
are the workbook's, not Pyrra's four tiers of 14, 7, 2 and 1, so severities by tier are refused.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from aiops_daemon.config.build_slos import share
from aiops_daemon.config.fields import DurationIn, Flag, Section, refusal, unique
from aiops_daemon.config.sloformats.common import Camel, Document, Given, Metadata, legacy_labels, literally, refused
from aiops_daemon.config.texts import LabelName, Selector, Text
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.selector import parse_selector
from aiops_daemon.core.model.sli import BoolGaugeSli, EventsSli, LatencySli, NativeLatencySli, Sli
from aiops_daemon.core.model.slo import Rolling, SloAlert, SloAlerts, SloSpec
from aiops_daemon.core.promql.lexer import PromqlError
from aiops_daemon.core.promql.parser import parse
from aiops_daemon.core.promql.tree import Selector as Moved

API_VERSION, KIND = "pyrra.dev/v1alpha1", "ServiceLevelObjective"
_PREFIX = "pyrra.dev/"
_KINDS = {"ratio": "ratio", "latency": "latency", "latencyNative": "latency_native", "bool_gauge": "bool_gauge"}


def _target(value: str) -> str:
    try:
        percent = float(value)
    except ValueError:
        raise refusal("is no percentage", 'write "99.9"') from None
    if not 0 < percent < 100:
        raise refusal("must be above 0 and below 100", "an objective of 100 % leaves no error budget")
    return value


def _unmoved(value: Any) -> Any:
    """Refuse another moment: Pyrra reads name and matchers alone, so its rules ask about now whatever stands there."""
    try:
        found = parse(value) if isinstance(value, str) else None
    except PromqlError:
        return value  # what is no selector is told by the field itself
    if isinstance(found, Moved) and (found.offset, found.anchor) != (None, None):
        word = "offset" if found.offset is not None else "@"
        raise refusal(f"has `{word}`, which Pyrra drops in silence", "remove it, and the rules ask what Pyrra's ask")
    return value


_Metric = Annotated[Selector, BeforeValidator(_unmoved)]
_Grouping = Annotated[list[LabelName], AfterValidator(unique)]
_Static = literally("static", otherwise="thresholds that follow traffic are not built", remedy="remove it")
_Abort = literally("abort", "", otherwise="belongs to Thanos, whose groups are not written", remedy="remove it")


class _Query(Section):
    metric: _Metric


class _Ratio(Section):
    errors: _Query
    total: _Query
    grouping: _Grouping = Field(default=[])


class _Latency(Section):
    success: _Query
    total: _Query
    grouping: _Grouping = Field(default=[])


class _NativeLatency(Section):
    total: _Query
    latency: Annotated[float, DurationIn("1ms", "1d")]
    grouping: _Grouping = Field(default=[])


class _BoolGauge(Section):
    metric: _Metric
    grouping: _Grouping = Field(default=[])


class _Indicator(Camel):
    ratio: _Ratio | None = None
    latency: _Latency | None = None
    latency_native: _NativeLatency | None = None
    bool_gauge: _BoolGauge | None = Field(alias="bool_gauge", default=None)


class _Alerting(Camel):
    disabled: Flag | None = None
    burnrates: Flag | None = None
    absent: Flag | None = None
    name: Text | None = None
    absent_name: Text | None = None
    burn_rate_type: Annotated[str, _Static] | None = None
    severities: Annotated[Any, refused("there are two tiers here, page and ticket", "remove it")] | None = None


class _Spec(Camel):
    description: str = ""
    target: Annotated[str, AfterValidator(_target)]
    window: Annotated[float, DurationIn("1h", "400d")]
    indicator: _Indicator
    alerting: _Alerting = _Alerting()
    partial_response_strategy: Annotated[str, _Abort] | None = Field(alias="partial_response_strategy", default=None)
    performance_over_accuracy: Flag | None = None  # long windows are always chained here, and accurate
    rule_output: Annotated[Any, refused("rules are not split over servers", "remove it")] | None = None


class Objective(Camel):
    """The Kubernetes object."""

    api_version: str
    kind: str
    metadata: Metadata
    spec: _Spec
    status: Given = None


def import_pyrra(document: Document) -> None:
    """Read an object of Pyrra."""
    read = document.read(Objective)
    if read is None:
        return
    given = [kind for kind in _KINDS.values() if getattr(read.spec.indicator, kind) is not None]
    if len(given) != 1:
        document.fault(("spec", "indicator"), f"exactly one of {', '.join(_KINDS)} is required", "choose one")
        return
    found = _sli(document, read.spec.indicator)
    if found is not None:
        document.add(("spec", "indicator"), _slo(read, *found))


def _slo(read: Objective, sli: Sli, grouping: list[str]) -> SloSpec:
    spec, alerting = read.spec, read.spec.alerting
    burns = not alerting.disabled and alerting.burnrates is not False
    annotations = _propagated(read.metadata.annotations)
    burn = SloAlert(burns, alerting.name or "", annotations=annotations)
    absent = not alerting.disabled and alerting.absent is not False
    return SloSpec(
        name=read.metadata.name,
        sli=sli,
        objective_ratio=share(float(spec.target)),
        window=Rolling(spec.window),
        labels=_propagated(read.metadata.labels),
        grouping=tuple(grouping),
        alerts=SloAlerts(burn, burn, SloAlert(absent, alerting.absent_name or "", annotations=annotations)),
        description=spec.description.strip(),
    )


def _sli(document: Document, indicator: _Indicator) -> tuple[Sli, list[str]] | None:
    if indicator.ratio is not None:
        ratio = indicator.ratio
        return EventsSli(ratio.total.metric, bad=ratio.errors.metric), ratio.grouping
    if indicator.latency_native is not None:
        native = indicator.latency_native
        return NativeLatencySli(native.total.metric, native.latency), native.grouping
    if indicator.bool_gauge is not None:
        return BoolGaugeSli(indicator.bool_gauge.metric), indicator.bool_gauge.grouping
    return _latency(document, indicator.latency) if indicator.latency is not None else None


def _latency(document: Document, latency: _Latency) -> tuple[Sli, list[str]] | None:
    success = parse_selector(latency.success.metric)
    bounds = [match.value for match in success.matches if match.name == "le" and match.operator == "="]
    try:
        (bound,) = map(float, bounds)
    except ValueError:
        path = ("spec", "indicator", "latency", "success", "metric")
        document.fault(path, "needs one condition on le", 'write x_bucket{le="0.5"}')
        return None
    return LatencySli(str(success.without("le")), latency.total.metric, bound), latency.grouping


def _propagated(texts: dict[str, str]) -> Labels:
    return legacy_labels({key.removeprefix(_PREFIX): text for key, text in texts.items() if key.startswith(_PREFIX)})
