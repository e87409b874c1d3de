"""Protocols between flows and edges, only where two real implementations exist.

The store and Alertmanagers have modules of their own.
MetricSource: the live HTTP API (edges.prometheus.client) and recordings (edges.prometheus.recorded).
RuleChecker: promtool (edges.rulefiles.promtool) and, where promtool is absent, the structural check.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.ports.rules import EvaluatedRule, LoadedGroup


@dataclass(frozen=True, slots=True)
class VectorSlice:
    """A part of an instant vector: `keys[i]` is the raw JSON label object, `values[i]` its sample."""

    keys: list[bytes]
    values: NDArray[np.float64]  # shape (len(keys),)


@dataclass(frozen=True, slots=True)
class InstantAnswer:
    """A complete, well-formed answer. `partial` says the source itself called it incomplete."""

    slices: tuple[VectorSlice, ...]
    warnings: tuple[str, ...] = ()
    partial: bool = False

    @property
    def series(self) -> int:
        """Count the series."""
        return sum(len(part.keys) for part in self.slices)


@dataclass(frozen=True, slots=True)
class HistoryAnswer:
    """Values on a grid, or a part of them: row i of `values` is `keys[i]` at `times`; NaN where absent."""

    keys: list[bytes]
    times: NDArray[np.float64]  # shape (steps,), unix seconds, rising
    values: NDArray[np.float64]  # shape (len(keys), steps)
    samples: int  # samples read from the source to make this part
    warnings: tuple[str, ...] = ()


class MetricSource(Protocol):
    """One Prometheus (or an HA pair of them, or a recording of one). Every method may raise SourceError."""

    @property
    def name(self) -> str:
        """Return the source's name in the configuration."""

    async def instant(self, expr: str, at: float) -> InstantAnswer:
        """Evaluate `expr` at one moment (unix seconds)."""

    def history(self, expr: str, *, start: float, end: float, step: float, series: int) -> AsyncIterator[HistoryAnswer]:
        """Yield `expr` on the grid start, start+step, ... <= end, oldest part first.

        Each part covers all series over a stretch of time and holds a bounded number of samples; `series`
        is the expected number of series, from which the source derives the stretch.
        """

    async def samples_read(self, expr: str, at: float) -> int:
        """Count the samples that evaluating `expr` once reads; the number of series where that is unknown."""

    async def metric_names(self) -> frozenset[str]:
        """Name the metric families that exist."""

    async def alerting_rules(self) -> tuple[EvaluatedRule, ...]:
        """List the alerting rules that it evaluates, with their active alerts; none where it evaluates none."""

    async def rule_groups(self) -> tuple[LoadedGroup, ...] | None:
        """List the groups of rules that it has loaded; None where there is no rules API."""

    async def close(self) -> None:
        """Release connections; idempotent."""


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What the checker said of a set of files; `output` is its own words."""

    accepted: bool
    checked: bool  # False: no promtool, only the structural check ran
    output: str


class RuleChecker(Protocol):
    """Judges rule files before they replace the running ones."""

    async def check(self, rules: Sequence[Path], tests: Sequence[Path] = ()) -> RuleVerdict:
        """Check rule files, and run unit tests where given."""
