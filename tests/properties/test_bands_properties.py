"""Bands, whatever the series: order, shift and scale change nothing but what they must."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aiops_daemon.core.model.query import Direction, Season
from aiops_daemon.core.signals.bands.baseline import BandOptions, Bands
from aiops_daemon.core.signals.findings.onsets import Onsets

Floats = NDArray[np.float64]
START = 1_772_409_600.0
NAMES = ("expected", "lower", "upper", "score", "confidence", "ready")

seeds = st.integers(0, 2**32 - 1)
steps = st.sampled_from([15.0, 60.0, 300.0, 3600.0])
finite = st.floats(-1e308, 1e308)


def worlds(seed: int, rows: int, count: int) -> Floats:
    """Make (count, rows) values: noise, jumps, constants and spikes by chance."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, rows)) * rng.choice([0.0, 0.1, 1.0], rows)
    values += np.where(np.arange(count)[:, None] > rng.integers(0, count, rows), rng.normal(0, 5, rows), 0.0)
    return values + np.where(rng.random((count, rows)) < 0.02, rng.normal(0, 50, (count, rows)), 0.0)


def run(values: Floats, step: float, options: BandOptions | None = None) -> dict[str, Floats]:
    """Step all columns of (count, rows) values side by side."""
    count, rows = values.shape
    bands = Bands(options or BandOptions(warm_up=5), rows)
    answers = [bands.step(np.arange(rows), values[index], START + step * index) for index in range(count)]
    return {name: np.array([getattr(answer, name) for answer in answers]) for name in NAMES}


@settings(max_examples=25, deadline=None)
@given(seed=seeds, step=steps)
def test_a_series_gets_the_same_numbers_alone_and_among_others(seed: int, step: float) -> None:
    """Bit for bit: neither neighbours nor their order reach into a row."""
    values = worlds(seed, 7, 60)
    order = np.random.default_rng(seed).permutation(7)
    together, shuffled, alone = run(values, step), run(values[:, order], step), run(values[:, 3:4], step)

    for name in NAMES:
        assert (together[name][:, order] == shuffled[name]).all()
        assert (together[name][:, 3] == alone[name][:, 0]).all()


@settings(max_examples=25, deadline=None)
@given(seed=seeds, step=steps, appears=st.integers(1, 30))
def test_rows_that_come_late_or_skip_steps_do_not_touch_others(seed: int, step: float, appears: int) -> None:
    """Bit for bit, whichever rows share a step, in whatever order and place."""
    values = worlds(seed, 4, 60)
    rng = np.random.default_rng(seed)
    alone, crowd = Bands(BandOptions(warm_up=5), 1), Bands(BandOptions(warm_up=5), 64)
    for index in range(60):
        at = START + step * index
        others = rng.choice([5, 9, 10, 40], rng.integers(0, 4) if index > appears else 0, replace=False)
        rows = rng.permutation(np.append(others, 17))
        given_values = np.where(rows == 17, values[index, 0], values[index, 1])
        mine = crowd.step(rows, given_values, at)
        theirs = alone.step(np.array([0]), values[index, :1], at)
        place = int(np.flatnonzero(rows == 17)[0])
        for name in NAMES:
            assert getattr(theirs, name)[0] == getattr(mine, name)[place]


@settings(max_examples=25, deadline=None)
@given(seed=seeds, step=steps, shift=st.floats(-1e4, 1e4))
def test_adding_a_constant_shifts_the_band(seed: int, step: float, shift: float) -> None:
    """Expected value and edges move with the values, scores stay."""
    values = worlds(seed, 3, 80)
    values += np.random.default_rng(seed).normal(size=values.shape)
    plain, shifted = run(values, step), run(values + shift, step)

    for name in ("expected", "lower", "upper"):
        np.testing.assert_allclose(plain[name] + shift, shifted[name], rtol=1e-6, atol=1e-4)
    np.testing.assert_allclose(plain["score"], shifted["score"], rtol=1e-4, atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, step=steps, power=st.integers(-60, 60))
def test_scaling_the_values_scales_the_band(seed: int, step: float, power: int) -> None:
    """Units do not matter: seconds and nanoseconds are judged alike."""
    values, factor = worlds(seed, 3, 80), 2.0**power
    plain, scaled = run(values, step), run(values * factor, step)

    for name in ("expected", "lower", "upper"):
        np.testing.assert_allclose(plain[name] * factor, scaled[name], rtol=1e-6, atol=1e-6 * factor)
    np.testing.assert_allclose(plain["score"], scaled["score"], rtol=1e-5, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, step=steps)
def test_mirrored_values_have_the_mirrored_band(seed: int, step: float) -> None:
    """Up and down are treated alike: what direction up scores on a series, down scores on its mirror image."""
    values = worlds(seed, 3, 80)
    up = run(values, step, BandOptions(warm_up=5, direction=Direction.UP))
    down = run(-values, step, BandOptions(warm_up=5, direction=Direction.DOWN))

    assert (up["score"] == down["score"]).all()
    assert (up["upper"] == -down["lower"]).all()


@settings(max_examples=50, deadline=None)
@given(
    values=st.lists(finite, min_size=1, max_size=60),
    step=st.floats(-10.0, 1e7),
    seasons=st.sampled_from([None, (), (Season.DAILY,), (Season.WEEKLY,)]),
    gates=st.tuples(st.floats(0, 1e300), st.floats(0, 1e10)),
)
def test_answers_are_finite_and_consistent(
    values: list[float], step: float, seasons: tuple[Season, ...] | None, gates: tuple[float, float]
) -> None:
    """Whatever the values, times and gates: lower <= expected <= upper, 0 <= score <= 1e6, nothing NaN or infinite."""
    options = BandOptions(seasons=seasons, warm_up=3, min_deviation_absolute=gates[0], min_deviation_relative=gates[1])
    answers = run(np.array(values)[:, None], step, options)

    assert all(np.isfinite(column).all() for column in answers.values())
    assert (answers["lower"] <= answers["expected"]).all()
    assert (answers["expected"] <= answers["upper"]).all()
    assert ((answers["score"] >= 0.0) & (answers["score"] <= 1e6)).all()
    assert ((answers["confidence"] >= 0.0) & (answers["confidence"] <= 1.0)).all()


@settings(max_examples=25, deadline=None)
@given(seed=seeds, step=steps)
def test_a_score_over_one_is_a_value_outside_the_band(seed: int, step: float) -> None:
    """Score and edges agree, save for the rounding of the edge itself."""
    values = worlds(seed, 5, 80)
    answers = run(values, step)
    width = answers["upper"] - answers["lower"]
    outside = (values > answers["upper"] + 1e-9 * width) | (values < answers["lower"] - 1e-9 * width)
    inside = (values < answers["upper"] - 1e-9 * width) & (values > answers["lower"] + 1e-9 * width)

    assert (answers["score"][outside & answers["ready"]] >= 1.0).all()
    assert (answers["score"][inside] <= 1.0).all()


@settings(max_examples=25, deadline=None)
@given(seed=seeds, step=steps, cut=st.integers(1, 79))
def test_answers_never_depend_on_what_comes_later(seed: int, step: float, cut: int) -> None:
    """Strictly causal: a prefix of a series gets the prefix of its answers."""
    values = worlds(seed, 2, 80)
    whole, prefix = run(values, step), run(values[:cut], step)

    assert all((whole[name][:cut] == prefix[name]).all() for name in NAMES)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, step=steps, cut=st.integers(1, 79))
def test_a_restart_changes_nothing(seed: int, step: float, cut: int) -> None:
    """State exported and imported at any moment gives the same future bit for bit."""
    values = worlds(seed, 2, 80)
    first, second = Bands(BandOptions(warm_up=5), 2), Bands(BandOptions(warm_up=5), 4)
    for index in range(cut):
        first.step(np.arange(2), values[index], START + step * index)
    second.import_state(np.array([3, 1]), first.export_state(np.arange(2)))
    for index in range(cut, 80):
        mine = first.step(np.arange(2), values[index], START + step * index)
        theirs = second.step(np.array([3, 1]), values[index], START + step * index)
        assert all((getattr(mine, name) == getattr(theirs, name)).all() for name in NAMES)


@settings(max_examples=50, deadline=None)
@given(scores=st.lists(st.floats(0, 3), max_size=60), open_after=st.integers(1, 4))
def test_onsets_alternate_and_are_dated_by_their_first_poll(scores: list[float], open_after: int) -> None:
    """A row opens, then closes, then opens; `since` is set while open and lies `open_after` polls before opening."""
    onsets, was = Onsets(open_after, 1), False
    for index, score in enumerate(scores):
        turn = onsets.step(np.array([0]), np.array([score]), 60.0 * index)
        assert not (turn.opened.size if was else turn.closed.size)
        if turn.opened.size:
            assert onsets.since[0] == pytest.approx(60.0 * (index - open_after + 1))
        was = bool(onsets.open[0])
        assert not was or np.isfinite(onsets.since[0])


@settings(max_examples=25, deadline=None)
@given(seed=seeds, ahead=st.floats(0.0, 7 * 86_400.0))
def test_looking_ahead_learns_nothing_and_is_a_band(seed: int, ahead: float) -> None:
    """State is the same to the bit afterwards; edges are finite and on both sides of what is expected."""
    values = worlds(seed, 4, 120)
    bands = Bands(BandOptions(warm_up=5), 4)
    rows = np.arange(4)
    for index in range(120):
        bands.step(rows, values[index], START + 1800.0 * index)
    before = bands.export_state(rows)
    usual = bands.usual(rows, START + 1800.0 * 120 + ahead)
    after = bands.export_state(rows)

    assert usual.ready.all()
    assert all((before[name] == after[name]).all() for name in before)
    assert np.isfinite(usual.lower).all()
    assert np.isfinite(usual.upper).all()
    assert (usual.lower <= usual.expected).all()
    assert (usual.expected <= usual.upper).all()
