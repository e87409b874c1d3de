"""Long lists in parts: neither database takes any number of values in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

MAX_VALUES = 500
"""Of one statement; SQLite takes 32,766 variables, and short statements are cached."""

_Value = TypeVar("_Value")


def chunks(values: Iterable[_Value], size: int = MAX_VALUES) -> Iterator[Sequence[_Value]]:
    """Yield all values in order, at most `size` at a time."""
    rest = iter(values)
    while part := list(islice(rest, size)):
        yield part
