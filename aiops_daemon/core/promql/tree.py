"""The nodes of an expression.

Enters: what the parser read. Leaves: frozen nodes that know where they stand in the text (`at` to `end`, counted in
characters from 0). Durations are seconds. Never holds what the text does not say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from aiops_daemon.core.model.matcher import MatchOp

NAME = "__name__"


class Kind(StrEnum):
    """Types of values."""

    SCALAR = "scalar"
    VECTOR = "instant vector"
    RANGE = "range vector"
    STRING = "string"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where a node stands; two nodes that say the same are equal wherever they stand."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Condition:
    """A matcher inside braces."""

    name: str
    op: MatchOp
    value: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number, or a duration that stands for its seconds."""

    span: Span = field(compare=False, repr=False)
    value: float
    duration: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A string."""

    span: Span = field(compare=False, repr=False)
    value: str


Anchor: TypeAlias = float | str | None
"""What stands behind `@`: unix seconds, `start`, `end`, or nothing."""


@dataclass(frozen=True, slots=True)
class Selector:
    """Series by name and matchers; `name` is also given where only the matcher `__name__="..."` says it."""

    span: Span = field(compare=False, repr=False)
    name: str
    conditions: tuple[Condition, ...]  # without that of the name before the braces
    offset: float | None = None
    anchor: Anchor = None
    named: bool = False  # the name stands before the braces, or quoted inside them


@dataclass(frozen=True, slots=True)
class Range:
    """A selector over a stretch of time."""

    span: Span = field(compare=False, repr=False)
    selector: Selector
    seconds: float


@dataclass(frozen=True, slots=True)
class Subquery:
    """An expression evaluated again and again over a stretch; `step` None is the default."""

    span: Span = field(compare=False, repr=False)
    expr: Expr
    seconds: float
    step: float | None = None
    offset: float | None = None
    anchor: Anchor = None


@dataclass(frozen=True, slots=True)
class Unary:
    """A sign before an expression."""

    span: Span = field(compare=False, repr=False)
    op: str
    expr: Expr


@dataclass(frozen=True, slots=True)
class Matching:
    """How the sides of an operator are joined; `many` names the side with more series of a group."""

    on: bool = False
    labels: tuple[str, ...] = ()
    many: str = ""  # left, right, or none
    include: tuple[str, ...] = ()
    written: bool = False  # `on` or `ignoring` stands there


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator between two expressions."""

    span: Span = field(compare=False, repr=False)
    op: str
    left: Expr
    right: Expr
    matching: Matching = Matching()
    bool_: bool = False


@dataclass(frozen=True, slots=True)
class Aggregation:
    """An aggregation; `by` None with no labels aggregates everything."""

    span: Span = field(compare=False, repr=False)
    op: str
    expr: Expr
    param: Expr | None = None
    labels: tuple[str, ...] = ()
    without: bool = False
    grouped: bool = False  # `by` or `without` stands there


@dataclass(frozen=True, slots=True)
class Call:
    """A function."""

    span: Span = field(compare=False, repr=False)
    function: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Paren:
    """Parentheses."""

    span: Span = field(compare=False, repr=False)
    expr: Expr


Expr: TypeAlias = Number | Text | Selector | Range | Subquery | Unary | Binary | Aggregation | Call | Paren

COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
SETS = frozenset({"and", "or", "unless"})


def children(node: Expr) -> tuple[Expr, ...]:
    """Return the expressions right below a node."""
    match node:
        case Range():
            return (node.selector,)
        case Subquery() | Unary() | Paren():
            return (node.expr,)
        case Binary():
            return (node.left, node.right)
        case Aggregation():
            return (node.expr,) if node.param is None else (node.param, node.expr)
        case Call():
            return node.args
        case _:
            return ()


def walk(node: Expr) -> Iterator[Expr]:
    """Yield a node and everything below it, in the order of the text."""
    yield node
    for child in children(node):
        yield from walk(child)


def bare(node: Expr) -> Expr:
    """Take parentheses away."""
    while isinstance(node, Paren):
        node = node.expr
    return node


def selectors(node: Expr) -> Iterator[Selector]:
    """Yield every selector."""
    return (one for one in walk(node) if isinstance(one, Selector))
