"""Proposals: which change is worth it, what it would have done, and rules that promtool accepts."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from rule_past import history, past

from aiops_daemon.core.model.listing import RuleEpisode
from aiops_daemon.core.model.rulequality import RuleDefinition
from aiops_daemon.core.quality.rules import rule_quality
from aiops_daemon.core.rules.proposals import changed, document, known_as, proposals, with_proposals
from aiops_daemon.core.rules.threshold import threshold_of
from aiops_daemon.edges.rulefiles.render import render

HOUR = 3600.0
RULE = RuleDefinition(
    "SlowCheckout",
    "histogram_quantile(0.99, sum by (le) (rate(latency_bucket[5m]))) > 0.5",
    hold=120.0,
    labels=(("severity", "warning"),),
    annotations=(("summary", '{{ $labels.pod }} is slow: "{{ $value }}"'),),
)


def blips(count: int, life: float = 50.0) -> list[RuleEpisode]:
    return [past(turn * HOUR, life) for turn in range(count)]


def real(count: int) -> list[RuleEpisode]:
    starts = [(100 + turn) * HOUR for turn in range(count)]
    return [past(at, 1200.0, acted=at + 300) for at in starts]


def test_short_episodes_that_nobody_acts_on_ask_for_a_longer_for() -> None:
    """Eight blips under a minute and two real ones: a minute more on top of the two that there are."""
    (proposal,) = proposals(history(*blips(8), *real(2)), RULE)

    assert ("for", "3m", 10, 2, 0) == (
        proposal.change,
        proposal.value,
        proposal.before,
        proposal.after,
        proposal.lost,
    )
    assert (
        "for 3m: SlowCheckout would have opened 2 instead of 10 incidents, none lost that people acted on; "
        "what remains would come 1m later" == proposal.sentence
    )


@pytest.mark.parametrize(
    "episodes",
    [blips(4), [*blips(2), *real(8)], [past(turn * HOUR, 50, acted=turn * HOUR + 10) for turn in range(9)]],
    ids=["too few", "too little spared", "people acted on them"],
)
def test_what_is_not_worth_it_is_not_proposed(episodes: list[RuleEpisode]) -> None:
    """Nothing is proposed that loses an alert on which people acted."""
    assert () == proposals(history(*episodes), RULE)


def test_what_is_critical_is_not_delayed_for_long() -> None:
    """Episodes of four minutes would take five: too long for a critical rule, fine for another."""
    mild = [past(turn * HOUR, 240) for turn in range(9)]
    grave = [past(turn * HOUR, 240, severity="critical") for turn in range(9)]

    assert ["7m"] == [proposal.value for proposal in proposals(history(*mild), RULE)]
    assert () == proposals(history(*grave), RULE)


def test_an_alert_that_comes_back_asks_for_keep_firing_for() -> None:
    """Gaps of four minutes: five would have made nine incidents one."""
    back = [past(turn * 840.0, 600.0, acted=turn * 840.0 + 60) for turn in range(9)]
    (proposal,) = proposals(history(*back), RULE)

    assert ("keep_firing_for", "5m", 9, 1, 0) == (
        proposal.change,
        proposal.value,
        proposal.before,
        proposal.after,
        proposal.lost,
    )


def test_a_higher_threshold_keeps_what_people_acted_on() -> None:
    """Long episodes just above the number, and two far above: a round number between."""
    noise = [past(turn * HOUR * 3, 3000.0) for turn in range(8)]
    found = [*noise, *real(2)]
    peaks = {one.uid: 0.5512 for one in noise} | {one.uid: 0.8734 for one in found[8:]}
    (proposal,) = proposals(history(*found), RULE, peaks)

    assert ("threshold", "0.87", 10, 2, 0) == (
        proposal.change,
        proposal.value,
        proposal.before,
        proposal.after,
        proposal.lost,
    )


def test_a_rule_that_is_not_known_gets_its_proposal_as_an_addition() -> None:
    """There is no rule to render, and the sentence says so."""
    (proposal,) = proposals(history(*blips(9)), None)

    assert "1m" == proposal.value
    assert proposal.sentence.endswith("; the rule itself is not known here: add 1m to what it has now")


@pytest.mark.parametrize(
    ("expr", "left", "op", "number"),
    [
        ("up < 1", "up", "<", 1.0),
        ("rate(x[5m])>=-1.5e-3 ", "rate(x[5m])", ">=", -0.0015),
        ('sum(a{b="c > 1"} or d) > 2', 'sum(a{b="c > 1"} or d)', ">", 2.0),
        ("(a and b)\n  / c > .5", "(a and b)\n  / c", ">", 0.5),
    ],
)
def test_an_expression_that_ends_in_a_number_has_a_threshold(expr: str, left: str, op: str, number: float) -> None:
    """Strings and brackets hide what is in them."""
    assert (left, op, number) == threshold_of(expr)


@pytest.mark.parametrize(
    "expr",
    [
        "a > b",
        "a > 1 and b > 2",
        "a > bool 1",
        "a == 1",
        "1 < a",
        "a > 1 > 2",
        "(a > 1",
        "absent(up)",
        "a # b\n > 1",
        "a unless on (x) b > 5",
        "",
    ],
)
def test_other_expressions_have_none(expr: str) -> None:
    """Better none than a wrong one."""
    assert threshold_of(expr) is None


@pytest.mark.parametrize("rule", [RULE, RuleDefinition("SlowCheckout", "up == 0")], ids=["full", "bare"])
def test_promtool_accepts_the_changed_rules(rule: RuleDefinition, promtool: Path, tmp_path: Path) -> None:
    """All three changes at once, with the rule's own labels and templates."""
    back = [past(turn * 300.0, 30.0) for turn in range(20)]
    episodes = history(*back, *real(2))
    peaks = {one.uid: 0.8234 if one.acted_at else 0.612 for one in episodes.episodes}
    found = proposals(episodes, rule, peaks)
    quality = rule_quality(episodes)
    path = tmp_path / "changed.yaml"
    path.write_text(render(document([replace(quality, definition=rule, proposals=found), quality])))
    checked = subprocess.run([promtool, "check", "rules", path], capture_output=True, text=True, check=False)

    assert {"for", "keep_firing_for"} <= {proposal.change for proposal in found}
    assert (0, True) == (checked.returncode, "1 rules found" in checked.stdout), checked.stderr
    assert changed(rule, found).hold > rule.hold
    assert ("> 0.82" in path.read_text()) == (rule is RULE)


def test_a_proposal_made_without_the_rule_is_counted_on_when_the_rule_is_known() -> None:
    """The same as if it had been known from the start; what was known stays."""
    episodes = history(*blips(9))
    unknown = with_proposals(rule_quality(episodes), episodes, None)
    known = with_proposals(rule_quality(episodes), episodes, RULE)

    assert known == known_as(unknown, RULE)
    assert known == known_as(known, RuleDefinition("SlowCheckout", "other"))
    assert unknown == known_as(unknown, None)
