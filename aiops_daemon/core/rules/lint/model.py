"""What a check is, what it looks at, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from aiops_daemon.core.promql.parser import Reading
from aiops_daemon.core.promql.shape import Recorded, Shape, shape
from aiops_daemon.core.promql.tree import Expr
from aiops_daemon.core.rules.written import WrittenGroup, WrittenRule

DEFAULT_SCRAPE = 30.0  # seconds


class Weight(StrEnum):
    """How bad: an error makes a rule silent or loud for ever, a warning makes it unsure, information only tells."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Check:
    """One trap: what is looked for, why it hurts, what to write instead."""

    name: str
    weight: Weight
    what: str
    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One trap met: where, in which rule (empty: the file or group), and one sentence with names and numbers."""

    check: Check
    path: str
    line: int
    rule: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Case:
    """One rule under the lamp: its tree, its group, and what the other rules record."""

    rule: WrittenRule
    group: WrittenGroup
    path: str
    reading: Reading
    recorded: Recorded
    scrape_seconds: float = DEFAULT_SCRAPE
    records: Mapping[str, Sequence[Expr]] = field(default_factory=dict)
    """What each metric that these files record is made of."""

    @property
    def tree(self) -> Expr:
        """Return the expression."""
        return self.reading.expr

    def shape(self, node: Expr) -> Shape:
        """Return the labels that a part of the expression can have."""
        return shape(node, self.recorded)


Met: TypeAlias = Iterator[tuple[Expr | None, str]]
"""Nodes of the expression (None: the rule as a whole) and sentences."""

Look: TypeAlias = tuple[Check, Callable[[Case], Met]]
