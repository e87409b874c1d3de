"""Edges from traces: read where the metric is, quiet where it is not, told once where it fails."""

from __future__ import annotations

import asyncio
import logging

import numpy as np
import pytest

from aiops_daemon.clock import SystemClock
from aiops_daemon.core.incidents.topology import Graph
from aiops_daemon.core.model.grouping import TopologySpec
from aiops_daemon.errors import SourceError, SourceReason
from aiops_daemon.flows.alerts.topology import EVERY, QUERY, TopologyWatch
from aiops_daemon.ports import InstantAnswer, MetricSource, VectorSlice


class Traces(MetricSource):
    """Answers one vector, or fails."""

    def __init__(self, name: str, *keys: bytes) -> None:
        self._name = name
        self.keys = keys
        self.down = False
        self.asked: list[str] = []

    @property
    def name(self) -> str:
        return self._name

    async def instant(self, expr: str, at: float) -> InstantAnswer:
        self.asked.append(expr)
        if self.down:
            raise SourceError(SourceReason.CONNECTION, "connection refused")
        return InstantAnswer((VectorSlice(list(self.keys), np.ones(len(self.keys))),))


async def test_edges_of_every_source_are_taken() -> None:
    """A source without the metric answers nothing; a series without an end is no edge."""
    graph = Graph(TopologySpec())
    sources = [Traces("a", b'{"client":"web","server":"api"}', b'{"client":"web"}'), Traces("b")]
    await TopologyWatch(graph, sources, SystemClock()).look()

    assert [("web", "api", "trace")] == [(edge.caller, edge.callee, edge.origin) for edge in graph.dependencies]
    assert [QUERY] == sources[0].asked


async def test_a_source_that_fails_is_told_once_and_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """What is known stays."""
    graph = Graph(TopologySpec())
    first, second = Traces("a"), Traces("b", b'{"client":"web","server":"api"}')
    first.down = True
    watch = TopologyWatch(graph, [first, second], SystemClock())
    with caplog.at_level(logging.WARNING):
        await watch.look()
        await watch.look()

    assert 1 == len(graph)
    assert ["dependencies cannot be read from traces"] == [record.message for record in caplog.records]


async def test_switched_off_nothing_is_asked() -> None:
    """`trace_metrics: false` asks no source."""
    source = Traces("a")
    await TopologyWatch(Graph(TopologySpec(trace_metrics=False)), [source], SystemClock()).look()

    assert [] == source.asked


@pytest.mark.looptime
async def test_it_looks_every_five_minutes() -> None:
    """And beats each time."""
    source, beats = Traces("a"), []
    watch = TopologyWatch(Graph(TopologySpec()), [source], SystemClock())
    task = asyncio.create_task(watch.run(lambda: beats.append(1)))
    await asyncio.sleep(2 * EVERY + 1)
    task.cancel()

    assert 3 == len(source.asked) == len(beats)
