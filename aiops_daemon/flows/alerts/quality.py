"""Quality per alert rule: read from the store, summed up beside the loop, shown as metrics.

Enters: past episodes and incidents of the store, and rules as their Prometheus evaluates them. Leaves: one RuleQuality
a rule with its proposals, and gauges for at most 500 rules. Never delays an alert: it reads, and nothing waits for it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.model.incident import Incident
from aiops_daemon.core.model.listing import MAX_LIMIT, IncidentQuery, RuleHistory
from aiops_daemon.core.model.rulequality import RuleDefinition, RuleQuality
from aiops_daemon.core.model.scope import DAEMON, Scope
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.quality.budget import budgets
from aiops_daemon.core.quality.duplicates import duplicates
from aiops_daemon.core.quality.memory import Rule
from aiops_daemon.core.quality.rules import rule_quality
from aiops_daemon.core.rules.proposals import with_proposals
from aiops_daemon.meter import Meter
from aiops_daemon.ports.rules import EvaluatedRule
from aiops_daemon.ports.store import AlertStore

PERIOD = 30 * DAY
EVERY = 600.0  # seconds between two looks
MOST_RULES = 500  # shown as metrics, those with most incidents
_MOST_PAGES = 20  # of incidents, for page budgets

Definitions = Mapping[str, RuleDefinition]
"""Rules by name; a name that means different rules is not among them."""


async def rule_qualities(
    store: AlertStore, since: float, scope: Scope, now: float, definitions: Definitions | None = None
) -> list[RuleQuality]:
    """Return the quality of every rule heard of since then (or still open), worst first: by incidents, then alerts."""
    del now  # a period ends when it is read
    histories = await store.rule_histories(since, scope)
    return await asyncio.to_thread(summed_up, histories, definitions or {})


def definitions_of(rules: Iterable[EvaluatedRule]) -> dict[str, RuleDefinition]:
    """Return the rules whose expression is known, but those of one name with different contents."""
    found: dict[str, set[RuleDefinition]] = {}
    for rule in rules:
        if rule.expr:
            definition = RuleDefinition(rule.name, rule.expr, rule.hold, rule.keep, rule.labels, rule.annotations)
            found.setdefault(rule.name, set()).add(definition)
    return {name: same.pop() for name, same in found.items() if len(same) == 1}


def summed_up(
    histories: Sequence[RuleHistory], definitions: Definitions, peaks: Mapping[Rule, Mapping[str, float]] | None = None
) -> list[RuleQuality]:
    """Judge every rule, worst first: by incidents, then alerts; `peaks` as of peaks.py, for thresholds."""
    doubles, known = duplicates(histories), peaks or {}
    rules = [
        with_proposals(rule_quality(one, doubles), one, definitions.get(one.rule), known.get((one.team, one.rule)))
        for one in histories
    ]
    return sorted(rules, key=lambda rule: (-rule.incidents, -rule.alerts, rule.team, rule.rule))


class QualityWatch:
    """Sets the metrics of rules and page budgets."""

    def __init__(self, store: AlertStore, clock: Clock, meter: Meter, settings: Settings) -> None:
        self._store = store
        self._clock = clock
        self._meter = meter
        self._teams = settings.teams
        self._shown: set[tuple[str, str]] = set()

    async def run(self, beat: Callable[[], None]) -> None:
        """Look every ten minutes, for ever."""
        while True:
            await self.look()
            beat()
            await self._clock.sleep(EVERY)

    async def look(self) -> None:
        """Measure once; raises StoreError."""
        now = self._clock.now()
        self._show((await rule_qualities(self._store, now - PERIOD, DAEMON, now))[:MOST_RULES])
        incidents = await self._lately(now)
        for budget in budgets(incidents, self._teams, now):
            self._meter.set("aiops_page_budget_used_ratio", budget.used_ratio, team=budget.team)

    def _show(self, rules: list[RuleQuality]) -> None:
        shown = {(rule.team, rule.rule) for rule in rules}
        for team, name in self._shown - shown:
            self._meter.forget(team=team, alertname=name)
        self._shown = shown
        for rule in rules:
            for name, value in _gauges(rule).items():
                self._meter.set(name, math.nan if value is None else value, team=rule.team, alertname=rule.rule)

    async def _lately(self, now: float) -> list[Incident]:
        """Read the incidents that may count for a budget: a day more than its time, for what was held a while."""
        spans = [team.page_budget_per for team in self._teams if team.page_budget_per is not None]
        found: list[Incident] = []
        query = IncidentQuery(since=now - max(spans, default=0.0) - DAY, limit=MAX_LIMIT)
        for _ in range(_MOST_PAGES if spans else 0):
            page = await self._store.find_incidents(query, DAEMON)
            found += page.incidents
            if page.next is None:
                break
            query = _next(query, page.next)
        return found


def _next(query: IncidentQuery, cursor: str) -> IncidentQuery:
    return IncidentQuery(since=query.since, limit=query.limit, cursor=cursor)


def _gauges(rule: RuleQuality) -> dict[str, float | None]:
    return {
        "aiops_rule_incidents": rule.incidents,
        "aiops_rule_self_resolved_ratio": rule.self_resolved_ratio,
        "aiops_rule_flaps": rule.flaps,
        "aiops_rule_median_life_seconds": rule.median_life_seconds,
        "aiops_rule_muted_ratio": rule.muted_ratio,
    }
