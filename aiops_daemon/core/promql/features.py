"""What not every Prometheus takes: functions that are new, experimental or gone, and the notation of Prometheus 3.

Enters: a reading. Leaves: notes with words and place.
"""

from __future__ import annotations

from collections.abc import Iterator

from aiops_daemon.core.promql.functions import EXPERIMENTAL, EXPERIMENTAL_AGGREGATIONS, FUNCTIONS, GONE, NEW
from aiops_daemon.core.promql.parser import Note, Reading
from aiops_daemon.core.promql.tree import Aggregation, Call, walk

_WORDS = {
    NEW: "not every Prometheus 2 knows {}",
    EXPERIMENTAL: "{} needs the feature flag promql-experimental-functions",
    GONE: "{} is gone in Prometheus 3",
}


def modern(reading: Reading) -> Iterator[Note]:
    """Yield what Prometheus 2.42 refuses."""
    yield from (Note(f"not every Prometheus 2 takes {one.words}", one.at) for one in reading.notes)
    yield from _functions(reading, NEW, EXPERIMENTAL)


def risky(reading: Reading) -> Iterator[Note]:
    """Yield what some Prometheus of versions 2.42 to 3 refuses in its default settings."""
    yield from modern(reading)
    yield from _functions(reading, GONE)


def _functions(reading: Reading, *since: str) -> Iterator[Note]:
    for node in walk(reading.expr):
        if isinstance(node, Call) and FUNCTIONS[node.function].since in since:
            yield Note(_WORDS[FUNCTIONS[node.function].since].format(node.function), node.span.start)
        if isinstance(node, Aggregation) and node.op in EXPERIMENTAL_AGGREGATIONS and EXPERIMENTAL in since:
            yield Note(_WORDS[EXPERIMENTAL].format(node.op), node.span.start)
