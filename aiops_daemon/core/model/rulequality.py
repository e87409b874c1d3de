"""How good an alert rule is: what came of its alerts. Ratios are 0..1, None where nothing was seen."""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.labels import Labels


@dataclass(frozen=True, slots=True)
class RuleDefinition:
    """An alert rule as its Prometheus evaluates it; durations in seconds, 0 where not set."""

    name: str
    expr: str
    hold: float = 0.0  # `for`
    keep: float = 0.0  # `keep_firing_for`
    labels: Labels = ()
    annotations: Labels = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change of a rule and what it would have done to the past: `before` and `after` count incidents."""

    rule: str
    change: str  # for, keep_firing_for, threshold
    value: str  # as written in a rule file
    before: int
    after: int
    lost: int  # alerts that people acted on and that would not have come
    sentence: str


@dataclass(frozen=True, slots=True)
class RuleQuality:
    """One rule of one team over a period."""

    team: str
    rule: str
    alerts: int
    incidents: int  # opened by it
    self_resolved_ratio: float | None  # of those, ended before anybody acted
    acted_ratio: float | None
    false_positive_ratio: float | None
    flaps: int
    median_life_seconds: float | None
    muted_ratio: float | None
    duplicate_of: str = ""  # rule that nearly always fires with it, and first
    duplicate_ratio: float = 0.0
    proposals: tuple[Proposal, ...] = ()
    definition: RuleDefinition | None = None  # where a Prometheus of ours evaluates it, for proposals as rules
