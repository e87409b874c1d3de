"""What the listener asks of the daemon, as plain callables that the composition root fills in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from aiops_daemon.core.model.action import Action, Done, Refusal, Stored
from aiops_daemon.core.model.change import Change
from aiops_daemon.core.model.escalation import Escalation
from aiops_daemon.core.model.inbox import Delivery, Quarantined
from aiops_daemon.core.model.incident import Entry
from aiops_daemon.core.model.listing import AlertPage, AlertQuery, IncidentDetail, IncidentPage, IncidentQuery
from aiops_daemon.core.model.notification import Notification, NotificationPage, NotificationQuery, Trial
from aiops_daemon.core.model.remote import RemoteChange
from aiops_daemon.core.model.rulequality import RuleQuality
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.core.model.settings import TokenSpec
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.model.source import Secret
from aiops_daemon.core.model.view import Readiness, ReloadOutcome, View
from aiops_daemon.edges.web.slack.ports import SlackPorts


@dataclass(frozen=True)
class WebPorts:
    """Everything a request may need; none of it may block."""

    view: Callable[[], View]
    ready: Callable[[], Readiness]
    reload: Callable[[], Awaitable[ReloadOutcome]]
    self_page: Callable[[bool], bytes]  # True: OpenMetrics; called in a thread
    now: Callable[[], float]  # unix seconds
    stale_after: Callable[[], float]  # seconds; an older findings page is served empty
    version: str
    external_url: str = ""
    counted: Callable[[str, int], None] | None = None  # route, status code
    alerts: AlertPorts | None = None  # None: the alert road is not there (a preview, some tests)
    slack: SlackPorts | None = None  # None: nobody can click or type in Slack
    allow_anonymous: bool = False  # beyond loopback without tokens, because a flag says so
    pagerduty: PagerDutyPorts | None = None  # None: nothing is heard from PagerDuty


@dataclass(frozen=True)
class AlertPorts:
    """What the alert road gives the listener. Whatever asks the store may raise StoreError."""

    accept: Callable[[Delivery], Awaitable[None]]  # returns once the body is on disk
    quarantine: Callable[[Quarantined], Awaitable[None]]
    too_large: Callable[[str, int], None]  # source, bytes: a body over the limit was refused
    sources: Callable[[], frozenset[str]]  # names of configured Alertmanagers
    tokens: Callable[[], tuple[TokenSpec, ...]]  # read at each request: a reload may change them
    find_incidents: Callable[[IncidentQuery, Scope], Awaitable[IncidentPage]]
    find_incident: Callable[[str, Scope], Awaitable[IncidentDetail | None]]
    find_alerts: Callable[[AlertQuery, Scope], Awaitable[AlertPage]]
    find_notifications: Callable[[NotificationQuery, Scope], Awaitable[NotificationPage]]
    escalations: Callable[[Iterable[str]], Awaitable[dict[str, Escalation]]]  # by uid of incident
    who: Callable[[str, float, Severity], str]  # who stands behind a target at a time, or why nobody
    send_test: Callable[[Trial, Scope], Awaitable[tuple[Notification, ...] | Refusal]]
    tell_change: Callable[[Change, Scope, str], Awaitable[tuple[Notification, ...] | Refusal]]
    entries_after: Callable[[str, int, Scope], Awaitable[list[Entry]]]
    last_entry: Callable[[], Awaitable[str]]
    changed: Callable[[], Awaitable[None]]  # returns when something was committed next
    act: Callable[[Action, Scope, str], Awaitable[Done | Refusal | Stored]]  # the text tells repetitions
    quality: Callable[[float, Scope], Awaitable[Sequence[RuleQuality]]]  # since (unix seconds)
    answered: Callable[[str, int], None] = lambda source, status: None  # each webhook, by source and status code


@dataclass(frozen=True)
class PagerDutyPorts:
    """What the way back from PagerDuty needs. Whatever asks the store may raise StoreError."""

    secrets: Callable[[], tuple[Secret, ...]]  # of the webhook subscriptions; a reload may change them
    seen: Callable[[str], Awaitable[bool]]  # uid of an event: whether it was delivered before
    deliver: Callable[[RemoteChange], Awaitable[None]]  # returns once it is on disk, together with its uid
