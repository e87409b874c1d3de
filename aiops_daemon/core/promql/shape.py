"""Which labels the series of a result can carry, as far as the text alone tells.

Enters: an expression, and a function that says what a recorded metric looks like. Leaves: a Shape. Rests on what
Prometheus does with labels in each operation; where nothing is known, anything is possible. Never guesses from names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from aiops_daemon.core.model.matcher import MatchOp
from aiops_daemon.core.promql.kinds import kind, takes_empty
from aiops_daemon.core.promql.tree import (
    NAME,
    SETS,
    Aggregation,
    Binary,
    Call,
    Condition,
    Expr,
    Kind,
    Paren,
    Range,
    Selector,
    Subquery,
    Text,
    Unary,
    bare,
)


@dataclass(frozen=True, slots=True)
class Shape:
    """Labels of a result: `may` None means any but `never`; `always` are there in every series, `fixed` with a value.

    `raw`: series as they were scraped, with all their labels: job and instance, unless somebody took them away.
    """

    may: frozenset[str] | None = None
    always: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    fixed: tuple[tuple[str, str], ...] = ()
    raw: bool = False

    def possible(self, label: str) -> bool:
        """Say whether a series can have the label."""
        return label not in self.never and (self.may is None or label in self.may)

    def only(self, labels: frozenset[str]) -> Shape:
        """Keep some labels."""
        may = frozenset(label for label in labels if self.possible(label))
        fixed = tuple(pair for pair in self.fixed if pair[0] in labels)
        return Shape(may, self.always & labels, frozenset(), fixed)

    def but(self, labels: frozenset[str]) -> Shape:
        """Take some labels away."""
        may = None if self.may is None else self.may - labels
        fixed = tuple(pair for pair in self.fixed if pair[0] not in labels)
        return Shape(may, self.always - labels, self.never | labels, fixed, self.raw)

    def also(self, labels: frozenset[str], *, surely: bool = False) -> Shape:
        """Let some labels be there, with any value."""
        may = None if self.may is None else self.may | labels
        fixed = tuple(pair for pair in self.fixed if pair[0] not in labels)
        return replace(
            self, may=may, always=self.always | labels if surely else self.always - labels,
            never=self.never - labels, fixed=fixed,
        )  # fmt: skip

    def either(self, other: Shape) -> Shape:
        """Join the shapes of two sets of series."""
        may = None if self.may is None or other.may is None else self.may | other.may
        fixed = tuple(pair for pair in self.fixed if pair in other.fixed)
        return Shape(may, self.always & other.always, self.never & other.never, fixed, self.raw and other.raw)


_MADE_BY_PROMETHEUS = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
EMPTY = Shape(may=frozenset())
Recorded: TypeAlias = Callable[[Selector], Shape | None]


def unknown(_selector: Selector) -> Shape | None:
    """Know of no recorded metric."""
    return None


def shape(node: Expr, recorded: Recorded = unknown) -> Shape:
    """Return the labels that the series of an expression can have, the metric's name left out."""
    if kind(node) in (Kind.SCALAR, Kind.STRING):
        return EMPTY
    match node:
        case Selector():
            return _selected(node, recorded)
        case Range():
            return _selected(node.selector, recorded)
        case Subquery() | Unary() | Paren():
            return shape(node.expr, recorded)
        case Aggregation():
            return _aggregated(node, shape(node.expr, recorded))
        case Binary():
            return _joined(node, recorded)
        case Call():
            return _called(node, recorded)
        case _:
            return EMPTY


def _selected(node: Selector, recorded: Recorded) -> Shape:
    known = recorded(node)
    base = known if known is not None else Shape(raw=":" not in node.name and node.name not in _MADE_BY_PROMETHEUS)
    demanded = frozenset(one.name for one in node.conditions if not takes_empty(one) and one.name != NAME)
    fixed = {one.name: one.value for one in node.conditions if one.op is MatchOp.EQUAL and one.name != NAME}
    absent = frozenset(name for name, value in fixed.items() if not value)
    pairs = tuple(sorted((dict(base.fixed) | {name: value for name, value in fixed.items() if value}).items()))
    return replace(base.but(absent), always=(base.always | demanded) - absent, fixed=pairs)


def fits(found: Shape, node: Selector) -> bool:
    """Say whether series of a shape can pass the equalities of a selector."""
    fixed = dict(found.fixed)
    demanded = [one for one in node.conditions if one.op is MatchOp.EQUAL and one.name != NAME and one.value]
    return all(found.possible(one.name) and fixed.get(one.name, one.value) == one.value for one in demanded)


def _aggregated(node: Aggregation, inner: Shape) -> Shape:
    if node.op in ("topk", "bottomk", "limitk", "limit_ratio"):
        return inner
    kept = inner.but(frozenset(node.labels)) if node.without else inner.only(frozenset(node.labels))
    kept = replace(kept, raw=False)
    label = bare(node.param) if node.param is not None else None
    return kept.also(frozenset({label.value}), surely=True) if isinstance(label, Text) else kept


def _joined(node: Binary, recorded: Recorded) -> Shape:
    left, right = shape(node.left, recorded), shape(node.right, recorded)
    if Kind.SCALAR in (kind(node.left), kind(node.right)):
        return right if kind(node.left) is Kind.SCALAR else left
    if node.op in SETS:
        return left.either(right) if node.op == "or" else left
    matching = node.matching
    if matching.many:
        many, one = (left, right) if matching.many == "left" else (right, left)
        return replace(many.also(frozenset(name for name in matching.include if one.possible(name))), raw=False)
    labels = frozenset(matching.labels)
    kept = left.only(labels) if matching.on else left.but(labels)
    return replace(kept, raw=kept.raw and right.raw and not matching.written)


def _called(node: Call, recorded: Recorded) -> Shape:
    if node.function == "vector" or not node.args:
        return EMPTY
    if node.function in ("absent", "absent_over_time"):
        return _absent(node.args[0])
    inner = shape(next(one for one in node.args if kind(one) in (Kind.VECTOR, Kind.RANGE)), recorded)
    if node.function in ("histogram_quantile", "histogram_fraction"):
        return inner.but(frozenset({"le"}))
    target = node.args[1] if node.function in ("label_replace", "label_join") else None
    return inner.also(frozenset({target.value})) if isinstance(target, Text) else inner


def _absent(node: Expr) -> Shape:
    """Give what absent() gives: the labels that a bare selector demands by equality, each named once."""
    found = bare(node)
    if isinstance(found, Range):
        found = found.selector
    if not isinstance(found, Selector):
        return EMPTY
    names = [one.name for one in found.conditions]
    pairs = {one.name: one.value for one in found.conditions if _told(one) and names.count(one.name) == 1}
    return Shape(frozenset(pairs), frozenset(pairs), frozenset(), tuple(sorted(pairs.items())))


def _told(one: Condition) -> bool:
    return one.op is MatchOp.EQUAL and one.name != NAME and one.value != ""
