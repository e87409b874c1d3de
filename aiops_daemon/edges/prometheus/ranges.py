"""A range of an expression, whole: label sets with their values on a grid.

Enters: a source, an expression and a grid of evenly spaced moments. Leaves: for each label set the values, NaN
where there is none. For reports and the command line; what is polled goes the way of columns.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.labels import Labels, parse
from aiops_daemon.ports import MetricSource

Floats: TypeAlias = NDArray[np.float64]


async def read_range(source: MetricSource, expr: str, times: Floats, *, series: int) -> dict[Labels, Floats]:
    """Read `expr` at `times`; `series` is how many are expected. Raises SourceError."""
    found: dict[Labels, Floats] = {}
    if not len(times):
        return found
    step = float(times[1] - times[0]) if len(times) > 1 else 1.0
    at = 0
    async for part in source.history(expr, start=float(times[0]), end=float(times[-1]), step=step, series=series):
        for raw, row in zip(part.keys, part.values, strict=True):
            values = found.setdefault(parse(raw), np.full(len(times), np.nan))
            values[at : at + len(part.times)] = row
        at += len(part.times)
    return found
