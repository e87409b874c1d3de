"""How an escalation moves: `(state, standing, now) -> (state, what it asks for)`.

Pure, and held against the level: the same input again asks for nothing, so a turn that is lost with a crash is simply
taken again. Invariants: an open incident that somebody is to be told of has a timer, or has run through every round;
nobody is told of what is acknowledged, snoozed, paused or closed; whoever was told of the beginning is told of the end.
"""

from __future__ import annotations

from dataclasses import replace

from aiops_daemon.core.model.escalation import Escalation, Phase, Position, Told
from aiops_daemon.core.model.incident import Incident, IncidentState
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.response.planning import begun, plan, rise
from aiops_daemon.core.response.standing import Asked, Reach, Remark, Standing, Tell, Turn, Unacknowledge
from aiops_daemon.core.response.stepping import again, fire, passed, stopped
from aiops_daemon.core.response.timers import ack_expires_at

GRACE = 60.0  # seconds after the beginning of a run in which a rise is no second page: its first message says it

ANSWERED = (IncidentState.ACKNOWLEDGED, IncidentState.INVESTIGATING, IncidentState.MITIGATED)

_MAY_BE_SILENT = (Phase.SNOOZED, Phase.ENDED)  # there the page may still be open, and answered


def advance(state: Escalation | None, standing: Standing, now: float, reach: Reach) -> Turn:
    """Bring an escalation into step with its incident, and do what is due."""
    incident = standing.incident
    state = state or Escalation(incident.uid, incident.team)
    if incident.state.closed:
        return _ended(state, muted=standing.muted)
    planned, joined = plan(state, standing, now)
    incident, why, begins = _reconsidered(state, incident, now, joined=joined)
    asked: tuple[Asked, ...] = (Unacknowledge(f"{why}, so it is told anew"),) if why else ()
    entered, more = _entered(planned, _phase(planned, incident, now), now, begins=begins)
    if not begins and entered.phase is Phase.RUNNING and rise(state, standing.incident):
        entered, told = _risen(entered, now, reach)
        more += told
    if entered.run > planned.run:
        entered = replace(entered, because=rise(state, standing.incident) or why)
    if entered.phase is not Phase.RUNNING:
        return entered, asked + more
    stepped, fired = fire(entered, now, reach)
    return stepped, asked + more + fired


def _ended(state: Escalation, *, muted: bool) -> Turn:
    """Tell the end to whoever was told, each key once; while all is muted it is owed, and told after it."""
    if state.phase is Phase.ENDED and (muted or not state.told):
        return state, ()
    owed = tuple(one for one in state.told if one.live) if muted else ()
    asked = tuple(_tell(one, MessageEvent.RESOLVE) for one in state.told if one not in owed)
    return replace(stopped(state), phase=Phase.ENDED, told=owed), asked


def _reconsidered(state: Escalation, incident: Incident, now: float, *, joined: bool) -> tuple[Incident, str, bool]:
    """Take back what people answered when it is about less than there is now, or was for a time that is over.

    With it why, "" when every answer stands. The last value says that all begins at step 1; an acknowledgement that
    expired only goes on.
    """
    if not begun(state) or not (incident.state in ANSWERED or incident.snoozed_until is not None):
        return incident, "", False
    why, begins = _outdated(state, incident, now, joined=joined)
    if not why:
        return incident, "", False
    return replace(incident, state=IncidentState.OPEN, snoozed_until=None), why, begins


def _outdated(state: Escalation, incident: Incident, now: float, *, joined: bool) -> tuple[str, bool]:
    """Say why an answer no longer stands, "" when it does."""
    more = rise(state, incident) or ("another route matches now" if joined else "")
    if more:
        return more, True
    if incident.snoozed_until is not None:
        return "", False
    if _before_it_rose(state, incident):
        return f"{state.rose} after somebody had answered", True
    if state.phase is Phase.SNOOZED:
        return "the snooze ended", True
    expires_at = ack_expires_at(state, incident)
    if expires_at is not None and expires_at <= now:
        return "the acknowledgement expired and alerts still fire", False
    return "", False


def _before_it_rose(state: Escalation, incident: Incident) -> bool:
    """Say whether the answer, given elsewhere and heard of late, is about something less urgent."""
    if state.rose_at is None or incident.acknowledged_at is None:
        return False
    return incident.state in ANSWERED and incident.acknowledged_at < state.rose_at


def _risen(state: Escalation, now: float, reach: Reach) -> Turn:
    """Begin at step 1 for what became graver; what was only just begun goes on, and says it to whom it told.

    Not where a step that is over would reach somebody else now: who had quiet hours, or prefers a call for it.
    """
    young = state.started_at is not None and now - state.started_at < GRACE
    if young and passed(state, reach) <= {*state.folded, *(one.destination for one in state.told)}:
        return state, tuple(_tell(one, MessageEvent.UPDATE) for one in state.told)
    return again(state, now, sounds=False), ()


def _phase(state: Escalation, incident: Incident, now: float) -> Phase:
    if incident.snoozed_until is not None and incident.snoozed_until > now:
        return Phase.SNOOZED
    if incident.state in ANSWERED:
        return Phase.ACKNOWLEDGED
    if not begun(state) and (incident.notify_at is None or incident.notify_at > now):
        return Phase.HELD
    if incident.firing and incident.muted >= incident.firing:
        return Phase.PAUSED
    return Phase.RUNNING


def _entered(state: Escalation, phase: Phase, now: float, *, begins: bool) -> Turn:
    """Go from phase to phase; `begins`: an answer was taken back, so step 1 comes by a key that sounds."""
    if phase is state.phase and not begins:
        return state, ()
    if phase is Phase.ACKNOWLEDGED:
        asked = tuple(_tell(one, MessageEvent.ACKNOWLEDGE) for one in state.told)
        return replace(stopped(state), phase=phase), asked
    if phase not in (Phase.RUNNING, Phase.PAUSED):
        return replace(stopped(state), phase=phase), ()
    active, said = (again(state, now, sounds=bool(state.told)), ()) if begins else _active(state, now)
    return (active, said) if phase is Phase.RUNNING else _paused(active, now)


def _active(state: Escalation, now: float) -> Turn:
    """Return the escalation as it runs on from the phase that it was in."""
    if state.phase is Phase.RUNNING:
        return state, ()
    if state.phase is Phase.PAUSED:
        return _unpaused(state, now)
    if state.phase is Phase.ACKNOWLEDGED and begun(state):
        return _resumed(state, now), ()
    return again(state, now, sounds=state.phase in _MAY_BE_SILENT and bool(state.told)), ()


def _paused(state: Escalation, now: float) -> Turn:
    positions = tuple(
        replace(one, due_at=None, left=None if one.due_at is None else max(0.0, one.due_at - now))
        for one in state.positions
    )
    remark = Remark("escalation waits: every firing alert is silenced or inhibited", "paused")
    return replace(state, phase=Phase.PAUSED, positions=positions), (remark,)


def _unpaused(state: Escalation, now: float) -> Turn:
    positions = tuple(
        replace(one, due_at=None if one.left is None else now + one.left, left=None) for one in state.positions
    )
    remark = Remark("escalation goes on: an alert fires that is neither silenced nor inhibited", "resumed")
    return replace(state, phase=Phase.RUNNING, positions=positions), (remark,)


def _resumed(state: Escalation, now: float) -> Escalation:
    """Go on where an acknowledgement ended it: whoever was told last is told again, by a key that sounds."""
    positions = []
    for track, position in zip(state.tracks, state.positions, strict=True):
        steps = track.policy.steps
        last = _last(position, len(steps))
        due_at = now + steps[0].after if last is None else now
        step, turn = last or (0, 0)
        positions.append(Position(step, turn, due_at, mode=position.mode))
    generation = state.generation + bool(state.told)
    return replace(state, phase=Phase.RUNNING, positions=tuple(positions), generation=generation, run=state.run + 1)


def _last(position: Position, steps: int) -> tuple[int, int] | None:
    """Return step and round of what was told last; None when nothing was."""
    if position.step:
        return min(position.step, steps) - 1, position.round
    return (steps - 1, position.round - 1) if position.round else None


def _tell(one: Told, event: MessageEvent) -> Tell:
    why = one.why if event is MessageEvent.UPDATE else ""
    return Tell(one.destination, event, one.generation, one.live, why)
