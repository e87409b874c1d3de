"""What a Prometheus says of the alerting rules that it evaluates."""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.labels import Labels


@dataclass(frozen=True, slots=True)
class EvaluatedRule:
    """One alerting rule; label sets lack external labels and alert relabelling."""

    name: str
    labels: Labels  # set by the rule
    interval: float  # seconds between evaluations of its group
    evaluated_at: float  # unix seconds; 0 before the first
    healthy: bool
    active: tuple[Labels, ...]  # of alerts that fire or are pending
    expr: str = ""  # empty: not known
    hold: float = 0.0  # seconds; `for`
    keep: float = 0.0  # seconds; `keep_firing_for`
    annotations: Labels = ()
