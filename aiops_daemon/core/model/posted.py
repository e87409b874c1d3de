"""What an Alertmanager and a Prometheus show of alerts when they are asked; the ports speak of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiops_daemon.core.model.labels import Labels


@dataclass(frozen=True, slots=True)
class PostedAlert:
    """One alert as `GET /api/v2/alerts` shows it."""

    fingerprint: str
    labels: Labels
    annotations: Labels
    starts_at: float
    ends_at: float  # when it would expire without news
    updated_at: float
    state: str  # active, suppressed, unprocessed
    receivers: tuple[str, ...]
    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()
    muted_by: tuple[str, ...] = ()  # from 0.28 on
    generator_url: str = ""


@dataclass(frozen=True, slots=True)
class PeerAnswer:
    """What one peer says: since when it runs, its alerts, and its configuration as read (YAML to plain values)."""

    url: str
    up_since: float
    version: str
    alerts: tuple[PostedAlert, ...]
    config: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ClusterAnswer:
    """What a cluster says: answers of peers, and of those that gave none the reason."""

    peers: tuple[PeerAnswer, ...]
    failed: tuple[tuple[str, str], ...] = ()  # url, words

    @property
    def complete(self) -> bool:
        """Say whether every peer answered."""
        return bool(self.peers) and not self.failed


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


@dataclass(frozen=True, slots=True)
class LoadedRule:
    """One rule of any kind as a Prometheus has it; templates are as written, `error` is that of its last evaluation."""

    name: str
    labels: Labels = ()
    annotations: Labels = ()
    error: str = ""
    expr: str = ""  # in the server's way of writing; empty: not known
    hold: float | None = None  # seconds, `for` of an alert; None: not known


@dataclass(frozen=True, slots=True)
class LoadedGroup:
    """One group of rules as a Prometheus has it."""

    name: str
    rules: tuple[LoadedRule, ...]
