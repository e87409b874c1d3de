"""Sloth's `prometheus/v1` and its Kubernetes object PrometheusServiceLevel.

Enters a document. Leaves an SLO for each of its, called `<service>-<name>` as Sloth's ids are, over 30 days. Queries of
the usual shape become selectors; others are taken as they are. Go plugins are refused, for they cannot run here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeAlias

from pydantic import Field

from aiops_daemon.config.build_slos import WINDOW, share
from aiops_daemon.config.faults import Path
from aiops_daemon.config.fields import Flag, Section
from aiops_daemon.config.sloformats.common import Camel, Document, Given, Metadata, Percent, refused
from aiops_daemon.config.texts import LabelName, Name, Text, Windowed
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.sli import RatioSli, RawSli, Sli
from aiops_daemon.core.model.slo import Rolling, SloAlert, SloAlerts, SloSpec
from aiops_daemon.core.rules.slo.shape import as_events

VERSION = "prometheus/v1"
API_VERSION, KIND = "sloth.slok.dev/v1", "PrometheusServiceLevel"

_Texts: TypeAlias = dict[LabelName, Text]
_NoPlugin = Annotated[Any, refused("plugins are Go code, which cannot run here", "write the query out as `events`")]
_NoChain = Annotated[Any, refused("plugins are Go code, which cannot run here", "remove it; see docs/slos.md")]


class _Alert(Section):
    disable: Flag = False
    labels: _Texts = Field(default={})
    annotations: _Texts = Field(default={})


class _Alerting(Section):
    name: Text | None = None
    labels: _Texts = Field(default={})
    annotations: _Texts = Field(default={})
    page: _Alert = Field(alias="page_alert", default=_Alert())
    ticket: _Alert = Field(alias="ticket_alert", default=_Alert())


class _Events(Section):
    error: Windowed = Field(alias="error_query")
    total: Windowed = Field(alias="total_query")


class _Raw(Section):
    error: Windowed = Field(alias="error_ratio_query")


class _Sli(Section):
    events: _Events | None = None
    raw: _Raw | None = None
    plugin: _NoPlugin | None = None


class _Slo(Section):
    name: Name
    description: str = ""
    objective: Percent
    labels: _Texts = Field(default={})
    sli: _Sli
    alerting: _Alerting = _Alerting()
    plugins: _NoChain | None = None


class Spec(Section):
    """A file of `prometheus/v1`."""

    version: str
    service: Name
    labels: _Texts = Field(default={})
    slo_plugins: _NoChain | None = None
    slos: Annotated[list[_Slo], Field(min_length=1)]


class _CrdAlerting(_Alerting):
    page: _Alert = Field(alias="pageAlert", default=_Alert())
    ticket: _Alert = Field(alias="ticketAlert", default=_Alert())


class _CrdEvents(_Events):
    error: Windowed = Field(alias="errorQuery")
    total: Windowed = Field(alias="totalQuery")


class _CrdRaw(_Raw):
    error: Windowed = Field(alias="errorRatioQuery")


class _CrdSli(_Sli):
    events: _CrdEvents | None = None
    raw: _CrdRaw | None = None


class _CrdSlo(_Slo):
    sli: _CrdSli
    alerting: _CrdAlerting = _CrdAlerting()


class _CrdSpec(Camel):
    service: Name
    labels: _Texts = Field(default={})
    slo_plugins: _NoChain | None = None
    slos: Annotated[list[_CrdSlo], Field(min_length=1)]


class ServiceLevel(Camel):
    """The Kubernetes object."""

    api_version: str
    kind: str
    metadata: Metadata
    spec: _CrdSpec
    status: Given = None


def import_sloth(document: Document) -> None:
    """Read a file of Sloth."""
    read = document.read(Spec)
    if read is not None:
        _take(document, (), read.service, read.labels, read.slos)


def import_sloth_crd(document: Document) -> None:
    """Read a Kubernetes object of Sloth."""
    read = document.read(ServiceLevel)
    if read is not None:
        _take(document, ("spec",), read.spec.service, read.spec.labels, read.spec.slos)


def _take(
    document: Document, path: tuple[str, ...], service: str, labels: Mapping[str, str], slos: Sequence[_Slo]
) -> None:
    for index, slo in enumerate(slos):
        if (slo.sli.events is None) == (slo.sli.raw is None):
            document.fault((*path, "slos", index, "sli"), "exactly one of events, raw is required", "choose one")
            continue
        top: Path = (*path, "labels")
        own: Path = (*path, "slos", index, "labels")
        for place, given in ((top, labels if index == 0 else {}), (own, slo.labels)):
            if given.get("service", service) != service:
                words = f"the service of this file is {service!r}"
                document.fault((*place, "service"), words, "remove it, or correct one")
        document.add((*path, "slos", index), _slo(service, labels, slo))


def _slo(service: str, labels: Mapping[str, str], slo: _Slo) -> SloSpec:
    sli, grouping = _sli(slo.sli)
    alerting = slo.alerting
    implied = "sloth_service" if "service" in grouping else "service"
    return SloSpec(
        name=f"{service}-{slo.name}",
        sli=sli,
        objective_ratio=share(slo.objective),
        window=Rolling(WINDOW),
        labels=make({**labels, **slo.labels, implied: service}),
        grouping=grouping,
        alerts=SloAlerts(_alert(alerting, alerting.page), _alert(alerting, alerting.ticket)),
        description=slo.description.strip(),
        service_implied="service" not in {**labels, **slo.labels},
    )


def _sli(sli: _Sli) -> tuple[Sli, tuple[str, ...]]:
    if sli.events is None:
        return RawSli(bad=sli.raw.error if sli.raw is not None else ""), ()
    ratio = RatioSli(sli.events.total, bad=sli.events.error)
    return as_events(ratio) or (ratio, ())


def _alert(alerting: _Alerting, own: _Alert) -> SloAlert:
    labels, annotations = {**alerting.labels, **own.labels}, {**alerting.annotations, **own.annotations}
    return SloAlert(not own.disable, alerting.name or "", make(labels), make(annotations), templated=True)
