"""Counts of alerts: bounded chances, scores that rise, and learned state that comes back as it was."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.quality.counts import Counts, chance, score
from aiops_daemon.core.quality.volume import Heard, Volume
from aiops_daemon.core.quality.volumeform import export, load

START = 1_795_219_200.0
counts = st.integers(0, 100_000)
means = st.floats(0, 10_000)


@settings(max_examples=200, deadline=None)
@given(counts, counts, means, st.floats(1, 50))
def test_more_alerts_are_never_likelier_and_never_score_less(one: int, other: int, mean: float, phi: float) -> None:
    """Chance lies in 0..1 and falls, the score rises, both in the count."""
    few, many = sorted((one, other))

    assert 0.0 <= chance(many, mean, phi) <= chance(few, mean, phi) <= 1.0
    assert score(few, mean) <= score(many, mean)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 60), st.floats(0.1, 30))
def test_the_bound_is_one_for_poisson_counts(count: int, mean: float) -> None:
    """Against the sum of probabilities."""
    below = sum(math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1)) for k in range(count))

    assert 1.0 - below <= chance(count, mean, 1.0) + 1e-9


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 500), counts), max_size=30))
def test_the_level_stays_between_what_was_counted(bins: list[tuple[int, int]]) -> None:
    """Whatever gaps there were, and whatever came."""
    past, number = Counts(0), 0
    for gap, count in bins:
        number += gap
        past.learn(number, count, past.level(number))

    assert 0.0 <= past.level(number + 1) <= max((count for _, count in bins), default=0)
    assert past.phi >= 1.0


alerts = st.tuples(st.integers(0, 4000), st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from("123"))


@settings(max_examples=50, deadline=None)
@given(st.lists(alerts, max_size=30))
def test_learned_state_comes_back_as_it_was(heard: list[tuple[int, str, str, str]]) -> None:
    """And what it says next is the same."""
    volume = Volume()
    for offset, team, service, rule in sorted(heard):
        volume.heard(Heard("main", team, service, rule, f"{team}{service}{rule}", rule == "1"), START + offset)
        list(volume.close(START + offset))
    list(volume.close(START + 4500))
    again = load(export(volume.learned))

    assert again is not None
    assert again.subjects == volume.learned.subjects
    assert [*again.seen] == [*volume.learned.seen]
