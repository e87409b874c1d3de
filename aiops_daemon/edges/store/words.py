"""What the search over incidents looks at, kept up to date as incidents, alerts and notes are written.

Enters: what was just written. Leaves: one text per incident in the table `words`: number, title, labels, values of the
labels of its alerts, notes, causes and what was done; case folded, one a line, none twice, at most 8 KiB, of which
alerts fill three quarters, so that a storm leaves room for what people write. What was once there stays findable after
a split or a new title.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, select

from aiops_daemon.core.model.alert import Episode
from aiops_daemon.core.model.incident import Entry, EntryKind, Incident
from aiops_daemon.edges.store import schema
from aiops_daemon.edges.store.chunks import chunks
from aiops_daemon.edges.store.storable import storable
from aiops_daemon.edges.store.upserts import upsert

MAX_CHARACTERS = 8192
MAX_OF_ALERTS = 6144
_BY_PEOPLE = (EntryKind.NOTE, EntryKind.OUTCOME)

_KNOWN = select(schema.words).where(schema.words.c.incident.in_(bindparam("uids", expanding=True)))


@dataclass(slots=True)
class _News:
    """What may be new for one incident, in order, none twice."""

    alerts: dict[str, None] = field(default_factory=dict)
    others: dict[str, None] = field(default_factory=dict)


def folded(text: str) -> str:
    """Bring text to the form in which it is stored and looked for."""
    return storable(text).casefold()


def write_words(
    conn: Connection, incidents: Iterable[Incident], episodes: Iterable[Episode], entries: Iterable[Entry]
) -> None:
    """Add what is not findable yet; incidents to which nothing is new are not written."""
    news = _news(incidents, episodes, entries)
    known = _known(conn, news)
    after = {uid: _appended(known.get(uid, ""), new) for uid, new in news.items()}
    changed = [{"incident": uid, "text": text} for uid, text in after.items() if text != known.get(uid)]
    upsert(conn, schema.words, changed)


def _news(incidents: Iterable[Incident], episodes: Iterable[Episode], entries: Iterable[Entry]) -> dict[str, _News]:
    news: dict[str, _News] = {}
    for incident in incidents:
        others = news.setdefault(incident.uid, _News()).others
        others[incident.name] = None
        others[incident.title] = None
        others.update((value, None) for _, value in incident.labels)
    for entry in entries:
        if entry.kind in _BY_PEOPLE and entry.incident:
            news.setdefault(entry.incident, _News()).others[entry.text] = None
    for episode in episodes:
        if episode.incident:
            news.setdefault(episode.incident, _News()).alerts.update((value, None) for _, value in episode.labels)
    return news


def _known(conn: Connection, uids: Iterable[str]) -> dict[str, str]:
    known: dict[str, str] = {}
    for part in chunks(uids):
        known.update((uid, text) for uid, text in conn.execute(_KNOWN, {"uids": part}))
    return known


def _appended(text: str, news: _News) -> str:
    text = _with(text, news.others, MAX_CHARACTERS)
    return _with(text, news.alerts, MAX_OF_ALERTS)


def _with(text: str, lines: Iterable[str], limit: int) -> str:
    for line in lines:
        if len(text) >= limit:
            break
        line_folded = folded(line[:limit])
        if line_folded not in text:
            text = f"{text}\n{line_folded}"[:limit] if text else line_folded[:limit]
    return text
