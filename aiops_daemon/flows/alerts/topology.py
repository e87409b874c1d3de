"""Read from traces which service calls which, every five minutes.

Enters: metric sources. Leaves: edges in the graph that grouping reads. A source without the metric of Tempo's and the
OpenTelemetry collector's service graphs answers nothing, which is no fault; one that fails is told of once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from aiops_daemon.clock import Clock
from aiops_daemon.core.incidents.topology import Graph
from aiops_daemon.core.model.grouping import Dependency
from aiops_daemon.core.model.labels import get, parse
from aiops_daemon.errors import SourceError
from aiops_daemon.logs import fields
from aiops_daemon.ports import InstantAnswer, MetricSource

log = logging.getLogger(__name__)

EVERY = 300.0  # seconds
QUERY = "group by (client, server) (traces_service_graph_request_total)"
_BREATH = 1_000  # edges between two breaths of the loop


class TopologyWatch:
    """Keeps the edges of traces in a graph up to date."""

    def __init__(self, graph: Graph, sources: Sequence[MetricSource], clock: Clock) -> None:
        self._graph = graph
        self._sources = tuple(sources) if graph.spec.trace_metrics else ()
        self._clock = clock
        self._failing: set[str] = set()

    async def run(self, beat: Callable[[], None]) -> None:
        """Look every five minutes, for ever."""
        while True:
            await self.look()
            beat()
            await self._clock.sleep(EVERY)

    async def look(self) -> None:
        """Ask every source once."""
        for source in self._sources:
            try:
                answer = await source.instant(QUERY, self._clock.now())
            except SourceError as error:
                if source.name not in self._failing:
                    log.warning(
                        "dependencies cannot be read from traces", extra=fields(source=source.name, error=error)
                    )
                self._failing.add(source.name)
            else:
                self._failing.discard(source.name)
                await self._take(answer)

    async def _take(self, answer: InstantAnswer) -> None:
        now = self._clock.now()
        keys = (key for part in answer.slices for key in part.keys)
        for number, key in enumerate(keys, 1):
            labels = parse(key)
            client, server = get(labels, "client"), get(labels, "server")
            if client and server:
                self._graph.add(Dependency(client, server, "trace", now))
            if number % _BREATH == 0:
                await asyncio.sleep(0)
