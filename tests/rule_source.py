"""A metric source that only evaluates alerting rules: what is active is set by the test."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import numpy as np

from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.posted import EvaluatedRule, LoadedGroup
from aiops_daemon.errors import SourceError, SourceReason
from aiops_daemon.ports import HistoryAnswer, InstantAnswer


class RuleSource:
    """Rules by name with their active alerts, and stretches of `ALERTS` in the past."""

    def __init__(self, name: str, now: Callable[[], float]) -> None:
        self._name = name
        self._now = now
        self.active: dict[str, list[Labels]] = {}
        self.past: list[tuple[Labels, float, float]] = []  # labels, fires from, to
        self.labels: Labels = ()  # that every rule sets
        self.frozen_at: float | None = None  # answers, but evaluates no more since then
        self.fails = False
        self.groups: tuple[LoadedGroup, ...] | None = ()
        self.seconds = 0.0
        self.asked = 0
        self.expressions: list[str] = []

    @property
    def name(self) -> str:
        return self._name

    def rules(self) -> tuple[EvaluatedRule, ...]:
        """Return what it evaluates now."""
        at = self._now() if self.frozen_at is None else self.frozen_at
        return tuple(
            EvaluatedRule(name, self.labels, 15.0, at, True, tuple(sets)) for name, sets in self.active.items()
        )

    async def alerting_rules(self) -> tuple[EvaluatedRule, ...]:
        """Answer, late or not at all where told so."""
        self.asked += 1
        await asyncio.sleep(self.seconds)
        if self.fails:
            raise SourceError(SourceReason.CONNECTION, "http://p: cannot connect")
        return self.rules()

    async def rule_groups(self) -> tuple[LoadedGroup, ...] | None:
        self.asked += 1
        if self.fails:
            raise SourceError(SourceReason.CONNECTION, "http://p: cannot connect")
        return self.groups

    async def history(
        self, expr: str, *, start: float, end: float, step: float, series: int
    ) -> AsyncIterator[HistoryAnswer]:
        """Answer 1 while an alert of the past fired, in two parts."""
        self.expressions.append(expr)
        if self.fails:
            raise SourceError(SourceReason.CONNECTION, "http://p: cannot connect")
        grid = np.arange(start, end + 1e-6, step)
        keys = [
            json.dumps({"__name__": "ALERTS", "alertstate": "firing", **dict(each[0])}).encode() for each in self.past
        ]
        for times in np.array_split(grid, 2):
            rows = [np.where((times >= begin) & (times < end_), 1.0, np.nan) for _, begin, end_ in self.past]
            values = np.array(rows, dtype=np.float64).reshape(len(keys), len(times))
            yield HistoryAnswer(keys, times, values, int(values.size))

    async def instant(self, expr: str, at: float) -> InstantAnswer:
        return InstantAnswer(())

    async def samples_read(self, expr: str, at: float) -> int:
        return 0

    async def metric_names(self) -> frozenset[str]:
        return frozenset()

    async def close(self) -> None:
        return None
