"""Forecasts of one series at its own resolution: seasons found, methods ranked, never worse than seasonal naive."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from aiops_daemon.core.signals.offline.periods import season_lengths
from aiops_daemon.core.signals.offline.rolling import forecast_series

Floats = NDArray[np.float64]
HOUR, DAY, WEEK, MONTH = 3600.0, 86400.0, 604800.0, 2_629_800.0


def cycle(size: int, length: int, *, noise: float = 0.1, trend: float = 0.0, seed: int = 0) -> Floats:
    """Return a sine of the given length with noise and trend, around 10."""
    t = np.arange(size)
    return 10 + np.sin(2 * np.pi * t / length) + trend * t + np.random.default_rng(seed).normal(0, noise, size)


@pytest.mark.parametrize(
    ("length", "size", "spacing"),
    [(24, 400, HOUR), (288, 2000, 300.0), (7, 200, DAY), (52, 300, WEEK), (12, 120, MONTH), (17, 300, HOUR)],
)
def test_the_season_is_found_from_spacing_and_data(length: int, size: int, spacing: float) -> None:
    """Usual lengths and unusual ones, with and without a trend."""
    assert length in season_lengths(cycle(size, length), spacing)
    assert length in season_lengths(cycle(size, length, trend=0.01), spacing)


def test_a_day_and_a_week_are_both_found() -> None:
    """Hourly data with working days has a season of 24 and of 168 steps."""
    t = np.arange(6 * 168)
    work = np.where(t // 24 % 7 < 5, 1.0, 0.3)
    values = 10 + 5 * work * np.sin(2 * np.pi * t / 24) + np.random.default_rng(0).normal(0, 0.3, len(t))

    assert {24, 168} <= set(season_lengths(values, HOUR))


@pytest.mark.parametrize("kind", ["noise", "walk", "ramp", "constant"])
def test_no_season_is_seen_where_there_is_none(kind: str) -> None:
    """Persistence and trend are no season."""
    rng = np.random.default_rng(7)
    values = {
        "noise": rng.normal(0, 1, 500),
        "walk": rng.normal(0, 1, 500).cumsum(),
        "ramp": np.arange(500.0),
        "constant": np.full(500, 3.0),
    }[kind]

    assert not set(season_lengths(values, HOUR)) & {24, 168}


def family(seed: int) -> list[tuple[str, Floats, float, int]]:
    """Return name, values, spacing and season of fourteen series of eight kinds."""
    rng = np.random.default_rng(seed)
    t = np.arange(504)
    work = np.where(t // 24 % 7 < 5, 1.0, 0.6)
    sine = np.sin(2 * np.pi * t / 24)
    found = [("hourly", 100 + 30 * sine + rng.normal(0, 3, 504), HOUR, 24)]
    found += [("workweek", 100 * (1 + 0.4 * sine * work) + rng.normal(0, 3, 504), HOUR, 24)]
    found += [("growing", (100 + 0.2 * t) * (1 + 0.3 * sine) + rng.normal(0, 3, 504), HOUR, 24)]
    found += [(f"walk{k}", 100 + rng.normal(0, 1, 300).cumsum(), DAY, 7) for k in range(4)]
    found += [(f"drift{k}", 100 + rng.normal(0.4, 1, 300).cumsum(), DAY, 7) for k in range(2)]
    found += [("weekly", cycle(200, 7, noise=0.3, seed=seed), DAY, 7)]
    found += [("yearly", cycle(260, 52, noise=0.2, trend=0.005, seed=seed), WEEK, 52)]
    found += [("monthly", cycle(120, 12, noise=0.2, trend=0.02, seed=seed), MONTH, 12)]
    found += [("noise", rng.exponential(3, 300), HOUR, 24), ("constant", np.full(200, 5.0), HOUR, 24)]
    return found


def test_the_sum_over_a_family_is_never_worse_than_seasonal_naive() -> None:
    """On the hidden tail of each series, scaled by its own seasonal changes."""
    own, naive, inside = [], [], []
    for _, values, spacing, season in family(3):
        horizon = 24 if spacing == HOUR else 13
        past, tail = values[:-horizon], values[-horizon:]
        found = forecast_series(past, horizon, spacing_seconds=spacing)
        scale = np.abs(past[season:] - past[:-season]).mean() + 1e-9
        own.append(np.abs(found.expected - tail).mean() / scale)
        naive.append(np.abs(np.resize(past[-season:], horizon) - tail).mean() / scale)
        inside.append(((found.lower <= tail) & (tail <= found.upper)).mean())

    assert sum(own) < 0.85 * sum(naive)
    assert np.mean(inside) > 0.6


def test_what_is_chosen_was_not_worse_than_seasonal_naive_before() -> None:
    """A pure repetition is forecast by seasonal naive, to the bit."""
    values = np.resize(np.random.default_rng(0).normal(0, 1, 12), 144)
    found = forecast_series(values, 24, spacing_seconds=MONTH)

    np.testing.assert_allclose(np.resize(values[-12:], 24), found.expected, atol=1e-12)


@pytest.mark.parametrize("size", [4, 5, 7, 10, 25])
@pytest.mark.parametrize("horizon", [1, 12, 50])
def test_short_series_and_long_horizons_give_finite_ordered_numbers(size: int, horizon: int) -> None:
    """However little there is, numbers are finite and the interval holds the expected value."""
    found = forecast_series(cycle(size, 5), horizon, spacing_seconds=HOUR)

    assert len(found.expected) == horizon
    assert np.isfinite(np.concatenate([found.expected, found.lower, found.upper])).all()
    assert (found.lower <= found.expected).all()
    assert (found.expected <= found.upper).all()


def test_three_values_are_too_few() -> None:
    """The error says how many are needed."""
    with pytest.raises(ValueError, match="at least 4"):
        forecast_series(np.array([1.0, 2.0, 3.0]), 2, spacing_seconds=HOUR)


def test_outliers_in_the_past_do_not_reach_the_forecast() -> None:
    """Three values a thousand times too large leave the forecast near."""
    values = cycle(500, 24)
    values[[100, 300, 450]] = 1e4
    found = forecast_series(values, 24, spacing_seconds=HOUR)

    assert np.abs(found.expected - (10 + np.sin(2 * np.pi * np.arange(500, 524) / 24))).max() < 1.0


def test_intervals_never_narrow_with_the_distance() -> None:
    """What is further away is no better known."""
    found = forecast_series(np.random.default_rng(1).normal(0, 1, 300).cumsum(), 30, spacing_seconds=DAY)

    assert (np.diff(found.upper - found.lower) >= -1e-9).all()
