"""XOR chunks decoded in numpy, in lock step over all chunks.

Enters: chunks as Prometheus' tsdb/chunkenc/xor.go writes them (big-endian sample count, then per sample the
delta of deltas of the time and the XOR of the value). Leaves: times in milliseconds and the values' raw bits.
Step i reads the i-th sample of every chunk at once, so the cost in Python is per step, not per sample. Never
trusts a count: a chunk that would run past its end is a ValueError.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Bits: TypeAlias = NDArray[np.uint64]

_HEADER = 2  # bytes: the sample count
_PADDING = 32  # bytes behind the last chunk, so that a window never leaves the buffer
_STEPS_PER_TURN = 16  # lock steps between two turns of the event loop

# By the four bits that begin a delta of deltas: 0 | 10 | 110 | 1110 | 1111.
_PREFIX = np.array([1] * 8 + [2] * 4 + [3] * 2 + [4, 4], dtype=np.uint64)
_WIDTH = np.array([0] * 8 + [14] * 4 + [17] * 2 + [20, 64], dtype=np.uint64)
_TAKE = np.array([0] * 8 + [50] * 4 + [47] * 2 + [44, 0], dtype=np.uint64)  # 64 - width
_USED = _PREFIX + _WIDTH
# The greatest positive value of each width; above it the number is negative. xor.go's bitRange is asymmetric.
_TOP = np.array([0] * 8 + [1 << 13] * 4 + [1 << 16] * 2 + [1 << 19, 0], dtype=np.int64)
_SPAN = np.array([0] * 8 + [1 << 14] * 4 + [1 << 17] * 2 + [1 << 20, 0], dtype=np.int64)
_KEEP = np.array([0] * 8 + [1] * 8, dtype=np.int64)
_WIDE = 15  # the prefix 1111: the delta of deltas takes 64 bits

# By the two bits that begin a value: 0x same | 10 the last window | 11 a new window.
_CONTROL = np.array([1, 1, 2, 13], dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples of all chunks, chunk after chunk: chunk i holds `counts[i]` of them."""

    times: Ints  # milliseconds
    bits: Bits  # float64 bits
    counts: Ints


def count(chunk: memoryview) -> int:
    """Return the sample count that a chunk claims; raises ValueError when its bytes cannot hold that many."""
    samples = int.from_bytes(chunk[:_HEADER], "big")
    # A sample takes two bits at least.
    if len(chunk) < _HEADER or samples > 4 * len(chunk):
        raise ValueError("an XOR chunk claims more samples than it can hold")
    return samples


def decode(chunks: Sequence[memoryview]) -> Generator[None, None, Samples]:
    """Decode chunks; yields now and then so that a caller on an event loop can give way.

    Raises ValueError when a chunk ends before its last sample.
    """
    counts = np.array([count(chunk) for chunk in chunks], dtype=np.int64)
    order = np.argsort(-counts, kind="stable")  # so that the chunks still active at a step are a prefix
    stream = _Stream(chunks, order)
    ranked = counts[order]
    deepest = int(ranked[0]) if len(ranked) else 0
    times = np.zeros((deepest, len(chunks)), dtype=np.int64)
    bits = np.zeros((deepest, len(chunks)), dtype=np.uint64)
    active = np.searchsorted(-ranked, -np.arange(deepest), side="left")
    for step in range(deepest):
        width = int(active[step])
        stream.read(step, width)
        times[step, :width] = stream.time[:width]
        bits[step, :width] = stream.value[:width]
        if step % _STEPS_PER_TURN == _STEPS_PER_TURN - 1:
            yield
    stream.check()
    back = np.argsort(order, kind="stable")
    filled = np.arange(deepest)[None, :] < counts[:, None]
    yield
    return Samples(times.T[back][filled], bits.T[back][filled], counts)


class _Stream:
    """Bit positions and the last sample of every chunk, deepest chunk first."""

    def __init__(self, chunks: Sequence[memoryview], order: NDArray[np.intp]) -> None:
        self._data = np.frombuffer(b"".join(chunks) + bytes(_PADDING), dtype=np.uint8)
        # Big-endian words at every byte offset, without a copy.
        self._words = np.ndarray((len(self._data) - 8,), dtype=">u8", buffer=self._data, strides=(1,))
        lengths = np.array([len(chunk) for chunk in chunks], dtype=np.uint64)
        ends = np.cumsum(lengths, dtype=np.uint64)
        self._end = ends[order] * np.uint64(8)
        self._position = (ends - lengths)[order] * np.uint64(8) + np.uint64(8 * _HEADER)
        size = len(chunks)
        self.time: Ints = np.zeros(size, dtype=np.int64)
        self.value: Bits = np.zeros(size, dtype=np.uint64)
        self._delta: Ints = np.zeros(size, dtype=np.int64)
        self._significant: Bits = np.full(size, 64, dtype=np.uint64)
        self._trailing: Bits = np.zeros(size, dtype=np.uint64)
        self._width = size

    def read(self, step: int, width: int) -> None:
        """Read the next sample of the first `width` chunks into `time` and `value`; the rest are at their end."""
        self._width = width
        try:
            self._read(step)
        except IndexError:
            raise ValueError("an XOR chunk ends before its last sample") from None

    def _read(self, step: int) -> None:
        if step == 0:
            self._first()
            return
        if step == 1:
            self._delta[: self._width] = self._varints().astype(np.int64)
        else:
            self._delta[: self._width] += self._delta_of_deltas()
        self.time[: self._width] += self._delta[: self._width]
        self._read_value()

    def check(self) -> None:
        """Raise ValueError when a chunk was read past its end."""
        if np.any(self._position > self._end):
            raise ValueError("an XOR chunk ends before its last sample")

    def _first(self) -> None:
        zigzag = self._varints()
        self.time[: self._width] = (zigzag >> np.uint64(1)).astype(np.int64) ^ -(zigzag & np.uint64(1)).astype(np.int64)
        self.value[: self._width] = self._window(self._position[: self._width])
        self._position[: self._width] += np.uint64(64)

    def _varints(self) -> Bits:
        """Read a varint of every active chunk; here positions still lie on whole bytes."""
        at = self._position[: self._width] >> np.uint64(3)
        value = np.zeros(self._width, dtype=np.uint64)
        open_ = np.ones(self._width, dtype=np.bool_)
        for turn in range(10):
            byte = self._data.take(at.astype(np.intp), mode="clip").astype(np.uint64)
            value |= np.where(open_, (byte & np.uint64(0x7F)) << np.uint64(7 * turn), np.uint64(0))
            at += open_
            open_ &= byte >= 0x80
            if not open_.any():
                break
        self._position[: self._width] = at << np.uint64(3)
        return value

    def _word(self, position: Bits) -> Bits:
        """The 64 bits from each position's byte on, shifted to the position: 57 of them are sure."""
        at = (position >> np.uint64(3)).astype(np.intp)
        return self._words[at].astype(np.uint64) << (position & np.uint64(7))

    def _window(self, position: Bits) -> Bits:
        """The 64 bits at each position."""
        at = (position >> np.uint64(3)).astype(np.intp)
        shift = (position & np.uint64(7)).astype(np.uint64)
        ninth = self._data.take(at + 8, mode="clip").astype(np.uint64) >> (np.uint64(8) - shift)
        return (self._words[at].astype(np.uint64) << shift) | ninth

    def _delta_of_deltas(self) -> Ints:
        position = self._position[: self._width]
        word = self._word(position)
        kind = (word >> np.uint64(60)).astype(np.intp)
        raw = ((word << _PREFIX[kind]) >> _TAKE[kind]).astype(np.int64) * _KEEP[kind]
        raw -= np.where(raw > _TOP[kind], _SPAN[kind], 0)
        wide = np.flatnonzero(kind == _WIDE)
        if len(wide):
            raw[wide] = self._window(position[wide] + np.uint64(4)).astype(np.int64)
        position += _USED[kind]
        return raw

    def _read_value(self) -> None:
        position = self._position[: self._width]
        word = self._word(position)
        control = (word >> np.uint64(62)).astype(np.intp)
        fresh = np.flatnonzero(control == 3)
        if len(fresh):
            self._read_window(word, fresh)
        position += _CONTROL[control]
        changed = np.flatnonzero(control >= 2)
        if len(changed) == 0:
            return
        width = self._significant[changed]
        bits = self._window(position[changed]) >> (np.uint64(64) - width)
        self.value[changed] ^= bits << self._trailing[changed]
        position[changed] += width

    def _read_window(self, word: Bits, rows: NDArray[np.intp]) -> None:
        """Take the new leading and significant bit counts (five and six bits; 0 significant means 64)."""
        head = word[rows]
        leading = (head >> np.uint64(57)) & np.uint64(31)
        significant = (head >> np.uint64(51)) & np.uint64(63)
        significant[significant == 0] = 64
        if np.any(leading + significant > 64):
            raise ValueError("an XOR chunk's value window is wider than 64 bits")
        self._significant[rows] = significant
        self._trailing[rows] = np.uint64(64) - leading - significant
