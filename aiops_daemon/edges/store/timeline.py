"""The timeline in the order in which it was committed: what the stream of changes is read from.

Enters: the uid of the last line that somebody saw, or an incident and a time. Leaves: the lines after it.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, func, select

from aiops_daemon.core.model.incident import Entry, EntryKind
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.edges.store import schema
from aiops_daemon.edges.store.rows_beside import entry_of
from aiops_daemon.edges.store.storable import storable
from aiops_daemon.edges.store.visible import entries_for

_entries = schema.timeline.c
_PLACE = select(_entries.id).where(_entries.uid <= bindparam("uid")).order_by(_entries.uid.desc()).limit(1)
_FEW = 20
_LAST = select(_entries.uid).order_by(_entries.id.desc()).limit(1)


def entries_after(conn: Connection, uid: str, limit: int, scope: Scope) -> list[Entry]:
    """Read lines in the order of commits after this one ("" from the first).

    A uid that is not there (any more) stands for the greatest one below it: uids rise with time, so nothing that came
    after it is left out.
    """
    place = func.coalesce(_PLACE.scalar_subquery(), 0)
    statement = select(schema.timeline).where(_entries.id > place, entries_for(scope)).order_by(_entries.id)
    return list(map(entry_of, conn.execute(statement.limit(bindparam("most")), {"uid": storable(uid), "most": limit})))


def entries_since(conn: Connection, incident: str, at: float, kinds: Iterable[EntryKind]) -> list[Entry]:
    """Read an incident's lines of these kinds that tell of what happened after then, the latest first."""
    after = select(schema.timeline).where(_entries.incident == storable(incident), _entries.at > at)
    told = after.where(_entries.kind.in_(sorted(kinds))).order_by(_entries.id.desc()).limit(_FEW)
    return list(map(entry_of, conn.execute(told)))


def last_entry(conn: Connection) -> str:
    """Read the uid of the latest committed line, "" when there is none."""
    return conn.execute(_LAST).scalar() or ""
