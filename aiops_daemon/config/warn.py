"""What is allowed but probably not meant.

Enters a valid document and the tree that knows the places; leaves warnings, which are faults that stop nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from aiops_daemon.config.check_slos import warn_percent
from aiops_daemon.config.faults import Fault, Path
from aiops_daemon.config.model import Document
from aiops_daemon.config.queries import Query
from aiops_daemon.config.sources import Prometheus
from aiops_daemon.config.tree import Tree
from aiops_daemon.config.warn_alerts import warn_alerts, warn_tls
from aiops_daemon.config.warn_response import warn_response
from aiops_daemon.core.model.durations import DAY, WEEK

_CYCLES = {"daily": DAY, "weekly": WEEK}


def warn(document: Document, tree: Tree, now: float | None = None) -> list[Fault]:
    """Find what is doubtful; what depends on the moment is looked for only when it is given."""
    parts: list[Iterator[Fault]] = [_nothing_watched(document, tree), _same_server(document, tree)]
    parts += [_source(source, ("prometheus", index), tree) for index, source in enumerate(document.prometheus)]
    for index, query in enumerate(document.queries):
        parts.append(_query(query, document, ("queries", index), tree))
    parts += [warn_percent(tree), warn_alerts(document, tree, now), warn_response(document, tree, now)]
    return list(chain.from_iterable(parts))


def _nothing_watched(document: Document, tree: Tree) -> Iterator[Fault]:
    if not document.queries and not document.slos and document.packs.enable == []:
        yield tree.fault(("packs", "enable"), "nothing is watched", "enable packs, or add queries or slos")


def _same_server(document: Document, tree: Tree) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, source in enumerate(document.prometheus):
        for number, url in enumerate(source.urls):
            if url in seen:
                path = ("prometheus", index, "urls", number)
                yield tree.fault(path, "another entry reads from the same URL", "replicas belong in one list of urls")
            seen.add(url)


def _source(source: Prometheus, path: Path, tree: Tree) -> Iterator[Fault]:
    if source.timeout > source.interval:
        yield tree.fault((*path, "timeout"), "longer than the interval", "slow queries will skip polls")
    yield from warn_tls(source, source.urls, path, tree)


def _query(query: Query, document: Document, path: Path, tree: Tree) -> Iterator[Fault]:
    reach = document.history.range
    for cycle in query.season if isinstance(query.season, list) else ():
        if reach < _CYCLES[cycle]:
            message = f"history.range is too short to learn a {cycle} season"
            yield tree.fault((*path, "season"), message, "lengthen history.range, or expect to wait")
    for index, horizon in enumerate(query.forecast.horizons if query.forecast else ()):
        if horizon > reach:
            place = (*path, "forecast", "horizons", index)
            yield tree.fault(place, "looks further ahead than history.range looks back", "expect wide intervals")
