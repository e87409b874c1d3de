"""A change, told to those services that would page for what it touches: there it stands beside their incidents.

Enters: a change, who tells of it, what of the configuration decides who is told. Leaves: a message for each PagerDuty
channel that incidents with the labels of the change reach, or why there is none. Never pages anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from aiops_daemon.core.incidents.owner import owner, service
from aiops_daemon.core.model.change import Change
from aiops_daemon.core.model.escalation import Track
from aiops_daemon.core.model.message import Message, MessageEvent
from aiops_daemon.core.model.notification import Notification, NotificationState
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.response.keys import change_key
from aiops_daemon.core.response.reach import Destination, reach
from aiops_daemon.core.response.telling import Telling
from aiops_daemon.core.response.written import written

_NOBODY = "no policy of a route that takes these labels has a step with a PagerDuty channel"
_STATES = {True: NotificationState.WAITING, False: NotificationState.SHADOW}


def change_messages(
    change: Change, by: Scope, settings: Settings, telling: Telling, mint: Callable[[], str], now: float
) -> tuple[tuple[Notification, ...], str]:
    """Return a message for each PagerDuty channel; none with the reason when there is none.

    One is sent where any policy that leads there is live; else it is recorded only, as a page would be.
    """
    team = owner(change.labels, settings.teams)
    touched = service(change.labels, settings.topology.service_labels)
    message = _message(change, by, team, touched, telling, now)
    rows = []
    for to, track in _channels(telling.policies(change.labels, team, touched), telling, now):
        uid = mint()
        told = replace(message, why_you=f"{by.actor} told of a change; {track.why}")
        state = NotificationState.MUTED if telling.muted else _STATES[track.mode is Mode.LIVE]
        rows.append(written(uid, change_key(telling.place.cluster, uid), to, told, state, now, now))
    return tuple(rows), "" if rows else _NOBODY


def _channels(tracks: Iterable[Track], telling: Telling, now: float) -> list[tuple[Destination, Track]]:
    """Return what the steps of policies reach, each with the strongest of the policies that lead there."""
    found: dict[str, tuple[Destination, Track]] = {}
    for track in tracks:
        for target in dict.fromkeys(target for step in track.policy.steps for target in step.notify):
            for to in reach(target, now, Severity.CRITICAL, telling.directory).destinations:
                known = found.get(to.id)
                better = known is None or (track.mode is Mode.LIVE and known[1].mode is not Mode.LIVE)
                if better and telling.takes(to, MessageEvent.CHANGE):
                    found[to.id] = to, track
    return list(found.values())


def _message(change: Change, by: Scope, team: str, touched: str, telling: Telling, now: float) -> Message:
    return Message(
        event=MessageEvent.CHANGE,
        incident="",
        name="",
        title=change.summary,
        state="",
        severity=Severity.INFO,
        priority="",
        at=now,
        opened_at=change.at,
        service=touched,
        team=team,
        cluster=telling.place.cluster,
        actor=by.actor,
        labels=change.labels,
        links=change.links,
        time_zone=telling.place.time_zone,
    )
