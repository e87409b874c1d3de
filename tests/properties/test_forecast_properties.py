"""What holds for forecasts of any series: order of rows, shift, scale, and sane numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aiops_daemon.core.model.query import Threshold
from aiops_daemon.core.signals.forecast.forecaster import Forecaster, ForecastOptions, ForecastStep

HOUR = 3600.0
START = 1_700_000_000.0
HORIZONS = (HOUR, 12 * HOUR)
SECONDS = np.arange(0.0, 5 * 86400.0, 900.0)
MODEST = settings(max_examples=20, deadline=None)

Floats = NDArray[np.float64]


def world(seed: int, rows: int = 4) -> Floats:
    """Return wandering, seasonal, ramping and noisy rows."""
    rng = np.random.default_rng(seed)
    parts = rng.normal(0.0, 1.0, (rows, 4))
    wave = np.sin(2 * np.pi * SECONDS / 86400.0)
    return (
        50.0
        + parts[:, :1] * 20.0 * wave
        + parts[:, 1:2] * SECONDS / 86400.0
        + np.cumsum(rng.normal(0.0, 0.2, (rows, len(SECONDS))), axis=1)
        + rng.normal(0.0, 0.3, (rows, len(SECONDS)))
    )


def told(values: Floats, thresholds: tuple[Threshold, ...] = ()) -> ForecastStep:
    """Live through the values and predict."""
    forecaster = Forecaster(ForecastOptions(HORIZONS, thresholds), len(values))
    rows = np.arange(len(values))
    for index, second in enumerate(SECONDS.tolist()):
        forecaster.observe(rows, values[:, index], START + second)
    at = START + float(SECONDS[-1])
    forecaster.fit(rows, at)
    return forecaster.predict(rows, at)


@MODEST
@given(seed=st.integers(0, 10_000), order=st.permutations(range(4)))
def test_the_order_of_rows_changes_nothing(seed: int, order: list[int]) -> None:
    """A series is forecast the same whatever row it is in and whoever is beside it."""
    values = world(seed)
    limit = (Threshold("critical", 60.0),)
    plain, mixed = told(values, limit), told(values[order], limit)

    for name in ("value", "lower", "upper", "slope_per_second", "breach_at", "probability", "linear"):
        np.testing.assert_array_equal(getattr(plain, name)[order], getattr(mixed, name), err_msg=name)


@MODEST
@given(seed=st.integers(0, 10_000), shift=st.sampled_from([-1e6, -50.0, 3.0, 1e4, 1e9]))
def test_a_shift_of_the_series_shifts_the_forecast(seed: int, shift: float) -> None:
    """Adding a constant adds it to value and interval, and leaves slopes and odds."""
    values = world(seed)
    plain = told(values, (Threshold("critical", 60.0),))
    moved = told(values + shift, (Threshold("critical", 60.0 + shift),))

    for name in ("value", "lower", "upper", "linear"):
        np.testing.assert_allclose(getattr(plain, name), getattr(moved, name) - shift, atol=1e-3, err_msg=name)
    np.testing.assert_allclose(plain.slope_per_second, moved.slope_per_second, atol=1e-8)
    np.testing.assert_allclose(plain.probability, moved.probability, atol=0.01)


@MODEST
@given(seed=st.integers(0, 10_000), power=st.integers(-40, 60))
def test_a_change_of_unit_changes_the_unit_of_the_forecast(seed: int, power: int) -> None:
    """Multiplying by a power of two multiplies the forecast, and leaves odds and dates."""
    values, factor = world(seed), 2.0**power
    plain = told(values, (Threshold("critical", 60.0),))
    scaled = told(values * factor, (Threshold("critical", 60.0 * factor),))

    for name in ("value", "lower", "upper", "slope_per_second", "linear"):
        np.testing.assert_allclose(getattr(plain, name) * factor, getattr(scaled, name), rtol=1e-9, err_msg=name)
    np.testing.assert_allclose(plain.probability, scaled.probability, atol=1e-6)
    np.testing.assert_allclose(plain.breach_at, scaled.breach_at, atol=1.0)


@MODEST
@given(
    tail=st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=40),
    threshold=st.floats(-1e9, 1e9),
    above=st.booleans(),
)
def test_numbers_stay_sane_whatever_comes(tail: list[float], threshold: float, above: bool) -> None:
    """No infinities, ordered intervals, odds in 0..1 that never fall with the horizon, dates within the horizon."""
    values = world(1, rows=2)
    values[0, -len(tail) :] = tail
    step = told(values, (Threshold("critical", threshold, above=above),))

    for name in ("value", "lower", "upper", "slope_per_second", "acceleration", "breach_at", "probability", "linear"):
        assert not np.isinf(getattr(step, name)).any(), name
    known = step.ready
    assert (step.lower[known] <= step.value[known]).all()
    assert (step.value[known] <= step.upper[known]).all()
    odds = step.probability[known]
    assert ((odds >= 0.0) & (odds <= 1.0)).all()
    assert (np.diff(odds, axis=2) >= 0.0).all()
    dated = step.breach_at[np.isfinite(step.breach_at)]
    at = START + float(SECONDS[-1])
    assert ((dated >= at) & (dated <= at + HORIZONS[-1])).all()
