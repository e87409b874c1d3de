"""PromQL from names and values, so that a value can never become PromQL.

Enters: metrics of the one table, label names, any label values. Leaves: selectors and small expressions.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiops_daemon.core.model.labels import legacy_name
from aiops_daemon.core.model.metrics import BY_NAME, MetricSpec
from aiops_daemon.core.model.selector import quote


def selector(metric: MetricSpec | str, labels: Mapping[str, str] | None = None) -> str:
    """Select series of one metric by equality; a name that is not in the table raises KeyError."""
    name = metric.name if isinstance(metric, MetricSpec) else BY_NAME[metric].name
    if not labels:
        return name
    return f"{name}{{{','.join(f'{legacy_name(label)}={quote(value)}' for label, value in labels.items())}}}"


def series(metric: MetricSpec | str, labels: Mapping[str, str]) -> str:
    """Write the name of one series, as unit tests give their input: a selector that names every label."""
    return selector(metric, labels)


def number(value: float) -> str:
    """Write a finite number so that PromQL reads the same one back; raises ValueError for others."""
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError(f"{value} cannot stand in an expression")
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))
