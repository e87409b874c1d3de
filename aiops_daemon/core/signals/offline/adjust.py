"""Take a season out of a series and put it back: classical decomposition, outlier proof.

Enters: values and a season length. Leaves: adjusted values and the factors or terms of the coming steps.
Indices are medians over the last cycles of the ratio (or difference) to a moving average.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aiops_daemon.core.model.series import Floats

_CYCLES = 12  # cycles that shape the indices
_STRAY = 6.0  # adjusted values this many deviations off their neighbourhood are pulled in
_NEIGHBOURS = 5


@dataclass(frozen=True, slots=True)
class Adjusted:
    """`values` without the season; `index[phase]` belongs to step i with phase = i mod length."""

    values: Floats
    index: Floats
    start: int  # phase of the first step to come
    multiplies: bool

    def restored(self, path: Floats) -> Floats:
        """Put the season back into a path of coming steps."""
        coming = self.index[(self.start + np.arange(len(path))) % len(self.index)]
        return path * coming if self.multiplies else path + coming


def unadjusted(values: Floats) -> Adjusted:
    """Return a series that has no season, its strays pulled in."""
    return Adjusted(without_strays(values), np.zeros(1), 0, multiplies=False)


def adjusted(values: Floats, length: int, *, multiplies: bool) -> Adjusted:
    """Take a season of `length` steps out; `multiplies` needs positive values."""
    smooth = _moving_average(values, length)
    ratio = values / smooth if multiplies else values - smooth
    phase = np.arange(len(values)) % length
    kept = np.arange(len(values)) >= len(values) - _CYCLES * length
    index = np.array([np.median(ratio[kept & (phase == step)]) for step in range(length)])
    index = index / index.mean() if multiplies else index - index.mean()
    season = index[phase]
    plain = values / season if multiplies else values - season
    return Adjusted(without_strays(plain), index, len(values) % length, multiplies)


def without_strays(values: Floats) -> Floats:
    """Pull single values far from the median of their neighbours back to it."""
    if len(values) < 2 * _NEIGHBOURS:
        return values
    padded = np.pad(values, _NEIGHBOURS // 2, mode="edge")
    around = np.median(np.lib.stride_tricks.sliding_window_view(padded, _NEIGHBOURS), axis=1)
    off = values - around
    usual = np.median(np.abs(off[off != 0.0])) if np.any(off) else 0.0
    return np.where(np.abs(off) > _STRAY * 1.4826 * max(usual, 1e-300), around, values) if usual > 0.0 else values


def _moving_average(values: Floats, length: int) -> Floats:
    """Return the centred average over one cycle (half weights at the ends if even), drawn on at the edges."""
    weights = np.ones(length) if length % 2 else np.concatenate([[0.5], np.ones(length - 1), [0.5]])
    weights = weights / weights.sum()
    half = len(weights) // 2
    middle = np.convolve(values, weights, mode="valid")
    slope = (middle[-1] - middle[0]) / max(len(middle) - 1, 1) if len(middle) > length else 0.0
    steps = np.arange(1, half + 1)
    return np.concatenate([middle[0] - slope * steps[::-1], middle, middle[-1] + slope * steps])
