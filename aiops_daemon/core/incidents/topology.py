"""Which service needs which: a graph from configuration, from traces, and from labels that name both ends.

Enters: dependencies as they are seen. Leaves: how near two services are. It only ever adds weight to a grouping and
is never a gate: an edge that is not known means nothing. What was only seen fades when it is not seen again.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

from aiops_daemon.core.model.grouping import Dependency, TopologySpec
from aiops_daemon.core.model.labels import Labels

_FADES_AFTER = 7 * 86_400.0  # a seen edge that nothing showed for a week is gone
_MOST_EDGES = 20_000
_REFRESH = 3600.0  # seconds: how much later a sighting must be to be written down


class Graph:
    """An undirected reading of a directed graph; edges are kept with their direction and origin."""

    def __init__(self, spec: TopologySpec) -> None:
        self.spec = spec
        self._edges: dict[tuple[str, str], Dependency] = {}
        self._near: dict[str, dict[str, None]] = {}
        self._looked_at = 0.0
        for edge in spec.dependencies:
            self.add(edge)

    def __len__(self) -> int:
        """Count the edges."""
        return len(self._edges)

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        """List the edges."""
        return tuple(self._edges.values())

    def add(self, edge: Dependency) -> None:
        """Add or refresh an edge; one from the configuration is never replaced."""
        known = self._edges.get((edge.caller, edge.callee))
        if edge.caller == edge.callee or (known is not None and known.origin == "config"):
            return
        if known is None:
            if len(self._edges) >= _MOST_EDGES and edge.origin != "config":
                return
            self._near.setdefault(edge.caller, {})[edge.callee] = None
            self._near.setdefault(edge.callee, {})[edge.caller] = None
        elif edge.seen_at - known.seen_at < _REFRESH:
            return
        self._edges[edge.caller, edge.callee] = edge

    def learn(self, labels: Labels, now: float) -> None:
        """Learn from an alert whose labels name both ends."""
        values = dict(labels)
        for caller, callee in self.spec.label_pairs:
            if values.get(caller) and values.get(callee):
                self.add(Dependency(values[caller], values[callee], "labels", now))

    def take(self, edges: Iterable[Dependency]) -> None:
        """Add or refresh many edges."""
        for edge in edges:
            self.add(edge)

    def forget(self, now: float) -> None:
        """Drop what was only seen, and not lately; looks once an hour."""
        if now - self._looked_at < _REFRESH:
            return
        self._looked_at = now
        kept = [edge for edge in self._edges.values() if edge.origin == "config" or now - edge.seen_at < _FADES_AFTER]
        if len(kept) < len(self._edges):
            self._edges.clear()
            self._near.clear()
            self.take(kept)

    def neighbours(self, service: str) -> Collection[str]:
        """Return what calls a service or is called by it."""
        return self._near.get(service, ())

    def nearness(self, one: str, other: str) -> float:
        """Return 0..1: 1 / (1 + log2 of the smaller number of neighbours) for an edge, half for a common neighbour.

        A service that everybody talks to (many neighbours) says little about who fails with it.
        """
        near_one, near_other = self._near.get(one), self._near.get(other)
        if not near_one or not near_other or one == other:
            return 0.0
        if other in near_one:
            return 1.0 / (1.0 + math.log2(min(len(near_one), len(near_other))))
        smaller, larger = sorted((near_one, near_other), key=len)
        shared = min((len(self._near[middle]) for middle in smaller if middle in larger), default=0)
        return 0.5 / (1.0 + math.log2(shared)) if shared else 0.0
