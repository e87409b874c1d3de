"""What several checks ask of an expression: its constants, conditions, divisors and guards."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from aiops_daemon.core.promql.tree import (
    COMPARISONS,
    Aggregation,
    Binary,
    Call,
    Condition,
    Expr,
    Number,
    Paren,
    Range,
    Selector,
    Subquery,
    Unary,
    bare,
    selectors,
    walk,
)
from aiops_daemon.core.promql.writing import write

RATES = frozenset({"rate", "increase", "irate"})
CHANGES = RATES | {"delta", "idelta", "deriv", "changes", "resets"}
COUNTER_ENDINGS = ("_total", "_count", "_sum", "_bucket")
_TURNED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": math.fmod, "^": operator.pow,
}  # fmt: skip


def constant(node: Expr) -> float | None:
    """Reckon an expression of numbers alone; None where it is anything else."""
    match bare(node):
        case Number(value=value):
            return value
        case Unary(op=op, expr=inner):
            value_or_none = constant(inner)
            return value_or_none if value_or_none is None or op == "+" else -value_or_none
        case Binary(op=op, left=left, right=right) if op in _ARITHMETIC:
            first, second = constant(left), constant(right)
            if first is None or second is None:
                return None
            try:
                found = _ARITHMETIC[op](first, second)
            except (ArithmeticError, ValueError):
                return None
            return found if isinstance(found, float) else None
    return None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A filter: `tested` stands left of `op`, the constant right of it."""

    node: Binary
    tested: Expr
    op: str
    limit: float
    limit_node: Expr

    @property
    def excludes_zero(self) -> bool:
        """Say whether zero does not pass."""
        passes = {
            ">": self.limit < 0, "<": self.limit > 0, ">=": self.limit <= 0,
            "<=": self.limit >= 0, "==": self.limit == 0, "!=": self.limit != 0,
        }  # fmt: skip
        return not passes[self.op]


def comparison(node: Expr) -> Comparison | None:
    """Read a node as a filter against a constant."""
    found = bare(node)
    if not isinstance(found, Binary) or found.op not in COMPARISONS or found.bool_:
        return None
    right = constant(found.right)
    if right is not None:
        return Comparison(found, found.left, found.op, right, found.right)
    left = constant(found.left)
    return None if left is None else Comparison(found, found.right, _TURNED[found.op], left, found.left)


def comparisons(node: Expr) -> Iterator[Comparison]:
    """Yield every filter against a constant."""
    for one in walk(node):
        found = comparison(one) if isinstance(one, Binary) else None
        if found:
            yield found


def conjuncts(node: Expr) -> Iterator[Expr]:
    """Yield the parts that must all be there for a result: both sides of every `and` on the way down."""
    found = bare(node)
    if isinstance(found, Binary) and found.op == "and":
        yield from conjuncts(found.left)
        yield from conjuncts(found.right)
    elif isinstance(found, Binary) and found.op == "unless":
        yield from conjuncts(found.left)
    else:
        yield found


def alternatives(node: Expr) -> Iterator[Expr]:
    """Yield the parts of which one suffices: both sides of every `or`."""
    found = bare(node)
    if isinstance(found, Binary) and found.op == "or":
        yield from alternatives(found.left)
        yield from alternatives(found.right)
    else:
        yield found


def names(node: Expr) -> frozenset[str]:
    """Name the metrics of an expression."""
    return frozenset(one.name for one in selectors(node))


def calls(node: Expr) -> frozenset[str]:
    """Name the functions of an expression."""
    return frozenset(one.function for one in walk(node) if isinstance(one, Call))


def rebuilt(node: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Build an expression anew from below, every node changed on the way up."""
    match node:
        case Paren() | Unary() | Subquery():
            return change(replace(node, expr=rebuilt(node.expr, change)))
        case Binary():
            return change(replace(node, left=rebuilt(node.left, change), right=rebuilt(node.right, change)))
        case Aggregation():
            param = None if node.param is None else rebuilt(node.param, change)
            return change(replace(node, expr=rebuilt(node.expr, change), param=param))
        case Call():
            return change(replace(node, args=tuple(rebuilt(one, change) for one in node.args)))
        case Range():
            changed = change(node)  # the range as a whole first: what stands for it may be no selector
            selector = change(node.selector) if changed is node else None
            return replace(node, selector=selector) if isinstance(selector, Selector) else changed
        case _:
            return change(node)


def unconditioned(node: Expr) -> str:
    """Write an expression with all matchers taken away."""

    def naked(one: Expr) -> Expr:
        return replace(one, conditions=(), named=True) if isinstance(one, Selector) else one

    return write(rebuilt(node, naked))


def narrower(first: Expr, second: Expr) -> bool:
    """Say whether both are built alike and the first selects no more than the second: errors of the same requests."""
    if unconditioned(bare(first)) != unconditioned(bare(second)):
        return False
    pairs = zip(selectors(first), selectors(second), strict=True)
    return all(_conditions(one) >= _conditions(other) for one, other in pairs)


def _conditions(one: Selector) -> frozenset[Condition]:
    return frozenset(one.conditions)


def guarded(whole: Expr, divisor: Expr) -> bool:
    """Say whether something that must hold too keeps a divisor away from zero: `and <the same> > 0`."""
    wanted = {(one.name, _conditions(one)) for one in selectors(divisor)}
    for part in conjuncts(whole):
        found = comparison(part)
        if (
            found
            and found.excludes_zero
            and {(one.name, _conditions(one)) for one in selectors(found.tested)} == wanted
        ):
            return True
    return False
