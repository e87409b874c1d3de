"""What the past tells of alert rules, and how many incidents there are.

Enters: since when, and who asks. Leaves: the episodes of each rule, oldest first; counts for metrics. Judges nothing.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, false, func, select

from aiops_daemon.core.model.listing import RuleEpisode, RuleHistory
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.edges.store import schema
from aiops_daemon.edges.store.visible import episodes_for

_episodes = schema.episodes.c
_incidents = schema.incidents.c
_entries = schema.timeline.c
_others = schema.episodes.alias("others").c

_OPENER = (
    select(_others.uid)
    .where(_others.incident == _episodes.incident)
    .order_by(_others.heard_at, _others.uid)
    .limit(1)
    .scalar_subquery()
)
_ACTED_AT = (
    select(func.min(_entries.at)).where(_entries.incident == _episodes.incident, schema.BY_PEOPLE).scalar_subquery()
)
_PAST = (
    select(
        _episodes.team,
        _episodes.rule,
        _episodes.uid,
        _episodes.source,
        _episodes.fingerprint,
        _episodes.severity,
        _episodes.starts_at,
        _episodes.ends_at,
        _episodes.starts,
        _episodes.flapping,
        _episodes.muted != "[]",
        _episodes.incident,
        and_(_episodes.incident != "", _episodes.uid == _OPENER),
        _ACTED_AT,
        func.coalesce(_incidents.false_positive, false()),
    )
    .select_from(schema.episodes.outerjoin(schema.incidents, _incidents.uid == _episodes.incident))
    .order_by(_episodes.heard_at, _episodes.uid)
)


def rule_histories(conn: Connection, since: float, scope: Scope) -> list[RuleHistory]:
    """Read, by team and rule, the episodes heard since then.

    An incident was opened by the episode in it that was heard first; acted on when a person changed it first.
    """
    found: dict[tuple[str, str], list[RuleEpisode]] = {}
    for team, rule, *rest in conn.execute(_PAST.where(_episodes.heard_at >= since, episodes_for(scope))):
        found.setdefault((team, rule), []).append(_episode(rest))
    return [RuleHistory(team, rule, tuple(episodes)) for (team, rule), episodes in sorted(found.items())]


def _episode(row: list[Any]) -> RuleEpisode:
    return RuleEpisode(
        uid=row[0],
        source=row[1],
        fingerprint=row[2],
        severity=row[3],
        starts_at=row[4],
        ends_at=row[5],
        starts=row[6],
        flapping=row[7],
        muted=bool(row[8]),
        incident=row[9],
        opened=bool(row[10]),
        acted_at=row[11],
        false_positive=bool(row[12]),
    )


def counts(conn: Connection) -> dict[tuple[str, str, str], int]:
    """Count incidents by state, severity and team, each once, for the team of its first alert."""
    columns = (_incidents.state, _incidents.severity, _incidents.team)
    rows = conn.execute(select(*columns, func.count()).group_by(*columns))
    return {(state, severity, team): count for state, severity, team, count in rows}
