"""An incident: alerts that belong together, what people did about them, and when they were to be told.

Values only. What moves an incident from state to state is in core.incidents.lifecycle. Times are unix seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.severity import Severity


class IncidentState(StrEnum):
    """Where an incident stands. Reopened is an event of the timeline; snoozed is a timer."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    INVESTIGATING = "investigating"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"
    MERGED = "merged"

    @property
    def closed(self) -> bool:
        """Say whether nothing more is expected of it."""
        return self in (IncidentState.RESOLVED, IncidentState.MERGED)


class Priority(StrEnum):
    """How urgent; P1 first."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident as it stands."""

    uid: str
    number: int
    team: str  # of its first alert
    teams: tuple[str, ...]  # every team that owns one of its alerts, sorted
    title: str
    state: IncidentState
    severity: Severity
    priority: Priority
    priority_reason: str
    opened_at: float
    updated_at: float
    service: str = ""
    labels: Labels = ()  # shared by all its alerts
    acknowledged_at: float | None = None
    acknowledged_by: str = ""
    resolved_at: float | None = None
    resolved_by: str = ""
    merged_into: str = ""  # uid
    assignee: str = ""
    snoozed_until: float | None = None
    notify_at: float | None = None  # when escalation starts; None: not while the reason holds
    notify_reason: str = ""
    alerts: int = 0  # episodes ever
    firing: int = 0  # episodes open now
    muted: int = 0  # of those, silenced or inhibited
    reopened: int = 0
    false_positive: bool = False
    digest: bool = False  # alerts that already fired when this daemon met them first

    @property
    def name(self) -> str:
        """Return the number for people."""
        return f"INC-{self.number}"


class EntryKind(StrEnum):
    """What a line of the timeline tells."""

    OPENED = "opened"
    JOINED = "joined"
    APART = "apart"  # an alert that did not join, with the reason
    ALERT_RESOLVED = "alert_resolved"
    ALERT_STALE = "alert_stale"
    ALERT_UNKNOWN = "alert_unknown"
    ALERT_REFIRED = "alert_refired"
    ALERT_MUTED = "alert_muted"
    ALERT_UNMUTED = "alert_unmuted"
    FLAPPING = "flapping"
    STEADY = "steady"  # flaps no more
    VERDICT = "verdict"
    FINDING = "finding"
    FINDING_CLOSED = "finding_closed"
    SEVERITY = "severity"
    PRIORITY = "priority"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    INVESTIGATING = "investigating"
    MITIGATED = "mitigated"
    ASSIGNED = "assigned"
    NOTE = "note"
    SNOOZED = "snoozed"
    SNOOZE_ENDED = "snooze_ended"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    MERGED = "merged"
    SPLIT = "split"
    FALSE_POSITIVE = "false_positive"
    OUTCOME = "outcome"
    REPAIRED = "repaired"  # reconciliation corrected something
    NOTIFIED = "notified"  # somebody was told, or would have been
    ESCALATION = "escalation"  # why somebody was not told, or not yet


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline: who changed what from what to what, from where, and the sentence for people.

    `uid` orders lines of one instant too: uuid7, rising within a process.
    """

    uid: str
    incident: str  # uid
    team: str
    at: float
    kind: EntryKind
    actor: str
    origin: str  # where from: webhook, reconciliation, api, page, cli, daemon
    text: str
    before: str = ""
    after: str = ""
    episode: str = ""  # uid of the alert's episode it is about
    reason: str = ""  # closed set where a machine decided


@dataclass(frozen=True, slots=True)
class Outcome:
    """What people said at the end: the cause, what was done, whether it helped. Kept to learn from."""

    incident: str
    team: str
    at: float
    actor: str
    cause: str = ""
    action: str = ""
    helped: bool | None = None


@dataclass(frozen=True, slots=True)
class LinkedFinding:
    """A finding in an incident: the words and numbers at its last change."""

    uid: str
    incident: str
    team: str
    query: str
    kind: str
    labels: Labels
    severity: str
    since: float
    closed_at: float | None
    sentence: str
    reason: str  # why it belongs here
    body: str = ""  # the finding and its plot as a JSON object


@dataclass(frozen=True, slots=True)
class Correction:
    """A person moved alerts: what grouping learns from. kind: merge or split; the label sets that were (un)joined."""

    uid: str
    at: float
    actor: str
    kind: str
    team: str
    left: tuple[Labels, ...]
    right: tuple[Labels, ...]
