"""Small fakes shared by tests: recordings made of functions, and a source that fails on schedule."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.clock import Clock
from aiops_daemon.edges.prometheus.recorded import RecordedSource, Recording
from aiops_daemon.errors import SourceError, SourceReason
from aiops_daemon.ports import HistoryAnswer, InstantAnswer
from aiops_daemon.ports.rules import EvaluatedRule, LoadedGroup

Floats = NDArray[np.float64]
Shape = Callable[[Floats], Floats]


def record(shapes: Mapping[str, Shape], *, start: float, end: float, step: float = 60.0) -> Recording:
    """Record one series per shape; its name is the label `name`, written `a,b=c` for more labels."""
    times = np.arange(start, end + step, step)
    keys = [key(name) for name in shapes]
    values = np.array([shape(times) for shape in shapes.values()], dtype=np.float64)
    return Recording(keys, times, values.reshape(len(keys), len(times)))


def key(name: str) -> bytes:
    """Return the raw label object of a series called `name`."""
    pairs = dict(part.split("=", 1) if "=" in part else ("name", part) for part in name.split(","))
    return json.dumps(pairs, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a source between two moments (unix seconds)."""

    start: float
    end: float
    kind: str  # down, slow, partial, empty, wrong, no history, broken
    seconds: float = 0.0


class FaultySource:
    """A recorded source that is down, slow, partial or lying on schedule."""

    def __init__(self, inner: RecordedSource, clock: Clock, faults: tuple[Fault, ...] = ()) -> None:
        self.inner = inner
        self.clock = clock
        self.faults = faults
        self.asked: list[tuple[float, str]] = []
        self.closed = False

    @property
    def name(self) -> str:
        return self.inner.name

    async def instant(self, expr: str, at: float) -> InstantAnswer:
        self.asked.append((at, expr))
        fault = await self._suffer(at)
        answer = await self.inner.instant(expr, at)
        if fault == "partial":
            half = answer.slices[:1]
            cut = tuple(replace(p, keys=p.keys[: len(p.keys) // 2], values=p.values[: len(p.keys) // 2]) for p in half)
            return InstantAnswer(cut, ("upstream timed out",), partial=True)
        if fault == "empty":
            return InstantAnswer(())
        return answer

    async def history(
        self, expr: str, *, start: float, end: float, step: float, series: int
    ) -> AsyncIterator[HistoryAnswer]:
        if await self._suffer(self.clock.now()) == "no history":
            raise SourceError(SourceReason.TIMEOUT, "took too long")
        async for part in self.inner.history(expr, start=start, end=end, step=step, series=series):
            yield part

    async def samples_read(self, expr: str, at: float) -> int:
        return (await self.inner.instant(expr, at)).series

    async def metric_names(self) -> frozenset[str]:
        await self._suffer(self.clock.now())
        return await self.inner.metric_names()

    async def alerting_rules(self) -> tuple[EvaluatedRule, ...]:
        await self._suffer(self.clock.now())
        return await self.inner.alerting_rules()

    async def rule_groups(self) -> tuple[LoadedGroup, ...] | None:
        await self._suffer(self.clock.now())
        return await self.inner.rule_groups()

    async def close(self) -> None:
        self.closed = True

    async def _suffer(self, at: float) -> str:
        for fault in self.faults:
            if fault.start <= at < fault.end:
                if fault.kind == "down":
                    raise SourceError(SourceReason.CONNECTION, "connection refused")
                if fault.kind == "wrong":
                    raise SourceError(SourceReason.MALFORMED, "no JSON")
                if fault.kind == "broken":
                    raise ValueError("a fault of ours")
                if fault.kind == "slow":
                    await asyncio.sleep(fault.seconds)
                return fault.kind
        return ""
