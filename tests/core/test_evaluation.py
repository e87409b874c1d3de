"""What the Prometheus of an alert says of it: whose alert it is, and whether silence is inactivity."""

from __future__ import annotations

import pytest

from aiops_daemon.core.alertmanager.evaluation import ActiveSet, SourceState, judge, rule_state
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.posted import EvaluatedRule
from aiops_daemon.core.model.repair import Evaluation

NOW = 1_700_000_000.0
FIRING, INACTIVE, SILENT, NOT_OURS = (
    Evaluation.FIRING,
    Evaluation.INACTIVE,
    Evaluation.NOT_EVALUATING,
    Evaluation.NOT_OURS,
)
ALERT = make({"alertname": "DiskFull", "device": "sda", "severity": "page", "cluster": "eu-1"})
ACTIVE = {"alertname": "DiskFull", "device": "sda", "severity": "page"}


def rule(
    *active: dict[str, str],
    name: str = "DiskFull",
    labels: dict[str, str] | None = None,
    age: float = 10.0,
    interval: float = 15.0,
    healthy: bool = True,
) -> EvaluatedRule:
    """One rule, evaluated ten seconds ago."""
    sets = tuple(make(each) for each in active)
    return EvaluatedRule(name, make(labels or {}), interval, NOW - age, healthy, sets)


def source(*rules: EvaluatedRule, reachable: bool = True, **external: str) -> SourceState:
    """A source that answered with these rules, and may be silent since."""
    state = SourceState(make(external), reachable, answered=True)
    for each in rules:
        known = state.rules.get(each.name, ())
        state.rules[each.name] = (*known, rule_state(each, ActiveSet(each.active), NOW))
    return state


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ([], NOT_OURS),
        ([source(rule(ACTIVE), cluster="eu-1")], FIRING),
        ([source(rule(ACTIVE))], FIRING),
        ([source(rule(), cluster="eu-1")], INACTIVE),
        ([source(rule({**ACTIVE, "device": "sdb"}), cluster="eu-1")], INACTIVE),
        ([source(rule(name="Other"), cluster="eu-1")], NOT_OURS),
        ([source(rule(ACTIVE), cluster="eu-2")], NOT_OURS),
        ([source(rule(ACTIVE), cluster="eu-1", reachable=False)], SILENT),
        ([source(rule(name="Other"), cluster="eu-1", reachable=False)], NOT_OURS),
        ([source(rule(ACTIVE, age=61.0), cluster="eu-1")], SILENT),
        ([source(rule(age=59.0), cluster="eu-1")], INACTIVE),
        ([source(rule(age=170.0, interval=60.0), cluster="eu-1")], INACTIVE),
        ([source(rule(age=190.0, interval=60.0), cluster="eu-1")], SILENT),
        ([source(rule(healthy=False), cluster="eu-1")], SILENT),
        ([source(rule(), cluster="eu-1"), source(rule(ACTIVE), cluster="eu-1")], FIRING),
        ([source(rule(), cluster="eu-1"), source(rule(), cluster="eu-1", reachable=False)], SILENT),
        ([source(rule(), cluster="eu-1"), source(rule(ACTIVE), reachable=False)], INACTIVE),
        ([source(rule(), cluster="eu-1"), source(rule(ACTIVE), cluster="eu-2", reachable=False)], INACTIVE),
        ([SourceState(make({"cluster": "eu-1"}))], SILENT),
        ([SourceState(())], SILENT),
        ([SourceState(make({"cluster": "eu-2"}))], NOT_OURS),
        ([SourceState(()), source(rule(), cluster="eu-1")], INACTIVE),
    ],
)
def test_what_sources_say_of_an_alert(sources: list[SourceState], expected: Evaluation) -> None:
    """Firing wins over doubt, doubt over inactivity; a source of another cluster has no say."""
    assert expected is judge(sources, ALERT)


def test_of_rules_of_one_name_those_with_fitting_labels_speak() -> None:
    """A page and a ticket of one alert are two rules; templates in labels are no hindrance."""
    page = rule(labels={"severity": "page", "device": "{{ $labels.device }}"})
    ticket = rule(ACTIVE, labels={"severity": "ticket"}, age=900.0)

    assert INACTIVE is judge([source(page, ticket)], ALERT)
    assert SILENT is judge([source(ticket)], ALERT)


def test_dropped_external_labels_are_made_up_for_by_an_active_alert() -> None:
    """Alert relabelling drops `replica`; what was active lately counts, what contradicts does not."""
    firing = source(rule(ACTIVE), cluster="eu-1", replica="a")
    quiet = source(rule(), cluster="eu-1", replica="a")

    assert FIRING is judge([firing], ALERT)
    assert NOT_OURS is judge([quiet], ALERT)

    quiet.lately = ({}, {"DiskFull": ActiveSet([make(ACTIVE)])})
    assert INACTIVE is judge([quiet], ALERT)
    assert NOT_OURS is judge([firing], make({**dict(ALERT), "replica": "b"}))


def test_an_alert_without_a_name_is_nobodys() -> None:
    """Posted by hand, without a rule."""
    assert NOT_OURS is judge([source(rule())], make({"severity": "page"}))
