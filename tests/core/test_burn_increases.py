"""Increments of raw counters: resets, first appearance, gaps, partial answers and lagging replicas."""

import math
from functools import partial

import numpy as np
import pytest

from aiops_daemon.core.signals.burn.increases import FORGET_SECONDS, Increases
from aiops_daemon.core.signals.burn.targets import Targets

A, B, C = b'{"pod":"a"}', b'{"pod":"b"}', b'{"pod":"c"}'


class Polls:
    """Feeds an Increases one poll a minute."""

    def __init__(self) -> None:
        self.increases = Increases()
        self.at = 1_800_000_000.0

    def see(self, counters: dict[bytes, float], *, complete: bool = True, after: float = 60.0) -> float:
        """Poll once; return what all gained."""
        self.at += after
        values = np.array(list(counters.values()), dtype=np.float64)
        return float(self.increases.observe(list(counters), values, self.at, complete=complete).sum())


def test_the_first_poll_is_the_base() -> None:
    """What was counted before we looked is no increase."""
    polls = Polls()

    assert polls.see({A: 100, B: 7}) == 0
    assert polls.see({A: 103, B: 7}) == 3


def test_a_drop_counts_from_zero() -> None:
    """A restarted process counts anew: all of its value came since."""
    polls = Polls()
    polls.see({A: 100, B: 50})

    assert polls.see({A: 4, B: 52}) == 6


def test_a_new_series_counts_whole() -> None:
    """The first error creates its series at 1, which increase() loses."""
    polls = Polls()
    polls.see({A: 100})

    assert polls.see({A: 100, B: 1}) == 1


def test_an_empty_first_poll_is_a_base_too() -> None:
    """No error series yet: the first one that comes counts."""
    polls = Polls()
    polls.see({})

    assert polls.see({A: 2}) == 2


def test_series_first_seen_in_partial_answers_are_base_until_one_is_complete() -> None:
    """A partial first answer hides series that were there all along."""
    polls = Polls()
    polls.see({A: 100}, complete=False)

    assert polls.see({A: 101, B: 5000}) == 1


def test_a_scrape_gap_is_no_reset() -> None:
    """A series that was away for minutes goes on from its last value."""
    polls = Polls()
    polls.see({A: 100, B: 100})
    polls.see({A: 100})

    assert polls.see({A: 100, B: 130}) == 30


def test_vanished_series_are_forgotten() -> None:
    """After an hour of complete answers without it a series is new again."""
    polls = Polls()
    polls.see({A: 1, B: 100})
    polls.see({A: 1})
    polls.see({A: 1}, after=FORGET_SECONDS + 1)

    assert len(polls.increases) == 1


def test_a_silent_source_forgets_nothing() -> None:
    """Absence is counted from the first complete answer that lacks the series, not from the last that had it."""
    polls = Polls()
    polls.see({A: 1, B: 100})
    polls.see({A: 1}, after=10 * FORGET_SECONDS)

    assert polls.see({A: 1, B: 101}) == 1


def test_partial_answers_never_age_series() -> None:
    """What a partial answer lacks may be there."""
    polls = Polls()
    polls.see({A: 1, B: 100})
    for _ in range(3):
        polls.see({A: 1}, complete=False, after=FORGET_SECONDS)

    assert polls.see({A: 1, B: 105}) == 5


def test_a_lagging_replica_is_no_restart() -> None:
    """After failing over, large counters stand a little lower; catching up counts once."""
    polls = Polls()
    polls.see({A: 1_000_000})

    assert polls.see({A: 999_990}) == 0
    assert polls.see({A: 1_000_050}) == 50


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -1.0])
def test_values_that_no_counter_has_are_skipped(wrong: float) -> None:
    """NaN, infinity and negative numbers change nothing."""
    polls = Polls()
    polls.see({A: 10, C: 1})
    polls.see({A: wrong, C: 2})

    assert polls.see({A: 12, C: 2}) == 2


def test_what_came_while_a_series_was_away_is_told_apart() -> None:
    """Ten minutes away: how much it gained is known, when is not; five minutes are Prometheus' own lookback."""
    counter = Increases()
    observe = partial(counter.observe, complete=True)
    observe([b"a", b"b"], np.array([10.0, 10.0]), 0.0)
    observe([b"a"], np.array([11.0]), 60.0)
    observe([b"a"], np.array([12.0]), 600.0)
    gained = observe([b"b", b"a"], np.array([70.0, 13.0]), 660.0)

    assert ([0.0, 1.0], [60.0, 0.0], 60.0) == (gained.tolist(), counter.late.tolist(), counter.late_since)


def test_a_series_that_was_seen_in_a_partial_answer_was_not_away() -> None:
    """What is there is there, whatever else the answer lacks."""
    counter = Increases()
    counter.observe([b"a"], np.array([10.0]), 0.0, complete=True)
    counter.observe([], np.empty(0), 60.0, complete=True)
    counter.observe([b"a"], np.array([20.0]), 120.0, complete=False)
    gained = counter.observe([b"a"], np.array([30.0]), 600.0, complete=True)

    assert ([10.0], [0.0]) == (gained.tolist(), counter.late.tolist())


def test_what_is_new_and_was_not_born_brought_the_sum_of_its_life() -> None:
    """Where births are known, only they count; one that lies back is told apart."""
    counter = Increases()
    counter.observe([b"a"], np.array([10.0]), 0.0, complete=True)
    new = counter.new([b"a", b"b", b"c", b"d"])
    births = {b"b": 1000.0, b"c": 400.0}
    gained = counter.observe(
        [b"a", b"b", b"c", b"d"], np.array([11.0, 2.0, 3.0, 1e9]), 1000.0, complete=True, births=births
    )

    assert [b"b", b"c", b"d"] == new
    assert ([1.0, 2.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0]) == (gained.tolist(), counter.late.tolist())


def test_targets_are_known_for_as_long_as_counters_are() -> None:
    """Those that were there a look ago, those that went away since a moment, and none after a day."""
    targets, pod, other = Targets(), b'{"instance":"a","job":"x"}', b'{"instance":"b","job":"x"}'
    unknown = targets.since(pod, 0.0)
    targets.see([pod, other], 60.0)
    there = targets.since(pod, 120.0)
    targets.see([other], 120.0)
    away = targets.since(pod, 600.0)
    targets.see([other], 121.0 + FORGET_SECONDS)

    assert (None, 120.0, 120.0) == (unknown, there, away)
    assert (None, 1) == (targets.since(pod, 122.0 + FORGET_SECONDS), len(targets))
