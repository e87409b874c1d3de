"""Alerts on open anomalies, one per query.

Enters: a query. Leaves: an alert on `aiops_anomaly_active`, which the daemon has already held back for some polls,
so the rule needs no `for`. Nothing fires on numbers of a source that has not answered for long.
"""

from __future__ import annotations

from aiops_daemon.core.model import metrics
from aiops_daemon.core.model.finding import FindingKind
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.rules.alert import Alert, Example, keep_firing, plots_at, poll_interval
from aiops_daemon.core.rules.expression import number, selector, series
from aiops_daemon.core.rules.template import Text, if_known, prepare, where, words

NAME = "AiopsAnomaly"
EXAMPLE_LABELS: Labels = (("instance", "one"), ("job", "example"))
_STALE_AFTER = 600.0  # seconds without any answer from any source


def anomaly_alert(settings: Settings, query: QuerySpec) -> Alert:
    """Build the alert of one query."""
    interval = poll_interval(settings, query.sources, query.interval)
    kind = str(FindingKind.ANOMALY)
    return Alert(
        name=NAME,
        expr=f"{active(query, kind)}\n{unless_stale(interval)}",
        severity=query.severity,
        summary=f"Anomaly: {query.subject} is outside its expected range.",
        description=_description(settings, query),
        examples=(_fires(query, kind), *silences(query, kind, interval)),
        labels=(("aiops_query", query.name), ("aiops_kind", kind)),
        keep=keep_firing(interval),
    )


def active(query: QuerySpec, kind: str) -> str:
    """Select the series of a query with an open finding; the result has the labels of its other metrics."""
    chosen = selector(metrics.ANOMALY_ACTIVE, {"aiops_query": query.name, "aiops_kind": kind})
    return f"max without (aiops_kind) ({chosen}) == 1"


def unless_stale(interval: float) -> str:
    """Hold nothing when even the freshest source is silent; no self metrics means no such objection."""
    answered = selector("aiops_source_last_success_timestamp_seconds")
    return f"unless on () (time() - max({answered}) > {number(max(_STALE_AFTER, 5 * interval))})"


def silences(query: QuerySpec, kind: str, interval: float) -> tuple[Example, ...]:
    """Return the examples in which nothing may fire: no finding, a stale one, one that closed."""
    opened = series(metrics.ANOMALY_ACTIVE, _labels(query, aiops_kind=kind))
    measured = series(metrics.VALUE, _labels(query))
    answered = series("aiops_source_last_success_timestamp_seconds", {"source": "example"})
    kept = int(keep_firing(interval) // 60)
    late = int(max(_STALE_AFTER, 5 * interval) // 60) + kept + 3
    return (
        Example("healthy", ((measured, "1x5"),), 5),
        Example(f"stale after {late}m", ((opened, f"1x{late}"), (answered, f"0x{late}")), late),
        Example("closed", ((opened, "1x2 stale"),), kept + 5),
    )


def _fires(query: QuerySpec, kind: str) -> Example:
    """Fire, also while a restart interrupts the series for one poll."""
    given = (
        (series(metrics.ANOMALY_ACTIVE, _labels(query, aiops_kind=kind)), "1x2 stale"),
        (series(metrics.VALUE, _labels(query)), "3x2 stale"),
        (series(metrics.EXPECTED_LOWER, _labels(query)), "1x2 stale"),
        (series(metrics.EXPECTED_UPPER, _labels(query)), "2x2 stale"),
    )
    return Example("fires", given, 3, (*EXAMPLE_LABELS, ("aiops_query", query.name)), fires=True)


def _labels(query: QuerySpec, **more: str) -> dict[str, str]:
    return {"aiops_query": query.name, **dict(EXAMPLE_LABELS), **more}


def _description(settings: Settings, query: QuerySpec) -> Text:
    unit = query.unit
    return (
        prepare()
        + words(f"{query.subject} is outside its expected range")
        + if_known(": now ", metrics.VALUE, unit, shown(3, unit))
        + if_known(", expected ", metrics.EXPECTED_LOWER, unit, shown(1, unit))
        + if_known(" to ", metrics.EXPECTED_UPPER, unit, shown(2, unit))
        + words(", for")
        + where(listed(query))
        + words(".")
        + plots_at(settings)
    )


def listed(query: QuerySpec) -> str:
    """Return how the labels of an example are listed."""
    pairs = sorted((*EXAMPLE_LABELS, ("aiops_query", query.name)))
    return "".join(f" {name}={text}" for name, text in pairs)


def shown(small: int, unit: str) -> str:
    """Return how Prometheus' humanize functions show a number from 1 to 9."""
    return {"seconds": f"{small}s", "bytes": f"{small}B", "ratio": f"{small * 100}%"}.get(unit, str(small))
