"""Traps of division: by zero, and of a series by itself."""

from __future__ import annotations

import re

from aiops_daemon.core.promql.kinds import kind
from aiops_daemon.core.promql.tree import Aggregation, Binary, Call, Expr, Kind, Selector, bare, walk
from aiops_daemon.core.promql.writing import write
from aiops_daemon.core.rules.lint.model import Case, Check, Look, Met, Weight
from aiops_daemon.core.rules.lint.reckoning import (
    CHANGES,
    comparison,
    constant,
    guarded,
    names,
    narrower,
    unconditioned,
)

DIVISION_NAN = Check(
    "division-nan",
    Weight.WARNING,
    "A share is 0/0 when nothing happens.",
    "NaN is compared with nothing: whatever the threshold, the alert is silent while there is no traffic.",
    "divide by what is there, `a / (b > 0)`, and let another alert tell of missing traffic",
)
DIVISION_INF = Check(
    "division-inf",
    Weight.WARNING,
    "A divisor may be zero while the other side is not.",
    "x/0 is +Inf, which exceeds every threshold: the alert fires over an idle target.",
    "divide by what is there, `a / (b > 0)`, or add `and b > 0` on the same labels",
)
OF_ITSELF = Check(
    "ratio-of-itself",
    Weight.ERROR,
    "Each series is divided by itself.",
    "Both sides select the same series, so the share is 1 for each of them.",
    "aggregate both sides first: `sum by (job) (...) / sum by (job) (...)`",
)

_CAPACITY = re.compile(
    r"size|limit|capacity|max|total_bytes|memtotal|quota|requested|allocatable|spec|hard", re.IGNORECASE
)


def by_zero(case: Case, *, infinite: bool) -> Met:
    """Find divisions by what may be zero; those of a part by its whole can only be 0/0."""
    for node in walk(case.tree) if case.rule.alert else ():
        if not isinstance(node, Binary) or node.op not in "/%" or Kind.STRING in (kind(node.left), kind(node.right)):
            continue
        if not _may_be_zero(node.right) or guarded(case.tree, node.right):
            continue
        if (names(node.left) <= names(node.right) and constant(node.left) is None) != infinite:
            yield node.right, f"{write(node.right)} may be 0"


def _may_be_zero(node: Expr) -> bool:
    found = bare(node)
    limited = comparison(found)
    if limited is not None:
        return not limited.excludes_zero and _may_be_zero(limited.tested)
    match found:
        case Selector(name=name):
            return not _CAPACITY.search(name) and ":" not in name
        case Aggregation(op=op, expr=inner):
            return op not in ("count", "group") and _may_be_zero(inner)
        case Call(function=function, args=args):
            return _call_may_be_zero(function, args)
        case Binary(op=op, left=left, right=right):
            return _may_be_zero(left) or (op not in ("and", "unless") and _may_be_zero(right))
    return False


def _call_may_be_zero(function: str, args: tuple[Expr, ...]) -> bool:
    if function == "clamp_min":
        return not (constant(args[1]) or 0) > 0
    return function in CHANGES or any(_may_be_zero(one) for one in args if kind(one) is Kind.VECTOR)


def nan(case: Case) -> Met:
    """Find shares of what may be nothing."""
    return by_zero(case, infinite=False)


def inf(case: Case) -> Met:
    """Find divisions of one thing by another that may be nothing."""
    return by_zero(case, infinite=True)


def of_itself(case: Case) -> Met:
    """Find divisions whose sides select the same series, one by one."""
    for node in walk(case.tree):
        if not isinstance(node, Binary) or node.op != "/" or node.matching.written:
            continue
        raw = case.shape(node.left).raw and case.shape(node.right).raw
        alike = unconditioned(bare(node.left)) == unconditioned(bare(node.right)) and not _shifted(node)
        if raw and alike and (narrower(node.left, node.right) or narrower(node.right, node.left)):
            yield node, f"{write(node)} is 1 for every series"


def _shifted(node: Binary) -> bool:
    """Say whether the sides look at different moments, as week over week does."""
    moments = [
        {(one.offset, one.anchor) for one in walk(side) if isinstance(one, Selector)}
        for side in (node.left, node.right)
    ]
    return moments[0] != moments[1]


CHECKS: tuple[Look, ...] = ((DIVISION_NAN, nan), (DIVISION_INF, inf), (OF_ITSELF, of_itself))
