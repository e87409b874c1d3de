"""Properties of judging by evaluation: containment, and that silence is never inactivity."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.alertmanager.evaluation import ActiveSet, SourceState, judge, rule_state
from aiops_daemon.core.model.labels import Labels, make
from aiops_daemon.core.model.posted import EvaluatedRule
from aiops_daemon.core.model.repair import Evaluation

NOW = 1_700_000_000.0
label_sets = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["1", "2"]), max_size=4).map(make)
rules = st.builds(
    EvaluatedRule,
    name=st.sampled_from(["A", "B"]),
    labels=label_sets,
    interval=st.sampled_from([0.0, 15.0, 60.0]),
    evaluated_at=st.sampled_from([0.0, NOW - 100.0, NOW]),
    healthy=st.booleans(),
    active=st.lists(label_sets, max_size=3).map(tuple),
)


@st.composite
def sources(draw: st.DrawFn) -> SourceState:
    """Any source, that answered or did not."""
    state = SourceState(draw(label_sets), draw(st.booleans()), draw(st.booleans()))
    for rule in draw(st.lists(rules, max_size=3)) if state.answered else []:
        known = state.rules.get(rule.name, ())
        state.rules[rule.name] = (*known, rule_state(rule, ActiveSet(rule.active), NOW))
    return state


@given(sets=st.lists(label_sets, max_size=6), labels=label_sets)
def test_within_is_containment(sets: list[Labels], labels: Labels) -> None:
    """The tables answer as comparing one by one would."""
    expected = any(set(each) <= set(labels) for each in sets)

    assert expected is ActiveSet(sets).within(dict(labels))


@given(states=st.lists(sources(), max_size=3), labels=label_sets, name=st.sampled_from(["A", "B", ""]))
def test_inactive_needs_an_evaluating_rule(states: list[SourceState], labels: Labels, name: str) -> None:
    """Inactive or firing is said only where a source that answers evaluates a rule of that name."""
    said = judge(states, make({**dict(labels), "alertname": name}))
    live = any(state.reachable and any(rule.evaluating for rule in state.rules.get(name, ())) for state in states)

    assert live or said in (Evaluation.NOT_EVALUATING, Evaluation.NOT_OURS)


@given(states=st.lists(sources(), min_size=1, max_size=3), labels=label_sets)
def test_falling_silent_never_ends_an_alert(states: list[SourceState], labels: Labels) -> None:
    """When all sources stop answering, what was theirs is not evaluating, never inactive or firing."""
    alert = make({**dict(labels), "alertname": "A"})
    before = judge(states, alert)
    after = judge([replace(state, reachable=False) for state in states], alert)

    assert after is (Evaluation.NOT_OURS if before is Evaluation.NOT_OURS else Evaluation.NOT_EVALUATING)
