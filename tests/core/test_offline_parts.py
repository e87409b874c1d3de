"""The parts of an offline forecast: smoothing, seasons taken out and put back, season lengths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.model.series import Floats
from aiops_daemon.core.signals.offline import smoothing
from aiops_daemon.core.signals.offline.adjust import adjusted, unadjusted, without_strays
from aiops_daemon.core.signals.offline.periods import autocorrelation, season_lengths

FLAT = [smoothing.level_path, smoothing.middle_path, smoothing.last_path]
TREND = [smoothing.theta_path, smoothing.damped_path, smoothing.drift_path]
SERIES = st.lists(st.floats(min_value=-1e6, max_value=1e6), min_size=4, max_size=60).map(np.array)


@pytest.mark.parametrize("draw", FLAT + TREND)
@settings(max_examples=20, deadline=None)
@given(values=SERIES, horizon=st.integers(min_value=1, max_value=50))
def test_paths_are_finite_and_as_long_as_asked(draw: object, values: Floats, horizon: int) -> None:
    """Nothing fails to converge, whatever the series."""
    path = draw(values, horizon)  # type: ignore[operator]

    assert (horizon,) == path.shape
    assert np.isfinite(path).all()


@pytest.mark.parametrize("draw", FLAT + TREND)
def test_a_constant_stays_what_it_is(draw: object) -> None:
    """No method invents movement."""
    np.testing.assert_allclose(draw(np.full(50, 7.0), 10), 7.0)  # type: ignore[operator]


@pytest.mark.parametrize("draw", FLAT)
def test_flat_methods_are_flat(draw: object) -> None:
    """One level for all steps to come."""
    assert 1 == len(set(draw(np.arange(30.0), 10).tolist()))  # type: ignore[operator]


def test_a_straight_line_goes_on() -> None:
    """Drift exactly, damped trend less with every step, Theta at half the slope."""
    line = 3.0 + 2.0 * np.arange(100)
    drift, damped, theta = (
        draw(line, 10) for draw in (smoothing.drift_path, smoothing.damped_path, smoothing.theta_path)
    )

    np.testing.assert_allclose(drift, line[-1] + 2.0 * np.arange(1, 11))
    assert (np.diff(damped) > 0).all()
    assert (np.diff(np.diff(damped)) < 0).all()
    np.testing.assert_allclose(np.diff(theta), 1.0)


@pytest.mark.parametrize("draw", FLAT + TREND)
@settings(max_examples=20, deadline=None)
@given(values=SERIES, shift=st.floats(min_value=-1e3, max_value=1e3))
def test_a_constant_that_is_added_is_added_to_the_path(draw: object, values: Floats, shift: float) -> None:
    """Where the zero lies says nothing about what is to come."""
    rounded = np.round(values)
    moved = draw(rounded + round(shift), 5) - round(shift)  # type: ignore[operator]

    np.testing.assert_allclose(moved, draw(rounded, 5), atol=1e-3 * (1.0 + np.abs(rounded).max()))  # type: ignore[operator]


@pytest.mark.parametrize("multiplies", [False, True])
@pytest.mark.parametrize("length", [7, 12])
def test_a_season_is_taken_out_and_put_back(length: int, multiplies: bool) -> None:
    """What is left of a pure season is flat, and a flat path becomes the next cycles."""
    shape = 1.0 + 0.4 * np.sin(2 * np.pi * np.arange(length) / length)
    values = np.tile(10.0 * shape, 8)[: 8 * length - 3]
    plain = adjusted(values, length, multiplies=multiplies)
    coming = np.tile(10.0 * shape, 10)[8 * length - 3 :][:length]

    np.testing.assert_allclose(plain.values, 10.0, rtol=0.05)
    np.testing.assert_allclose(plain.restored(np.full(length, 10.0)), coming, rtol=0.05)


def test_without_a_season_nothing_is_put_back() -> None:
    """The neutral adjustment adds zero."""
    np.testing.assert_array_equal(np.arange(5.0), unadjusted(np.ones(30)).restored(np.arange(5.0)))


def test_a_stray_is_pulled_in_and_a_step_is_not() -> None:
    """One wild value among its neighbours is no information; a new level is."""
    rng = np.random.default_rng(3)
    calm = rng.normal(10.0, 0.5, 100)
    wild, step = calm.copy(), calm.copy()
    wild[50] = 1e6
    step[50:] += 100.0

    assert abs(without_strays(wild)[50] - 10.0) < 2.0
    np.testing.assert_array_equal(step[45:55], without_strays(step)[45:55])


def test_autocorrelation_is_one_at_no_lag_and_at_a_cycle() -> None:
    """And minus one half a cycle on; each lag is weighed by its own overlap."""
    correlation = autocorrelation(np.sin(2 * np.pi * np.arange(480) / 24))

    np.testing.assert_allclose([1.0, 1.0, -1.0], correlation[[0, 24, 12]], atol=0.02)


@pytest.mark.parametrize("spacing", [60.0, 300.0, 3600.0])
def test_a_day_is_found_at_any_spacing(spacing: float) -> None:
    """The length is in steps of the series."""
    steps = int(86_400 / spacing)
    values = 5.0 + np.sin(2 * np.pi * np.arange(4 * steps) / steps)

    assert steps in season_lengths(values, spacing)


@pytest.mark.parametrize("values", [np.empty(0), np.zeros(3), np.ones(500), np.arange(500.0)])
def test_what_does_not_vary_has_no_season(values: Floats) -> None:
    """Nothing, a constant and a straight line."""
    assert () == season_lengths(values, 3600.0)
