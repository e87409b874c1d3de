"""Any order of acts and facts keeps an incident's promises."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.incidents.acts import OVERTAKES, act, overtaken
from aiops_daemon.core.incidents.facts import Facts
from aiops_daemon.core.incidents.lifecycle import awake, followed, opened
from aiops_daemon.core.model.action import Action, ActionKind, Refusal
from aiops_daemon.core.model.incident import Entry, EntryKind, Incident, IncidentState
from aiops_daemon.core.model.scope import Role, Scope
from aiops_daemon.core.model.severity import Severity

ANN = Scope("ann", None, Role.RESPONDER, "api")
SINGLE = [kind for kind in ActionKind if kind not in (ActionKind.MERGE, ActionKind.SPLIT)]

actions = st.builds(
    Action,
    st.sampled_from(SINGLE),
    st.just("1"),
    text=st.sampled_from(["", "words"]),
    assignee=st.sampled_from(["", "bo"]),
    seconds=st.sampled_from([0.0, 60.0]),
    force=st.booleans(),
)
facts = st.builds(
    Facts,
    alerts=st.integers(1, 5),
    firing=st.integers(0, 5),
    flapping=st.integers(0, 2),
    worst=st.sampled_from(Severity),
    notify_at=st.sampled_from([None, 5.0]),
)
inputs = st.lists(st.one_of(actions, facts), max_size=25)


def start() -> Incident:
    return opened("u", 1, "shop", Facts(alerts=1, firing=1, worst=Severity.INFO), 0.0, why="first")[0]


@given(inputs)
def test_promises_hold_after_every_step(steps: list[Action | Facts]) -> None:
    """Severity never falls; closed has a time and open has none; nothing closes itself while something fires."""
    incident, known, now = start(), Facts(alerts=1, firing=1, worst=Severity.INFO), 0.0
    for step in steps:
        now += 30.0
        before = incident
        if isinstance(step, Facts):
            known = step
            incident, entries = followed(awake(incident, now)[0], known, now)
            if incident.state is IncidentState.RESOLVED and before.state is not IncidentState.RESOLVED:
                assert known.quiet
        else:
            outcome = act(incident, step, known, ANN, now)
            if isinstance(outcome, Refusal):
                assert outcome.text
                continue
            incident, entries = outcome

        assert incident.severity.rank >= before.severity.rank
        assert incident.state.closed == (incident.resolved_at is not None)
        assert (incident.state is before.state) or entries
        assert all(entry.text and entry.incident == "u" for entry in entries)


@given(inputs)
def test_doing_it_again_changes_nothing(steps: list[Action | Facts]) -> None:
    """Every act but a note and a snooze may be repeated without effect."""
    incident, known, now = start(), Facts(alerts=1, firing=1), 0.0
    for step in steps:
        if isinstance(step, Facts):
            known = step
            incident, _ = followed(incident, known, now)
            continue
        once = act(incident, step, known, ANN, now)
        if isinstance(once, Refusal):
            continue
        incident = once[0]
        if step.text or step.kind is ActionKind.SNOOZE:
            continue
        again = act(incident, step, known, ANN, now)

        assert isinstance(again, Refusal) or again == (incident, [])


@given(
    st.sampled_from(SINGLE),
    st.lists(st.tuples(st.sampled_from(EntryKind), st.sampled_from(["pagerduty", "api", "daemon"])), max_size=8),
)
def test_only_another_turn_that_was_taken_here_overtakes(kind: ActionKind, turns: list[tuple[EntryKind, str]]) -> None:
    """What is no status is followed however late, and nothing from the same place overtakes it."""
    there = Scope("ann", None, Role.RESPONDER, "pagerduty")
    lines = [Entry("", "u", "shop", 1.0, turn, "bo", origin, "text") for turn, origin in turns]

    refused = overtaken(start(), Action(kind, "1", at=0.0), there, lines)
    expected = any(turn in OVERTAKES.get(kind, ()) and origin != "pagerduty" for turn, origin in turns)
    assert expected is (refused is not None)
