"""What was learned of one stream, in a form that survives a restart: plain numbers, label texts and arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from numpy.typing import NDArray

Meta: TypeAlias = Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True, eq=False)
class LearnedState:
    """One stream's state: `texts[i]` is the label text of row i; arrays are over rows, or free."""

    meta: Meta = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)  # booleans and numbers of fixed size


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """What was found at start, by stream name; `notes` says in words what had to be set aside."""

    states: Mapping[str, LearnedState]
    notes: tuple[str, ...] = ()
