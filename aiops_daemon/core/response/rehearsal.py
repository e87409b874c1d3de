"""What would be told of an incident that nobody answers: the escalation run ahead, from one due moment to the next.

Enters: an incident, the policies that its routes name, and everybody who can be reached. Leaves: who is told when, and
why, or why nobody is. The state machine is the one that runs; nothing is sent, nothing waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aiops_daemon.core.model.escalation import Escalation, Track
from aiops_daemon.core.model.incident import Incident
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.response.escalation import advance
from aiops_daemon.core.response.reach import Destination
from aiops_daemon.core.response.standing import Page, Remark, Standing
from aiops_daemon.core.response.telling import Reaching, Telling

MOST_TURNS = 1_000
"""Rounds of the longest policy end long before; a policy that never ends is cut here."""


@dataclass(frozen=True, slots=True)
class Foretold:
    """One thing that would happen. `destination` None: nobody is told, and `why` says why not."""

    at: float
    why: str
    destination: Destination | None = None
    track: str = ""
    mode: Mode = Mode.SHADOW


def rehearse(telling: Telling, incident: Incident, tracks: Sequence[Track], at: float) -> tuple[Foretold, ...]:
    """Return what would be told, in order, while nobody acknowledges and everything arrives."""
    return tuple(_turns(telling, Standing(incident, tuple(tracks), telling.muted), at))


def _turns(telling: Telling, standing: Standing, at: float) -> Iterator[Foretold]:
    state: Escalation | None = None
    for _ in range(MOST_TURNS):
        reach = Reaching(telling, at, standing.incident.severity)
        state, asked = advance(state, standing, at, reach)
        for one in asked:
            if isinstance(one, Page):
                yield Foretold(at, one.why, reach.found[one.destination], one.track, one.mode)
            elif isinstance(one, Remark):
                yield Foretold(at, one.text)
        due = [position.due_at for position in state.positions if position.due_at is not None]
        if not due:
            return
        at = min(due)
