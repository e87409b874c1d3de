"""What an escalation waits for: the rows that wake it, and when an acknowledgement expires.

Enters: the state after a turn and its incident. Leaves: timers, by name, the whole set: what is not in it is not
waited for. Rows follow from the state, so that the two cannot differ for longer than a turn.
"""

from __future__ import annotations

from aiops_daemon.core.model.escalation import Escalation, Phase, Timer, TimerKind
from aiops_daemon.core.model.incident import Incident
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Notification

ARRIVES_WITHIN = 60.0  # seconds after which a message that has not arrived goes to the fallback too


def timers(state: Escalation, incident: Incident) -> tuple[Timer, ...]:
    """Return everything that is waited for."""
    if state.phase is Phase.RUNNING:
        return tuple(
            Timer(state.incident, state.team, TimerKind.STEP, f"step/{track.name}", position.due_at)
            for track, position in zip(state.tracks, state.positions, strict=True)
            if position.due_at is not None
        )
    kind, due_at = _single(state, incident)
    return () if kind is None or due_at is None else (Timer(state.incident, state.team, kind, str(kind), due_at),)


def _single(state: Escalation, incident: Incident) -> tuple[TimerKind | None, float | None]:
    if state.phase is Phase.HELD:
        return TimerKind.START, incident.notify_at
    if state.phase is Phase.SNOOZED:
        return TimerKind.SNOOZE_ENDS, incident.snoozed_until
    if state.phase is Phase.ACKNOWLEDGED:
        return TimerKind.ACK_EXPIRES, ack_expires_at(state, incident)
    return None, None


def ack_expires_at(state: Escalation, incident: Incident) -> float | None:
    """Return when an acknowledged incident is told anew, by the most impatient of its policies; None: never."""
    limits = [track.policy.ack_timeout for track in state.tracks if track.policy.ack_timeout is not None]
    if not limits or incident.acknowledged_at is None:
        return None
    return incident.acknowledged_at + min(limits)


def deadline(incident: str, team: str, uid: str, due_at: float) -> Timer:
    """Return the timer by which a message must have arrived."""
    return Timer(incident, team, TimerKind.UNDELIVERED, f"{TimerKind.UNDELIVERED}/{uid}", due_at)


def deadlines(row: Notification, due_at: float) -> tuple[Timer, ...]:
    """Return the timers by which a message must have arrived: one for each incident of which it tells."""
    if row.message.event is MessageEvent.DIGEST:
        return tuple(deadline(one.incident, row.team, row.uid, due_at) for one in row.message.named if one.incident)
    return (deadline(row.incident, row.team, row.uid, due_at),) if row.incident and row.track else ()


def over(state: Escalation) -> bool:
    """Say whether every round of every policy is over: nothing more is waited for, and nobody answered.

    Of one that ended: the end is still owed to somebody, for all was muted.
    """
    if state.phase is Phase.ENDED:
        return bool(state.told)
    return state.phase is Phase.RUNNING and all(position.due_at is None for position in state.positions)
