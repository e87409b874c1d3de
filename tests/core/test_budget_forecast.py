"""The end of an error budget, and its return."""

from __future__ import annotations

import numpy as np
import pytest

from aiops_daemon.core.model.durations import DAY, HOUR, WEEK
from aiops_daemon.core.signals.budget.forecast import Forecast, Pace, Past, forecast

STEP = 300.0
BUDGET = 0.001


def past(total, bad, *, leaves=STEP):
    """Make a window that was observed whole."""
    events, errors = (np.asarray(each, dtype=float) for each in (total, bad))
    return Past(errors, events, np.full(len(events), STEP), STEP, leaves)


def steady(steps, per_step=300.0):
    """Make even traffic without errors."""
    return past(np.full(steps, per_step), np.zeros(steps))


def test_steady_errors_end_a_whole_budget_when_the_workbook_says() -> None:
    """With nothing to age out it is the straight line T = r P / B: 30 days at burn rate 14.4 are 50 hours."""
    thirty_days = round(30 * DAY / STEP)

    told = forecast(steady(thirty_days), Pace(14.4 * BUDGET, 1.0), BUDGET)

    assert 50 * HOUR == pytest.approx(told.exhaustion_seconds)
    assert told.return_seconds is None


def test_errors_that_age_out_save_a_budget() -> None:
    """Errors of a month ago leave as fast as new ones come: a straight line says 30 days, and it never ends."""
    steps = round(30 * DAY / STEP)
    window = past(np.full(steps, 300.0), np.full(steps, 300.0 * BUDGET / 2))

    assert Forecast() == forecast(window, Pace(BUDGET / 2, 1.0), BUDGET)


def test_a_spent_budget_is_back_when_its_outage_has_aged_out() -> None:
    """An outage ten days ago that took all of 30 days' budget, and no errors since."""
    steps = round(30 * DAY / STEP)
    errors = np.zeros(steps)
    errors[round(20 * DAY / STEP)] = 1.5 * BUDGET * 300.0 * steps

    told = forecast(past(np.full(steps, 300.0), errors), Pace(0.0, 1.0), BUDGET)

    assert told.exhaustion_seconds == 0.0
    assert 20 * DAY == pytest.approx(told.return_seconds, abs=STEP)


def test_a_calendar_window_gives_all_back_when_it_ends() -> None:
    """Nothing ages out of it: what is spent stays spent until the next month."""
    half = past(np.full(10, 300.0), np.full(10, 300.0))

    assert Forecast(0.0, 5000.0) == forecast(half, Pace(1.0, 1.0), BUDGET, resets=5000.0)


def test_a_calendar_window_that_ends_first_is_not_exhausted() -> None:
    """Ten days into the month 14.4 times too fast takes 16 hours; with an hour to go it is not in sight."""
    ten_days = steady(round(10 * DAY / STEP))
    pace = Pace(14.4 * BUDGET, 1.0)

    ending = forecast(ten_days, pace, BUDGET, resets=HOUR)
    begun = forecast(ten_days, pace, BUDGET, resets=20 * DAY)

    assert Forecast() == ending
    # b (T + q t) = e q t, so t = T / q / (14.4 - 1)
    assert 10 * DAY / 13.4 == pytest.approx(begun.exhaustion_seconds)


def test_traffic_is_expected_as_it_was_a_week_ago() -> None:
    """Errors at night, when a hundredth of the traffic comes, end the budget when the day's traffic meets them."""
    steps = round(WEEK / STEP)
    hours = (np.arange(steps) * STEP / HOUR) % 24
    traffic = np.where((hours >= 8) & (hours < 20), 3000.0, 30.0)
    window = past(traffic, np.zeros(steps))

    told = forecast(window, Pace(1.0, 0.1), BUDGET)  # it is midnight

    needed = BUDGET * traffic.sum()  # of which the eight hours of night bring 2880
    ends = 8 * HOUR + (needed - 2880) / 10.0
    assert ends == pytest.approx(told.exhaustion_seconds, rel=0.01)


def test_without_errors_now_no_end_is_in_sight() -> None:
    """Good events that age out spend nothing, though the ratio gets worse by it."""
    total = np.concatenate([np.full(50, 3000.0), np.full(50, 3.0)])
    errors = np.zeros(100)
    errors[99] = 100.0

    assert Forecast() == forecast(past(total, errors), Pace(0.0, 0.01), BUDGET)


def test_a_window_without_events_tells_nothing() -> None:
    """Nothing known, nothing said."""
    assert Forecast() == forecast(past([], []), Pace(0.0, 0.0), BUDGET)
    assert Forecast() == forecast(past([0.0] * 5, [0.0] * 5), Pace(0.0, 0.0), BUDGET)


def walked(window, ratio, traffic, start):
    """Walk into the future as it will be: seconds until the budget is spent, None when not within the window."""
    bad, total = window.bad.sum(), window.total.sum()
    for index in range(len(window.total)):
        if bad >= BUDGET * total:
            return index * STEP
        coming = traffic(start + index * STEP)
        bad, total = bad + ratio * coming - window.bad[index], total + coming - window.total[index]
    return None


@pytest.mark.parametrize(
    ("hour", "ratio", "old"), [(3, 0.02, 0.0), (14, 0.02, 0.0), (22, 0.002, 0.0), (12, 0.0009, 0.6), (12, 0.0005, 1.5)]
)
def test_it_is_right_by_day_and_by_night(hour, ratio, old) -> None:
    """Nights have a hundredth of the traffic; old errors, in the first ten days of the window, age out meanwhile."""

    def traffic(at):
        return np.where((at / HOUR % 24 >= 8) & (at / HOUR % 24 < 20), 3000.0, 30.0)

    steps, now = round(30 * DAY / STEP), 30 * DAY + hour * HOUR
    total = traffic(now - STEP * np.arange(steps, 0, -1))
    bad = np.where(np.arange(steps) < steps // 3, total * BUDGET * old, 0.0)
    window = past(total, bad)

    told = forecast(window, Pace(ratio, float(total[-12:].sum()) / HOUR), BUDGET).exhaustion_seconds

    truth = walked(window, ratio, traffic, now)
    assert (truth is None) == (told is None)
    assert truth is None or truth == pytest.approx(told, rel=0.01, abs=STEP)
