"""Lists of incidents: filter, words, order, one page, and how many of all that match have which value.

Enters: a query and who asks. Leaves: a page of frozen values. Rows that change between two pages are given by their
place in the order at the time of each page: by opening time, which never changes, every incident comes exactly once;
by an order that can change, one that moves meanwhile may come twice or be left out, all others come once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Connection, and_, exists, func, or_, select

from aiops_daemon.core.model.incident import Incident
from aiops_daemon.core.model.listing import MAX_LIMIT, IncidentPage, IncidentQuery, IncidentSort
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.edges.store import cursors, schema
from aiops_daemon.edges.store.rows import incident_of, indexed
from aiops_daemon.edges.store.storable import names_of, storable
from aiops_daemon.edges.store.textsearch import Contains, holds_labels
from aiops_daemon.edges.store.visible import incidents_for, of_teams
from aiops_daemon.edges.store.words import folded

_incidents = schema.incidents.c
_Conditions = list[ColumnElement[bool]]


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
_FACETS = (_incidents.state, _incidents.severity, _incidents.priority, _incidents.service)


def find_incidents(conn: Connection, query: IncidentQuery, scope: Scope) -> IncidentPage:
    """List one page, newest number first where the order says nothing; raises InputError for a bad cursor."""
    conditions = _conditions(query, scope)
    limit = min(max(query.limit, 1), MAX_LIMIT)
    found = tuple(map(incident_of, conn.execute(_page(query, conditions).limit(limit + 1))))
    total, facets = _facets(conn, conditions) if query.facets else (_total(conn, conditions), {})
    following = _cursor(query.sort, found[limit - 1]) if len(found) > limit else None
    return IncidentPage(found[:limit], following, total, facets)


def _page(query: IncidentQuery, conditions: _Conditions) -> Any:
    order = _ORDERS[query.sort]
    if query.cursor:
        key, number = cursors.read(query.cursor, query.sort.value, (order.kind, int))
        beyond = order.column > key if order.rising else order.column < key
        conditions = [*conditions, or_(beyond, and_(order.column == key, _incidents.number < number))]
    first = order.column if order.rising else order.column.desc()
    return select(schema.incidents).where(*conditions).order_by(first, _incidents.number.desc())


def _cursor(sort: IncidentSort, last: Incident) -> str:
    return cursors.write(sort.value, (_ORDERS[sort].key(last), last.number))


def _total(conn: Connection, conditions: _Conditions) -> int:
    return conn.execute(select(func.count()).select_from(schema.incidents).where(*conditions)).scalar_one()


def _facets(conn: Connection, conditions: _Conditions) -> tuple[int, dict[str, dict[str, int]]]:
    count = func.count()
    grouped = select(*_FACETS, _incidents.teams, count).where(*conditions).group_by(*_FACETS, _incidents.teams)
    facets: dict[str, Counter[str]] = {name: Counter() for name in ("state", "severity", "priority", "service", "team")}
    total = 0
    for *values, teams, many in conn.execute(grouped):
        total += many
        for column, value in zip(_FACETS, values, strict=True):
            facets[column.name][value] += many
        facets["team"].update(dict.fromkeys(names_of(teams), many))
    return total, {name: dict(counts) for name, counts in facets.items()}


def _conditions(query: IncidentQuery, scope: Scope) -> _Conditions:
    return [incidents_for(scope), *_of_values(query), *_of_time(query), *_of_text(query)]


def _of_values(query: IncidentQuery) -> Iterator[ColumnElement[bool]]:
    if query.states:
        yield _incidents.state.in_(sorted(map(storable, query.states)))
    if query.severities:
        yield _incidents.severity.in_(sorted(map(storable, query.severities)))
    if query.priorities:
        yield _incidents.priority.in_(sorted(map(storable, query.priorities)))
    if query.services:
        yield _incidents.service.in_(sorted(map(indexed, query.services)))
    if query.teams:
        yield of_teams(_incidents.uid, query.teams)
    if query.assignee:
        yield _incidents.assignee == storable(query.assignee)


def _of_time(query: IncidentQuery) -> Iterator[ColumnElement[bool]]:
    if query.since is not None:
        yield _incidents.opened_at >= query.since
    if query.until is not None:
        yield _incidents.opened_at < query.until


def _of_text(query: IncidentQuery) -> Iterator[ColumnElement[bool]]:
    words = [Contains(schema.words.c.text, folded(word)) for word in query.words.split()]
    if words:
        yield exists().where(schema.words.c.incident == _incidents.uid, *words)
    if query.label:
        episodes = schema.episodes.c
        yield exists().where(episodes.incident == _incidents.uid, holds_labels(episodes.labels, query.label))
