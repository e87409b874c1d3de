"""Which packs fit a source.

Enters: the metric names that exist there, and what the configuration enables. Leaves: for every pack whether it
was taken, the queries that apply, and a reason in words. Never takes a query half of whose metrics are missing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.core.packs.http import HTTP
from aiops_daemon.core.packs.kubernetes import KUBERNETES
from aiops_daemon.core.packs.model import Pack
from aiops_daemon.core.packs.node import NODE
from aiops_daemon.core.packs.prometheus import PROMETHEUS

PACKS: tuple[Pack, ...] = (NODE, KUBERNETES, HTTP, PROMETHEUS)

_MISSING_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """What became of one pack on one source; `queries` is empty unless it was taken."""

    pack: Pack
    taken: bool
    reason: str
    queries: tuple[QuerySpec, ...] = ()


def choose(names: frozenset[str], enable: Collection[str] | None = None) -> tuple[Choice, ...]:
    """Judge every pack; `enable` None takes what fits, a list takes what fits of the packs named."""
    return tuple(_judge(pack, names, enable) for pack in PACKS)


def _judge(pack: Pack, names: frozenset[str], enable: Collection[str] | None) -> Choice:
    if enable is not None and pack.name not in enable:
        return Choice(pack, taken=False, reason="not enabled in the configuration")
    fitting = [query for query in pack.queries if names.issuperset(query.requires)]
    if not fitting:
        reason = "none of its queries' metrics exist" if enable is None else "enabled, but none of its metrics exist"
        return Choice(pack, taken=False, reason=reason)
    specs = tuple(replace(query.spec, pack=pack.name) for query in fitting)
    return Choice(pack, taken=True, reason=_coverage(pack, len(fitting), names), queries=specs)


def _coverage(pack: Pack, fitting: int, names: frozenset[str]) -> str:
    if fitting == len(pack.queries):
        return f"all {fitting} queries"
    required = dict.fromkeys(name for query in pack.queries for name in query.requires)
    missing = [name for name in required if name not in names]
    shown, hidden = ", ".join(missing[:_MISSING_SHOWN]), len(missing) - _MISSING_SHOWN
    return f"{fitting} of {len(pack.queries)} queries; {shown}{f' and {hidden} more' if hidden > 0 else ''} missing"
