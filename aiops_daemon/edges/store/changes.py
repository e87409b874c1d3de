"""One step of the desk on its way to disk.

Enters: a connection in a transaction and the changes. Leaves: rows, written with one statement a table whatever their
number. The caller commits or rolls back: all of it is kept or none.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, and_, bindparam, delete, select, update

from aiops_daemon.core.model.incident import Incident
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.edges.store import acts, digests, outbox, schema, timers
from aiops_daemon.edges.store.chunks import chunks
from aiops_daemon.edges.store.rows import episode_row, incident_row
from aiops_daemon.edges.store.rows_beside import correction_row, entry_row, finding_row, outcome_row, quarantined_row
from aiops_daemon.edges.store.rows_paging import storm_row
from aiops_daemon.edges.store.storable import storable
from aiops_daemon.edges.store.untold import FOLLOWING, drop_untold
from aiops_daemon.edges.store.upserts import insert, upsert
from aiops_daemon.edges.store.withdraw import withdraw
from aiops_daemon.edges.store.words import write_words
from aiops_daemon.ports.store import Changes

_SUPERSEDED = (MessageEvent.UPDATE.value, MessageEvent.STORM.value)
_teams = schema.incident_teams.c
_TEAMS_OF = select(_teams.incident, _teams.team).where(_teams.incident.in_(bindparam("uids", expanding=True)))
_LEAVE = delete(schema.incident_teams).where(
    and_(_teams.incident == bindparam("left_incident"), _teams.team == bindparam("left_team"))
)
_DONE = delete(schema.inbox).where(schema.inbox.c.id.in_(bindparam("rows", expanding=True)))
_OVER = delete(schema.storms).where(schema.storms.c.destination.in_(bindparam("over", expanding=True)))
_PROGRESS = update(schema.inbox).where(schema.inbox.c.id == bindparam("row")).values(skip=bindparam("alerts"))


def write_changes(conn: Connection, changes: Changes) -> None:
    """Write everything one step changed; entries in their order, rows replaced whole by uid."""
    upsert(conn, schema.episodes, [episode_row(one) for one in changes.episodes])
    upsert(conn, schema.incidents, [incident_row(one) for one in changes.incidents])
    _write_teams(conn, changes.incidents)
    insert(conn, schema.timeline, [entry_row(one) for one in changes.entries])
    write_words(conn, changes.incidents, changes.episodes, changes.entries)
    _write_beside(conn, changes)
    _write_paging(conn, changes)
    _write_inbox(conn, changes)


def _write_teams(conn: Connection, incidents: Iterable[Incident]) -> None:
    latest = {one.uid: one.teams for one in incidents}
    after = {(uid, storable(team)) for uid, teams in latest.items() for team in teams}
    before = {(uid, team) for part in chunks(latest) for uid, team in conn.execute(_TEAMS_OF, {"uids": part})}
    left = [{"left_incident": uid, "left_team": team} for uid, team in sorted(before - after)]
    if left:
        conn.execute(_LEAVE, left)
    joined = [{"incident": uid, "team": team} for uid, team in sorted(after - before)]
    upsert(conn, schema.incident_teams, joined)


def _write_paging(conn: Connection, changes: Changes) -> None:
    timers.write(conn, changes.escalations, dict(changes.timers), changes.deadlines, changes.met)
    withdraw(conn, changes.withdrawn)
    dues, gone = outbox.supersede(conn, changes.superseded, _SUPERSEDED, "a later message says more")
    outbox.add(conn, changes.notifications, dues)
    after = {one.key: one.uid for one in changes.notifications if one.message.event is MessageEvent.STORM}
    timers.hand_on(conn, [(uid, after[key]) for key, uid in gone if key in after])
    drop_untold(conn, (one.key for one in changes.notifications if one.message.event in FOLLOWING))
    digests.write(conn, changes.digests)
    upsert(conn, schema.storms, [storm_row(one) for one in changes.storms])
    if any(not one.named for one in changes.storms):
        conn.execute(_OVER, {"over": [storable(one.destination) for one in changes.storms if not one.named]})
    acts.write_answers(conn, changes.answers)


def _write_beside(conn: Connection, changes: Changes) -> None:
    upsert(conn, schema.linked_findings, [finding_row(one) for one in changes.findings])
    insert(conn, schema.outcomes, [outcome_row(one) for one in changes.outcomes])
    upsert(conn, schema.corrections, [correction_row(one) for one in changes.corrections])
    insert(conn, schema.quarantine, [quarantined_row(one) for one in changes.quarantined])
    upsert(conn, schema.knowledge, [{"name": name, "value": value} for name, value in changes.knowledge])


def _write_inbox(conn: Connection, changes: Changes) -> None:
    for part in chunks(changes.done):
        conn.execute(_DONE, {"rows": part})
    if changes.progress:
        conn.execute(_PROGRESS, [{"row": row, "alerts": alerts} for row, alerts in changes.progress])
