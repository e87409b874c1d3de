"""What an escalation runs for: policies that are frozen when it begins, joined by those of routes that match later.

Enters: the state and what routes name now. Leaves: the state with policies, modes and urgency taken in. A mode is no
part of what is frozen: it follows the configuration, and a policy that goes live begins at its first step.
"""

from __future__ import annotations

from dataclasses import replace

from aiops_daemon.core.model.escalation import Escalation, Phase, Position, Track
from aiops_daemon.core.model.incident import Incident
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.response.standing import Standing


def begun(state: Escalation) -> bool:
    """Say whether its policies are frozen: it began, and its incident was not closed since."""
    return state.started_at is not None and state.phase is not Phase.ENDED


def rise(state: Escalation, incident: Incident) -> str:
    """Say what is more urgent than what it ran for until now, "" when nothing is."""
    if not begun(state):
        return ""
    if incident.severity.rank > state.severity.rank:
        return f"severity rose from {state.severity} to {incident.severity}"
    if state.priority and str(incident.priority) < state.priority:
        return f"priority rose from {state.priority} to {incident.priority}"
    return ""


def plan(state: Escalation, standing: Standing, now: float) -> tuple[Escalation, bool]:
    """Return the state with what is to be run, and whether a policy joined of which people are to hear.

    One in shadow is none where people heard of the incident: they are not told anew for what is only tried out.
    """
    if not begun(state):
        return _frozen(state, standing), False
    incident = standing.incident
    named = {track.name: track for track in standing.tracks}
    known = {track.name for track in state.tracks}
    joined = tuple(track for track in standing.tracks if track.name not in known)
    kept = tuple(
        _in_mode(position, track, _mode(named.get(track.name, track), standing), state, now)
        for track, position in zip(state.tracks, state.positions, strict=True)
    )
    added = tuple(_first(track, _mode(track, standing), state.phase, now) for track in joined)
    anew = any(_goes_live(before, after) for before, after in zip(state.positions, kept, strict=True))
    heard = any(one.live for one in state.told)
    joins = any(one.mode is not Mode.SHADOW or not heard for one in added)
    rose = rise(state, incident) or ("another route matches now" if joins else "")
    after = replace(
        state,
        rose_at=now if rose else state.rose_at,
        rose=rose or state.rose,
        run=state.run + anew,  # so that a step that is taken again is another one
        tracks=state.tracks + joined,
        positions=kept + added,
        severity=max((state.severity, incident.severity), key=lambda one: one.rank),
        priority=min(filter(None, (state.priority, str(incident.priority)))),
    )
    return after, joins


def _frozen(state: Escalation, standing: Standing) -> Escalation:
    incident = standing.incident
    return replace(
        state,
        tracks=standing.tracks,
        positions=tuple(Position(mode=_mode(track, standing)) for track in standing.tracks),
        severity=incident.severity,
        priority=str(incident.priority),
    )


def _mode(track: Track, standing: Standing) -> Mode:
    return Mode.MUTED if standing.muted else track.mode


def _in_mode(position: Position, track: Track, mode: Mode, state: Escalation, now: float) -> Position:
    """Follow the mode; what goes live begins anew, for nobody heard what was only recorded.

    What somebody answered stays answered, and begins at step 1 once that expires, unless somebody was told live.
    """
    if mode is Mode.LIVE and position.mode is not Mode.LIVE:
        runs = state.phase in (Phase.RUNNING, Phase.PAUSED)
        if runs or not any(one.live for one in state.told):
            return _first(track, mode, state.phase, now)
    return position if mode is position.mode else replace(position, mode=mode)


def _goes_live(before: Position, after: Position) -> bool:
    return after.mode is Mode.LIVE and before.mode is not Mode.LIVE


def _first(track: Track, mode: Mode, phase: Phase, now: float) -> Position:
    """Wait for the first step, by the clock or, while paused, by what is left."""
    after = track.policy.steps[0].after
    if phase is Phase.PAUSED:
        return Position(left=after, mode=mode)
    return Position(due_at=now + after if phase is Phase.RUNNING else None, mode=mode)
