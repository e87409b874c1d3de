"""What lists of incidents and alerts are asked for, and what they answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from aiops_daemon.core.model.alert import Episode
from aiops_daemon.core.model.incident import Entry, Incident, LinkedFinding, Outcome

MAX_LIMIT = 500


class IncidentSort(StrEnum):
    """Orders of the list of incidents; ties are broken by number."""

    OPENED = "opened"  # newest first
    UPDATED = "updated"  # latest change first
    PRIORITY = "priority"  # most urgent first
    SEVERITY = "severity"  # worst first


@dataclass(frozen=True, slots=True)
class IncidentQuery:
    """Which incidents; empty means any. `words` must all occur in title, labels, alerts, notes or number."""

    states: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    assignee: str = ""
    words: str = ""
    label: tuple[tuple[str, str], ...] = ()  # equal on at least one of its alerts
    since: float | None = None  # opened at or after
    until: float | None = None  # opened before
    sort: IncidentSort = IncidentSort.OPENED
    limit: int = 50
    cursor: str = ""
    facets: bool = False


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """One page. `facets`: per field, how many of all that match have each value. `total` counts all that match."""

    incidents: tuple[Incident, ...]
    next: str | None
    total: int
    facets: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IncidentDetail:
    """One incident with what belongs to it; the timeline oldest first.

    Of a storm the first part: open alerts before ended ones, and of the timeline the latest lines and the first.
    """

    incident: Incident
    episodes: tuple[Episode, ...]
    timeline: tuple[Entry, ...]
    findings: tuple[LinkedFinding, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    merged: tuple[Incident, ...] = ()  # incidents that went into this one
    alerts_left_out: int = 0
    lines_left_out: int = 0


@dataclass(frozen=True, slots=True)
class AlertQuery:
    """Which alerts; empty means any."""

    states: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    incident: str = ""  # number or uid
    verdicts: tuple[str, ...] = ()
    label: tuple[tuple[str, str], ...] = ()
    words: str = ""
    limit: int = 50
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class AlertPage:
    """One page of alerts, latest heard first."""

    alerts: tuple[Episode, ...]
    next: str | None
    total: int


@dataclass(frozen=True, slots=True)
class RuleEpisode:
    """What quality needs to know of one past episode."""

    uid: str
    source: str
    fingerprint: str
    severity: str
    starts_at: float
    ends_at: float | None  # None: still open
    starts: int
    flapping: bool
    muted: bool  # silenced or inhibited when last seen
    incident: str
    opened: bool  # its incident was opened by it
    acted_at: float | None  # first acknowledgement or other act of a person on its incident
    false_positive: bool


@dataclass(frozen=True, slots=True)
class RuleHistory:
    """The episodes of one alert rule of one team, oldest first."""

    team: str
    rule: str
    episodes: tuple[RuleEpisode, ...]
