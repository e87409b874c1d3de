"""Raw samples on a grid: the last sample within the lookback, in whatever order and batches they came."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from xor_encoder import float_bits

from aiops_daemon.edges.prometheus.resample import STALE, Grid

LOOKBACK = 300
bits = st.one_of(st.sampled_from([STALE, float_bits(np.inf)]), st.integers(0, 50).map(lambda n: float_bits(float(n))))
series = st.dictionaries(st.integers(-500, 2500), bits, max_size=30)


def defined(samples: dict[int, int], at: int) -> float:
    """The value at one moment, by the definition."""
    before = [time for time in samples if time <= at]
    if not before or at - max(before) > LOOKBACK or samples[max(before)] == STALE:
        return np.nan
    return float(np.uint64(samples[max(before)]).view(np.float64))


@settings(max_examples=50, deadline=None)
@given(st.lists(series, max_size=20), st.integers(1, 900), st.integers(1, 12), st.integers(1, 7), st.booleans())
def test_grid_equals_its_definition(
    world: list[dict[int, int]], step: int, points: int, batch: int, shuffled: bool
) -> None:
    """Neither the order of samples nor the size of batches shows in the result."""
    times = 100 + step * np.arange(points, dtype=np.int64)
    flat = [(row, time, value) for row, samples in enumerate(world) for time, value in sorted(samples.items())]
    if shuffled:
        np.random.default_rng(len(flat)).shuffle(flat)
    grid = Grid(times, lookback_ms=LOOKBACK)
    for start in range(0, len(flat), batch):
        rows, moments, values = zip(*flat[start : start + batch], strict=True)
        grid.place(np.array(rows), np.array(moments), np.array(values, dtype=np.uint64))
    expected = np.array([[defined(samples, int(at)) for at in times] for samples in world])

    np.testing.assert_array_equal(expected.reshape(len(world), points), grid.values(len(world)))


def test_no_samples_give_an_empty_matrix() -> None:
    """Nothing in, nothing out."""
    grid = Grid(np.array([0], dtype=np.int64), lookback_ms=LOOKBACK)
    grid.place(np.array([], dtype=np.intp), np.array([], dtype=np.int64), np.array([], dtype=np.uint64))

    assert (0, 1) == grid.values(0).shape
