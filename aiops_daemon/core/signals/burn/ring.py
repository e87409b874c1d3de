"""Bad events, all events and known seconds, summed in buckets of equal length over a bounded past.

Enters: amounts with the stretch of time over which they came. Leaves: sums over any window that ends at a given
moment. Amounts are spread evenly over their stretch; history never fills a bucket beyond
its length, so it is read twice without counting twice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BAD, _TOTAL, _KNOWN = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Sums:
    """Events in a window, and how many of its seconds were observed at all."""

    bad: float
    total: float
    known_seconds: float

    @property
    def error_ratio(self) -> float | None:
        """Return bad / total within 0..1, None without traffic."""
        if self.total <= 0.0:
            return None
        return min(1.0, self.bad / self.total)


class BucketRing:
    """A ring of buckets: bucket i holds the stretch [i*step, (i+1)*step) of unix time; float64 throughout."""

    def __init__(self, *, step: float, span: float) -> None:
        self.step = step
        self.size = math.ceil(span / step) + 2  # the bucket that fills, and the one that leaves
        self._sums = np.zeros((3, self.size))
        self._head: int | None = None  # index of the newest bucket

    def add(self, start: float, end: float, bad: float, total: float) -> None:
        """Count what came in (start, end]; a stretch of no length falls into the bucket that ends there.

        A plain loop: polls touch a bucket or two, and then arrays cost ten times as much as they save.
        """
        start = max(start, end - self.size * self.step)
        newest = math.ceil(end / self.step) - 1
        first = min(newest, math.floor(start / self.step))
        self._advance(newest)
        for index in range(max(first, (self._head or 0) - self.size + 1), newest + 1):
            seconds = max(0.0, min((index + 1) * self.step, end) - max(index * self.step, start))
            share = seconds / (end - start) if end > start else 1.0
            slot = index % self.size
            self._sums[_BAD, slot] += bad * share
            self._sums[_TOTAL, slot] += total * share
            self._sums[_KNOWN, slot] = min(self.step, self._sums[_KNOWN, slot] + seconds)

    def fill(
        self, ends: NDArray[np.float64], length: float, bad: NDArray[np.float64], total: NDArray[np.float64]
    ) -> None:
        """Count what came in the stretches (end - length, end], but only the part on seconds not yet known.

        `ends` rise by `length` or more; all have shape (n,). Where a bucket holds several stretches, they are taken in
        turns, so that in one no two of them lie in the same bucket.
        """
        newest = math.ceil(float(ends[-1]) / self.step) - 1 if len(ends) else -1
        if newest < 0:
            return
        if self._head is None or newest > self._head:
            self._advance(newest)
        turns = max(1, math.ceil(self.step / length))
        for turn in range(turns):
            self._fill(ends[turn::turns], length, bad[turn::turns], total[turn::turns])

    def _fill(
        self, ends: NDArray[np.float64], length: float, bad: NDArray[np.float64], total: NDArray[np.float64]
    ) -> None:
        """Fill stretches of which no two begin in one bucket: a pass per bucket that a stretch can touch."""
        first = np.floor((ends - length) / self.step).astype(np.int64)
        for offset in range(math.ceil(length / self.step) + 1):
            indices = first + offset
            lower, upper = np.maximum(indices * self.step, ends - length), np.minimum((indices + 1) * self.step, ends)
            slots, inside = self._slots(indices)
            fresh = np.clip(upper - lower, 0.0, None)[inside]
            fresh = np.minimum(fresh, self.step - self._sums[_KNOWN, slots])
            self._sums[_BAD, slots] += bad[inside] * fresh / length
            self._sums[_TOTAL, slots] += total[inside] * fresh / length
            self._sums[_KNOWN, slots] += fresh

    def window(self, at: float, seconds: float) -> Sums:
        """Sum over (at - seconds, at]; the bucket that the window's start cuts counts in proportion."""
        oldest, newest = self._reach(at, seconds)
        spans = self._spans(oldest, newest)
        sums = sum((self._sums[:, span].sum(axis=1) for span in spans), start=np.zeros(3))
        cut = (at - seconds) / self.step - oldest
        if 0.0 < cut < 1.0 and oldest <= newest and self._spans(oldest, oldest):
            sums = sums - cut * self._sums[:, oldest % self.size]
        return Sums(max(0.0, float(sums[_BAD])), max(0.0, float(sums[_TOTAL])), max(0.0, float(sums[_KNOWN])))

    def buckets(self, at: float, seconds: float) -> tuple[int, NDArray[np.float64]]:
        """Return the index of the window's first bucket and all its buckets, shape (3, n), oldest first."""
        oldest, newest = self._reach(at, seconds)
        found = np.zeros((3, max(0, newest - oldest + 1)))
        kept = [self._sums[:, span] for span in self._spans(oldest, newest)]
        if kept and self._head is not None:
            first = max(oldest, self._head - self.size + 1) - oldest
            joined = np.concatenate(kept, axis=1)
            found[:, first : first + joined.shape[1]] = joined
        return oldest, found

    def _reach(self, at: float, seconds: float) -> tuple[int, int]:
        return math.floor((at - seconds) / self.step), math.ceil(at / self.step) - 1

    def _spans(self, oldest: int, newest: int) -> list[slice]:
        """Return where buckets lie that are kept, oldest first: one stretch of the ring, or two around its end."""
        if self._head is None:
            return []
        first, last = max(oldest, self._head - self.size + 1), min(newest, self._head)
        if first > last:
            return []
        begin, end = first % self.size, last % self.size
        return [slice(begin, end + 1)] if begin <= end else [slice(begin, self.size), slice(0, end + 1)]

    def export(self) -> NDArray[np.float64]:
        """Return one array, shape (3, size + 1): the newest index, then the buckets, oldest first."""
        head = -1 if self._head is None else self._head
        ordered = self._sums[:, np.arange(head - self.size + 1, head + 1) % self.size]
        return np.concatenate([np.full((3, 1), float(head)), ordered], axis=1)

    def restore(self, exported: NDArray[np.float64]) -> None:
        """Take over `export`ed buckets as far as they fit; raises ValueError for what cannot be buckets."""
        state = np.asarray(exported, dtype=np.float64)
        if state.ndim != 2 or state.shape[0] != 3 or state.shape[1] < 2 or not np.isfinite(state).all():
            raise ValueError("saved burn buckets have the wrong shape")
        if state[0, 0] < 0:
            return
        head, count = int(state[0, 0]), min(self.size, state.shape[1] - 1)
        self._sums[:] = 0.0
        self._head = head
        self._sums[:, np.arange(head - count + 1, head + 1) % self.size] = state[:, -count:]

    def rewind(self, at: float) -> None:
        """Forget what came after a moment: a clock that was ahead put it there."""
        newest = math.ceil(at / self.step) - 1
        if self._head is not None and newest < self._head:
            beyond = np.arange(max(newest + 1, self._head - self.size + 1), self._head + 1)
            self._sums[:, beyond % self.size] = 0.0
            self._head = newest

    def inherit(self, other: BucketRing) -> BucketRing:
        """Return a ring of this length and step with what another one knows: that one itself where it has both.

        Between steps amounts are spread evenly over the longer one, and a bucket that was known in part is known.
        """
        if other._head is None:
            return self
        if other.step == self.step:
            if other.size == self.size:
                return other
            self.restore(other.export())
            return self
        buckets = other.export()[:, 1:]
        ends = (other._head - other.size + 2 + np.arange(other.size)) * other.step
        known = buckets[_KNOWN] > 0.0
        self.fill(ends[known], other.step, buckets[_BAD, known], buckets[_TOTAL, known])
        return self

    def _slots(self, indices: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        head = self._head or 0
        inside = (indices > head - self.size) & (indices <= head)
        return indices[inside] % self.size, inside

    def _advance(self, newest: int) -> None:
        if self._head is None or newest <= self._head - self.size:  # the clock was far ahead: begin anew
            self._sums[:] = 0.0
            self._head = newest
        elif newest > self._head:
            passed = np.arange(max(self._head + 1, newest - self.size + 1), newest + 1)
            self._sums[:, passed % self.size] = 0.0
            self._head = newest
