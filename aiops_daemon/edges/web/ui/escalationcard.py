"""Who is told of an incident, in words: how its escalation stands, what comes next, and whether it arrived.

Enters: what is known of the response, the time. Leaves: frozen text for the template. Pure; text is escaped by the
template, never here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiops_daemon.core.model.escalation import Phase
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Notification, NotificationState
from aiops_daemon.core.model.quantity import speak_duration
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.response.course import Course, Upcoming
from aiops_daemon.edges.web.api.notificationshapes import told
from aiops_daemon.edges.web.api.response import Response
from aiops_daemon.edges.web.ui.cards import Stamp, stamp

_NOT_SENT = {Mode.SHADOW: "shadow: recorded, not sent", Mode.MUTED: "muted: recorded, not sent"}
_STATES = {
    NotificationState.WAITING: "waiting",
    NotificationState.DEAD: "did not arrive",
    NotificationState.SHADOW: "shadow, not sent",
    NotificationState.MUTED: "muted, not sent",
    NotificationState.DROPPED: "dropped",
}


@dataclass(frozen=True, slots=True)
class StepLine:
    """What comes next of one policy."""

    what: str  # step 2 of 2 of shop
    at: Stamp | None
    left: str  # where it waits
    who: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToldLine:
    """One message."""

    uid: str
    at: Stamp
    event: str  # "" for the beginning
    destination: str
    state: str
    tone: str
    trouble: str
    why: str


@dataclass(frozen=True, slots=True)
class ToldView:
    """The part of an incident's page that says who is told; `stands` is "" where no policy runs."""

    stands: str
    upcoming: tuple[StepLine, ...]
    lines: tuple[ToldLine, ...]
    more: bool


def told_view(response: Response, now: float) -> ToldView:
    """Put the response into words; updates of living messages are left out."""
    stands = response.course
    return ToldView(
        stands="" if stands is None else stands_words(stands, now),
        upcoming=() if stands is None else tuple(_step(one, response.who or {}, now) for one in stands.upcoming),
        lines=tuple(_line(one, now) for one in response.messages if one.message.event is not MessageEvent.UPDATE),
        more=response.more,
    )


def stands_words(stands: Course, now: float) -> str:
    """Say how an escalation stands."""
    until = None if stands.until is None else stamp(stands.until, now)
    match stands.phase:
        case Phase.HELD:
            return "Nobody is told yet" + (f"; people are told {until.relative} ({until.absolute})" if until else "")
        case Phase.RUNNING if stands.upcoming:
            return "The escalation runs"
        case Phase.RUNNING:
            return "Nobody acknowledged yet, and no further step follows"
        case Phase.PAUSED:
            return "The escalation waits: every firing alert is silenced or inhibited"
        case Phase.ACKNOWLEDGED:
            again = f"; told anew {until.relative} ({until.absolute}) if alerts still fire" if until else ""
            return f"Somebody answered, so nobody else is told{again}"
        case Phase.SNOOZED:
            return "Snoozed" + (f" until {until.absolute}; then it is told anew" if until else "")
        case Phase.ENDED:
            return "The escalation is over"


def _step(one: Upcoming, who: Mapping[str, str], now: float) -> StepLine:
    notes = [_NOT_SENT[one.mode]] if one.mode in _NOT_SENT else []
    if one.rounds > 1 and not one.fallback:
        notes.append(f"round {one.round} of {one.rounds}")
    what = f"step {one.step} of {one.steps} of {one.policy}" if one.steps > 1 else one.policy
    return StepLine(
        what=f"fallback of {one.policy}, for nobody answered" if one.fallback else what,
        at=None if one.at is None else stamp(one.at, now),
        left="" if one.left is None else f"{speak_duration(one.left)} after it goes on",
        who=tuple(_who(target, who.get(target, "")) for target in one.targets),
        notes=(*notes, one.why),
    )


def _who(target: str, sentence: str) -> str:
    return f"{target}: {sentence}" if sentence and sentence != target.replace("/", " ") else target


def _line(one: Notification, now: float) -> ToldLine:
    words = ": ".join(part for part in (one.reason, told(one.detail, one.address)) if part)
    return ToldLine(
        uid=one.uid,
        at=stamp(one.sent_at or one.created_at, now),
        event="" if one.message.event is MessageEvent.TRIGGER else str(one.message.event),
        destination=one.destination,
        state=_state(one),
        tone=_tone(one),
        trouble=words,
        why=one.message.why_you,
    )


def _tone(one: Notification) -> str:
    match one.state:
        case NotificationState.DEAD:
            return "critical"
        case NotificationState.WAITING:
            return "warning" if one.attempts else "info"
        case NotificationState.SENT:
            return "good" if one.confirmed_at is not None else "warning"
        case _:
            return "plain"


def _state(one: Notification) -> str:
    """Say where a message stands; what a service accepted and has not shown yet is no page."""
    if one.state is NotificationState.SENT:
        return "sent" if one.confirmed_at is not None else "accepted, not shown yet"
    tries = f", {one.attempts} {'try' if one.attempts == 1 else 'tries'}" if one.attempts else ""
    return _STATES[one.state] + tries
