"""What people did elsewhere to a page of ours: one event of PagerDuty, decoded.

Values only; what an incident makes of them is decided where acts are. Times are unix seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

REMEMBERED_SECONDS = (
    4 * 86_400.0
)  # PagerDuty repeats for up to 48 h; what is older is refused, so uids may be forgotten

NOTE_MARK = "[aiops-daemon] "  # begins each note that we write there, so that its echo is known


class RemoteKind(StrEnum):
    """What happened there."""

    ACK = "ack"
    UNACK = "unack"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    REASSIGN = "reassign"
    NOTE = "note"
    PRIORITY = "priority"
    TRIGGER = "trigger"  # the page exists: it confirms what was sent


@dataclass(frozen=True, slots=True)
class RemoteChange:
    """One change. Notes come without a dedup key: `remote_id` leads to it, by an earlier change or the REST API."""

    source: str  # pagerduty
    uid: str  # of the event, the same over all its deliveries
    kind: RemoteKind
    dedup_key: str
    remote_id: str  # what the other side calls the incident
    actor: str = ""  # name of the person; "" for an automatism
    actor_id: str = ""  # the other side's id of the person
    text: str = ""  # of a note; the new priority; the names of the new assignees
    occurred_at: float = 0.0


@dataclass(frozen=True, slots=True)
class RemotePage:
    """One incident of PagerDuty, whoever made it; `key` is its incident key."""

    at: float
    title: str
    key: str
