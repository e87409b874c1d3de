"""Escalations under any story: what never happens, whatever people, alerts, reloads and crashes do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from response_world import TEN, incident, policy, reach, track

from aiops_daemon.core.model.escalation import Escalation, Phase
from aiops_daemon.core.model.incident import IncidentState
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.response.escalation import advance
from aiops_daemon.core.response.standing import Page, Standing, Tell, Unacknowledge
from aiops_daemon.core.response.timers import over, timers

_POLICIES = (
    policy("person/ann", "person/bo", fallback="receiver/chat", repeat=1),
    policy("schedule/empty", "person/zoe", name="lost", fallback="receiver/chat"),
    policy("receiver/chat", name="receiver/chat"),
)


class Story(RuleBasedStateMachine):
    """An incident, people and a clock; a crash loses a turn and takes it again."""

    def __init__(self) -> None:
        super().__init__()
        self.now = TEN
        self.incident = incident(severity=Severity.WARNING)
        self.tracks = (track(_POLICIES[0]),)
        self.muted = False
        self.state: Escalation | None = None
        self.open_keys: set[tuple[str, int]] = set()  # told live of the beginning, not of the end
        self.steps: set[tuple[str, str, str]] = set()

    def _turn(self, **changes: Any) -> None:
        """Advance twice from the same state, as after a crash before the commit; the two must be one."""
        self.incident = replace(self.incident, **changes)
        standing = Standing(self.incident, self.tracks, self.muted)
        first = advance(self.state, standing, self.now, reach)
        assert first == advance(self.state, standing, self.now, reach)
        self.state, asked = first
        for one in asked:
            if isinstance(one, Unacknowledge):
                self.incident = replace(
                    self.incident, state=IncidentState.OPEN, acknowledged_at=None, snoozed_until=None
                )
        for one in asked:
            self._see(one)

    def _see(self, one: object) -> None:
        if isinstance(one, Page):
            assert self.state is not None
            assert not self.incident.state.closed
            assert self.incident.state is IncidentState.OPEN
            assert self.incident.snoozed_until is None or self.incident.snoozed_until <= self.now
            assert self.incident.muted < max(1, self.incident.firing)
            step = (one.destination, one.track, one.step)
            assert step not in self.steps, "told twice of one step"
            self.steps.add(step)
            if one.mode is Mode.LIVE:
                assert not self.muted
                self.open_keys.add((one.destination, one.generation))
        if isinstance(one, Tell) and one.event is MessageEvent.RESOLVE and one.live:
            assert (one.destination, one.generation) in self.open_keys
            self.open_keys.discard((one.destination, one.generation))

    @rule(seconds=st.sampled_from((1.0, 59.0, 600.0, 900.0, 4000.0)))
    def wait(self, seconds: float) -> None:
        """Time passes; snoozes end as the desk ends them."""
        self.now += seconds
        over_ = self.incident.snoozed_until is not None and self.incident.snoozed_until <= self.now
        self._turn(**({"snoozed_until": None, "notify_at": self.now} if over_ else {}))

    @rule()
    def acknowledge(self) -> None:
        """Somebody answers."""
        if not self.incident.state.closed:
            self._turn(state=IncidentState.ACKNOWLEDGED, acknowledged_at=self.now)

    @rule()
    def take_back(self) -> None:
        """Somebody takes the answer back."""
        if not self.incident.state.closed:
            self._turn(state=IncidentState.OPEN, acknowledged_at=None)

    @rule(seconds=st.sampled_from((60.0, 3600.0)))
    def snooze(self, seconds: float) -> None:
        """Somebody wants quiet."""
        if not self.incident.state.closed:
            self._turn(snoozed_until=self.now + seconds, notify_at=self.now + seconds)

    @rule()
    def resolve(self) -> None:
        """All alerts end."""
        self._turn(state=IncidentState.RESOLVED, firing=0, muted=0, notify_at=None, snoozed_until=None)

    @rule()
    def reopen(self) -> None:
        """An alert comes back."""
        if self.incident.state.closed:
            self._turn(state=IncidentState.OPEN, firing=1, notify_at=self.now, acknowledged_at=None)

    @rule(muted=st.booleans())
    def silence(self, muted: bool) -> None:
        """All that fires is silenced, or no more."""
        self._turn(muted=self.incident.firing if muted else 0)

    @rule(severity=st.sampled_from((Severity.WARNING, Severity.CRITICAL)))
    def grow(self, severity: Severity) -> None:
        """Severity rises; it never falls."""
        if severity.rank > self.incident.severity.rank and not self.incident.state.closed:
            self._turn(severity=severity)

    @rule(picked=st.sets(st.sampled_from((0, 1, 2)), min_size=1), mode=st.sampled_from((Mode.LIVE, Mode.SHADOW)))
    def reroute(self, picked: set[int], mode: Mode) -> None:
        """Other routes match, or the mode changes with a reload."""
        self.tracks = tuple(track(_POLICIES[number], mode) for number in sorted(picked))
        self._turn()

    @rule(muted=st.booleans())
    def kill_switch(self, muted: bool) -> None:
        """global.mode: muted, and back."""
        self.muted = muted
        self._turn()

    @invariant()
    def again_is_nothing(self) -> None:
        """The same input once more asks for nothing."""
        if self.state is not None:
            standing = Standing(self.incident, self.tracks, self.muted)
            assert (self.state, ()) == advance(self.state, standing, self.now, reach)

    @invariant()
    def nobody_is_forgotten(self) -> None:
        """What runs has a timer, or went through every round."""
        if self.state is None or self.state.phase is not Phase.RUNNING:
            return
        assert timers(self.state, self.incident) or over(self.state)

    @invariant()
    def the_end_is_told(self) -> None:
        """When it is closed, every key that was opened live was closed too, unless all is muted: then it is owed."""
        if self.state is not None and self.incident.state.closed and self.muted:
            assert self.open_keys <= {(one.destination, one.generation) for one in self.state.told}
        elif self.state is not None and self.incident.state.closed:
            assert set() == self.open_keys


TestStory = Story.TestCase
TestStory.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
