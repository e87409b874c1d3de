"""Metrics of OpenSLO as indicators, for v1 and v1alpha.

Enters queries with what OpenSLO says of them. Leaves an indicator. A counter is a bare selector, or its sum, so that
its range can be added; a query with `[{{.window}}]` is taken as it is; what is neither cannot be put over a window.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Protocol

from aiops_daemon.config.faults import Path
from aiops_daemon.config.fields import Flag, choice
from aiops_daemon.config.sloformats.common import Camel, Document, literally
from aiops_daemon.config.texts import Expression, Text
from aiops_daemon.core.model.selector import parse_selector
from aiops_daemon.core.model.sli import WINDOW, Comparison, EventsSli, RatioSli, RawSli, Sli, ThresholdSli
from aiops_daemon.core.rules.slo.shape import as_events, clean

_BY = r"(?:by\s*\(([\w\s,]*)\)\s*)?"
_SUM = re.compile(rf"\s*sum\s*{_BY}\((.*?)\)\s*{_BY}", re.DOTALL)  # the shortest, so that `by` may follow
_Prometheus = literally("Prometheus", "prometheus", otherwise="only Prometheus is asked here", remedy="remove it")


class Query(Camel):
    """What is asked of Prometheus."""

    query: Expression


class Source(Camel):
    """Where and what to ask."""

    metric_source_ref: Text | None = None
    type: Annotated[str, _Prometheus] | None = None
    spec: Query


class Metric(Camel):
    """One metric."""

    metric_source: Source


class Ratio(Camel):
    """A ratio of two numbers of events, or a ready one."""

    counter: Flag = False
    good: Metric | None = None
    bad: Metric | None = None
    total: Metric | None = None
    raw: Metric | None = None
    raw_type: Annotated[str, choice("success", "failure")] | None = None


class Compared(Protocol):
    """An objective's comparison."""

    op: str | None
    value: float | None


def sli_of_ratio(
    document: Document, path: Path, ratio: Ratio, sources: Mapping[str, Any]
) -> tuple[Sli, tuple[str, ...]] | None:
    """Return the indicator of a ratio and its grouping."""
    at = (*path, "ratioMetric") if path[-1] == "spec" else path
    for metric in (ratio.good, ratio.bad, ratio.total, ratio.raw):
        if metric is not None:
            _known(document, at, metric, sources)
    if ratio.raw is not None:
        return _raw(document, at, ratio, ratio.raw)
    if ratio.total is None or (ratio.good is None) == (ratio.bad is None):
        document.fault(at, "needs total and exactly one of good and bad, or raw", "choose one")
        return None
    side = ratio.bad or ratio.good
    return events_of(
        document, at, ratio.total.metric_source.spec.query, side.metric_source.spec.query if side else "",
        bad=ratio.bad is not None, counter=ratio.counter,
    )  # fmt: skip


def events_of(
    document: Document, path: Path, total: str, side: str, *, bad: bool, counter: bool
) -> tuple[Sli, tuple[str, ...]] | None:
    """Return the indicator of two queries."""
    if all(WINDOW in clean(text) for text in (total, side)):
        ratio = RatioSli(clean(total), bad=clean(side)) if bad else RatioSli(clean(total), good=clean(side))
        return as_events(ratio) or (ratio, ())
    if not counter:
        message = "numbers that are no counters cannot be put over a window"
        document.fault(path, message, "write counter: true and bare selectors, or [{{.window}}] as the range")
        return None
    whole, part = _counter(total), _counter(side)
    if whole is None or part is None or whole[1] != part[1]:
        message = "a counter must be a bare selector or its sum, with one grouping on both sides"
        document.fault(path, message, 'write name{label="value"}, or [{{.window}}] as the range')
        return None
    events = EventsSli(whole[0], bad=part[0]) if bad else EventsSli(whole[0], good=part[0])
    return events, whole[1]


def sli_of_threshold(
    document: Document, paths: tuple[Path, Path], metric: Metric, objective: Compared, sources: Mapping[str, Any]
) -> tuple[Sli, tuple[str, ...]] | None:
    """Return the indicator of a value; `paths` are those of the objective and of the indicator."""
    _known(document, paths[1], metric, sources)
    return threshold_of(document, paths[0], metric.metric_source.spec.query, objective)


def threshold_of(document: Document, path: Path, query: str, objective: Compared) -> tuple[Sli, tuple[str, ...]] | None:
    """Return the indicator of a query that is compared with a value."""
    if objective.op is None or objective.value is None:
        document.fault(path, "a thresholdMetric needs op and value", "add them")
        return None
    if WINDOW in clean(query):
        document.fault(path, "a thresholdMetric is an instant value", "write the range out: [5m]")
        return None
    return ThresholdSli(clean(query), Comparison(objective.op), objective.value), ()


def _raw(document: Document, path: Path, ratio: Ratio, raw: Metric) -> tuple[Sli, tuple[str, ...]] | None:
    if ratio.raw_type is None or ratio.good or ratio.bad or ratio.total:
        document.fault(path, "raw needs rawType, and neither good, bad nor total", "choose one")
        return None
    query = clean(raw.metric_source.spec.query)
    if WINDOW not in query:
        try:
            parse_selector(query)
        except ValueError:
            document.fault(path, "raw must be a bare selector of a gauge", "or write [{{.window}}] as its range")
            return None
    return (RawSli(good=query) if ratio.raw_type == "success" else RawSli(bad=query)), ()


def _counter(query: str) -> tuple[str, tuple[str, ...]] | None:
    """Take the sum off a counter; None where it is more."""
    found = _SUM.fullmatch(clean(query))
    if found and found[1] is not None and found[3] is not None:
        return None
    inner = found[2] if found else clean(query)
    names = ((found[1] or found[3] or "") if found else "").split(",")
    try:
        return str(parse_selector(inner)), tuple(sorted(name.strip() for name in names if name.strip()))
    except ValueError:
        return None


def _known(document: Document, path: Path, metric: Metric, sources: Mapping[str, Any]) -> None:
    source = metric.metric_source
    if source.type is None and source.metric_source_ref not in sources:
        document.fault(path, "has no type, and no DataSource of this name was read", "write type: Prometheus")
