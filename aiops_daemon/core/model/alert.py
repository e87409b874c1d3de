"""Alerts as they happen: what somebody says of one (an event), and what we hold of it (an episode).

An alert is identified by its source and Alertmanager's fingerprint; an episode is one stretch in which it fires, with a
uid of its own. Findings and notices about this daemon itself take the same road under sources of their own, so
that there is one way into an incident. Times are unix seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aiops_daemon.core.model.labels import Labels, get

SELF_SOURCE = "aiops"
"""Source of alerts about this daemon itself; no configured Alertmanager may have this name."""

FINDING_SOURCE = "findings"
"""Source of findings that open incidents; their fingerprint is the finding's uid."""


class AlertStatus(StrEnum):
    """What an event says of an alert."""

    FIRING = "firing"
    RESOLVED = "resolved"


class Origin(StrEnum):
    """How an event came to us."""

    WEBHOOK = "webhook"
    RECONCILIATION = "reconciliation"
    FINDING = "finding"
    SELF = "self"


class EpisodeState(StrEnum):
    """What is known of an alert now. Everything but resolved is open."""

    FIRING = "firing"
    STALE = "stale"  # told resolved, but its Prometheus is not evaluating: nothing is known to be well
    UNKNOWN = "unknown"  # gone without proof of an end
    RESOLVED = "resolved"


class Mute(StrEnum):
    """Why Alertmanager keeps an open alert quiet."""

    SILENCED = "silenced"
    INHIBITED = "inhibited"


AlertKey = tuple[str, str]
"""Source and fingerprint."""


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """One statement about one alert. `extra` is a JSON object of fields that we do not know, "" for none."""

    source: str
    fingerprint: str
    status: AlertStatus
    labels: Labels
    annotations: Labels
    starts_at: float
    ends_at: float | None  # None: not ended (Alertmanager's year 1)
    received_at: float
    generator_url: str = ""
    receiver: str = ""
    external_url: str = ""
    origin: Origin = Origin.WEBHOOK
    extra: str = ""

    @property
    def key(self) -> AlertKey:
        """Return what identifies the alert."""
        return (self.source, self.fingerprint)


class VerdictKind(StrEnum):
    """What quality says of an alert; decides when somebody is told, never whether an incident opens."""

    NOTIFY = "notify"  # tell at once
    DELAY = "delay"  # tell at `notify_at`, unless it ends before
    SUPPRESS = "suppress"  # a rule of the configuration, maintenance, a silence or an inhibition holds it
    RECORD = "record"  # never opens an incident (severity none, Watchdog, ended before we heard of it)


class VerdictReason(StrEnum):
    """Why; values of the metric label `reason`."""

    NEW = "new"
    CRITICAL = "critical"  # never delayed
    TRANSIENT = "transient"  # usually ends by itself within the hold
    FLAPPING = "flapping"
    MAINTENANCE = "maintenance"
    SUPPRESSION = "suppression"
    SILENCED = "silenced"
    INHIBITED = "inhibited"
    SEVERITY_NONE = "severity_none"
    WATCHDOG = "watchdog"
    LATE = "late"  # ended before we heard of it
    DUPLICATE = "duplicate"  # a repetition; changes nothing
    OWN_RULE = "own_rule"  # of a rule that we generated; joins the incident of its finding
    OVER = "over"  # what held it ended: looked at as new


@dataclass(frozen=True, slots=True)
class Verdict:
    """When to tell people of an alert, with the reason. `notify_at` None: not while this verdict holds."""

    kind: VerdictKind = VerdictKind.NOTIFY
    reason: VerdictReason = VerdictReason.NEW
    sentence: str = ""
    notify_at: float | None = None
    until: float | None = None  # when what suppresses ends, where that is known
    score: float = 0.0  # 0..1, how much it deserves attention; parts are in `parts`
    parts: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Episode:
    """One alert from first firing to its end. `severity` is one of Severity's values."""

    uid: str
    team: str
    source: str
    fingerprint: str
    labels: Labels
    annotations: Labels
    severity: str
    state: EpisodeState
    first_starts_at: float  # startsAt of its first firing
    starts_at: float  # startsAt of its latest firing
    ends_at: float | None  # when it ended, or is said to have ended (stale)
    heard_at: float  # first event
    seen_at: float  # last event
    incident: str = ""  # uid; empty: recorded only
    joined_reason: str = ""  # why it is in that incident, with the numbers
    muted: tuple[tuple[str, str], ...] = ()  # (Mute, id of the silence or fingerprint of the inhibiting alert)
    starts: int = 1  # firings with a startsAt of their own, blips between flushes included
    flapping: bool = False
    verdict: Verdict = Verdict()
    generator_url: str = ""
    receiver: str = ""
    external_url: str = ""
    origin: Origin = Origin.WEBHOOK
    extra: str = ""

    @property
    def key(self) -> AlertKey:
        """Return what identifies the alert."""
        return (self.source, self.fingerprint)

    @property
    def open(self) -> bool:
        """Say whether it is not known to have ended."""
        return self.state is not EpisodeState.RESOLVED

    @property
    def rule(self) -> str:
        """Return the name of the alert rule."""
        return get(self.labels, "alertname")
