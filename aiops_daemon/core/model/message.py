"""What people are told: everything a message of any medium may say, before it is rendered for one.

Values only, made by core.response.message; edges render it. All text in it may come from alerts: it is data, to be
escaped for the medium. Times are unix seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aiops_daemon.core.model.labels import Labels


class MessageEvent(StrEnum):
    """Why something is sent."""

    TRIGGER = "trigger"
    UPDATE = "update"  # what is known changed: for channels that show one living message
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    STORM = "storm"  # incidents beyond a storm's limit, named in one page
    DIGEST = "digest"  # incidents beyond a chat's or mailbox's limit that no earlier message named
    TEST = "test"
    CHANGE = "change"  # a deployment or the like: shown beside incidents, no page


@dataclass(frozen=True, slots=True)
class Link:
    """An address that helps."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Named:
    """One incident in a storm page or digest."""

    name: str  # INC-42
    title: str
    severity: str
    service: str = ""
    url: str = ""
    incident: str = ""  # uid
    track: str = ""  # the policy that asked for it, whose fallback is told when the message does not arrive; "": none


@dataclass(frozen=True, slots=True)
class Message:
    """One message. Empty text and None mean that there is nothing to say, and nothing is said of it."""

    event: MessageEvent
    incident: str  # uid
    name: str  # INC-42
    title: str
    state: str
    severity: str  # critical, warning, info
    priority: str  # P1 .. P4
    at: float  # when it was made
    opened_at: float
    team: str = ""
    service: str = ""
    cluster: str = ""
    priority_reason: str = ""
    alerts: int = 0  # ever
    firing: int = 0
    impact: str = ""  # a sentence: how many alerts, services, which budget burns
    evidence: tuple[str, ...] = ()  # sentences with numbers: findings, the gravest alerts, why these are together
    why_you: str = ""  # which route, escalation, step and schedule led here
    next_at: float | None = None  # when the next step tells somebody else
    next_who: str = ""
    actor: str = ""  # who acknowledged or resolved
    note: str = ""
    labels: Labels = ()  # shared by all alerts
    links: tuple[Link, ...] = ()
    named: tuple[Named, ...] = ()  # of a storm page or digest
    time_zone: str = "UTC"
    snoozed_until: float | None = None  # nobody is told before
    snoozed_why: str = ""  # snoozed by whom

    @property
    def url(self) -> str:
        """Return the address of the incident's page, "" when there is none."""
        return next((link.url for link in self.links if link.name == "incident"), "")
