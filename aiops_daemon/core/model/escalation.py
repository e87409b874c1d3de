"""An escalation: what was to be done when an incident opened, frozen, and how far it has come.

Values only; what moves it is in core.response.escalation. Times are unix seconds, delays seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.model.timeinterval import NamedIntervals


@dataclass(frozen=True, slots=True)
class StepSpec:
    """Who is told, and how long after the step before (of the first: after the start)."""

    notify: tuple[str, ...]  # receiver/NAME, schedule/NAME, person/NAME, team/NAME
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class EscalationSpec:
    """A policy: steps in turn, then all again `repeat` times, each round `repeat_after` the last step."""

    name: str
    steps: tuple[StepSpec, ...]
    repeat: int = 0
    repeat_after: float = 900.0
    fallback: str = ""  # who is told when a step reaches nobody, or what was sent does not arrive
    ack_timeout: float | None = 1800.0  # after which what was acknowledged and still fires is told anew; None: never


@dataclass(frozen=True, slots=True)
class Track:
    """One policy of a running escalation, as it was when the incident opened; a lone receiver is one of one step."""

    policy: EscalationSpec
    mode: Mode
    why: str  # which route matched what
    active: tuple[NamedIntervals, ...] = ()
    muted: tuple[NamedIntervals, ...] = ()

    @property
    def name(self) -> str:
        """Return what identifies it within an incident."""
        return self.policy.name


class Phase(StrEnum):
    """Where an escalation stands."""

    HELD = "held"  # nobody is to be told yet: quality holds it back
    RUNNING = "running"
    PAUSED = "paused"  # every firing alert is silenced or inhibited
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Position:
    """How far one track has come: the step that comes next. `due_at` None: it waits for nothing, or all is over.

    A step behind the last one is the fallback's: nobody answered.
    """

    step: int = 0
    round: int = 0
    due_at: float | None = None
    left: float | None = None  # while paused: seconds that were left
    mode: Mode = Mode.SHADOW  # in force when it was last looked at


@dataclass(frozen=True, slots=True)
class Told:
    """Where something was sent, so that the end can be told there too."""

    destination: str
    generation: int
    live: bool
    why: str = field(default="", compare=False)  # as its last page said


@dataclass(frozen=True, slots=True)
class Escalation:
    """The escalation of one incident."""

    incident: str  # uid
    team: str
    phase: Phase = Phase.HELD
    run: int = 0  # rises whenever it begins at step 1 again
    generation: int = 1  # of the dedup key: rises when a page must sound again although acknowledged
    started_at: float | None = None  # of this run
    severity: Severity = Severity.NONE  # highest it ran for
    priority: str = ""
    tracks: tuple[Track, ...] = ()
    positions: tuple[Position, ...] = ()  # one a track
    told: tuple[Told, ...] = ()
    because: str = ""  # why this run began although people were told before
    rose_at: float | None = None  # when it last became more urgent
    rose: str = ""  # and by what
    folded: tuple[str, ...] = ()  # destinations that were told in this run in one message with others
    fell: tuple[tuple[str, str], ...] = ()  # policies and steps whose fallback was told, for something did not arrive


class TimerKind(StrEnum):
    """What a timer waits for."""

    START = "start"  # the time to tell people comes
    STEP = "step"  # the next step is due
    ACK_EXPIRES = "ack_expires"
    SNOOZE_ENDS = "snooze_ends"
    UNDELIVERED = "undelivered"  # a message should have arrived by then


@dataclass(frozen=True, slots=True)
class Timer:
    """One row: what is due for an incident, and when. `name` is unique within the incident."""

    incident: str
    team: str
    kind: TimerKind
    name: str
    due_at: float
