"""Which incidents a query asks for, as conditions.

Enters: a query and who asks. Leaves: conditions over rows of `incidents`, of which the first is what the scope may see.
What is looked for is always a bound value. Never reads anything itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Column, ColumnElement, and_, exists, select

from aiops_daemon.core.model.incident import IncidentState
from aiops_daemon.core.model.listing import IncidentQuery
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.edges.store import schema
from aiops_daemon.edges.store.anyof import any_of
from aiops_daemon.edges.store.rows import indexed
from aiops_daemon.edges.store.storable import storable
from aiops_daemon.edges.store.textsearch import holds_labels, pattern_text
from aiops_daemon.edges.store.visible import incidents_for, of_teams
from aiops_daemon.edges.store.words import folded

_incidents = schema.incidents.c
_CLOSED = frozenset(state.value for state in IncidentState if state.closed)

Conditions = list[ColumnElement[bool]]


def incident_conditions(query: IncidentQuery, scope: Scope) -> Conditions:
    """Write a query as conditions; all pairs of `label` must be on one and the same alert."""
    many = not query.states or not _CLOSED.isdisjoint(query.states)
    return [
        incidents_for(scope, many=many),
        *_of_values(query),
        *_of_teams_and_time(query, many),
        *_of_text(query, many),
    ]


def _of_values(query: IncidentQuery) -> Iterator[ColumnElement[bool]]:
    yield from any_of(
        (_incidents.state, query.states),
        (_incidents.severity, query.severities),
        (_incidents.priority, query.priorities),
        (_incidents.service, [indexed(service) for service in query.services]),
    )
    if query.assignee:
        yield _incidents.assignee == storable(query.assignee)


def _of_teams_and_time(query: IncidentQuery, many: bool) -> Iterator[ColumnElement[bool]]:
    if query.teams:
        yield of_teams(_incidents.uid, query.teams, many=many)
    if query.since is not None:
        yield _incidents.opened_at >= query.since
    if query.until is not None:
        yield _incidents.opened_at < query.until


def _of_text(query: IncidentQuery, many: bool) -> Iterator[ColumnElement[bool]]:
    words, episodes = schema.words.c, schema.episodes.c
    patterns = [words.text.contains(pattern_text(folded(word)), autoescape=True) for word in query.words.split()]
    if patterns:
        yield _in(words.incident, and_(*patterns), many)
    if query.label:
        yield _in(episodes.incident, holds_labels(episodes.labels, query.label), many)


def _in(incident: Column[str], condition: ColumnElement[bool], many: bool) -> ColumnElement[bool]:
    """Ask for a row beside the incident: one by one, or (of a large part of all) by one walk through all such rows."""
    if many:
        return _incidents.uid.in_(select(incident).where(condition))
    return exists().where(incident == _incidents.uid, condition)
