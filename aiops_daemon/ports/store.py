"""The store as flows and pages see it; the same contract holds on SQLite and PostgreSQL.

Writers: `accept` (intake, many at once, group commit) and `commit` (the desk, one at a time). Every method may raise
StoreError; after one, nothing of that call is on disk. Readers take a Scope and see only its teams. Rows come
back as the frozen values of core.model, never as database rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from aiops_daemon.core.model.action import Answered
from aiops_daemon.core.model.alert import AlertKey, Episode
from aiops_daemon.core.model.escalation import Escalation, Timer
from aiops_daemon.core.model.inbox import Backlog, Delivery, InboxRow, Quarantined
from aiops_daemon.core.model.incident import Correction, Entry, EntryKind, Incident, LinkedFinding, Outcome
from aiops_daemon.core.model.listing import (
    AlertPage,
    AlertQuery,
    IncidentDetail,
    IncidentPage,
    IncidentQuery,
    RuleHistory,
)
from aiops_daemon.core.model.notification import Notification, Storm
from aiops_daemon.core.model.scope import Scope


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything one step of the desk changed; written whole in one transaction or not at all.

    Episodes, incidents and findings are whole rows, inserted or replaced by uid. `done` are inbox rows that are
    finished, `progress` how many alerts of an unfinished one are (by row id). `knowledge` are learned values by name.
    `timers` are the whole set of an incident's escalation, by incident; `deadlines` wait for messages, and those in
    `met` (incident, name) wait no more. `notifications` are new; waiting updates of the keys in `superseded` go.
    `digests` name what this step adds to the one that waits for their destination, or are new.
    Of an incident and a policy in `withdrawn`, as of then, no page that waits is sent. `answers` are what came of acts
    that have an id.
    """

    episodes: tuple[Episode, ...] = ()
    incidents: tuple[Incident, ...] = ()
    entries: tuple[Entry, ...] = ()
    findings: tuple[LinkedFinding, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    corrections: tuple[Correction, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    done: tuple[int, ...] = ()
    progress: tuple[tuple[int, int], ...] = ()
    knowledge: tuple[tuple[str, bytes], ...] = ()
    escalations: tuple[Escalation, ...] = ()
    timers: tuple[tuple[str, tuple[Timer, ...]], ...] = ()
    deadlines: tuple[Timer, ...] = ()
    met: tuple[tuple[str, str], ...] = ()
    notifications: tuple[Notification, ...] = ()
    digests: tuple[Notification, ...] = ()
    superseded: tuple[str, ...] = ()
    storms: tuple[Storm, ...] = ()
    withdrawn: tuple[tuple[str, str, float], ...] = ()
    answers: tuple[Answered, ...] = ()

    def __bool__(self) -> bool:
        """Say whether anything changed."""
        return any(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True, slots=True)
class DeskState:
    """What the desk starts from: open incidents, all episodes of those, open episodes without one, and counters."""

    incidents: tuple[Incident, ...]
    episodes: tuple[Episode, ...]
    next_number: int  # of the next incident
    first_started_at: float | None  # when this store was first used; None: it is empty
    findings: tuple[LinkedFinding, ...] = ()  # of those incidents
    escalations: tuple[Escalation, ...] = ()  # of those incidents
    storms: tuple[Storm, ...] = ()


DESK_LEASE = "desk"
"""Name of the lease whose token fences `commit`."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to process alerts: at most one holder; `token` rises with every change of holder."""

    name: str
    holder: str
    token: int
    expires_at: float


class AlertStore(Protocol):
    """Rows on disk."""

    async def accept(self, delivery: Delivery) -> int:
        """Write one body and return its row's id once it is on disk."""

    async def quarantine(self, rejected: Quarantined) -> None:
        """Keep a copy of what was refused."""

    async def pending(self, limit: int, *, bytes_limit: int) -> list[InboxRow]:
        """Return the oldest rows that wait, at most `limit` and (but for the first) `bytes_limit` of bodies."""

    async def failed(self, row: int, error: str) -> int:
        """Count a failed attempt on an inbox row and return how many there were."""

    async def backlog(self) -> Backlog:
        """Count what waits."""

    async def load_desk(self, *, reopen_since: float) -> DeskState:
        """Read what the desk starts from; incidents resolved since then come too, for they may reopen."""

    async def latest_episodes(self, keys: Iterable[AlertKey]) -> dict[AlertKey, Episode]:
        """Return the latest episode of each alert that has one (by starts_at, then heard_at)."""

    async def incidents_by_uid(self, uids: Iterable[str]) -> dict[str, Incident]:
        """Return these incidents."""

    async def episodes_of(self, incident: str) -> list[Episode]:
        """Return all episodes of an incident."""

    async def knowledge(self) -> dict[str, bytes]:
        """Return all learned values by name."""

    async def commit(self, changes: Changes, *, token: int | None = None) -> None:
        """Write all changes in one transaction; refuses when `token` is no longer that of the desk's lease."""

    async def begin(self, now: float) -> None:
        """Note that this store is in use since now, unless it is known already."""

    async def find_incidents(self, query: IncidentQuery, scope: Scope) -> IncidentPage:
        """List incidents: filter, words, sort, page, facets."""

    async def find_incident(self, reference: str, scope: Scope) -> IncidentDetail | None:
        """Return one incident by number (`INC-42`, `42`) or uid, with all that belongs to it."""

    async def find_alerts(self, query: AlertQuery, scope: Scope) -> AlertPage:
        """List alerts."""

    async def entries_after(self, uid: str, limit: int, scope: Scope) -> list[Entry]:
        """Return timeline entries in the order they were committed, after this one ("" from the first)."""

    async def entries_since(self, incident: str, at: float, kinds: Iterable[EntryKind]) -> list[Entry]:
        """Return an incident's lines of these kinds that tell of what happened after then, the latest first, a few."""

    async def last_entry(self) -> str:
        """Return the uid of the latest committed entry, "" when there is none."""

    async def rule_histories(self, since: float, scope: Scope) -> list[RuleHistory]:
        """Return, by alert rule, the episodes heard since then, for quality."""

    async def corrections(self) -> list[Correction]:
        """Return all corrections by people, oldest first."""

    async def counts(self) -> Mapping[tuple[str, str, str], int]:
        """Count incidents by state, severity and team."""

    async def probe(self) -> None:
        """Write and commit something small; raises StoreError when that fails."""

    async def lease(self, name: str, holder: str, seconds: float) -> Lease | None:
        """Take or renew a lease; None while somebody else holds it."""

    async def expire(self, now: float) -> int:
        """Delete a batch of what is older than the retention (at most 500 rows); returns how many went."""

    async def backup(self) -> str:
        """Make a verified copy and return its path; "" where the database has means of its own."""

    async def check(self) -> tuple[str, ...]:
        """Look at every page and return what is wrong; () where the database has means of its own."""

    async def close(self) -> None:
        """Write what waits, release everything; idempotent."""
