"""What one step of the desk changes, collected to be written in one transaction.

Enters: changed rows as they come. Leaves: Changes, each row once, entries in order with ids of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from aiops_daemon.core.model.action import Answered
from aiops_daemon.core.model.alert import Episode
from aiops_daemon.core.model.escalation import Escalation, Timer
from aiops_daemon.core.model.inbox import Quarantined
from aiops_daemon.core.model.incident import Correction, Entry, EntryKind, Incident, LinkedFinding, Outcome
from aiops_daemon.core.model.notification import Notification, Storm
from aiops_daemon.core.model.scope import DAEMON
from aiops_daemon.ids import Mint
from aiops_daemon.ports.store import Changes


class Draft:
    """Rows that wait for the commit."""

    def __init__(self, mint: Mint) -> None:
        self._mint = mint
        self.origin = DAEMON.origin  # of the lines about alerts that are written now
        self.episodes: dict[str, Episode] = {}
        self.incidents: dict[str, Incident] = {}
        self.findings: dict[str, LinkedFinding] = {}
        self.entries: list[Entry] = []
        self.notes: list[Entry] = []  # what people wrote, of those
        self.outcomes: list[Outcome] = []
        self.corrections: list[Correction] = []
        self.quarantined: list[Quarantined] = []
        self.done: list[int] = []
        self.progress: dict[int, int] = {}
        self.knowledge: dict[str, bytes] = {}
        self.escalations: dict[str, Escalation] = {}
        self.timers: dict[str, tuple[Timer, ...]] = {}
        self.deadlines: list[Timer] = []
        self.met: list[tuple[str, str]] = []
        self.notifications: list[Notification] = []
        self.digests: list[Notification] = []
        self.superseded: list[str] = []
        self.storms: dict[str, Storm] = {}
        self.withdrawn: list[tuple[str, str, float]] = []  # incident, policy, as of when
        self.answers: list[Answered] = []
        self.unheard: list[tuple[Incident, str]] = []  # of whom nobody could be told: said after the commit
        self.opened: list[Incident] = []  # for the counters, after the commit
        self.before: dict[str, Incident] = {}  # incidents as they were

    def put(self, before: Incident, after: Incident) -> None:
        """Change an incident."""
        self.before.setdefault(before.uid, before)
        self.incidents[after.uid] = after

    def write(self, entries: Iterable[Entry]) -> None:
        """Add lines of a timeline, in order."""
        written = [replace(entry, uid=self._mint()) for entry in entries]
        self.entries += written
        self.notes += [entry for entry in written if entry.kind is EntryKind.NOTE]

    def tell(
        self, episode: Episode, incident: Incident, kind: EntryKind, at: float, text: str, reason: str = ""
    ) -> None:
        """Add a line about one alert."""
        self.entries.append(
            Entry(
                uid=self._mint(),
                incident=incident.uid,
                team=incident.team,
                at=at,
                kind=kind,
                actor="aiops-daemon",
                origin=self.origin,
                text=text,
                after=str(episode.state),
                episode=episode.uid,
                reason=reason,
            )
        )

    def changes(self) -> Changes:
        """Return everything collected."""
        return Changes(
            episodes=tuple(self.episodes.values()),
            incidents=tuple(self.incidents.values()),
            entries=tuple(self.entries),
            findings=tuple(self.findings.values()),
            outcomes=tuple(self.outcomes),
            corrections=tuple(self.corrections),
            quarantined=tuple(self.quarantined),
            done=tuple(self.done),
            progress=tuple(self.progress.items()),
            knowledge=tuple(self.knowledge.items()),
            escalations=tuple(self.escalations.values()),
            timers=tuple(self.timers.items()),
            deadlines=tuple(self.deadlines),
            met=tuple(self.met),
            notifications=tuple(self.notifications),
            digests=tuple(self.digests),
            superseded=tuple(self.superseded),
            storms=tuple(self.storms.values()),
            withdrawn=tuple(self.withdrawn),
            answers=tuple(self.answers),
        )
