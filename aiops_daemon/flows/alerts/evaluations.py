"""What our Prometheus servers say of alerting rules, asked for when somebody needs it.

Enters: metric sources. Leaves: for the labels of an alert an Evaluation. Many who ask at once share one answer; a
source that does not answer in time keeps its rules and is not evaluating. Never holds the event loop for long: label
sets are indexed in slices.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

from aiops_daemon.clock import Clock
from aiops_daemon.core.alertmanager.evaluation import ActiveSet, RuleState, SourceState, judge, rule_state
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.posted import EvaluatedRule
from aiops_daemon.core.model.repair import Evaluation
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.errors import SourceError
from aiops_daemon.logs import fields
from aiops_daemon.ports import MetricSource

log = logging.getLogger(__name__)

PATIENCE = 5.0  # seconds for one source ...
SHORT_PATIENCE = 2.0  # ... and for one that gave no answer the last time: the desk waits for this
LATELY = 12 * 3600.0  # seconds after which what was active is forgotten, at the latest after twice that
_BREATH = 2_000  # label sets indexed before the loop may turn to others


class Evaluations:
    """Knows what each source said last; `judge` never waits."""

    def __init__(self, sources: Sequence[tuple[SourceSpec, MetricSource]], clock: Clock) -> None:
        self._clock = clock
        self._sources = [(source, SourceState(spec.external_labels)) for spec, source in sources]
        self._lock = asyncio.Lock()
        self._asked_at: float | None = None
        self._turned_at = 0.0
        self._silent: set[str] = set()
        self._known: dict[str, tuple[EvaluatedRule, ...]] = {}  # by source, without what is active

    async def refresh(self, max_age: float) -> None:
        """Ask every source, all at once, unless the last answers were asked for less than that many seconds ago."""
        async with self._lock:
            now = self._clock.monotonic()
            if self._asked_at is not None and now - self._asked_at < max_age:
                return
            self._turn(now)
            await asyncio.gather(*(self._ask(source, state) for source, state in self._sources))
            self._asked_at = now

    def judge(self, labels: Labels) -> Evaluation:
        """Say what the Prometheus that evaluates an alert's rule says of it; labels as Alertmanager has them."""
        return judge([state for _, state in self._sources], labels)

    def rules(self) -> list[EvaluatedRule]:
        """List the rules of every source as last read, without their active alerts."""
        return [rule for rules in self._known.values() for rule in rules]

    async def _ask(self, source: MetricSource, state: SourceState) -> None:
        """Read one source's rules; one that gives no answer keeps those it had."""
        patience = PATIENCE if state.reachable or not state.answered else SHORT_PATIENCE
        try:
            async with asyncio.timeout(patience):
                rules = await source.alerting_rules()
                state.rules = await self._index(rules, state)
                self._known[source.name] = tuple(replace(rule, active=()) for rule in rules)
        except (SourceError, TimeoutError) as error:
            if source.name not in self._silent:
                self._silent.add(source.name)
                why = str(error) or f"no answer in {patience:g} s"
                log.warning("alerting rules cannot be read", extra=fields(source=source.name, error=why))
            state.reachable = False
            return
        if source.name in self._silent:
            self._silent.discard(source.name)
            log.info("alerting rules can be read again", extra=fields(source=source.name))
        state.reachable = state.answered = True

    async def _index(self, rules: Sequence[EvaluatedRule], state: SourceState) -> dict[str, tuple[RuleState, ...]]:
        now = self._clock.now()
        found: dict[str, tuple[RuleState, ...]] = {}
        for rule in rules:
            active = ActiveSet()
            lately = state.lately[0].setdefault(rule.name, ActiveSet()) if state.external and rule.active else None
            for number, labels in enumerate(rule.active, 1):
                active.add(labels)
                if lately is not None:
                    lately.add(labels)
                if number % _BREATH == 0:
                    await asyncio.sleep(0)
            found[rule.name] = (*found.get(rule.name, ()), rule_state(rule, active, now))
        return found

    def _turn(self, now: float) -> None:
        """Forget what was active long ago."""
        first = self._asked_at is None
        if first or now - self._turned_at >= LATELY:
            self._turned_at = now
            for _, state in self._sources:
                state.lately = ({}, *state.lately[:1])
