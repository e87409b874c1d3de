"""What reconciliation puts right: differences between what webhooks told and what Alertmanager and Prometheus show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aiops_daemon.core.model.alert import AlertEvent, AlertKey


class RepairClass(StrEnum):
    """Which loss was repaired; values of the metric label `class`."""

    MISSED_FIRING = "missed_firing"  # active in Alertmanager with our receiver, and never told
    MISSED_RESOLVE = "missed_resolve"  # ended, and never told
    MISSED_EPISODE = "missed_episode"  # fired and ended unseen: recorded, never opened
    MUTED = "muted"  # silenced or inhibited since
    UNMUTED = "unmuted"
    STALE = "stale"  # its Prometheus is not evaluating
    UNKNOWN = "unknown"  # gone without proof of an end
    REVIVED = "revived"  # stale or unknown, and firing after all


@dataclass(frozen=True, slots=True)
class Repair:
    """One correction. Which fields are set depends on the class."""

    kind: RepairClass
    key: AlertKey
    text: str  # the sentence for the timeline, with the proof
    event: AlertEvent | None = None  # missed firing, missed episode
    ends_at: float | None = None  # missed resolve
    muted: tuple[tuple[str, str], ...] = ()  # muted, unmuted: all that hold now
    asked_at: float | None = None  # when the answers were asked for on which it rests; news heard since wins


class Evaluation(StrEnum):
    """What the Prometheus that evaluates an alert's rule says of it, as far as we know it."""

    FIRING = "firing"  # evaluating, and the alert is active (pending counts)
    INACTIVE = "inactive"  # evaluating, and the alert is not active
    NOT_EVALUATING = "not_evaluating"  # ours, but silent, or the rule was not evaluated lately
    NOT_OURS = "not_ours"  # no Prometheus of ours has such a rule


class Lookup(StrEnum):
    """What `/api/v2/alerts` says of one alert at this moment."""

    ACTIVE = "active"
    ABSENT = "absent"
    UNREACHABLE = "unreachable"
