"""The delivery log: what was to be sent to whom, and what became of it.

Enters: a query and who asks. Leaves: a page of messages, latest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import ColumnElement, Connection, and_, or_, select, true

from aiops_daemon.core.model.listing import MAX_LIMIT
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import (
    Notification,
    NotificationPage,
    NotificationQuery,
    NotificationState,
)
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.core.response.folding import lane
from aiops_daemon.edges.store import cursors, schema
from aiops_daemon.edges.store.anyof import any_of
from aiops_daemon.edges.store.chunks import chunks
from aiops_daemon.edges.store.references import number_of
from aiops_daemon.edges.store.rows_paging import notification_of
from aiops_daemon.edges.store.storable import storable
from aiops_daemon.edges.store.visible import of_teams

_row = schema.outbox.c
_ORDER = "made"
_MODES = {NotificationState.SHADOW.value: Mode.SHADOW, NotificationState.MUTED.value: Mode.MUTED}


def by_uid(conn: Connection, uids: Iterable[str]) -> dict[str, Notification]:
    """Read these messages, whoever's they are."""
    rows = (
        row
        for part in chunks(dict.fromkeys(uids))
        for row in conn.execute(select(schema.outbox).where(_row.uid.in_(part)))
    )
    return {row.uid: notification_of(row) for row in rows}


def heard(conn: Connection, incidents: Iterable[str]) -> set[str]:
    """Return those of these incidents of which a message of the beginning arrived."""
    arrived = and_(
        _row.event == MessageEvent.TRIGGER.value,
        _row.state == NotificationState.SENT.value,
        _row.confirmed_at.is_not(None),
    )
    found = (
        uid
        for part in chunks(dict.fromkeys(incidents))
        for uid in conn.execute(select(_row.incident).where(_row.incident.in_(part), arrived)).scalars()
    )
    return set(found)


def find(conn: Connection, query: NotificationQuery, scope: Scope) -> NotificationPage:
    """List one page; raises InputError for a bad cursor."""
    limit = min(max(query.limit, 1), MAX_LIMIT)
    conditions = [_visible(scope), *_asked(query)]
    rows = conn.execute(select(schema.outbox).where(*conditions).order_by(_row.id.desc()).limit(limit + 1)).all()
    following = cursors.write(_ORDER, (rows[limit - 1].id, 0)) if len(rows) > limit else None
    return NotificationPage(tuple(map(notification_of, rows[:limit])), following)


def _visible(scope: Scope) -> ColumnElement[bool]:
    if scope.teams is None:
        return true()
    return or_(_row.team.in_(sorted(map(storable, scope.teams))), of_teams(_row.incident, scope.teams))


def _asked(query: NotificationQuery) -> Iterator[ColumnElement[bool]]:
    yield from any_of((_row.state, query.states), (_row.integration, query.integrations))
    if query.destination:
        yield _row.destination == storable(query.destination)
    if query.since is not None:
        yield _row.created_at >= query.since
    if query.cursor:
        yield _row.id < cursors.read(query.cursor, _ORDER, (int, int))[0]
    if query.incident:
        number = number_of(query.incident)
        incidents = schema.incidents.c
        found = select(incidents.uid).where(incidents.number == number).scalar_subquery()
        yield _row.incident == (storable(query.incident) if number is None else found)


def pages_since(conn: Connection, since: float) -> list[tuple[str, str, float]]:
    """Return lane, service and time of every message that told of a new incident, or would have, since then."""
    rows = conn.execute(select(schema.outbox).where(_row.created_at >= since, _row.event == MessageEvent.TRIGGER.value))
    return [
        (lane(row.destination, _MODES.get(row.state, Mode.LIVE)), notification_of(row).message.service, row.created_at)
        for row in rows
    ]
