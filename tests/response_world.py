"""Escalations for tests: an incident as it stands, policies, and people who are reached or not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aiops_daemon.core.model.channels.log import LogSpec
from aiops_daemon.core.model.escalation import Escalation, EscalationSpec, StepSpec, Track
from aiops_daemon.core.model.incident import Incident, IncidentState, Priority
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.response.escalation import advance
from aiops_daemon.core.response.reach import Destination, Reached
from aiops_daemon.core.response.standing import Asked, Page, Reach, Standing, Tell

TEN = 1_700_000_000.0


def incident(**changes: Any) -> Incident:
    """Return an open critical incident that people are to be told of now."""
    made = Incident(
        uid="u1", number=1, team="shop", teams=("shop",), title="HighLatency on checkout", state=IncidentState.OPEN,
        severity=Severity.CRITICAL, priority=Priority.P2, priority_reason="severity critical", opened_at=TEN,
        updated_at=TEN, service="checkout", notify_at=TEN, alerts=1, firing=1,
    )  # fmt: skip
    return replace(made, **changes)


def policy(*steps: str, every: float = 600.0, name: str = "shop", **more: Any) -> EscalationSpec:
    """Return a policy whose steps come one after the other."""
    made = tuple(StepSpec((step,), 0.0 if number == 0 else every) for number, step in enumerate(steps))
    return EscalationSpec(name, made, **more)


def track(spec: EscalationSpec | None = None, mode: Mode = Mode.LIVE, **more: Any) -> Track:
    """Return a policy as a route names it."""
    return Track(spec or policy("person/ann", "person/bo"), mode, "route", **more)


def reach(target: str) -> Reached:
    """Reach everybody by one channel, but nobody called zoe and no empty schedule."""
    if "zoe" in target or "empty" in target:
        return Reached((), f"{target} is nobody")
    return Reached((Destination(f"{target}/sms", LogSpec(), "trial"),), "")


class Quiet:
    """Reaches everybody but one who sleeps."""

    def __init__(self, sleeper: str) -> None:
        self.sleeper = sleeper

    def __call__(self, target: str) -> Reached:
        """Reach a target, unless it sleeps."""
        if target == f"person/{self.sleeper}":
            return Reached((), f"{self.sleeper} has quiet hours")
        return reach(target)


class Run:
    """One escalation, step by step; what it asked for is kept."""

    def __init__(self, *tracks: Track, **changes: Any) -> None:
        self.tracks = tracks or (track(),)
        self.incident = incident(**changes)
        self.now = TEN
        self.muted = False
        self.state: Escalation | None = None
        self.asked: list[Asked] = []
        self.reach: Reach = reach

    def turn(self, at: float | None = None, **changes: Any) -> list[Asked]:
        """Let time pass to so many seconds after the beginning, change the incident, and advance."""
        if at is not None:
            self.now = TEN + at
        self.incident = replace(self.incident, **changes)
        standing = Standing(self.incident, self.tracks, self.muted)
        self.state, asked = advance(self.state, standing, self.now, self.reach)
        self.asked += asked
        return list(asked)

    def pages(self, at: float | None = None, **changes: Any) -> list[str]:
        """Advance, and return who is paged."""
        return [one.destination.split("/")[1] for one in self.turn(at, **changes) if isinstance(one, Page)]

    def told(self, at: float | None = None, **changes: Any) -> list[tuple[str, str]]:
        """Advance, and return who is told of a change."""
        asked = self.turn(at, **changes)
        return [(one.destination.split("/")[1], str(one.event)) for one in asked if isinstance(one, Tell)]


ACKED: dict[str, Any] = {"state": IncidentState.ACKNOWLEDGED, "acknowledged_by": "ann"}
OPEN: dict[str, Any] = {"state": IncidentState.OPEN, "acknowledged_at": None, "snoozed_until": None}
CLOSED: dict[str, Any] = {"state": IncidentState.RESOLVED, "notify_at": None, "firing": 0}
