"""An isolation forest as plain arrays: what it looks at in a bin, and how odd it finds it.

Enters: bins, and trees that an edge has grown. Leaves: features, and scores between 0 and 1. Knows no library that
grows trees, so the daemon need not load one to score a bin.

score = 2^(-mean path length / c(n)), c(n) = 2 (ln(n - 1) + gamma) - 2 (n - 1) / n (Liu, Ting, Zhou 2008): what few
random cuts isolate scores high.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.quality.counts import BINS_A_DAY
from aiops_daemon.core.quality.mix import Bin

Rows = NDArray[np.float32]
Numbers = NDArray[np.float64]
_SHRINK = 5.0  # alerts that it takes for a share to count by half
_BINS_AN_HOUR = BINS_A_DAY // 24


@dataclass(frozen=True, slots=True)
class Trees:
    """A tree a row, a node a column; of a leaf both branches are the leaf itself. Node 0 is the root."""

    feature: NDArray[np.int32]
    threshold: Numbers
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    length: Numbers  # of a leaf: its depth, and what its samples would still need
    usual_length: float  # c of the samples that a tree is grown from

    def score(self, row: Rows) -> float:
        """Return how odd one row is."""
        trees = np.arange(len(self.feature))
        at = np.zeros(len(trees), dtype=np.int32)
        while True:
            goes_left = row[self.feature[trees, at]] <= self.threshold[trees, at]
            then = np.where(goes_left, self.left[trees, at], self.right[trees, at])
            if np.array_equal(then, at):
                return float(2.0 ** (-self.length[trees, at].mean() / self.usual_length))
            at = then


@dataclass(frozen=True, slots=True)
class Grown:
    """A forest, and how odd it finds each row that it was grown from."""

    trees: Trees
    scores: Numbers


def features(bins: Sequence[Bin]) -> Rows:
    """Return a row a bin: counts as logarithms, shares drawn to 0 where alerts are few, hour and weekday on circles."""
    counts = np.array(bins, dtype=np.float64).reshape(-1, len(Bin._fields))
    number, alerts, rules, services, critical, fresh = counts.T
    hour = number / _BINS_AN_HOUR % 24 / 24 * 2 * np.pi
    weekday = np.floor(number / BINS_A_DAY + 4) % 7 / 7 * 2 * np.pi  # 1970-01-01 was a Thursday
    several = [np.log1p(alerts), np.log1p(rules), np.log1p(services)]
    shares = [part / (alerts + _SHRINK) for part in (rules, critical, fresh)]
    circles = [np.sin(hour), np.cos(hour), np.sin(weekday), np.cos(weekday)]
    return np.column_stack([*several, *shares, *circles]).astype(np.float32)
