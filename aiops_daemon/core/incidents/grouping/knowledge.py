"""Everything that grouping learned, and its form on disk: JSON, bounded, versioned.

Enters: alerts as they join, corrections, bytes of an earlier run. Leaves: the tables that evidence reads, and bytes.
Bytes that cannot be read are no fault: learning begins anew.
"""

from __future__ import annotations

import json

from aiops_daemon.core.incidents.grouping.cluster import Cluster
from aiops_daemon.core.incidents.grouping.gaps import Gaps
from aiops_daemon.core.incidents.grouping.history import History
from aiops_daemon.core.incidents.grouping.rarity import Rarity
from aiops_daemon.core.incidents.grouping.repeats import Repeats
from aiops_daemon.core.incidents.grouping.strangers import Strangers
from aiops_daemon.core.incidents.grouping.traits import Reading, Traits
from aiops_daemon.core.incidents.topology import Graph
from aiops_daemon.core.model.grouping import Candidate, Dependency
from aiops_daemon.core.model.incident import Correction
from aiops_daemon.core.model.labels import Labels

_VERSION = 2
_MOST_EXPORTED = 5_000  # of each table: about half a megabyte in all


class Learned:
    """The tables."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.gaps = Gaps()
        self.rarity = Rarity()
        self.beats = Rarity()
        self.repeats = Repeats()
        self.history = History()
        self.strangers = Strangers()
        self.until = float("-inf")  # start of the latest alert that was learned from

    def alert(self, candidate: Candidate, traits: Traits, cluster: Cluster, within: float) -> None:
        """Learn from an alert that is about to be counted in a cluster."""
        self.rarity.learn(traits.tokens)
        self.beats.learn((str(traits.beat),))
        self.repeats.fired(traits.key, traits.at, within)
        if traits.pair not in cluster.pairs:
            self.history.meet(traits.pair, cluster.pairs)
        self.graph.learn(candidate.labels, traits.at)
        self.until = max(self.until, traits.at)

    def correct(self, correction: Correction, reading: Reading) -> None:
        """Learn from a merge or a split."""
        left, right = (_pairs(side, reading) for side in (correction.left, correction.right))
        self.history.correct(left, right, together=correction.kind == "merge")


def _pairs(side: tuple[Labels, ...], reading: Reading) -> list[str]:
    read = (reading.traits(Candidate("", labels, 0.0, ("", ""))) for labels in side)
    return list(dict.fromkeys(traits.pair for traits in read))[:20]


def dump(learned: Learned) -> bytes:
    """Return the tables as bytes."""
    edges = [edge for edge in learned.graph.dependencies if edge.origin != "config"][-_MOST_EXPORTED:]
    document = {
        "version": _VERSION,
        "until": None if learned.until == float("-inf") else learned.until,
        "gaps": learned.gaps.export(),
        "rarity": learned.rarity.export(_MOST_EXPORTED),
        "beats": learned.beats.export(_MOST_EXPORTED),
        "repeats": learned.repeats.export(),
        "history": learned.history.export(_MOST_EXPORTED),
        "strangers": learned.strangers.export(),
        "edges": [[edge.caller, edge.callee, edge.origin, edge.seen_at] for edge in edges],
    }
    return json.dumps(document, separators=(",", ":")).encode()


def load(learned: Learned, memory: bytes) -> float:
    """Fill the tables from bytes; return the start of the latest alert in them, -inf when nothing could be read."""
    try:
        document = json.loads(memory) if memory else {}
        if document.get("version") != _VERSION:
            return learned.until
        learned.gaps.load(document["gaps"])
        learned.rarity.load(document["rarity"])
        learned.beats.load(document["beats"])
        learned.repeats.load(document["repeats"])
        learned.history.load(document["history"])
        learned.strangers.load(document["strangers"])
        learned.graph.take(Dependency(*edge) for edge in document["edges"])
        until = document["until"]
    except (ValueError, TypeError, KeyError, AttributeError):
        return learned.until
    learned.until = float("-inf") if until is None else float(until)
    return learned.until
