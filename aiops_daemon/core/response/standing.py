"""What an escalation is held against, and what it asks for.

Values only. `Standing` is the level, never the edge: everything of an incident that matters, as of now, so that an
input that is lost or comes twice changes nothing. `Asked` are the actions, to be written with the state in one
transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiops_daemon.core.model.escalation import Escalation, Track
from aiops_daemon.core.model.incident import Incident
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.response.reach import Reached


@dataclass(frozen=True, slots=True)
class Standing:
    """An incident as it stands, and the policies that the routes of its alerts name now."""

    incident: Incident
    tracks: tuple[Track, ...]
    muted: bool = False  # the kill switch


Reach = Callable[[str], Reached]
"""Turns a target (receiver/NAME, schedule/NAME, person/NAME, team/NAME) into destinations, as of now."""


@dataclass(frozen=True, slots=True)
class Page:
    """Tell somebody of an incident. `step` names run, round and step; with track and destination it is unique."""

    destination: str
    track: str
    step: str
    generation: int
    mode: Mode
    why: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell those who were told already that something changed."""

    destination: str
    event: MessageEvent
    generation: int
    live: bool
    why: str = ""  # they were told; only a change says it again, for it replaces what they see


@dataclass(frozen=True, slots=True)
class Unacknowledge:
    """Take the acknowledgement or snooze back."""

    why: str


@dataclass(frozen=True, slots=True)
class Remark:
    """A line for the timeline. `unheard`: nobody could be told at all."""

    text: str
    reason: str
    unheard: bool = False


Asked = Page | Tell | Unacknowledge | Remark

Turn = tuple[Escalation, tuple[Asked, ...]]
"""The state after one input, and what it asks for."""
