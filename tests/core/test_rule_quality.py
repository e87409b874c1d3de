"""Quality per rule: what came of its alerts, what doubles what, and what pages cost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rule_past import history, past

from aiops_daemon.core.model.alertmanager import TeamSpec
from aiops_daemon.core.model.incident import Incident, IncidentState, Priority
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.quality.budget import Budget, budgets
from aiops_daemon.core.quality.duplicates import duplicates
from aiops_daemon.core.quality.rules import flaps, rule_quality

HOUR = 3600.0


def test_a_rule_is_summed_up() -> None:
    """Four incidents: two ended by themselves, one was acted on in time, one is open and undecided."""
    quality = rule_quality(
        history(
            past(0, 60),
            past(HOUR, 120, acted=HOUR + 600),
            past(2 * HOUR, 900, acted=2 * HOUR + 100, false_positive=True),
            past(3 * HOUR, None),
            past(4 * HOUR, 30, incident="other", opened=False, muted=True),
        )
    )

    assert ("shop", "SlowCheckout", 5, 4) == (quality.team, quality.rule, quality.alerts, quality.incidents)
    assert 2 / 3 == pytest.approx(quality.self_resolved_ratio)
    assert (0.5, 0.25, 0.2) == (quality.acted_ratio, quality.false_positive_ratio, quality.muted_ratio)
    assert (90, 0) == (quality.median_life_seconds, quality.flaps)


def test_nothing_seen_gives_no_ratios() -> None:
    """None, not 0: nothing is known."""
    quality = rule_quality(history())

    assert (0, 0, None, None, None) == (
        quality.alerts,
        quality.incidents,
        quality.self_resolved_ratio,
        quality.median_life_seconds,
        quality.muted_ratio,
    )


def test_an_incident_with_many_alerts_counts_once_and_ends_with_the_last() -> None:
    """Fifty pods are one incident; an act between the first end and the last is an act in time."""
    pods = [past(0, 60 + pod, alert=f"pod-{pod}", incident="one", acted=100, opened=pod == 0) for pod in range(50)]
    quality = rule_quality(history(*pods))

    assert (50, 1, 0.0, 1.0) == (quality.alerts, quality.incidents, quality.self_resolved_ratio, quality.acted_ratio)


def test_returns_within_a_quarter_of_an_hour_are_flaps() -> None:
    """Per alert: starts within an episode, and episodes soon after an end; another alert's end means nothing."""
    episodes = [past(0, 60, starts=3), past(900, 60), past(2000, 60), past(70, 10, alert="b")]

    assert 3 == flaps(episodes)


def test_a_rule_that_follows_another_doubles_it_and_not_the_other_way() -> None:
    """Nine of ten starts follow within five minutes in the same incident."""
    first = [past(turn * 10 * HOUR, incident=f"i{turn}") for turn in range(12)]
    second = [past(turn * 10 * HOUR + 120, incident=f"i{turn}", opened=False) for turn in range(9)]
    second.append(past(500 * HOUR, incident="alone"))
    found = duplicates([history(*first, rule="Latency"), history(*second, rule="Errors")])

    assert {("shop", "Errors"): ("Latency", 0.9)} == found


@pytest.mark.parametrize(
    ("incident", "gap", "turns"),
    [("other", 120.0, 9), ("", 400.0, 9), ("", 120.0, 4)],
    ids=["in other incidents", "too late", "too few"],
)
def test_what_does_not_double(incident: str, gap: float, turns: int) -> None:
    """Other incidents, other times, or too little of a past."""
    first = [past(turn * 10 * HOUR, incident=f"i{turn}") for turn in range(turns)]
    second = [past(turn * 10 * HOUR + gap, incident=incident or f"i{turn}") for turn in range(turns)]

    assert {} == duplicates([history(*first, rule="Latency"), history(*second, rule="Errors")])


def test_a_rule_that_fires_all_the_time_is_doubled_by_nobody() -> None:
    """It precedes everything by chance."""
    noise = [replace(past(turn * 400.0), incident="") for turn in range(200)]
    other = [replace(past(turn * 8000.0 + 50), incident="") for turn in range(10)]

    assert {} == duplicates([history(*noise, rule="Noise"), history(*other, rule="Errors")])


def test_two_rules_that_start_together_are_doubles_one_way() -> None:
    """Of two at once the first by name came first."""
    both = [past(turn * 10 * HOUR, incident=f"i{turn}") for turn in range(6)]

    assert {("shop", "B"): ("A", 1.0)} == duplicates([history(*both, rule="B"), history(*both, rule="A")])


def told(at: float | None, team: str = "shop", *, resolved_at: float | None = None, also: str = "") -> Incident:
    return Incident(
        uid=f"{at}",
        number=1,
        team=team,
        teams=tuple(sorted({team, also or team})),
        title="",
        state=IncidentState.OPEN,
        severity=Severity.WARNING,
        priority=Priority.P3,
        priority_reason="",
        opened_at=0,
        updated_at=0,
        notify_at=at,
        resolved_at=resolved_at,
    )


def test_a_budget_counts_what_told_people_within_the_shift() -> None:
    """Not what told nobody, comes still, came before the shift, was over before it was told, or is another team's."""
    teams = [
        TeamSpec("shop", page_budget_per=12 * HOUR, page_budget_max=2),
        TeamSpec("web", page_budget_per=12 * HOUR, page_budget_max=0),
        TeamSpec("db"),
    ]
    now = 100 * HOUR
    incidents = [
        told(now),
        told(now - 11 * HOUR),
        told(now - 1, "db", also="shop"),
        told(now - 12 * HOUR),
        told(now + 60),
        told(None),
        told(now - 60, resolved_at=now - 90),
        told(now - 5, "web"),
    ]
    found = budgets(incidents, teams, now)

    assert [Budget("shop", 3, 2, 12 * HOUR), Budget("web", 1, 0, 12 * HOUR)] == found
    assert [1.5, 1.0] == [budget.used_ratio for budget in found]
