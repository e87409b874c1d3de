"""A tree becomes text again.

Enters: a tree. Leaves: an expression on one line that means the same, comments lost. Operands that are operators
themselves get parentheses; the tree that `parse` reads is otherwise the same.
"""

from __future__ import annotations

import math
import re

from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.model.matcher import MatchOp
from aiops_daemon.core.promql.tree import (
    Aggregation,
    Anchor,
    Binary,
    Call,
    Condition,
    Expr,
    Matching,
    Number,
    Paren,
    Range,
    Selector,
    Subquery,
    Text,
    Unary,
)

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def write(node: Expr) -> str:
    """Write an expression."""
    match node:
        case Number():
            written = _number(node.value)
        case Text():
            written = quote(node.value)
        case Selector() | Range():
            written = _selection(node)
        case Subquery():
            step = prometheus_duration(node.step) if node.step is not None else ""
            inner = f"{_operand(node.expr)}[{prometheus_duration(node.seconds)}:{step}]"
            written = inner + _when(node.offset, node.anchor)
        case Unary():
            written = f"{node.op}{_operand(node.expr)}"
        case Binary():
            written = f"{_operand(node.left)} {node.op}{_modifiers(node)} {_operand(node.right)}"
        case Aggregation():
            written = _aggregation(node)
        case Call():
            written = f"{node.function}({', '.join(write(one) for one in node.args)})"
        case Paren():
            written = f"({write(node.expr)})"
    return written


def quote(value: str) -> str:
    """Write a string."""
    return '"' + "".join(_ESCAPES.get(each) or _control(each) for each in value) + '"'


def _control(each: str) -> str:
    return f"\\x{ord(each):02x}" if ord(each) < 0x20 or ord(each) == 0x7F else each


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _operand(node: Expr) -> str:
    return f"({write(node)})" if isinstance(node, Binary | Unary) or _negative(node) else write(node)


def _negative(node: Expr) -> bool:
    return isinstance(node, Number) and math.copysign(1.0, node.value) < 0


def _selection(node: Selector | Range) -> str:
    one = node.selector if isinstance(node, Range) else node
    stretch = f"[{prometheus_duration(node.seconds)}]" if isinstance(node, Range) else ""
    return selected(one) + stretch + _when(one.offset, one.anchor)


def selected(node: Selector) -> str:
    """Write a selector without offset and @."""
    shown = [_condition(one) for one in node.conditions]
    if node.named and not _NAME.fullmatch(node.name):
        return f"{{{', '.join([quote(node.name), *shown])}}}"
    return (node.name if node.named else "") + (f"{{{','.join(shown)}}}" if shown else "")


def _condition(one: Condition) -> str:
    name = one.name if one.name.isascii() and one.name.isidentifier() else quote(one.name)
    return f"{name}{MatchOp(one.op)}{quote(one.value)}"


def _when(offset: float | None, anchor: Anchor) -> str:
    at = "" if anchor is None else f" @ {anchor}()" if isinstance(anchor, str) else f" @ {_number(anchor)}"
    if offset is None:
        return at
    return f"{at} offset {'-' if offset < 0 else ''}{prometheus_duration(abs(offset))}"


def _modifiers(node: Binary) -> str:
    return " bool" * node.bool_ + _matching(node.matching)


def _matching(matching: Matching) -> str:
    if not matching.written:
        return ""
    joined = f" {'on' if matching.on else 'ignoring'} ({', '.join(matching.labels)})"
    return joined + (f" group_{matching.many} ({', '.join(matching.include)})" if matching.many else "")


def _aggregation(node: Aggregation) -> str:
    grouping = f" {'without' if node.without else 'by'} ({', '.join(node.labels)})" if node.grouped else ""
    param = f"{write(node.param)}, " if node.param is not None else ""
    return f"{node.op}{grouping}{' ' * node.grouped}({param}{write(node.expr)})"
