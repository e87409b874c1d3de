"""Odds and dates of crossing a threshold."""

from __future__ import annotations

import numpy as np
import pytest

from aiops_daemon.core.model.query import Threshold
from aiops_daemon.core.signals.forecast.breach import BreachDates, exceedance, first_crossing
from aiops_daemon.core.signals.forecast.choice import LEVELS

UNIFORM = np.array([[-0.48, -0.4, -0.25, 0.0, 0.25, 0.4, 0.48]])  # quantiles of -0.5 .. 0.5 at LEVELS
UP, DOWN = Threshold("up", 100.0), Threshold("down", 100.0, above=False)
ROW = np.array([0])


@pytest.mark.parametrize(("distance", "expected"), [(-0.4, 0.9), (0.0, 0.5), (0.125, 0.375), (0.4, 0.1), (0.48, 0.02)])
def test_odds_follow_the_error_quantiles(distance: float, expected: float) -> None:
    """The share of past errors that would have carried the value over the distance."""
    np.testing.assert_allclose([expected], exceedance(UNIFORM, np.array([distance])), atol=1e-12)


def test_odds_beyond_the_outer_quantiles_fade_and_never_end() -> None:
    """Past the largest error the odds fall by a factor of five for the width of the last step, and stay positive."""
    far = exceedance(np.repeat(UNIFORM, 3, axis=0), np.array([0.56, 0.64, -0.56]))

    np.testing.assert_allclose([0.02 / 5, 0.02 / 25, 1 - 0.02 / 5], far)


def test_odds_without_any_error_are_certain() -> None:
    """A series that was never wrong crosses or does not."""
    never_wrong = np.zeros((3, len(LEVELS)))

    np.testing.assert_array_equal([0.0, 1.0, 0.0], exceedance(never_wrong, np.array([0.1, -0.1, 1e12])))


def test_odds_of_the_unknown_are_unknown() -> None:
    """NaN in, NaN out."""
    assert np.isnan(exceedance(np.full((1, len(LEVELS)), np.nan), np.zeros(1))).all()
    assert np.isnan(exceedance(UNIFORM, np.array([np.nan]))).all()


@pytest.mark.parametrize(
    ("path", "threshold", "until", "expected"),
    [
        ([80.0, 90.0, 110.0], UP, 20.0, 15.0),
        ([120.0, 110.0, 90.0], DOWN, 20.0, 15.0),
        ([80.0, 90.0, 95.0], UP, 20.0, np.nan),
        ([80.0, 90.0, 110.0], UP, 12.0, np.nan),
        ([100.0, 90.0, 80.0], UP, 20.0, 0.0),
        ([80.0, np.nan, 110.0], UP, 20.0, 20.0),
    ],
)
def test_the_first_crossing_of_a_path(path: list[float], threshold: Threshold, until: float, expected: float) -> None:
    """Lines between the points; nothing beyond the longest horizon; unknown points count for nothing."""
    times = np.array([[0.0, 10.0, 20.0]])
    found = first_crossing(np.array([path]), times, threshold, np.array([until]))

    np.testing.assert_allclose([expected], found)


def settled(dates: BreachDates, guess: float, odds: float, at: float, level: float = 50.0) -> float:
    """Settle one row with one threshold."""
    return float(dates.settle(ROW, np.array([level]), np.array([[guess]]), np.array([[odds]]), at)[0, 0])


def test_a_date_appears_at_even_odds_and_goes_below_three_in_ten() -> None:
    """Between the two a date is kept if there was one, and not given if there was none."""
    dates = BreachDates([UP], 1)

    assert np.isnan(settled(dates, 9000.0, 0.4, 0.0))
    assert settled(dates, 9000.0, 0.5, 60.0) == 9000.0
    assert np.isfinite(settled(dates, 9000.0, 0.31, 120.0))
    assert np.isnan(settled(dates, 9000.0, 0.29, 180.0))
    assert np.isnan(settled(dates, 9000.0, 0.4, 240.0))


def test_a_new_guess_moves_the_date_little_by_little() -> None:
    """A guess a day off shifts the date by a few percent a minute, and wins in the end."""
    dates = BreachDates([UP], 1)
    settled(dates, 100_000.0, 0.9, 0.0)
    first = settled(dates, 186_400.0, 0.9, 60.0)
    for minute in range(2, 300):
        last = settled(dates, 186_400.0, 0.9, 60.0 * minute)

    assert 0.0 < first - 100_000.0 < 0.04 * 86_400.0
    assert abs(last - 186_400.0) < 60.0


def test_a_missing_guess_does_not_take_the_date_while_odds_last() -> None:
    """One poll whose path stays just under the threshold leaves the date as it was."""
    dates = BreachDates([UP], 1)
    settled(dates, 9000.0, 0.8, 0.0)

    assert settled(dates, np.nan, 0.45, 60.0) == 9000.0
    assert np.isnan(settled(dates, np.nan, 0.1, 120.0))


@pytest.mark.parametrize(("threshold", "level"), [(UP, 100.0), (UP, 130.0), (DOWN, 100.0), (DOWN, 3.0)])
def test_at_or_beyond_the_threshold_the_date_is_now(threshold: Threshold, level: float) -> None:
    """What is crossed is crossed now, whatever the path says."""
    assert settled(BreachDates([threshold], 1), np.nan, 0.0, 77.0, level=level) == 77.0


def test_a_date_is_never_in_the_past() -> None:
    """A date that came and went without a crossing moves on with time."""
    dates = BreachDates([UP], 1)
    settled(dates, 100.0, 0.9, 0.0)

    assert settled(dates, np.nan, 0.6, 500.0) >= 500.0


def test_rows_are_forgotten_and_grow() -> None:
    """A reset row has no date to keep; growing keeps the others."""
    dates = BreachDates([UP], 1)
    settled(dates, 9000.0, 0.9, 0.0)
    dates.grow(4)
    assert settled(dates, np.nan, 0.4, 60.0) == 9000.0
    dates.reset(ROW)

    assert np.isnan(settled(dates, np.nan, 0.4, 120.0))
