"""What timers wait for, when it is due: steps of escalations, and messages that should have arrived.

Enters: due timers and the messages that they wait for. Leaves: fallbacks told in the draft, and which escalations are
to be looked at. A timer is gone only with the commit of what it caused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from aiops_daemon.core.model.escalation import Timer
from aiops_daemon.core.model.notification import Notification, NotificationState
from aiops_daemon.core.response.digest import about
from aiops_daemon.flows.alerts.draft import Draft
from aiops_daemon.flows.alerts.respond import Responding
from aiops_daemon.flows.alerts.surroundings import Surroundings
from aiops_daemon.flows.alerts.working import WorkingSet


class Firing:
    """Does what is due within one step of the desk."""

    def __init__(self, around: Surroundings, working: WorkingSet, draft: Draft, now: float) -> None:
        self._around = around
        self._working = working
        self._draft = draft
        self._now = now

    def undelivered(self, late: Iterable[Timer], messages: Mapping[str, Notification], heard: Collection[str]) -> None:
        """Tell the fallback of every message that has not arrived; `heard` are incidents of which another one did."""
        responding = Responding(self._around, self._working, self._draft, self._now)
        for timer in late:
            self._draft.met.append((timer.incident, timer.name))
            sent = messages.get(timer.name.partition("/")[2])
            message = about(sent, timer.incident) if sent else None
            if message is not None and not _arrived(message):
                responding.fall_back(message, _why(message), heard=message.incident in heard)

    def due(self, timers: Iterable[Timer]) -> set[str]:
        """Return the incidents to look at; the timers of one that is no case any more are dropped."""
        known = set()
        for timer in timers:
            case = self._working.cases.get(timer.incident)
            if case is None:
                self._draft.timers[timer.incident] = ()
            else:
                known.add(timer.incident)
                case.response.waits = None  # so that they are written again, whatever comes of it
        return known


def _arrived(message: Notification) -> bool:
    if message.state is NotificationState.SENT:
        return message.confirmed_at is not None
    return message.state not in (NotificationState.WAITING, NotificationState.DEAD)


def _why(message: Notification) -> str:
    if message.state is NotificationState.SENT:
        return f"{message.integration} accepted the message to {message.destination}, but shows no page"
    said = f": {message.reason}" if message.reason else ""
    return f"the message to {message.destination} did not arrive{said}"
