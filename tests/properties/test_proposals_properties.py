"""Replays against the plainest count there is, and what no proposal may do."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st
from rule_past import history, past

from aiops_daemon.core.model.listing import RuleEpisode
from aiops_daemon.core.model.rulequality import RuleDefinition
from aiops_daemon.core.quality.rules import rule_quality
from aiops_daemon.core.rules.proposals import proposals, replay_for, replay_keep, replay_threshold
from aiops_daemon.core.rules.threshold import Threshold, threshold_of

rows = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.integers(0, 4000),
        st.one_of(st.none(), st.integers(0, 1500)),
        st.sampled_from(["", "i1", "i2", "i3", "i4"]),
        st.booleans(),
        st.booleans(),
    ),
    max_size=14,
    unique_by=lambda row: row[:2],
)


def build(found: list[tuple[str, int, int | None, str, bool, bool]]) -> tuple[RuleEpisode, ...]:
    return history(
        *(
            past(at, life, alert=alert, incident=incident, opened=opened, acted=at + 5.0 if acted else None)
            for alert, at, life, incident, opened, acted in found
        )
    ).episodes


def by_hand(episodes: tuple[RuleEpisode, ...], kept: set[str]) -> tuple[int, int, int]:
    """Count incidents before and after, and acted-on alerts in incidents that are gone."""
    before = {one.incident for one in episodes if one.opened}
    after = {uid for uid in before if any(one.uid in kept and one.incident == uid for one in episodes)}
    lost = [one for one in episodes if one.uid not in kept and one.acted_at is not None and one.incident not in after]
    return len(before), len(after), len(lost)


@settings(max_examples=200, deadline=None)
@given(rows, st.integers(0, 2000))
def test_a_longer_for_is_replayed_second_by_second(found: list, more: int) -> None:  # type: ignore[type-arg]
    """An alert comes when its condition has held for `more` seconds on end."""
    episodes = build(found)
    kept = {one.uid for one in episodes if one.ends_at is None or one.ends_at - one.starts_at >= more}

    assert by_hand(episodes, kept) == replay_for(episodes, float(more))


@settings(max_examples=200, deadline=None)
@given(rows, st.integers(1, 2000))
def test_keep_firing_for_is_replayed_second_by_second(found: list, more: int) -> None:  # type: ignore[type-arg]
    """An alert starts anew only when it was not firing, nor kept so, in the second before."""
    episodes = build(found)
    kept = set()
    for one in episodes:
        others = [
            other
            for other in episodes
            if other.fingerprint == one.fingerprint and (other.starts_at, other.uid) < (one.starts_at, one.uid)
        ]
        firing = any(one.starts_at < (math.inf if o.ends_at is None else o.ends_at) + more for o in others)
        kept |= set() if firing else {one.uid}

    assert by_hand(episodes, kept)[:2] == replay_keep(episodes, float(more))[:2]


@settings(max_examples=100, deadline=None)
@given(rows, st.lists(st.floats(-100, 100), min_size=14, max_size=14), st.sampled_from([">", "<", ">=", "<="]))
def test_no_proposal_loses_what_people_acted_on_and_each_spares_something(
    found: list,
    values: list[float],
    op: str,  # type: ignore[type-arg]
) -> None:
    """Whatever the past; and a changed rule is a rule of the same form."""
    episodes = build(found)
    peaks = {one.uid: value for one, value in zip(episodes, values, strict=False)}
    rule = RuleDefinition("R", f"x {op} 1")
    for proposal in proposals(history(*episodes), rule, peaks):
        assert 0 == proposal.lost
        assert proposal.after < proposal.before == rule_quality(history(*episodes)).incidents
        if proposal.change == "threshold":
            threshold = threshold_of(rule.expr)
            assert threshold is not None
            assert replay_threshold(episodes, threshold, float(proposal.value), peaks) == (
                proposal.before,
                proposal.after,
                0,
            )


@settings(max_examples=100, deadline=None)
@given(st.floats(-1e9, 1e9), st.sampled_from([">", "<", ">=", "<="]))
def test_a_threshold_that_is_written_is_read_again(number: float, op: str) -> None:
    """To ten digits."""
    read = threshold_of(Threshold("rate(x[5m])", op, 0.0).written(number))

    assert read is not None
    assert ("rate(x[5m])", op) == (read.left, read.op)
    assert math.isclose(number, read.number, rel_tol=1e-9)
