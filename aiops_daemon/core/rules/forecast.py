"""Alerts on expected breaches, one per query and threshold.

Enters: a query with horizons and thresholds. Leaves: an alert on its open breach finding. The finding names no
threshold, the breach time does: an alert needs both. Where no breach time is exported (export: none), the mildest
threshold of the query takes the alert, so that none is lost.
"""

from __future__ import annotations

from aiops_daemon.core.model import metrics
from aiops_daemon.core.model.finding import FindingKind
from aiops_daemon.core.model.quantity import speak
from aiops_daemon.core.model.query import QuerySpec, Threshold
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.rules.alert import Alert, Example, keep_firing, plots_at, poll_interval
from aiops_daemon.core.rules.anomaly import EXAMPLE_LABELS, active, listed, shown, silences, unless_stale
from aiops_daemon.core.rules.expression import selector, series
from aiops_daemon.core.rules.template import Text, if_known, prepare, where, words

NAME = "AiopsForecastBreach"
_KIND = str(FindingKind.FORECAST_BREACH)
_SEVERITIES = ("info", "warning", "critical")  # mild to severe


def forecast_alerts(settings: Settings, query: QuerySpec) -> tuple[Alert, ...]:
    """Build one alert per threshold; none for a query without forecast."""
    if not query.horizons:
        return ()
    mildest = min(query.thresholds, key=lambda threshold: _SEVERITIES.index(_severity(threshold)), default=None)
    return tuple(
        _alert(settings, query, threshold, alone=threshold is mildest)
        for threshold in {threshold.name: threshold for threshold in query.thresholds}.values()
    )


def _alert(settings: Settings, query: QuerySpec, threshold: Threshold, *, alone: bool) -> Alert:
    interval = poll_interval(settings, query.sources, query.interval)
    side = "above" if threshold.above else "below"
    return Alert(
        name=NAME,
        expr=_expr(query, threshold, interval, alone=alone),
        severity=_severity(threshold),
        summary=f"Forecast: {query.subject} is expected to go {side} its {threshold.name} threshold.",
        description=_description(settings, query, threshold, side),
        examples=(_fires(query, threshold), *silences(query, _KIND, interval)),
        labels=(("aiops_query", query.name), ("aiops_kind", _KIND), ("aiops_threshold", threshold.name)),
        keep=keep_firing(interval),
    )


def _severity(threshold: Threshold) -> str:
    return threshold.name if threshold.name in _SEVERITIES else "warning"


def _expr(query: QuerySpec, threshold: Threshold, interval: float, *, alone: bool) -> str:
    opened = f"({active(query, _KIND)})"
    own = selector(metrics.BREACH_TIMESTAMP, {"aiops_query": query.name, "aiops_threshold": threshold.name})
    chosen = f"{opened} and ignoring (aiops_threshold) {own}"
    if alone:
        dated = selector(metrics.BREACH_TIMESTAMP, {"aiops_query": query.name})
        chosen = f"({chosen}\n  or\n{opened} unless ignoring (aiops_threshold) {dated})"
    return f"{chosen}\n{unless_stale(interval)}"


def _fires(query: QuerySpec, threshold: Threshold) -> Example:
    base = {"aiops_query": query.name, **dict(EXAMPLE_LABELS)}
    given = (
        (series(metrics.ANOMALY_ACTIVE, {**base, "aiops_kind": _KIND}), "1x2 stale"),
        (series(metrics.VALUE, base), "3x2 stale"),
        (series(metrics.BREACH_TIMESTAMP, {**base, "aiops_threshold": threshold.name}), "3720x2 stale"),
    )
    return Example("fires", given, 3, (*EXAMPLE_LABELS, ("aiops_query", query.name)), fires=True)


def _description(settings: Settings, query: QuerySpec, threshold: Threshold, side: str) -> Text:
    own = {"aiops_threshold": threshold.name}
    return (
        prepare()
        + words(f"{query.subject} is expected to go {side} {speak(threshold.value, query.unit)}")
        + if_known(" in ", metrics.BREACH_TIMESTAMP, "seconds", "1h 0m 0s", more=own, minus_now=True)
        + if_known(", at ", metrics.BREACH_TIMESTAMP, "time", "1970-01-01 01:02:00 +0000 UTC", more=own)
        + if_known("; now it is ", metrics.VALUE, query.unit, shown(3, query.unit))
        + words(", for")
        + where(listed(query))
        + words(".")
        + plots_at(settings)
    )
