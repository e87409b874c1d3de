"""Traps in what an alert compares: nothing at all, what can never hold, and thresholds of nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from aiops_daemon.core.model.matcher import MatchOp
from aiops_daemon.core.promql import regexp
from aiops_daemon.core.promql.kinds import kind
from aiops_daemon.core.promql.tree import (
    COMPARISONS,
    SETS,
    Binary,
    Call,
    Condition,
    Expr,
    Kind,
    Number,
    Selector,
    bare,
    children,
    selectors,
    walk,
)
from aiops_daemon.core.promql.writing import write
from aiops_daemon.core.rules.lint.model import Case, Check, Look, Met, Weight
from aiops_daemon.core.rules.lint.reckoning import (
    Comparison,
    comparison,
    comparisons,
    conjuncts,
    constant,
    narrower,
)

_ONLY_WHILE = frozenset({"ALERTS", "aiops_anomaly_active", "aiops_slo_alert_active"})  # exist only while they hold

NO_CONDITION = Check(
    "no-condition",
    Weight.ERROR,
    "An alert compares nothing.",
    "It fires for every series that exists, whatever its value.",
    "compare with a threshold; for one that shall always fire write `vector(1)`",
)
IMPOSSIBLE = Check(
    "impossible",
    Weight.ERROR,
    "A condition can never hold.",
    "The alert is silent for ever, and looks like peace.",
    "correct the bounds, the matchers or the factor; a share of requests never exceeds 1",
)
ZERO_THRESHOLD = Check(
    "zero-threshold",
    Weight.ERROR,
    "A share of errors is compared with nothing, as an objective of 100 % does.",
    "A single error fires, whatever the traffic; there is no budget to burn.",
    "choose an objective below 100, or write the number of errors that matters",
)


def no_condition(case: Case) -> Met:
    """Find alerts whose result does not depend on a value."""
    found = bare(case.tree)
    always = isinstance(found, Call) and found.function == "vector" and isinstance(bare(found.args[0]), Number)
    if case.rule.alert and not always and not _conditional(found):
        yield found, f"fires for every series of {write(found)}"


def _conditional(node: Expr) -> bool:
    """Say whether a value can make the result empty; what a recording rule filters is not seen."""
    match bare(node):
        case Selector(name=name):
            return name in _ONLY_WHILE
        case Call(function="absent" | "absent_over_time"):
            return True
        case Binary(op=op, bool_=False) if op in COMPARISONS:
            return True
        case Binary(op="or", left=left, right=right):
            return _conditional(left) and _conditional(right)
        case Binary(op="unless"):
            return True
        case found:
            return any(_conditional(child) for child in children(found))


def impossible(case: Case) -> Met:
    """Find bounds, matchers and shares that exclude each other."""
    for node in selectors(case.tree):
        for label, words in _contradictions(node):
            yield node, f"no series of {write(node)} exists: {label} {words}"
    parts = [found for part in conjuncts(case.tree) for found in _chain(part)]
    for first, second in combinations(parts, 2):
        if write(bare(first.tested)) == write(bare(second.tested)) and _exclude(first, second):
            yield second.node, f"{write(bare(first.tested))} is never {_bound(first)} and {_bound(second)} at once"
    for found in comparisons(case.tree):
        if _share(found.tested) and _beyond_one(found):
            yield (
                found.node,
                f"a share of requests is never {_bound(found)}, for it ends at 1",
            )


def _chain(part: Expr) -> Iterator[Comparison]:
    """Yield the bounds on one value: `x > 1 < 5` has two, each on x."""
    found: list[Comparison] = []
    node = bare(part)
    while (one := comparison(node)) is not None:
        found.append(one)
        node = bare(one.tested)
    yield from (Comparison(one.node, node, one.op, one.limit, one.limit_node) for one in found)


def _exclude(first: Comparison, second: Comparison) -> bool:
    """Say whether no number fulfils both."""
    (low, low_in), (high, high_in) = _interval(first)
    (other_low, other_low_in), (other_high, other_high_in) = _interval(second)
    lowest = max((low, not low_in), (other_low, not other_low_in))
    highest = min((high, high_in), (other_high, other_high_in))
    return lowest[0] > highest[0] or (lowest[0] == highest[0] and (lowest[1] or not highest[1]))


def _interval(one: Comparison) -> tuple[tuple[float, bool], tuple[float, bool]]:
    """Return the least and the greatest number that passes, and whether it passes itself."""
    everything = (float("-inf"), True), (float("inf"), True)
    return {
        ">": ((one.limit, False), everything[1]),
        ">=": ((one.limit, True), everything[1]),
        "<": (everything[0], (one.limit, False)),
        "<=": (everything[0], (one.limit, True)),
        "==": ((one.limit, True), (one.limit, True)),
    }.get(one.op, everything)


def _bound(one: Comparison) -> str:
    return f"{one.op} {one.limit:g}"


def _contradictions(node: Selector) -> Iterator[tuple[str, str]]:
    for first, second in combinations(node.conditions, 2):
        if first.name == second.name:
            told, other = (first, second) if first.op is MatchOp.EQUAL else (second, first)
            if told.op is MatchOp.EQUAL and not _takes(other, told.value):
                yield told.name, f'cannot be "{told.value}" and {other.op}"{other.value}"'


def _takes(one: Condition, value: str) -> bool:
    if one.op in (MatchOp.EQUAL, MatchOp.NOT_EQUAL):
        return (one.value == value) == (one.op is MatchOp.EQUAL)
    if not regexp.exact(one.value):
        return True
    return (regexp.compiled(one.value).fullmatch(value) is not None) == (one.op is MatchOp.REGEX)


def _share(node: Expr) -> bool:
    """Say whether a value is a part of the same counted thing: between 0 and 1, or no number."""
    found = bare(node)
    while (filtered := comparison(found)) is not None:
        found = bare(filtered.tested)
    if not isinstance(found, Binary) or found.op != "/":
        return False
    floor = comparison(found.right)
    whole = floor.tested if floor else found.right
    return narrower(found.left, whole) and _counts(found.left)


def _counts(node: Expr) -> bool:
    return any(
        isinstance(one, Call) and one.function in ("rate", "increase", "irate") for one in walk(node)
    ) and not any(isinstance(one, Binary) and one.op not in SETS for one in walk(node))


def _beyond_one(found: Comparison) -> bool:
    return (found.op == ">" and found.limit >= 1) or (found.op in (">=", "==") and found.limit > 1)


def zero_threshold(case: Case) -> Met:
    """Find thresholds that are reckoned to be zero, and shares that are compared with zero."""
    for found in comparisons(case.tree) if case.rule.alert else ():
        reckoned = not isinstance(bare(found.limit_node), Number)
        tested = bare(found.tested)
        ratio = isinstance(tested, Binary) and tested.op == "/"
        if found.op == ">" and found.limit == 0 and (reckoned or ratio) and kind(found.tested) is Kind.VECTOR:
            shown = f"{write(found.limit_node)} is 0" if reckoned else "the threshold is 0"
            yield found.node, f"{shown}: a single error fires"
    for node in walk(case.tree) if case.rule.alert else ():
        if isinstance(node, Binary) and node.op == "/" and kind(node) is Kind.VECTOR and constant(node.right) == 0:
            yield node, f"{write(node.right)} is 0, so that a single error is +Inf and none is NaN"


CHECKS: tuple[Look, ...] = ((NO_CONDITION, no_condition), (IMPOSSIBLE, impossible), (ZERO_THRESHOLD, zero_threshold))
