"""What every ports.MetricSource must do; test classes inherit it and provide the fixture `told`."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.ports import MetricSource


@dataclass(frozen=True)
class Told:
    """A source, an expression it can answer, and what it was given: values of shape (series, len(times))."""

    source: MetricSource
    expr: str
    labels: list[dict[str, str]]
    times: NDArray[np.float64]  # evenly spaced
    values: NDArray[np.float64]
    metric_names: frozenset[str]


class MetricSourceContract:
    """The contract of ports.MetricSource."""

    async def test_an_instant_answer_holds_each_series_once(self, told: Told) -> None:
        """Keys are JSON label objects, values the samples at that moment."""
        answer = await told.source.instant(told.expr, float(told.times[-1]))
        got = {
            tuple(sorted(json.loads(key).items())): value
            for part in answer.slices
            for key, value in zip(part.keys, part.values.tolist(), strict=True)
        }

        assert len(told.labels) == answer.series
        assert {
            tuple(sorted(labels.items())): value
            for labels, value in zip(told.labels, told.values[:, -1].tolist(), strict=True)
        } == got

    async def test_slices_are_bounded(self, told: Told) -> None:
        """No slice holds more than 20,000 series."""
        answer = await told.source.instant(told.expr, float(told.times[-1]))

        assert all(len(part.keys) <= 20_000 and len(part.keys) == len(part.values) for part in answer.slices)

    async def test_an_instant_long_after_the_last_sample_is_empty(self, told: Told) -> None:
        """A series without a recent sample is absent, not repeated."""
        assert 0 == (await told.source.instant(told.expr, float(told.times[-1]) + 86_400)).series

    async def test_history_parts_join_into_the_whole_grid(self, told: Told) -> None:
        """Parts come oldest first, without gap or overlap, and hold what was recorded."""
        step = float(told.times[1] - told.times[0])
        start, end = float(told.times[0]), float(told.times[-1])
        expected = {
            tuple(sorted(labels.items())): values for labels, values in zip(told.labels, told.values, strict=True)
        }
        times: list[float] = []
        got: dict[tuple[tuple[str, str], ...], list[float]] = {key: [] for key in expected}
        samples = 0
        async for part in told.source.history(told.expr, start=start, end=end, step=step, series=len(told.labels)):
            assert (len(part.keys), len(part.times)) == part.values.shape
            seen = {
                tuple(sorted(json.loads(key).items())): row for key, row in zip(part.keys, part.values, strict=True)
            }
            for key, row in got.items():
                row.extend(seen.get(key, np.full(len(part.times), np.nan)).tolist())
            times.extend(part.times.tolist())
            samples += part.samples

        np.testing.assert_allclose(times, told.times)
        for key, values in expected.items():
            np.testing.assert_allclose(got[key], values)
        assert samples > 0

    async def test_metric_names(self, told: Told) -> None:
        """The families that exist are named."""
        assert told.metric_names <= await told.source.metric_names()

    async def test_close_may_be_called_twice(self, told: Told) -> None:
        """Closing is idempotent."""
        await told.source.close()
        await told.source.close()
