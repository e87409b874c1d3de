"""The live metric source: one Prometheus, or anything that speaks its HTTP API.

Enters: a SourceSpec. Leaves: the answers of ports.MetricSource, or SourceError with a reason of a closed set.
Never follows redirects, never merges replicas, never holds a secret longer than a request, and never takes a
partial or broken answer for a complete one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.edges.prometheus import cost, decode, facts, rules
from aiops_daemon.edges.prometheus.history import History
from aiops_daemon.edges.prometheus.transport import Request, Transport
from aiops_daemon.errors import SourceError
from aiops_daemon.ports import HistoryAnswer, InstantAnswer
from aiops_daemon.ports.rules import EvaluatedRule, LoadedGroup

T = TypeVar("T")


class PrometheusClient:
    """Implements ports.MetricSource over HTTP."""

    def __init__(self, spec: SourceSpec) -> None:
        self._spec = spec
        self._transport = Transport(spec)
        self._history = History(self._transport, timeout=spec.timeout)

    @property
    def name(self) -> str:
        """Return the source's name in the configuration."""
        return self._spec.name

    async def instant(self, expr: str, at: float) -> InstantAnswer:
        """Evaluate `expr` at one moment (unix seconds); raises SourceError."""
        form = {"query": expr, "time": f"{at:.3f}", "timeout": f"{self._spec.timeout:g}"}
        return await self._transport.fetch(Request("/api/v1/query", form), decode.instant)

    def history(self, expr: str, *, start: float, end: float, step: float, series: int) -> AsyncIterator[HistoryAnswer]:
        """Yield `expr` on the grid start, start + step, ... <= end, oldest part first; raises SourceError."""
        return self._history.read(expr, start=start, end=end, step=step, series=series)

    async def samples_read(self, expr: str, at: float) -> int:
        """Count the samples that evaluating `expr` once reads; raises SourceError."""
        form = {"query": cost.counting(expr), "time": f"{at:.3f}", "stats": "all"}
        return await self._transport.fetch(Request("/api/v1/query", form), cost.samples_read)

    async def metric_names(self) -> frozenset[str]:
        """Name the metric families that exist; raises SourceError."""
        return await self._transport.fetch(Request("/api/v1/label/__name__/values"), decode.names)

    async def alerting_rules(self) -> tuple[EvaluatedRule, ...]:
        """List alerting rules with their active alerts; none where there is no rules API; raises SourceError."""
        try:
            return await self._transport.fetch(Request("/api/v1/rules", {"type": "alert"}), rules.alerting_rules)
        except SourceError as error:
            if rules.no_such_api(error):
                return ()
            raise

    async def rule_groups(self) -> tuple[LoadedGroup, ...] | None:
        """List the groups of rules that it has loaded; None where there is no rules API; raises SourceError."""
        return await self._optional("/api/v1/rules", rules.rule_groups, None)

    async def metric_types(self) -> dict[str, str]:
        """Name the types of metric families, as far as targets tell them; raises SourceError."""
        return await self._optional("/api/v1/metadata", facts.metric_types, {})

    async def retention_seconds(self) -> float | None:
        """Return how long samples are kept; None where the server does not say; raises SourceError."""
        return await self._optional("/api/v1/status/runtimeinfo", facts.retention_seconds, None)

    async def _optional(self, path: str, decoder: Callable[[bytearray], Awaitable[T]], otherwise: T) -> T:
        """Ask what not every server answers, Mimir and Thanos for two."""
        try:
            return await self._transport.fetch(Request(path), decoder)
        except SourceError as error:
            if rules.no_such_api(error):
                return otherwise
            raise

    async def close(self) -> None:
        """Release connections; idempotent."""
        await self._transport.close()
