"""When a mix is odd: two bins in a row, beyond the second worst day, and the words for it."""

from __future__ import annotations

import numpy as np
import pytest

from aiops_daemon.core.quality.forest import Grown, Trees
from aiops_daemon.core.quality.mix import Bin
from aiops_daemon.core.quality.oddmix import CALM, Norm, Scored, found, norm_of, renewed, ripe

DAY = 288
TREES = Trees(
    feature=np.array([[0, 0, 0]], dtype=np.int32),
    threshold=np.array([[2.0, 0.0, 0.0]]),
    left=np.array([[1, 1, 2]], dtype=np.int32),
    right=np.array([[2, 1, 2]], dtype=np.int32),
    length=np.array([[0.0, 8.0, 2.0]]),
    usual_length=4.0,
)
NORM = Norm(TREES, 0.4, 0.6, 0.5, (4.0, 2.0, 2.0, 1.0, 0.0), (11.0, 5.0, 4.0, 3.0, 2.0))


def past(days: int = 20) -> list[Bin]:
    """Return bins of five alerts in a row."""
    return [Bin(number, 5, 2, 2, 1, 0) for number in range(days * DAY)]


def scores(days: int = 20, **worst: float) -> np.ndarray:
    """Return scores of 0.4 with two bins in a row on some days (`d3=0.7`), and a lone one of 0.9 each day."""
    values = np.full(days * DAY, 0.4)
    values[::DAY] = 0.9
    for name, value in worst.items():
        at = int(name[1:]) * DAY + 100
        values[at : at + 2] = value
    return values


@pytest.mark.parametrize(("value", "score"), [(1.0, 0.25), (2.0, 0.25), (3.0, 2**-0.5)])
def test_a_row_scores_by_the_leaves_it_ends_in(value: float, score: float) -> None:
    """2^(-8/4) where it takes long to isolate, 2^(-2/4) where it takes one cut."""
    assert score == pytest.approx(TREES.score(np.array([value], dtype=np.float32)))


def test_the_limit_is_a_tenth_beyond_the_second_worst_day() -> None:
    """One storm in the past moves nothing, and lone bins do not count."""
    norm = norm_of(past(), Grown(TREES, scores(d3=0.95, d8=0.6, d9=0.55)))

    assert (0.4, 0.4) == (norm.middle, norm.calm)
    assert 0.6 + 0.1 * 0.2 == pytest.approx(norm.limit)
    assert ((5, 2, 2, 1, 0), (5, 2, 2, 1, 0)) == (norm.medians, norm.uppers)


def test_bins_with_few_alerts_set_no_limit() -> None:
    """They could not be found either."""
    few = [one._replace(alerts=3) for one in past()]

    assert 0.4 == norm_of(few, Grown(TREES, scores(d3=0.95, d8=0.6))).limit


def test_an_odd_mix_takes_two_bins_in_a_row_with_alerts_enough() -> None:
    """One bin, bins apart, and seven alerts in both say nothing."""
    usual, odd = Scored(Bin(9, 11), 0.4), Scored(Bin(10, 11), 0.7)

    assert found(NORM, usual, odd) is None
    assert found(NORM, Scored(Bin(8, 11), 0.7), odd) is None
    assert found(NORM, Scored(Bin(9, 3), 0.7), Scored(Bin(10, 4), 0.7)) is None
    assert found(NORM, Scored(Bin(9, 11), 0.7), Scored(Bin(10, 11), 0.6)) is None
    assert found(NORM, Scored(Bin(9, 4), 0.7), Scored(Bin(10, 4), 0.61)) is not None


def test_the_sentence_names_the_two_counts_that_stand_out_most() -> None:
    """With what is usual of each."""
    odd = found(NORM, Scored(Bin(9, 11), 0.7), Scored(Bin(10, 11, 14, 3, 1, 9), 0.8))

    assert odd is not None
    assert (2700.0, 0.7) == (odd.since, odd.score)
    assert "14 rules at once (usually at most 5), 9 of 11 alerts are new (usually at most 2)" == odd.sentence


def test_a_count_that_is_usual_alone_is_held_against_its_median() -> None:
    """Where only the whole is odd."""
    odd = found(NORM, Scored(Bin(9, 8), 0.7), Scored(Bin(10, 8, 5, 2, 1, 0), 0.8))

    assert odd is not None
    assert "5 rules at once (usually 2), 8 alerts in 5 minutes (usually 4)" == odd.sentence


def test_an_odd_mix_is_over_after_three_calm_bins_in_a_row() -> None:
    """Between calm and the limit it lasts."""
    odd = found(NORM, Scored(Bin(0, 11), 0.7), Scored(Bin(1, 11), 0.7))
    assert odd is not None
    over = []
    before = Scored(Bin(1, 11), 0.7)
    for number, score in enumerate((0.5, 0.5, 0.55, 0.5, 0.5, 0.0), 2):
        now = Scored(Bin(number, 11), score)
        odd = renewed(odd, NORM, before, now)
        over.append(odd.over)
        before = now

    assert [False] * 5 + [True] == over
    assert CALM == 3


def test_an_odd_mix_that_goes_on_keeps_its_beginning() -> None:
    """And takes the new numbers."""
    odd = found(NORM, Scored(Bin(0, 11), 0.7), Scored(Bin(1, 11), 0.7))
    assert odd is not None
    again = renewed(odd, NORM, Scored(Bin(1, 11), 0.8), Scored(Bin(2, 11, 14), 0.8))

    assert (0.0, 0.8, True) == (again.since, again.score, "14 rules" in again.sentence)


@pytest.mark.parametrize(("bins", "days", "enough"), [(256, 14, True), (255, 14, False), (256, 13, False)])
def test_a_forest_needs_two_weeks_and_256_bins(bins: int, days: int, enough: bool) -> None:
    """Fewer are no sample."""
    known = [Bin(number, 1) for number in range(bins - 1)]

    assert enough is ripe([*known, Bin(days * DAY, 1)])
