"""What a pack is: queries that belong to one exporter, each with the metrics it cannot do without.

Packs are data. They never know which source they are applied to.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.query import QuerySpec


@dataclass(frozen=True, slots=True)
class PackQuery:
    """One query and the metric names in its expression; it is applied where all of them exist."""

    spec: QuerySpec
    requires: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pack:
    """Queries for one exporter; `name` is what `packs: {enable: [...]}` lists."""

    name: str
    title: str
    queries: tuple[PackQuery, ...]
