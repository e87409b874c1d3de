"""One object for many equal values: a storm says the same words fifty thousand times.

Enters: a hashable value. Leaves: the equal one that was seen first. Bounded: past `most` values all are forgotten,
which costs memory for a while and never correctness.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

_Value = TypeVar("_Value", bound=Hashable)


class Shared(Generic[_Value]):
    """Values seen lately."""

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._known: dict[_Value, _Value] = {}

    def __call__(self, value: _Value) -> _Value:
        """Return the first of all equal values."""
        if len(self._known) >= self._most:
            self._known.clear()
        return self._known.setdefault(value, value)
