"""Lists of alerts: filter, words, one page.

Enters: a query and who asks. Leaves: a page of episodes, latest heard first. When an alert was heard first never
changes, so paging gives every one exactly once, whatever is written meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from aiops_daemon.core.model.listing import MAX_LIMIT, AlertPage, AlertQuery
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.edges.store import cursors, schema
from aiops_daemon.edges.store.anyof import any_of
from aiops_daemon.edges.store.references import number_of
from aiops_daemon.edges.store.rows import episode_of, indexed
from aiops_daemon.edges.store.storable import storable
from aiops_daemon.edges.store.textsearch import holds_labels, mentions
from aiops_daemon.edges.store.visible import episodes_for

_episodes = schema.episodes.c
_ORDER = "heard"
_LATEST_FIRST = (_episodes.heard_at.desc(), _episodes.uid.desc())
_Conditions = list[ColumnElement[bool]]


def find_alerts(conn: Connection, query: AlertQuery, scope: Scope) -> AlertPage:
    """List one page, its uids first, from an index alone where there is one; raises InputError for a bad cursor.

    `label` pairs must all be on the alert. Each of `words` must occur in its labels or annotations; case counts beyond
    A to Z only. `verdicts` are kinds or reasons.
    """
    conditions = [episodes_for(scope), *_of_values(query), *_of_text(query)]
    limit = min(max(query.limit, 1), MAX_LIMIT)
    page = select(_episodes.uid).where(*conditions, *_beyond(query.cursor)).order_by(*_LATEST_FIRST).limit(limit + 1)
    rows = conn.execute(select(schema.episodes).where(_episodes.uid.in_(page)).order_by(*_LATEST_FIRST))
    alerts = tuple(map(episode_of, rows))
    last = alerts[limit - 1] if len(alerts) > limit else None
    following = None if last is None else cursors.write(_ORDER, (last.heard_at, last.uid))
    return AlertPage(alerts[:limit], following, _total(conn, conditions))


def _total(conn: Connection, conditions: _Conditions) -> int:
    return conn.execute(select(func.count()).select_from(schema.episodes).where(*conditions)).scalar_one()


def _beyond(cursor: str) -> Iterator[ColumnElement[bool]]:
    if cursor:
        heard_at, uid = cursors.read(cursor, _ORDER, (float, str))
        yield or_(_episodes.heard_at < heard_at, and_(_episodes.heard_at == heard_at, _episodes.uid < uid))


def _of_values(query: AlertQuery) -> Iterator[ColumnElement[bool]]:
    yield from any_of(
        (_episodes.state, query.states),
        (_episodes.severity, query.severities),
        (_episodes.team, query.teams),
        (_episodes.source, query.sources),
        (_episodes.rule, [indexed(rule) for rule in query.rules]),
    )
    if query.verdicts:
        names = sorted(map(storable, query.verdicts))
        yield or_(_episodes.verdict.in_(names), _episodes.verdict_reason.in_(names))


def _of_text(query: AlertQuery) -> Iterator[ColumnElement[bool]]:
    if query.incident:
        yield _episodes.incident == _uid_of(query.incident)
    if query.label:
        yield holds_labels(_episodes.labels, query.label)
    if query.words.split():
        yield mentions((_episodes.labels, _episodes.annotations), query.words)


def _uid_of(reference: str) -> ColumnElement[str] | str:
    number = number_of(reference)
    if number is None:
        return storable(reference)
    incidents = schema.incidents.c
    return select(incidents.uid).where(incidents.number == number).scalar_subquery()
