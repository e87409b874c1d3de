"""One message on its way to one destination: a row of the outbox, and what became of the attempt to send it.

Values only. Rows of one `key` go out in their order; `dedup_key` is what PagerDuty tells incidents apart by.
Times are unix seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aiops_daemon.core.model.message import Message, Named
from aiops_daemon.core.model.severity import Severity

NOTES = "|notes"  # ends the keys of notes, and is their lane: no destination is called so


class NotificationState(StrEnum):
    """Where a message stands."""

    WAITING = "waiting"  # to be sent when due
    SENT = "sent"
    DEAD = "dead"  # given up; the fallback was told
    SHADOW = "shadow"  # recorded only: the route is not live
    MUTED = "muted"  # recorded only: the kill switch is on
    DROPPED = "dropped"  # superseded before it was sent, or a note that is lost; with the reason


class FailureReason(StrEnum):
    """Why an attempt failed; values of the metric label `reason`, after Alertmanager's."""

    CLIENT_ERROR = "client_error"  # a 4xx that repeating cannot help
    AUTH_ERROR = "auth_error"  # 401, 403, a secret that cannot be read
    RATE_LIMITED = "rate_limited"  # 429
    SERVER_ERROR = "server_error"  # 5xx
    DEADLINE_EXCEEDED = "deadline_exceeded"
    UNREACHABLE = "unreachable"  # no connection, TLS, DNS
    TEMPLATE_ERROR = "template_error"
    UNCONFIRMED = "unconfirmed"  # accepted, but PagerDuty shows no page
    REMOVED = "removed"  # its receiver is not in the configuration any more
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Notification:
    """One row of the outbox. `destination` is receiver/NAME/INTEGRATION/N, or person/NAME/CHANNEL."""

    uid: str  # Idempotency-Key of outgoing webhooks
    key: str  # order is kept within it: destination and dedup key
    dedup_key: str
    incident: str  # uid; "" for a test
    team: str
    destination: str
    integration: str
    message: Message
    created_at: float
    due_at: float
    address: str = ""  # of a person's channel
    track: str = ""
    step: str = ""  # run, round and step it belongs to
    state: NotificationState = NotificationState.WAITING
    attempts: int = 0
    reason: str = ""  # FailureReason, or why it was dropped
    detail: str = ""  # words of the last failure, without secrets
    sent_at: float | None = None
    confirmed_at: float | None = None
    reply: str = ""  # what the service calls what was sent: PagerDuty's dedup key, Slack's channel and ts, Jira's key
    thread: str = ""  # reply of the last message of the same key that was sent: what to update, or to answer under

    @property
    def lane(self) -> str:
        """Return what has a bound on how many are sent at once: its destination; notes have one for all of them."""
        return NOTES if self.key.endswith(NOTES) else self.destination


@dataclass(frozen=True, slots=True)
class Sent:
    """It was accepted."""

    reply: str = ""
    confirmable: bool = False  # the service will say later whether somebody was paged
    told_once: bool = False  # but not again of a page that is open there, and that another message of its key made


@dataclass(frozen=True, slots=True)
class Failed:
    """It was not accepted. `retry`: trying again may help; `retry_after`: not before so many seconds."""

    reason: FailureReason
    detail: str
    retry: bool
    retry_after: float | None = None
    alone: bool = False  # others to the same destination need not wait so long


Outcome = Sent | Failed


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to make one attempt; `token` fences what comes of it."""

    notification: Notification
    token: int


@dataclass(frozen=True, slots=True)
class Storm:
    """The storm page of one destination: further incidents are named in it instead of paged one by one."""

    destination: str  # and the mode, where it is only recorded: see core/response/folding
    uid: str
    team: str
    opened_at: float
    last_at: float
    named: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """A test message that somebody asks for, by the channels that a page of this severity would take."""

    target: str  # receiver/NAME, person/NAME
    severity: Severity = Severity.CRITICAL


@dataclass(frozen=True, slots=True)
class NotificationQuery:
    """Which messages, latest first; empty means any."""

    incident: str = ""  # number or uid
    states: tuple[str, ...] = ()
    integrations: tuple[str, ...] = ()
    destination: str = ""
    since: float | None = None
    limit: int = 50
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class NotificationPage:
    """One page of the delivery log."""

    notifications: tuple[Notification, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for one integration."""

    integration: str
    pending: int
    oldest_at: float | None  # when the oldest was made
    paused: int = 0  # of these, for its service asked for a pause


@dataclass(frozen=True, slots=True)
class Violations:
    """What an auditor found, each as names of rows that should not be: the invariants that paging rests on."""

    without_timer: tuple[str, ...] = ()  # open, unanswered incidents that nothing will tell anybody of
    overdue_timers: tuple[str, ...] = ()
    stale_outbox: tuple[str, ...] = ()
    stale_inbox: int = 0
    stale_acts: tuple[str, ...] = ()  # what people asked for, stored and not done
    overdue_since: float | None = None
