"""What the Prometheus of an alert says of it, from what all sources of ours said of their alerting rules.

Enters: by source its external labels and its rules with their active alerts. Leaves: for the labels of an alert, as
Alertmanager has them, one Evaluation. Never takes silence for inactivity: a source that does not answer is not
evaluating, and so is a rule that was not evaluated lately or fails.

An alert is a source's when the external labels are among its labels. Alert relabelling may have dropped some; then it
is the source's when none of them says otherwise and an alert of that rule, active now or lately, has labels that are
all among its own. A source that never answered counts only where no other one answers for the alert.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.posted import EvaluatedRule
from aiops_daemon.core.model.repair import Evaluation

STALE_INTERVALS = 3
"""A rule not evaluated for so many intervals is not being evaluated, ..."""

STALE_SECONDS = 60.0
"""... but never sooner than after this, for a slow cycle and two clocks that differ a little."""


class ActiveSet:
    """Label sets, asked whether one of them is contained in another label set.

    Sets of the same names are one table, so an answer costs one look-up for each combination of names.
    """

    __slots__ = ("_tables",)

    def __init__(self, sets: Iterable[Labels] = ()) -> None:
        self._tables: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
        for labels in sets:
            self.add(labels)

    def add(self, labels: Labels) -> None:
        """Add one label set."""
        names = tuple([name for name, _ in labels])
        self._tables.setdefault(names, set()).add(tuple([value for _, value in labels]))

    def within(self, values: dict[str, str]) -> bool:
        """Say whether all labels of some set are among these."""
        return any(tuple([values.get(name, "") for name in names]) in table for names, table in self._tables.items())


@dataclass(frozen=True, slots=True)
class RuleState:
    """One rule as its source told it last."""

    fixed: Labels  # labels that it sets without a template
    evaluating: bool
    active: ActiveSet

    def says(self, values: dict[str, str]) -> Evaluation:
        """Say what this rule knows of an alert."""
        if not self.evaluating:
            return Evaluation.NOT_EVALUATING
        return Evaluation.FIRING if self.active.within(values) else Evaluation.INACTIVE


@dataclass(slots=True)
class SourceState:
    """One source as it answered last; `rules` by name stay known while it is silent."""

    external: Labels
    reachable: bool = False
    answered: bool = False  # ever
    rules: dict[str, tuple[RuleState, ...]] = field(default_factory=dict)
    lately: tuple[dict[str, ActiveSet], ...] = ()  # active before, by rule; kept only where there are external labels


def rule_state(rule: EvaluatedRule, active: ActiveSet, now: float) -> RuleState:
    """Read a rule; `active` holds its active alerts."""
    oldest = now - max(STALE_INTERVALS * rule.interval, STALE_SECONDS)
    fixed = tuple((name, value) for name, value in rule.labels if "{{" not in value)
    return RuleState(fixed, rule.healthy and rule.evaluated_at >= oldest, active)


def judge(sources: Sequence[SourceState], labels: Labels) -> Evaluation:
    """Say what is known of one alert."""
    values = dict(labels)
    name = values.get("alertname", "")
    owners = [source for source in sources if name in source.rules and _contained(source.external, values)]
    if any(source.external for source in owners):
        owners = [source for source in owners if source.external]
    if not owners:
        owners = [source for source in sources if name in source.rules and _relabelled(source, name, values)]
    if owners:
        return _strongest(_said(source, name, values) for source in owners)
    silent = any(not source.answered and _contained(source.external, values) for source in sources)
    return Evaluation.NOT_EVALUATING if silent else Evaluation.NOT_OURS


def _said(source: SourceState, name: str, values: dict[str, str]) -> Evaluation:
    """Ask the rules of that name, those first whose own labels fit."""
    if not source.reachable:
        return Evaluation.NOT_EVALUATING
    rules = source.rules[name]
    fitting = [rule for rule in rules if _contained(rule.fixed, values)]
    return _strongest(rule.says(values) for rule in fitting or rules)


def _strongest(said: Iterable[Evaluation]) -> Evaluation:
    """Let firing win over doubt, and doubt over inactivity."""
    heard = set(said)
    ranked = (Evaluation.FIRING, Evaluation.NOT_EVALUATING, Evaluation.INACTIVE)
    return next((each for each in ranked if each in heard), Evaluation.NOT_OURS)


def _contained(labels: Labels, values: dict[str, str]) -> bool:
    return all(values.get(name) == value for name, value in labels)


def _relabelled(source: SourceState, name: str, values: dict[str, str]) -> bool:
    """Say whether the alert can be the source's although external labels were dropped on its way."""
    if any(values.get(label, value) != value for label, value in source.external):
        return False
    return any(rule.active.within(values) for rule in source.rules[name]) or any(
        sets[name].within(values) for sets in source.lately if name in sets
    )
