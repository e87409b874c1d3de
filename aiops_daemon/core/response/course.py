"""How an escalation stands, for people: its phase, what wakes it, and who is told next, by which policy.

Enters: the state of an escalation and its incident. Leaves: a course that pages and the API show. Pure; who stands
behind a target at that time is another question (core.response.reach).
"""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.escalation import Escalation, Phase, Position, Track
from aiops_daemon.core.model.incident import Incident
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.response.timers import timers


@dataclass(frozen=True, slots=True)
class Upcoming:
    """The next step of one policy. `at` None: it waits for the phase to end, and then for `left` seconds."""

    policy: str
    mode: Mode
    at: float | None
    left: float | None
    targets: tuple[str, ...]
    step: int  # counts from 1
    steps: int
    round: int  # counts from 1
    rounds: int
    fallback: bool  # nobody answered in any round
    why: str  # which route named the policy


@dataclass(frozen=True, slots=True)
class Course:
    """Where an escalation stands. `until`: when a hold, a snooze or an acknowledgement ends; None: by itself never."""

    phase: Phase
    started_at: float | None
    until: float | None
    upcoming: tuple[Upcoming, ...]


def course(state: Escalation, incident: Incident) -> Course:
    """Return how an escalation stands; what comes soonest is first."""
    waits = () if state.phase is Phase.RUNNING else timers(state, incident)
    found = [
        _upcoming(track, position)
        for track, position in zip(state.tracks, state.positions, strict=True)
        if position.due_at is not None or position.left is not None
    ]
    found.sort(key=lambda one: (one.at is None, one.at or one.left or 0.0, one.policy))
    return Course(state.phase, state.started_at, waits[0].due_at if waits else None, tuple(found))


def _upcoming(track: Track, position: Position) -> Upcoming:
    policy = track.policy
    beyond = position.step >= len(policy.steps)
    return Upcoming(
        policy=track.name,
        mode=position.mode,
        at=position.due_at,
        left=position.left,
        targets=(policy.fallback,) if beyond else policy.steps[position.step].notify,
        step=min(position.step + 1, len(policy.steps)),
        steps=len(policy.steps),
        round=position.round + 1,
        rounds=policy.repeat + 1,
        fallback=beyond,
        why=track.why,
    )
