"""Lists of incidents: filter, words, order, one page, and how many of all that match have which value.

Enters: a query and who asks. Leaves: a page of frozen values. Rows that change between two pages are given by their
place in the order at the time of each page: by opening time, which never changes, every incident comes exactly once;
in an order by what can change, one that moves meanwhile may come twice or be left out, all others come once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Select, and_, func, or_, select

from aiops_daemon.core.model.incident import Incident
from aiops_daemon.core.model.listing import MAX_LIMIT, IncidentPage, IncidentQuery, IncidentSort
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.edges.store import cursors, schema
from aiops_daemon.edges.store.incident_filter import Conditions, incident_conditions
from aiops_daemon.edges.store.rows import incident_of
from aiops_daemon.edges.store.storable import names_of

_incidents = schema.incidents.c
_FEW = 2000


class _Order(NamedTuple):
    column: Column[Any]
    key: Callable[[Incident], str | int | float]
    kind: type
    rising: bool = False


_ORDERS = {
    IncidentSort.OPENED: _Order(_incidents.opened_at, lambda one: one.opened_at, float),
    IncidentSort.UPDATED: _Order(_incidents.updated_at, lambda one: one.updated_at, float),
    IncidentSort.PRIORITY: _Order(_incidents.priority, lambda one: one.priority.value, str, rising=True),
    IncidentSort.SEVERITY: _Order(_incidents.severity_rank, lambda one: one.severity.rank, int),
}
_GROUPS = (
    *(_incidents.state, _incidents.severity, _incidents.team),
    *(_incidents.priority, _incidents.service, _incidents.teams),
)
"""In the order of the index `ix_incidents_facets`, so that nothing is sorted."""


def find_incidents(conn: Connection, query: IncidentQuery, scope: Scope) -> IncidentPage:
    """List one page, newest number first where the order says nothing; raises InputError for a bad cursor."""
    conditions = _narrowed(conn, query, incident_conditions(query, scope))
    limit = min(max(query.limit, 1), MAX_LIMIT)
    found = tuple(map(incident_of, conn.execute(_page(query, conditions).limit(limit + 1))))
    total, facets = _facets(conn, conditions) if query.facets else (_total(conn, conditions), {})
    following = _cursor(query.sort, found[limit - 1]) if len(found) > limit else None
    return IncidentPage(found[:limit], following, total, facets)


def _narrowed(conn: Connection, query: IncidentQuery, conditions: Conditions) -> Conditions:
    """Replace conditions over much text by the few incidents that meet them, so that they are read once."""
    if not (query.words or query.label):
        return conditions
    uids = conn.execute(select(_incidents.uid).where(*conditions).limit(_FEW + 1)).scalars().all()
    return conditions if len(uids) > _FEW else [_incidents.uid.in_(uids)]


def _page(query: IncidentQuery, conditions: Conditions) -> Select[Any]:
    order = _ORDERS[query.sort]
    if query.cursor:
        key, number = cursors.read(query.cursor, query.sort.value, (order.kind, int))
        beyond = order.column > key if order.rising else order.column < key
        conditions = [*conditions, or_(beyond, and_(order.column == key, _incidents.number < number))]
    first = order.column if order.rising else order.column.desc()
    return select(schema.incidents).where(*conditions).order_by(first, _incidents.number.desc())


def _cursor(sort: IncidentSort, last: Incident) -> str:
    return cursors.write(sort.value, (_ORDERS[sort].key(last), last.number))


def _total(conn: Connection, conditions: Conditions) -> int:
    return conn.execute(select(func.count()).select_from(schema.incidents).where(*conditions)).scalar_one()


def _facets(conn: Connection, conditions: Conditions) -> tuple[int, dict[str, dict[str, int]]]:
    grouped = select(*_GROUPS, func.count()).where(*conditions).group_by(*_GROUPS)
    facets: dict[str, Counter[str]] = {name: Counter() for name in ("state", "severity", "priority", "service", "team")}
    total = 0
    for state, severity, _, priority, service, teams, many in conn.execute(grouped):
        total += many
        for name, value in (("state", state), ("severity", severity), ("priority", priority), ("service", service)):
            facets[name][value] += many
        facets["team"].update(dict.fromkeys(names_of(teams), many))
    return total, {name: dict(counts) for name, counts in facets.items()}
