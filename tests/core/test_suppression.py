"""Suppression rules and maintenance windows: what holds, what must not, and when it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from quality_world import NOON, ended, episode

from aiops_daemon.core.model.alert import Episode, VerdictReason
from aiops_daemon.core.model.alertmanager import MaintenanceSpec, QualitySpec, SuppressionSpec
from aiops_daemon.core.model.matcher import parse_all
from aiops_daemon.core.model.timeinterval import NamedIntervals, TimeInterval
from aiops_daemon.core.quality.suppress import Held, Suppression

DOWN = SuppressionSpec(
    "site down", parse_all('severity="warning"'), parse_all('alertname="SiteDown"'), ("cluster", "site")
)


def at(hour: int, minute: int = 0, day: int = 21, month: int = 11) -> float:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC).timestamp()


def source(**labels: str) -> Episode:
    return episode(severity="critical", **({"alertname": "SiteDown"} | labels))


def suppression(*rules: SuppressionSpec) -> Suppression:
    return Suppression(QualitySpec(suppression=rules))


def test_an_alert_is_held_while_a_source_with_equal_labels_fires() -> None:
    """From its start to its end, and the sentence names rule, source and labels."""
    judge = suppression(DOWN)
    target, cause = episode(cluster="eu1", site="a"), source(cluster="eu1", site="a")
    before = judge.holds(target, NOON)
    judge.started(cause)
    during = judge.holds(target, NOON)
    judge.ended(ended(cause, 60))
    after = judge.holds(target, NOON)

    sentence = 'suppression rule "site down" holds it while SiteDown fires with cluster="eu1", site="a"'
    assert [None, Held(VerdictReason.SUPPRESSION, sentence), None] == [before, during, after]


@pytest.mark.parametrize(
    ("target", "cause"),
    [
        ({}, {}),
        ({"cluster": "eu1"}, {"cluster": "eu1"}),
        ({"cluster": "eu1", "site": "a"}, {"cluster": "eu1"}),
        ({"cluster": "eu1"}, {"cluster": "eu1", "site": "a"}),
        ({"cluster": "eu1", "site": "a"}, {"cluster": "eu1", "site": "b"}),
    ],
    ids=["both lack both", "both lack one", "source lacks one", "target lacks one", "another value"],
)
def test_labels_that_are_missing_are_not_equal(target: dict[str, str], cause: dict[str, str]) -> None:
    """Alertmanager would inhibit where both lack them; one alert without labels must not hold all others."""
    judge = suppression(DOWN)
    judge.started(source(**cause))

    assert judge.holds(episode(**target), NOON) is None


def test_an_alert_that_the_rule_does_not_name_is_not_held() -> None:
    """Target matchers must hold."""
    judge = suppression(DOWN)
    judge.started(source(cluster="eu1", site="a"))

    assert judge.holds(episode(severity="critical", cluster="eu1", site="a"), NOON) is None


def test_alerts_that_are_both_source_and_target_do_not_hold_each_other_nor_themselves() -> None:
    """Else two of them would silence each other for good; a true source holds them all the same."""
    rule = SuppressionSpec("pile", parse_all('cluster="eu1"'), parse_all('alertname=~"Site.*"'), ("cluster",))
    judge = suppression(rule)
    one, two = source(cluster="eu1"), source(cluster="eu1", alertname="SiteSlow")
    judge.started(one)
    judge.started(two)

    assert judge.holds(one, NOON) is None
    assert judge.holds(two, NOON) is None
    assert judge.holds(episode(cluster="eu1"), NOON) is not None


def test_a_rule_without_a_source_holds_always() -> None:
    """A configured choice."""
    held = suppression(SuppressionSpec("batch", parse_all('job="batch"'))).holds(episode(job="batch"), NOON)

    assert Held(VerdictReason.SUPPRESSION, 'suppression rule "batch" holds it, always') == held


def test_the_end_of_an_old_episode_does_not_end_a_newer_one() -> None:
    """News arrive in any order."""
    judge = suppression(DOWN)
    old = source(cluster="eu1", site="a")
    new = replace(old, uid="newer")
    judge.started(new)
    judge.ended(ended(old, 60))

    assert judge.holds(episode(cluster="eu1", site="a"), NOON) is not None


def test_another_configuration_knows_what_fires_already() -> None:
    """A reload does not wait for the source to fire anew."""
    judge = suppression()
    judge.reconfigure(QualitySpec(suppression=(DOWN,)), [source(cluster="eu1", site="a")])

    assert judge.holds(episode(cluster="eu1", site="a"), NOON) is not None


def nightly(location: str) -> NamedIntervals:
    return NamedIntervals("nightly", (TimeInterval(times=((120, 240),), location=location),))


def window(spec: MaintenanceSpec) -> Suppression:
    return Suppression(QualitySpec(maintenance=(spec,)))


@pytest.mark.parametrize(
    ("location", "moment", "until"),
    [
        ("UTC", at(1, 59), None),
        ("UTC", at(2), at(4)),
        ("UTC", at(3, 59), at(4)),
        ("UTC", at(4), None),
        ("Europe/Berlin", at(1), at(3)),
        ("Europe/Berlin", at(3), None),
        ("Europe/Berlin", at(0, 30, day=1, month=7), at(2, day=1, month=7)),
    ],
)
def test_a_window_follows_the_clock_of_its_place(location: str, moment: float, until: float | None) -> None:
    """02:00 to 04:00 there, summer time included; held until its end."""
    held = window(MaintenanceSpec("backup", (), (nightly(location),))).holds(episode(), moment)

    assert until == (None if held is None else held.until)
    assert (until is None) == (held is None)


def test_a_window_looked_at_over_and_over_opens_and_closes_on_the_minute() -> None:
    """What is remembered between two looks never outlives an edge, nor a clock that was set back."""
    judge = window(MaintenanceSpec("backup", (), (nightly("UTC"),)))
    moments = [at(1), at(1, 59), at(2), at(3), at(3, 59), at(4), at(5), at(3), at(26 - 24, day=22), at(4, day=22)]
    held = [judge.holds(episode(), moment) is not None for moment in moments]

    assert [False, False, True, True, True, False, False, True, True, False] == held


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "moment", "until", "holds"),
    [
        (at(1), at(2), at(0), None, False),
        (at(1), at(2), at(1), at(2), True),
        (at(1), at(2), at(2), None, False),
        (at(1), None, at(9), None, True),
        (None, at(2), at(0), at(2), True),
    ],
)
def test_a_window_with_a_start_and_an_end_holds_between(
    starts_at: float | None, ends_at: float | None, moment: float, until: float | None, *, holds: bool
) -> None:
    """From its start, up to and without its end."""
    held = window(MaintenanceSpec("move", (), (), starts_at, ends_at)).holds(episode(), moment)

    assert (holds, until) == (held is not None, None if held is None else held.until)


def test_intervals_hold_only_within_start_and_end() -> None:
    """Nightly, but only this week."""
    spec = MaintenanceSpec("move", (), (nightly("UTC"),), at(3, day=21), at(3, day=22))
    judge = window(spec)
    moments = [at(2, 30), at(3, 30), at(5), at(2, 30, day=22), at(3, 30, day=22), at(2, 30, day=23)]
    held = [judge.holds(episode(), moment) for moment in moments]

    assert [False, True, False, True, False, False] == [one is not None for one in held]
    assert at(3, day=22) == held[3].until  # type: ignore[union-attr]


def test_only_alerts_that_a_window_names_are_held() -> None:
    """Its matchers must hold."""
    judge = window(MaintenanceSpec("move", parse_all('service="db"'), (), at(1), at(2)))

    assert judge.holds(episode(service="db"), at(1)) is not None
    assert judge.holds(episode(service="web"), at(1)) is None
