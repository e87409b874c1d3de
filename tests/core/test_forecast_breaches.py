"""Time to breach on whole stories: leaks and disks are called hours ahead, everyday life is not."""

from __future__ import annotations

import numpy as np
import pytest
from forecast_worlds import DAY, HOUR, START, Floats, live, steps

from aiops_daemon.core.model.query import Threshold
from aiops_daemon.core.signals.forecast.forecaster import Forecaster, ForecastOptions

LIMIT = 1e9
ONSET = 7 * DAY + 6 * HOUR
OPTIONS = ForecastOptions((HOUR, DAY), (Threshold("critical", LIMIT),))


def outlook(values: Floats, seconds: Floats, options: ForecastOptions = OPTIONS) -> tuple[Floats, Floats, Floats]:
    """Return seconds, breach dates (seconds since START) and highest probability of every poll after a week."""
    forecaster = Forecaster(options, 64)
    found = [
        (seconds[index], step.breach_at[0, 0] - START, step.probability[0, 0].max())
        for index, step in live(forecaster, seconds, values[None, :], since=7 * DAY)
    ]
    told, dates, odds = np.array(found).T
    return told, dates, odds


def leak(seconds: Floats, hours: float, noise: float) -> Floats:
    """Return a flat series that starts to climb at ONSET and meets LIMIT `hours` later."""
    rng = np.random.default_rng(5)
    return (
        0.4 * LIMIT
        + rng.normal(0.0, noise, len(seconds))
        + np.maximum(0.0, seconds - ONSET) * 0.6 * LIMIT / hours / HOUR
    )


@pytest.mark.parametrize(("hours", "noise", "lead"), [(12.0, 3e6, 8.0), (24.0, 3e6, 14.0), (8.0, 1e7, 4.0)])
def test_a_leak_is_called_hours_ahead_with_a_steady_date(hours: float, noise: float, lead: float) -> None:
    """The date comes hours before the breach, is about right, and moves by minutes from poll to poll."""
    seconds = steps(8.5)
    told, dates, _ = outlook(leak(seconds, hours, noise), seconds)
    breach = ONSET + hours * HOUR
    before = np.isfinite(dates) & (told < breach - 0.5 * HOUR)

    assert told[before][0] >= ONSET
    assert breach - told[before][0] >= lead * HOUR
    assert np.isfinite(dates[(told >= told[before][0]) & (told < breach - 0.5 * HOUR)]).all()
    assert abs(np.median(dates[before]) - breach) < 0.2 * hours * HOUR
    assert np.mean(np.abs(np.diff(dates[before]))) < 600.0


def test_a_leak_that_begins_again_after_the_restart_is_called_again() -> None:
    """Killed at its limit, leaking again: the second breach is dated hours ahead too."""
    seconds = steps(8.5)
    since = np.maximum(0.0, seconds - ONSET) % (8 * HOUR)
    noise = np.random.default_rng(6).normal(0.0, 3e6, len(seconds))
    told, dates, _ = outlook(0.4 * LIMIT + noise + since * 0.62 * LIMIT / (8 * HOUR), seconds)
    second = ONSET + 15.7 * HOUR
    before = np.isfinite(dates) & (told > ONSET + 9 * HOUR) & (told < second - 0.5 * HOUR)

    assert second - told[before][0] >= 2.5 * HOUR
    assert abs(np.median(dates[before]) - second) < HOUR


def test_a_filling_disk_is_called_a_day_ahead() -> None:
    """A disk that fills for days is dated as soon as the breach comes within the longest horizon."""
    seconds = steps(11)
    values = 2e8 + seconds / (10 * DAY) * 8e8 + np.random.default_rng(1).normal(0.0, 2e6, len(seconds))
    told, dates, odds = outlook(values, seconds)
    before = np.isfinite(dates) & (told < 10 * DAY - 0.5 * HOUR)

    assert 20 * HOUR < 10 * DAY - told[before][0] <= 26 * HOUR
    assert np.median(np.abs(dates[before] - 10 * DAY)) < 2 * HOUR
    assert odds[np.searchsorted(told, 10 * DAY - 2 * HOUR)] > 0.9


def test_a_horizon_of_days_dates_a_slow_disk_days_ahead() -> None:
    """With a week of past and a horizon of four days, a steady disk is dated more than three days before."""
    seconds = steps(11)
    values = 2e8 + seconds / (10.5 * DAY) * 8e8 + 1e7 * np.sin(2 * np.pi * seconds / DAY)
    told, dates, _ = outlook(values, seconds, ForecastOptions((HOUR, DAY, 4 * DAY), OPTIONS.thresholds))
    before = np.isfinite(dates) & (told < 10 * DAY)

    assert 10.5 * DAY - told[before][0] > 3 * DAY
    assert np.median(np.abs(dates[before] - 10.5 * DAY)) < 6 * HOUR


def everyday(name: str, seconds: Floats) -> Floats:
    """Return a series that comes near LIMIT without crossing it."""
    rng = np.random.default_rng(9)
    size, sine = len(seconds), np.sin(2 * np.pi * seconds / DAY)
    hours = seconds % DAY / HOUR
    return {
        "daily peak at 96 %": 6e8 + 3.6e8 * sine + rng.normal(0.0, 5e6, size),
        "weekdays only": (4e8 + 5e8 * np.maximum(0.0, sine)) * np.where(seconds // DAY % 7 < 5, 1.0, 0.4),
        "steep mornings": 4e8 + 5e8 / (1 + np.exp(-2 * (hours - 8))) / (1 + np.exp(2 * (hours - 18))),
        "noise under the limit": rng.normal(8e8, 5e7, size),
        "a step of 5 % up": np.where(seconds < ONSET, 9.3e8, 9.8e8) + rng.normal(0.0, 1e6, size),
        "a step of 5 % down": np.where(seconds < ONSET, 9.8e8, 9.3e8) + rng.normal(0.0, 1e6, size),
        "one spike of 20 minutes": 5e8 + 4.5e8 * ((seconds > ONSET) & (seconds < ONSET + 1200.0)),
        "log rotation": 2e8 + 6e8 * (seconds % (8 * HOUR)) / (8 * HOUR) + rng.normal(0.0, 5e6, size),
        "a constant": np.full(size, 9.9e8),
    }[name]


@pytest.mark.parametrize(
    "name",
    [
        "daily peak at 96 %",
        "weekdays only",
        "steep mornings",
        "noise under the limit",
        "a step of 5 % up",
        "a step of 5 % down",
        "one spike of 20 minutes",
        "log rotation",
        "a constant",
    ],
)
def test_everyday_life_is_no_breach(name: str) -> None:
    """Seasons, steps, spikes, saw teeth and noise near the limit date no breach, nor are the odds even."""
    seconds = steps(9.5)
    _, dates, odds = outlook(everyday(name, seconds), seconds)

    assert not np.isfinite(dates).any()
    assert odds.max() < 0.5


def test_a_falling_series_breaches_a_threshold_below() -> None:
    """Free space that shrinks is dated against a lower limit."""
    seconds = steps(9)
    values = 1e11 - seconds * 1e11 / (9.5 * DAY)
    told, dates, odds = outlook(values, seconds, ForecastOptions((HOUR, DAY), (Threshold("low", 1e10, above=False),)))
    true = 9.5 * DAY * 0.9

    assert odds[-1] > 0.9
    assert abs(dates[np.searchsorted(told, true - 6 * HOUR)] - true) < 0.5 * HOUR


def test_an_open_breach_is_dated_now() -> None:
    """At or beyond the threshold the date is the present moment."""
    seconds = steps(7.2)
    told, dates, _ = outlook(np.full(len(seconds), 1.2 * LIMIT), seconds)

    np.testing.assert_array_equal(told, dates)
