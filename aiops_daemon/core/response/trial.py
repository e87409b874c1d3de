"""A test message: what it says and where it goes, so that people see before the first incident that they are reached.

Enters: who asks for it, the target, what of the configuration decides who is told. Leaves: messages for every
destination of the target, or why nobody is reached. Belongs to no incident, and opens none.
"""

from __future__ import annotations

from collections.abc import Callable

from aiops_daemon.core.model.message import Message, MessageEvent
from aiops_daemon.core.model.notification import Notification, NotificationState, Trial
from aiops_daemon.core.model.scope import DEFAULT_TEAM, Scope
from aiops_daemon.core.response.keys import cluster_part
from aiops_daemon.core.response.reach import reach
from aiops_daemon.core.response.telling import Telling
from aiops_daemon.core.response.written import written

TITLE = "Test message of aiops-daemon"


def trial_messages(
    trial: Trial, scope: Scope, telling: Telling, mint: Callable[[], str], now: float
) -> tuple[tuple[Notification, ...], str]:
    """Return a message for each destination, and how they were found; none with the reason when nobody is reached.

    It goes out in shadow mode too, which is what it is for; where global.mode is muted it is recorded only.
    """
    reached = reach(trial.target, now, trial.severity, telling.directory)
    message = _message(trial, scope, telling, now)
    state = NotificationState.MUTED if telling.muted else NotificationState.WAITING
    rows = []
    for to in reached.destinations:
        uid = mint()
        key = f"aiops/{cluster_part(telling.place.cluster)}/test/{uid}"  # another form than that of an incident's
        rows.append(written(uid, key, to, message, state, now, now))
    return tuple(rows), reached.sentence


def _message(trial: Trial, scope: Scope, telling: Telling, now: float) -> Message:
    return Message(
        event=MessageEvent.TEST,
        incident="",
        name="",
        title=TITLE,
        state="",
        severity=str(trial.severity),
        priority="",
        at=now,
        opened_at=now,
        team=min(scope.teams) if scope.teams else DEFAULT_TEAM,
        cluster=telling.place.cluster,
        why_you=f"{scope.actor} asked for a test of {trial.target}; nothing is wrong",
        time_zone=telling.place.time_zone,
    )
