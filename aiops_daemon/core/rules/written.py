"""Rules as people wrote them, with the place of everything.

Enters: what an edge read from rule files and PrometheusRule objects. Leaves: files, groups and rules that the lint
and the backtest work on. Never judges: what could not be read is kept as a fault with its place.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from aiops_daemon.core.model.labels import Labels


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in a file that Prometheus would refuse."""

    line: int
    words: str


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """One rule; durations in seconds, lines counted from 1.

    `block`: the expression is a literal block, so that its lines are lines of the file from `expr_line` on.
    """

    name: str
    alert: bool
    expr: str
    labels: Labels = ()
    annotations: Labels = ()
    hold: float = 0.0
    keep: float = 0.0
    line: int = 1
    expr_line: int = 1
    block: bool = False
    disabled: frozenset[str] = frozenset()  # checks that a comment turns off

    def line_of(self, at: int) -> int:
        """Return the line of a character of the expression."""
        return self.expr_line + (self.expr.count("\n", 0, at) if self.block else 0)


@dataclass(frozen=True, slots=True)
class WrittenGroup:
    """A group; `interval` None: that of the server."""

    name: str
    rules: tuple[WrittenRule, ...]
    interval: float | None = None
    line: int = 1
    limited: bool = field(default=False)  # `limit` stands there


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file; `dropped` is the line of a second document that Prometheus never reads."""

    path: str
    groups: tuple[WrittenGroup, ...] = ()
    faults: tuple[Fault, ...] = ()
    dropped: int | None = None
