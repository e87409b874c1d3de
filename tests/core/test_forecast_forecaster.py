"""The Forecaster: readiness, gaps, outliers, precision, summer time, state and the plain linear option."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from forecast_worlds import DAY, HOUR, START, Floats, steps, taught

from aiops_daemon.core.model.query import QuerySpec, Season, Threshold
from aiops_daemon.core.signals.forecast.forecaster import Forecaster, ForecastOptions, ForecastStep
from aiops_daemon.core.signals.forecast.methods import DAILY, WEEKLY, Method

OPTIONS = ForecastOptions((HOUR, DAY), (Threshold("critical", 200.0), Threshold("low", -50.0, above=False)))
ONE = np.array([0])


def wave(seconds: Floats, seed: int = 0) -> Floats:
    """Return a daily wave with noise."""
    return 100 + 20 * np.sin(2 * np.pi * seconds / DAY) + np.random.default_rng(seed).normal(0, 2, len(seconds))


def predicted(values: Floats, seconds: Floats, options: ForecastOptions = OPTIONS) -> ForecastStep:
    """Teach one series and predict it at its end."""
    forecaster = Forecaster(options, 4)
    at = taught(forecaster, seconds, values[None, :])
    return forecaster.predict(ONE, at)


def test_options_come_from_the_query() -> None:
    """Horizons, thresholds, seasons, zone and excluded times are those of the query."""
    spec = QuerySpec("q", "up", horizons=(HOUR, DAY), thresholds=OPTIONS.thresholds, time_zone="Europe/Berlin")
    options = ForecastOptions.of(spec)

    assert (HOUR, DAY) == options.horizons
    assert OPTIONS.thresholds == options.thresholds
    assert options.time_zone == "Europe/Berlin"


@pytest.mark.parametrize("horizons", [(), (0.0, HOUR), (-HOUR,)])
def test_horizons_must_be_positive(horizons: tuple[float, ...]) -> None:
    """Anything else is a mistake of the caller."""
    with pytest.raises(ValueError, match="all positive"):
        ForecastOptions(horizons)


def test_horizons_keep_the_order_in_which_they_were_given() -> None:
    """The columns of the answer are those of the options, not sorted."""
    seconds = steps(6)
    rising = predicted(wave(seconds), seconds, ForecastOptions((HOUR, 6 * HOUR, DAY), OPTIONS.thresholds))
    mixed = predicted(wave(seconds), seconds, ForecastOptions((DAY, HOUR, 6 * HOUR), OPTIONS.thresholds))

    for name in ("value", "lower", "upper", "linear"):
        np.testing.assert_array_equal(getattr(rising, name)[:, [2, 0, 1]], getattr(mixed, name))
    np.testing.assert_array_equal(rising.probability[..., [2, 0, 1]], mixed.probability)


def test_shapes_are_those_promised() -> None:
    """Rows first, then thresholds, then horizons."""
    seconds = steps(3)
    forecaster = Forecaster(OPTIONS, 8)
    at = taught(forecaster, seconds, np.stack([wave(seconds, seed) for seed in range(5)]))
    step = forecaster.predict(np.arange(5), at)

    assert (5, 2) == step.value.shape == step.lower.shape == step.upper.shape == step.linear.shape
    assert (5, 2, 2) == step.probability.shape
    assert (5, 2) == step.breach_at.shape
    assert (5,) == step.slope_per_second.shape == step.acceleration.shape == step.ready.shape


def test_nothing_is_said_before_a_fit_or_without_data() -> None:
    """Unknown rows are not ready and NaN throughout, never infinite."""
    forecaster = Forecaster(OPTIONS, 4)
    forecaster.fit(np.arange(4), START)
    step = forecaster.predict(np.arange(4), START)

    assert not step.ready.any()
    assert np.isnan(step.value).all()
    assert np.isnan(step.probability).all()
    assert np.isnan(step.breach_at).all()


def test_a_young_series_becomes_ready_with_enough_hours_only() -> None:
    """Six hours say nothing of the day to come; a day and a half does."""
    assert not predicted(wave(steps(0.25)), steps(0.25)).ready[0]
    assert predicted(wave(steps(1.5)), steps(1.5)).ready[0]


def test_a_vanished_series_has_no_forecast() -> None:
    """Hours after its last sample a series has no level, so nothing is said."""
    seconds = steps(5)
    forecaster = Forecaster(OPTIONS, 4)
    at = taught(forecaster, seconds, wave(seconds)[None, :]) + 5 * HOUR

    assert not forecaster.predict(ONE, at).ready[0]


def test_gaps_and_irregular_polls_do_little_harm() -> None:
    """With every third sample gone at random, and eight hours in a row, the forecast stays near."""
    seconds = steps(8)
    keep = np.random.default_rng(2).random(len(seconds)) > 0.33
    keep[1000:1096] = False
    keep[-3:] = True
    jitter = np.where(
        np.arange(len(seconds)) < len(seconds) - 1, np.random.default_rng(3).uniform(0, 60, len(seconds)), 0
    )
    step = predicted(wave(seconds)[keep], (seconds + jitter)[keep])
    truth = 100 + 20 * np.sin(2 * np.pi * (seconds[-1] + np.array([HOUR, DAY])) / DAY)

    assert step.ready[0]
    np.testing.assert_allclose(truth, step.value[0], atol=5.0)


@pytest.mark.parametrize("outlier", [1e4, -1e9, 1e30])
def test_outliers_leave_the_forecast_alone(outlier: float) -> None:
    """Spikes of twenty minutes, however large, are not what is expected, nor a trend."""
    seconds = steps(9)
    values = wave(seconds)
    plain = predicted(values, seconds)
    values[[500, 501, 502, 900, 1500, 2000, 2001]] = outlier
    step = predicted(values, seconds)

    np.testing.assert_allclose(plain.value, step.value, atol=4.0)
    assert (step.upper - step.lower < 4 * (plain.upper - plain.lower)).all()


def test_an_outlier_at_the_very_end_is_not_taken_for_a_level() -> None:
    """Ten minutes of nonsense do not move the level."""
    seconds = steps(9)
    values = wave(seconds)
    values[-2:] = 1e6

    assert np.abs(predicted(values, seconds).value - 100).max() < 40


def test_a_large_disk_keeps_its_trend() -> None:
    """On 4e11 bytes a growth of 2 MB an hour is not lost in float32."""
    seconds = steps(6)
    step = predicted(4e11 + seconds / HOUR * 2e6, seconds)
    last = 4e11 + seconds[-1] / HOUR * 2e6

    np.testing.assert_allclose([2e6, 48e6], step.value[0] - last, rtol=0.05)
    np.testing.assert_allclose([2e6, 48e6], step.linear[0] - last, rtol=0.01)
    np.testing.assert_allclose(2e6 / HOUR, step.slope_per_second[0], rtol=0.05)


def test_a_constant_is_certain() -> None:
    """A constant is expected to stay, with no width, no slope and no odds."""
    step = predicted(np.full(1000, 7.0), steps(1000 * 300 / DAY))

    np.testing.assert_array_equal([[7.0, 7.0]], step.value)
    np.testing.assert_array_equal(step.lower, step.upper)
    assert step.slope_per_second[0] == step.acceleration[0] == 0.0
    assert step.probability.max() == 0.0


def test_direction_and_acceleration() -> None:
    """A parabola shows its slope of the last hours and its constant acceleration."""
    seconds = steps(2)
    step = predicted(seconds**2 * 1e-6, seconds)
    middle = seconds[-1] - 3 * HOUR

    np.testing.assert_allclose(2e-6 * middle, step.slope_per_second[0], rtol=0.02)
    np.testing.assert_allclose(2e-6, step.acceleration[0], rtol=0.05)


def test_linear_is_what_predict_linear_says() -> None:
    """Least squares over six hours of samples, as numpy's own fit draws it on."""
    seconds = steps(1)
    values = np.random.default_rng(4).normal(0, 1, len(seconds)).cumsum() + 5e9
    step = predicted(values, seconds)
    x, y = seconds[-72:] - seconds[-1], values[-72:] - 5e9
    slope, level = np.polyfit(x, y, 1)

    np.testing.assert_allclose(level + slope * np.array([HOUR, DAY]), step.linear[0] - 5e9, rtol=1e-4)


def test_linear_needs_two_samples_only() -> None:
    """Two samples suffice for a line, as in Prometheus; one does not."""
    forecaster = Forecaster(OPTIONS, 4)
    forecaster.observe(ONE, np.array([10.0]), START)
    assert np.isnan(forecaster.predict(ONE, START).linear).all()
    forecaster.observe(ONE, np.array([13.0]), START + 300)

    np.testing.assert_allclose([[13 + 36, 13 + 864]], forecaster.predict(ONE, START + 300).linear, rtol=1e-6)


def test_excluded_times_are_not_learned() -> None:
    """An outage that the query excludes leaves the same forecast as if it had not been polled."""
    seconds = steps(8)
    values = wave(seconds)
    values[1500:1800] = 1e6
    window = (START + seconds[1500], START + seconds[1800])
    options = ForecastOptions(OPTIONS.horizons, OPTIONS.thresholds, exclude=(window,))
    keep = (np.arange(len(seconds)) < 1500) | (np.arange(len(seconds)) >= 1800)

    np.testing.assert_array_equal(
        predicted(values[keep], seconds[keep]).value, predicted(values, seconds, options).value
    )


@pytest.mark.parametrize(
    ("seasons", "banned"), [((), DAILY | WEEKLY), ((Season.DAILY,), WEEKLY), ((Season.WEEKLY,), DAILY)]
)
def test_only_allowed_seasons_are_used(seasons: tuple[Season, ...], banned: frozenset[Method]) -> None:
    """What the query does not allow is not chosen, however well it would fit."""
    seconds = steps(14)
    forecaster = Forecaster(ForecastOptions((HOUR, 6 * HOUR, DAY), seasons=seasons), 4)
    taught(forecaster, seconds, wave(seconds)[None, :])

    assert not set(forecaster.methods(ONE)[0].tolist()) & {int(method) for method in banned}


@pytest.mark.parametrize("change", [datetime(2024, 3, 31, 1, tzinfo=UTC), datetime(2024, 10, 27, 1, tzinfo=UTC)])
def test_the_season_follows_the_wall_clock_over_a_change_of_time(change: datetime) -> None:
    """Work that starts at 08:00 in Berlin is expected at 08:00 on the day after the clocks changed."""
    shift = 2.0 if change.month == 3 else 1.0  # hours ahead of UTC after the change
    start = change.timestamp() - 12 * DAY
    seconds = np.arange(0.0, 12 * DAY + 2 * HOUR, 300.0)
    local = (start + seconds) / HOUR + np.where(start + seconds < change.timestamp(), 3.0 - shift, shift)
    working = (local % 24 >= 8) & (local % 24 < 16)
    values = np.where(working, 80.0, 10.0) + np.random.default_rng(1).normal(0, 1, len(seconds))
    forecaster = Forecaster(ForecastOptions((6 * HOUR,), time_zone="Europe/Berlin"), 4)
    for second, value in zip(seconds.tolist(), values.tolist(), strict=True):
        forecaster.observe(ONE, np.array([value]), start + second)
    seen = {}
    for hour in range(3):
        at = start + float(seconds[-1]) + 300 + 1800 * hour
        forecaster.fit(ONE, at)
        seen[((at + 6 * HOUR) / HOUR + shift) % 24] = forecaster.predict(ONE, at).value[0, 0]

    for hour, value in seen.items():
        if abs(hour - 8) >= 0.5:
            assert abs(value - (80.0 if 8 <= hour < 16 else 10.0)) < 15, hour


def test_state_goes_through_export_and_import() -> None:
    """Another forecaster, with other rows, predicts the same after a fit."""
    seconds = steps(5)
    first, second = Forecaster(OPTIONS, 4), Forecaster(OPTIONS, 64)
    at = taught(first, seconds, np.stack([wave(seconds, 1), wave(seconds, 2)]))
    rows = np.array([9, 3])
    second.import_state(rows, first.export_state(np.array([0, 1])))
    second.fit(rows, at)

    assert not np.isnan(first.predict(np.array([0, 1]), at).value).any()
    np.testing.assert_array_equal(first.predict(np.array([0, 1]), at).value, second.predict(rows, at).value)
    np.testing.assert_array_equal(first.predict(np.array([0, 1]), at).linear, second.predict(rows, at).linear)


def test_state_that_does_not_fit_is_refused() -> None:
    """Missing columns and wrong lengths are ValueErrors, and no rows are fine."""
    forecaster = Forecaster(OPTIONS, 8)
    state = forecaster.export_state(np.array([0, 1]))

    with pytest.raises(ValueError, match="anchor"):
        forecaster.import_state(np.array([0, 1, 2]), state)
    with pytest.raises(ValueError, match="hours"):
        forecaster.import_state(np.array([0, 1]), {name: column for name, column in state.items() if name != "hours"})
    forecaster.import_state(np.array([], dtype=np.intp), forecaster.export_state(np.array([], dtype=np.intp)))


def test_rows_grow_and_are_forgotten() -> None:
    """Growing keeps what was learned; a reset row knows nothing, its neighbour all."""
    seconds = steps(4)
    forecaster = Forecaster(OPTIONS, 2)
    at = taught(forecaster, seconds, np.stack([wave(seconds, 1), wave(seconds, 2)]))
    before = forecaster.predict(np.array([1]), at).value
    forecaster.grow(64)
    forecaster.reset(np.array([0]))

    assert forecaster.capacity == 64
    assert not forecaster.predict(np.array([0]), at).ready[0]
    np.testing.assert_array_equal(before, forecaster.predict(np.array([1]), at).value)


def test_history_may_follow_the_first_poll() -> None:
    """A poll now, then the past in order, then polls on: as if all had come in order."""
    seconds = steps(6)
    values, late = wave(seconds), Forecaster(OPTIONS, 4)
    at = START + float(seconds[-1])
    late.observe(ONE, values[-1:], at)
    for second, value in zip(seconds[:-1].tolist(), values[:-1].tolist(), strict=True):
        late.observe(ONE, np.array([value]), START + second)
    late.observe(ONE, values[-1:], at)
    late.fit(ONE, at)

    np.testing.assert_allclose(predicted(values, seconds).value, late.predict(ONE, at).value, rtol=1e-5)


def test_between_fits_the_forecast_moves_with_the_level() -> None:
    """A level that moves after the fit is followed by methods that start at it."""
    seconds = steps(6)
    walk = 100 + np.random.default_rng(3).normal(0, 0.5, len(seconds)).cumsum()
    forecaster = Forecaster(ForecastOptions((HOUR,), seasons=()), 4)
    at = taught(forecaster, seconds, walk[None, :])
    assert Method.LAST == forecaster.methods(ONE)[0, 0]
    for minute in range(5, 65, 5):
        forecaster.observe(ONE, np.array([walk[-1] + 30.0]), at + 60 * minute)

    assert abs(forecaster.predict(ONE, at + HOUR).value[0, 0] - walk[-1] - 30.0) < 3.0


def test_a_row_takes_about_two_kilobytes() -> None:
    """All columns of 1,000 rows together stay within 2.5 KB a row."""
    forecaster = Forecaster(OPTIONS, 1000)
    columns = [getattr(forecaster._fits, name) for name in ("at", "method", "errors", "path", "now", "ahead")]
    past = forecaster._past
    columns += [past.anchor, past._hours, past._recent, past._ticks, past._open]

    assert sum(column.nbytes for column in columns) / 1000 < 2500
