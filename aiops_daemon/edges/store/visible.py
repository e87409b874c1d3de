"""Who sees what: the conditions that every reader adds.

Enters: a scope. Leaves: conditions over incidents and episodes. An incident is visible to each of its teams, an alert
to its own team and to those of its incident, a line of a timeline to those of its incident. An empty set of teams sees
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, and_, exists, or_, select, true

from aiops_daemon.core.model.scope import Scope
from aiops_daemon.edges.store import schema
from aiops_daemon.edges.store.storable import storable

_teams = schema.incident_teams.c


def of_teams(incident: ColumnElement[str], teams: Iterable[str], *, many: bool = False) -> ColumnElement[bool]:
    """Ask whether an incident (by uid) belongs to one of these teams.

    `many`: over a large part of all incidents; the list of the teams' incidents is then read once (on SQLite).
    """
    theirs = _teams.team.in_(_names(teams))
    if many:
        return incident.in_(select(_teams.incident).where(theirs))
    return exists().where(and_(_teams.incident == incident, theirs))


def incidents_for(scope: Scope, *, many: bool = False) -> ColumnElement[bool]:
    """Ask whether a row of `incidents` is visible."""
    return true() if scope.teams is None else of_teams(schema.incidents.c.uid, scope.teams, many=many)


def episodes_for(scope: Scope) -> ColumnElement[bool]:
    """Ask whether a row of `episodes` is visible."""
    if scope.teams is None:
        return true()
    episodes = schema.episodes.c
    return or_(episodes.team.in_(_names(scope.teams)), of_teams(episodes.incident, scope.teams))


def entries_for(scope: Scope) -> ColumnElement[bool]:
    """Ask whether a row of `timeline` is visible."""
    if scope.teams is None:
        return true()
    entries = schema.timeline.c
    alone = and_(entries.incident == "", entries.team.in_(_names(scope.teams)))
    return or_(of_teams(entries.incident, scope.teams), alone)


def _names(teams: Iterable[str]) -> list[str]:
    return sorted({storable(team) for team in teams})
