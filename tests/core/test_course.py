"""How an escalation stands: its phase, what wakes it, and who is told next."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.model.escalation import Escalation, EscalationSpec, Phase, Position, StepSpec, Track
from aiops_daemon.core.model.incident import Incident, IncidentState, Priority
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.response.course import course

POLICY = EscalationSpec("shop", (StepSpec(("schedule/shop",)), StepSpec(("person/bo",), 900.0)), 1, 900.0, "receiver/x")
TRACK = Track(POLICY, Mode.LIVE, "route matched")
INCIDENT = Incident(
    uid="u", number=1, team="t", teams=("t",), title="", state=IncidentState.OPEN, severity=Severity.CRITICAL,
    priority=Priority.P1, priority_reason="", opened_at=0.0, updated_at=0.0, service="", notify_at=100.0,
)  # fmt: skip


def at(phase: Phase, *positions: Position) -> Escalation:
    """Make an escalation of two policies."""
    other = replace(TRACK, policy=replace(POLICY, name="other", repeat=0))
    return Escalation("u", "t", phase, 1, tracks=(TRACK, other)[: len(positions)], positions=positions)


def test_what_comes_soonest_is_first() -> None:
    """Each policy with its step, its round and its targets."""
    stands = course(at(Phase.RUNNING, Position(1, 0, 500.0), Position(0, 0, 400.0)), INCIDENT)

    assert [("other", 400.0, 1, 2, 1, 1), ("shop", 500.0, 2, 2, 1, 2)] == [
        (one.policy, one.at, one.step, one.steps, one.round, one.rounds) for one in stands.upcoming
    ]
    assert ("person/bo",) == stands.upcoming[1].targets
    assert stands.until is None


def test_behind_the_last_step_stands_the_fallback() -> None:
    """Nobody answered in any round."""
    (step,) = course(at(Phase.RUNNING, Position(2, 1, 500.0)), INCIDENT).upcoming

    assert (True, ("receiver/x",)) == (step.fallback, step.targets)


def test_what_waits_says_how_much_is_left() -> None:
    """While paused nothing has a time."""
    (step,) = course(at(Phase.PAUSED, Position(1, 0, None, 300.0)), INCIDENT).upcoming

    assert (None, 300.0) == (step.at, step.left)


def test_holds_snoozes_and_acknowledgements_have_an_end() -> None:
    """As their timers have."""
    acknowledged = replace(INCIDENT, state=IncidentState.ACKNOWLEDGED, acknowledged_at=50.0, snoozed_until=700.0)

    assert 100.0 == course(at(Phase.HELD), INCIDENT).until
    assert 700.0 == course(at(Phase.SNOOZED), acknowledged).until
    assert 1850.0 == course(at(Phase.ACKNOWLEDGED, Position(1)), acknowledged).until
    assert course(at(Phase.ENDED, Position(1)), INCIDENT).until is None


times = st.none() | st.floats(0, 1e9)


@given(st.sampled_from(Phase), st.integers(0, 9), st.integers(0, 9), times, times)
def test_whatever_the_position_there_is_somebody_to_name(
    phase: Phase, step: int, turn: int, due_at: float | None, left: float | None
) -> None:
    """A step is named if and only if something is waited for, and always with a target."""
    stands = course(at(phase, Position(step, turn, due_at, left)), INCIDENT)

    assert (due_at is not None or left is not None) == bool(stands.upcoming)
    assert all(one.targets and 1 <= one.step <= one.steps for one in stands.upcoming)
