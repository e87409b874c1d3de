"""Types of expressions, and what the types forbid, in the order in which Prometheus checks them.

Enters: a node whose parts were checked. Leaves: its kind, or a PromqlError with the words. Never looks at a server.
"""

from __future__ import annotations

from aiops_daemon.core.model.matcher import MatchOp
from aiops_daemon.core.promql import regexp
from aiops_daemon.core.promql.functions import AGGREGATIONS, FUNCTIONS
from aiops_daemon.core.promql.lexer import PromqlError
from aiops_daemon.core.promql.tree import (
    COMPARISONS,
    NAME,
    SETS,
    Aggregation,
    Binary,
    Call,
    Condition,
    Expr,
    Kind,
    Number,
    Paren,
    Range,
    Selector,
    Subquery,
    Text,
    Unary,
)

_ENDS = {Number: Kind.SCALAR, Text: Kind.STRING, Selector: Kind.VECTOR, Aggregation: Kind.VECTOR}


def kind(node: Expr) -> Kind:
    """Return the kind of a value that an expression gives."""
    match node:
        case Range() | Subquery():
            return Kind.RANGE
        case Call():
            return FUNCTIONS[node.function].gives
        case Paren() | Unary():
            return kind(node.expr)
        case Binary():
            scalars = kind(node.left) is kind(node.right) is Kind.SCALAR
            return Kind.SCALAR if scalars else Kind.VECTOR
        case _:
            return _ENDS[type(node)]


def check_selector(node: Selector) -> None:
    """Refuse selectors that could select everything, name two metrics, or hold a regular expression that is none."""
    names = [one for one in node.conditions if one.name == NAME]
    if names and node.named:
        raise PromqlError(node.span.start, f"the metric is named twice, {node.name!r} and {names[0].value!r}")
    for one in node.conditions:
        wrong = regexp.fault(one.value) if one.op in (MatchOp.REGEX, MatchOp.NOT_REGEX) else ""
        if wrong:
            raise PromqlError(node.span.start, f"{one.value!r} is no regular expression: {wrong}")
    if not node.name and all(takes_empty(one) for one in node.conditions):
        raise PromqlError(node.span.start, "a selector needs a name, or a matcher that no empty label fulfils")


def takes_empty(one: Condition) -> bool:
    """Say whether a matcher takes series that lack the label."""
    if one.op is MatchOp.EQUAL:
        return one.value == ""
    if one.op is MatchOp.NOT_EQUAL:
        return one.value != ""
    found = regexp.compiled(one.value).fullmatch("") is not None
    return found == (one.op is MatchOp.REGEX)


def check_unary(node: Unary) -> None:
    """Refuse a sign before strings and ranges."""
    if kind(node.expr) not in (Kind.SCALAR, Kind.VECTOR):
        raise PromqlError(node.span.start, f"a sign stands before a {kind(node.expr)}; it takes scalars and vectors")


def check_binary(node: Binary) -> None:
    """Refuse what the operator cannot join."""
    left, right, at = kind(node.left), kind(node.right), node.span.start
    if node.bool_ and node.op not in COMPARISONS:
        raise PromqlError(at, "bool only goes with a comparison")
    if node.op in COMPARISONS and not node.bool_ and left is right is Kind.SCALAR:
        raise PromqlError(at, "a comparison of two scalars needs bool")
    if node.op in SETS and node.matching.many:
        raise PromqlError(at, f"{node.op} groups nothing: no group_left or group_right")
    if node.matching.on and (both := set(node.matching.labels) & set(node.matching.include)):
        raise PromqlError(at, f"{min(both)!r} stands both in on and in group_left or group_right")
    for side in (left, right):
        if side not in (Kind.SCALAR, Kind.VECTOR):
            raise PromqlError(at, f"{node.op} joins scalars and instant vectors, not a {side}")
    if Kind.SCALAR in (left, right):
        if node.matching.labels:
            raise PromqlError(at, "labels are matched only between two instant vectors")
        if node.op in SETS:
            raise PromqlError(at, f"{node.op} only joins instant vectors")


def check_aggregation(node: Aggregation) -> None:
    """Refuse what cannot be aggregated, and parameters of the wrong kind."""
    _want(node.expr, Kind.VECTOR, node.op)
    wanted = AGGREGATIONS[node.op]
    if wanted is not None and node.param is not None:
        _want(node.param, wanted, node.op)


def check_call(node: Call) -> None:
    """Refuse unknown functions, arguments that are too few, too many, or of the wrong kind."""
    signature = FUNCTIONS.get(node.function)
    if signature is None:
        raise PromqlError(node.span.start, f"there is no function {node.function!r}")
    most = len(signature.args)
    least = most - abs(signature.optional)
    if len(node.args) < least or (len(node.args) > most and signature.optional >= 0):
        many = f"{least}" if least == most else f"{least} or more" if signature.optional < 0 else f"{least} to {most}"
        raise PromqlError(node.span.start, f"{node.function} takes {many} arguments, not {len(node.args)}")
    for index, one in enumerate(node.args):
        _want(one, signature.args[min(index, most - 1)], node.function)


def _want(node: Expr, wanted: Kind, where: str) -> None:
    if kind(node) is not wanted:
        raise PromqlError(node.span.start, f"{where} takes a {wanted}, not a {kind(node)}")
