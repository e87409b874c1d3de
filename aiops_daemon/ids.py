"""The one module that makes ids: uuid7 (RFC 9562), rising within a process, so that order by id is order in time."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from secrets import token_bytes

from aiops_daemon.clock import Clock

Mint = Callable[[], str]
"""Returns a new id at each call."""


_COUNTER_BITS = 74  # the 12 and the 62 bits that RFC 9562 leaves to chance
_FETCHED = 4096  # bytes


class _Chance:
    """Random bits, fetched for many ids at once: to ask the system lets every waiting thread run first, some ms."""

    def __init__(self) -> None:
        self._left = memoryview(b"")

    def __call__(self, bits: int) -> int:
        """Return a number of so many bits."""
        size = (bits + 7) // 8
        if len(self._left) < size:
            self._left = memoryview(token_bytes(_FETCHED))
        taken, self._left = self._left[:size], self._left[size:]
        return int.from_bytes(taken) >> (8 * size - bits)


class Ids:
    """Mints uuid7; `bits` replaces chance in tests."""

    def __init__(self, clock: Clock, bits: Callable[[int], int] | None = None) -> None:
        self._clock = clock
        self._bits = bits or _Chance()
        self._last = (0, 0)

    def __call__(self) -> str:
        """Return a new id, greater than every one before."""
        milliseconds, counter = int(self._clock.now() * 1000), self._bits(_COUNTER_BITS)
        if (milliseconds, counter) <= self._last:
            milliseconds, counter = self._last[0], self._last[1] + 1 + self._bits(32)
            if counter >> _COUNTER_BITS:
                milliseconds, counter = milliseconds + 1, self._bits(_COUNTER_BITS - 1)
        self._last = (milliseconds, counter)
        high, low = counter >> 62, counter & ((1 << 62) - 1)
        return str(uuid.UUID(int=(milliseconds << 80) | (7 << 76) | (high << 64) | (2 << 62) | low))
