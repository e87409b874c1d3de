"""Windows as data: factors per SLO window, names, and pairs that arithmetic forbids."""

from dataclasses import replace

import pytest

from aiops_daemon.core.model.sli import EventsSli
from aiops_daemon.core.model.slo import BurnPair, BurnWindows, Calendar, CalendarUnit, Rolling, SloSpec
from aiops_daemon.core.signals.burn.windows import all_pairs, impossible_pairs, pairs_of, reported_windows

DAY = 86400.0


def spec(objective: float = 0.999, days: float = 30) -> SloSpec:
    """Build an SLO whose selectors do not matter here."""
    return SloSpec("x", EventsSli("t", bad="b"), objective, Rolling(days * DAY))


@pytest.mark.parametrize(
    ("days", "factors"),
    [
        (30, [14.4, 6, 3, 1]),
        (28, [13.44, 5.6, 2.8, 1]),
        (90, [43.2, 18, 9, 3]),
        (7, [3.36, 1.4, 1, 1]),
        (1, [1, 1, 1]),
    ],
)
def test_factors_scale_with_the_window(days: float, factors: list[float]) -> None:
    """The same shares of the budget; never below 1, which no budget ends from; no pair longer than the window."""
    assert factors == [pytest.approx(pair.factor) for pair in all_pairs(spec(days=days))]


def test_windows_are_reported_shortest_first_with_the_slo_s_own() -> None:
    """The names are label values of aiops_window."""
    assert ["5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d"] == list(reported_windows(spec()))
    assert ["5m", "30m", "1h", "2h", "6h", "12h"] == list(reported_windows(spec(days=0.5)))


@pytest.mark.parametrize(("objective", "left"), [(0.999, 4), (0.93, 3), (0.8, 2), (0.6, 1), (0.0, 0), (1.0, 0)])
def test_pairs_that_cannot_fire_are_dropped(objective: float, left: int) -> None:
    """14.4 needs more than 93.06 %, 6 needs 83.3 %, 3 needs 66.7 %; 100 % has no budget at all."""
    assert left == len(pairs_of(spec(objective)))
    assert 4 - left == len(impossible_pairs(spec(objective)))


def test_the_warning_shows_the_arithmetic() -> None:
    """A user must see why, and what would help."""
    (warning,) = impossible_pairs(spec(0.93))

    assert (
        "SLO 'x': the page pair 1h/5m can never fire: 14.4 times the budget of 0.07 is an error ratio of 1.01, "
        "and none exceeds 1; it needs an objective above 93.06 %"
    ) == warning


def test_windows_of_a_user_are_taken_as_they_are() -> None:
    """A factor that is given is not scaled; a share is."""
    pairs = (BurnPair("page", 1800.0, 300.0, factor=10.0), BurnPair("ticket", DAY, 7200.0, budget_share=0.1))
    chosen = replace(spec(), burn=BurnWindows("ours", pairs, chosen=True))

    assert [10.0, pytest.approx(3.0)] == [pair.factor for pair in all_pairs(chosen)]
    assert ["5m", "30m", "2h", "1d", "30d"] == list(reported_windows(chosen))


def test_a_calendar_month_burns_as_thirty_days() -> None:
    """So that the factors are those of the book."""
    month = replace(spec(), window=Calendar(CalendarUnit.MONTH, "Europe/Berlin"))

    assert all_pairs(spec()) == all_pairs(month)
    assert 0.001 == month.budget_ratio
