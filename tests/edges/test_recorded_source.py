"""The recorded source answers as the live one does."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_contract import MetricSourceContract, Told

from aiops_daemon.edges.prometheus.recorded import GeneratedRecording, RecordedSource, Recording

_T0 = 1_700_000_000.0


def _keys(count: int) -> list[bytes]:
    return [b'{"__name__":"x","i":"%d"}' % index for index in range(count)]


def _source(recording: Recording | GeneratedRecording, lookback: float = 300.0) -> RecordedSource:
    return RecordedSource("told", {"x": recording}, metric_names=frozenset({"x"}), lookback=lookback)


class TestContract(MetricSourceContract):
    """The recorded source keeps the contract of every metric source."""

    @pytest.fixture
    def told(self) -> Told:
        """Return three series over ten steps."""
        times = _T0 + 60.0 * np.arange(10)
        values = np.arange(30.0).reshape(3, 10)
        labels = [{"__name__": "x", "i": str(index)} for index in range(3)]
        return Told(_source(Recording(_keys(3), times, values)), "x", labels, times, values, frozenset({"x"}))


@pytest.mark.parametrize(
    ("after", "expected"),
    [(-1.0, None), (0.0, 5.0), (299.0, 5.0), (300.0, None)],
    ids=["before the first sample", "at the sample", "just within lookback", "left end excluded"],
)
async def test_lookback(after: float, expected: float | None) -> None:
    """A sample serves from its own time until just before lookback has passed."""
    source = _source(Recording(_keys(1), np.array([_T0]), np.array([[5.0]])))
    answer = await source.instant("x", _T0 + after)

    assert ([] if expected is None else [expected]) == [v for part in answer.slices for v in part.values.tolist()]


async def test_absent_samples_are_looked_past() -> None:
    """A NaN in a recording is no sample: an older one within lookback serves, an older one beyond does not."""
    values = np.array([[1.0, math.nan, math.nan], [math.nan, math.nan, math.nan], [1.0, 2.0, math.inf]])
    source = _source(Recording(_keys(3), _T0 + np.array([0.0, 200.0, 400.0]), values))
    near, far = await source.instant("x", _T0 + 250), await source.instant("x", _T0 + 400)

    assert [1.0, 2.0] == [v for part in near.slices for v in part.values.tolist()]
    assert [math.inf] == [v for part in far.slices for v in part.values.tolist()]
    assert [_keys(3)[2]] == far.slices[0].keys


async def test_an_expression_that_was_not_recorded_has_no_series() -> None:
    """No PromQL is evaluated."""
    source = _source(Recording(_keys(1), np.array([_T0]), np.array([[5.0]])))

    assert () == (await source.instant("y", _T0)).slices
    assert [] == [part async for part in source.history("y", start=_T0, end=_T0, step=60, series=1)]
    assert [] == [part async for part in source.history("x", start=_T0, end=_T0 - 1, step=60, series=1)]


async def test_history_comes_in_bounded_parts() -> None:
    """No part holds more than 500,000 values, whatever number of series the caller expected."""
    source = _source(GeneratedRecording(_keys(2_000), lambda at: np.full(2_000, at)))
    parts = [p async for p in source.history("x", start=_T0, end=_T0 + 300 * 999, step=300, series=1)]

    assert 4 == len(parts)
    assert all(part.values.size <= 500_000 for part in parts)
    assert 2_000_000 == sum(part.samples for part in parts)


async def test_a_generated_recording_serves_many_series_in_slices() -> None:
    """Slices of 20,000, the rest last; NaN is absent."""
    values = np.arange(50_001.0)
    values[7] = math.nan
    source = _source(GeneratedRecording(_keys(50_001), lambda at: values + at))
    answer = await source.instant("x", 1.0)

    assert [19_999, 20_000, 10_001] == [len(part.keys) for part in answer.slices]
    assert 50_001.0 == answer.slices[-1].values[-1]


@pytest.mark.parametrize(
    ("times", "values"),
    [(np.array([1.0, 1.0]), np.ones((1, 2))), (np.array([2.0, 1.0]), np.ones((1, 2))), (np.ones(1), np.ones((2, 1)))],
    ids=["repeated time", "falling time", "more rows than keys"],
)
def test_a_wrong_recording_is_refused(times: np.ndarray, values: np.ndarray) -> None:
    """Shapes must fit and times must rise."""
    with pytest.raises(ValueError, match=r"times must rise|values for"):
        Recording(_keys(1), times, values)


@given(
    gaps=st.lists(st.integers(1, 400), min_size=1, max_size=12),
    present=st.lists(st.booleans(), min_size=24, max_size=24),
    step=st.integers(30, 700),
    lookback=st.integers(1, 600),
    shift=st.integers(-500, 500),
)
@settings(max_examples=50, deadline=None)
async def test_history_equals_instant_queries_one_by_one(
    gaps: list[int], present: list[bool], step: int, lookback: int, shift: int
) -> None:
    """Every grid value is what an instant query at that moment returns."""
    times = _T0 + np.cumsum(gaps, dtype=float)
    values = np.where(np.array(present).reshape(2, 12), np.arange(24.0).reshape(2, 12), np.nan)[:, : len(gaps)]
    source = _source(Recording(_keys(2), times, values), float(lookback))
    async for part in source.history("x", start=_T0 + shift, end=_T0 + shift + 5 * step, step=step, series=2):
        for column, at in enumerate(part.times.tolist()):
            answer = await source.instant("x", at)
            got = {key: v for p in answer.slices for key, v in zip(p.keys, p.values.tolist(), strict=True)}
            expected = {
                k: v for k, v in zip(part.keys, part.values[:, column].tolist(), strict=True) if not math.isnan(v)
            }

            assert expected == got
