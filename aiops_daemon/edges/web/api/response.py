"""How people are told of one incident, gathered for the API and for pages.

Enters: an incident, who asks. Leaves: the course of its escalation, its messages, and who stands behind the targets of
the next steps when they come. Asks the store only for what the incident has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiops_daemon.core.model.incident import Incident
from aiops_daemon.core.model.notification import Notification, NotificationQuery
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.core.response.course import Course, Upcoming, course
from aiops_daemon.edges.web.api.answers import store_trouble
from aiops_daemon.edges.web.ports import AlertPorts

MOST_MESSAGES = 100


@dataclass(frozen=True, slots=True)
class Response:
    """What is known of it. `who`: by target of the next steps, how it is reached, or why not."""

    course: Course | None = None
    messages: tuple[Notification, ...] = ()  # latest first
    more: bool = False  # older messages are left out
    who: Mapping[str, str] | None = None


async def response_of(road: AlertPorts, incident: Incident, scope: Scope, now: float) -> Response:
    """Gather how people are told of an incident that the caller may see."""
    with store_trouble():
        found = await road.escalations([incident.uid])
        page = await road.find_notifications(NotificationQuery(incident.uid, limit=MOST_MESSAGES), scope)
    state = found.get(incident.uid)
    stands = None if state is None else course(state, incident)
    who = {
        target: road.who(target, one.at or now, incident.severity)
        for one in _coming(stands)
        for target in reversed(one.targets)
    }
    return Response(stands, page.notifications, page.next is not None, who)


def _coming(stands: Course | None) -> tuple[Upcoming, ...]:
    """Return the steps, the soonest last, so that it says who is behind a target that comes twice."""
    return () if stands is None else stands.upcoming[::-1]
