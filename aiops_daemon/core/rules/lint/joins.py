"""Traps where two vectors are joined: labels that never match, may not match, or match too often."""

from __future__ import annotations

from collections.abc import Iterator

from aiops_daemon.core.promql.kinds import kind
from aiops_daemon.core.promql.lexer import PromqlError
from aiops_daemon.core.promql.parser import parse
from aiops_daemon.core.promql.shape import Recorded, Shape, shape
from aiops_daemon.core.promql.tree import SETS, Binary, Call, Expr, Kind, Selector, bare, selectors, walk
from aiops_daemon.core.promql.writing import write
from aiops_daemon.core.rules.lint.model import Case, Check, Look, Met, Weight
from aiops_daemon.core.rules.lint.reckoning import COUNTER_ENDINGS, RATES, calls, constant

LABELS_NEVER_MATCH = Check(
    "labels-never-match",
    Weight.ERROR,
    "The labels of both sides of an operator never match.",
    "Nothing is joined: a division or `and` gives nothing for ever, an `unless` suppresses nothing.",
    "aggregate both sides by the same labels, or name those that count: `on (job)`, `on ()`",
)
LABELS_MAY_DIFFER = Check(
    "labels-may-differ",
    Weight.WARNING,
    "Nothing says that both sides of an operator have the same labels.",
    "Series without a partner vanish, or several fit and the evaluation fails.",
    "aggregate both sides by the same labels, or write `on (...)`, with `group_left` where one side has more series",
)
OR_VECTOR = Check(
    "or-vector",
    Weight.WARNING,
    "`or vector(...)` stands beside series with labels.",
    "It adds one more series, without labels, and fills no gap of the others.",
    "write it after an aggregation without labels, or fill from series that are there: `or total * 0`",
)

_SCRAPED = frozenset({"instance", "job"})
# What the first part of `level:metric:operations` is taken for. `cluster` is left out: it often means the whole.
_LEVELS = frozenset({
    "code", "container", "controller", "device", "endpoint", "handler", "host", "instance", "job", "method", "mode",
    "namespace", "node", "path", "pod", "queue", "route", "service", "status", "workload",
})  # fmt: skip


def joined(case: Case) -> Iterator[Binary]:
    """Yield operators between two vectors, `or` aside, which joins nothing."""
    for node in walk(case.tree):
        if isinstance(node, Binary) and node.op != "or" and kind(node.left) is kind(node.right) is Kind.VECTOR:
            yield node


def never(case: Case) -> Met:
    """Find joins on labels that cannot be equal."""
    for node in joined(case):
        words = _clash(node, case.shape(node.left), case.shape(node.right))
        if words:
            yield node, f"{words}, so {_outcome(node)}"


def clash(left: str, right: str) -> str:
    """Say why the series of two expressions can never match; empty where they may, or where one is no PromQL."""
    try:
        node = parse(f"({left}\n) / ({right}\n)")
    except PromqlError:
        return ""
    if not isinstance(node, Binary) or not kind(node.left) is kind(node.right) is Kind.VECTOR:
        return ""
    return _clash(node, shape(node.left, _unknown), shape(node.right, _unknown))


def _unknown(_selector: Selector) -> None:
    """Know nothing of what is recorded."""


def _outcome(node: Binary) -> str:
    if node.op == "unless":
        return "the right side suppresses nothing"
    return f"{node.op} never gives anything"


def _clash(node: Binary, left: Shape, right: Shape) -> str:
    matching = node.matching
    known = {*left.always, *right.always, *(left.may or ()), *(right.may or ())}
    if left.raw or right.raw:
        known |= _SCRAPED
    counts = set(matching.labels) if matching.on else known - set(matching.labels)
    first, second = dict(left.fixed), dict(right.fixed)
    for label in sorted(counts):
        if label in first and label in second and first[label] != second[label]:
            return f'{label} is "{first[label]}" on the left and "{second[label]}" on the right'
        for one, other, side in ((left, right, "left"), (right, left, "right")):
            if _surely(one, label, on=matching.on) and not other.possible(label):
                return f"{label} stands on the {side} alone"
    return ""


def _surely(one: Shape, label: str, *, on: bool) -> bool:
    """Say whether every series has a label: demanded, named by an aggregation, or put there by every scrape."""
    if label in one.always:
        return True
    if one.may is not None:
        return label in one.may and not on
    return one.raw and label in _SCRAPED and label not in one.never


def may_differ(case: Case) -> Met:
    """Find joins of what is known on one side only, of different counters, and of many series with one."""
    for node in joined(case):
        left, right = case.shape(node.left), case.shape(node.right)
        if _clash(node, left, right):
            continue
        words = (
            _misnamed(node, case)
            or _lopsided(node, left, right)
            or _unlike(node, left, right)
            or _crowded(node, left, right)
        )
        if words:
            yield node, words


def _misnamed(node: Binary, case: Case) -> str:
    """Tell of records of other files whose names promise labels that the other side never has."""
    by_name = _named_by_level(case)
    words = _clash(node, shape(node.left, by_name), shape(node.right, by_name))
    return (
        f"{words}, if records have the labels that their names begin with, and then {_outcome(node)}" if words else ""
    )


def _named_by_level(case: Case) -> Recorded:
    """Return what is known of records, and of others what Prometheus' convention `level:metric:operations` says."""

    def known(selector: Selector) -> Shape | None:
        found = case.recorded(selector)
        level, colon, _ = selector.name.partition(":")
        if found is not None or not colon:
            return found
        return Shape(always=_LEVELS & set(level.split("_")))

    return known


def _lopsided(node: Binary, left: Shape, right: Shape) -> str:
    """Tell of a label that `on` names and one side lacks, or that one raw side of another family demands."""
    for label in node.matching.labels if node.matching.on else ():
        if left.possible(label) != right.possible(label):
            return f"{label}, which on names, never stands on the {'right' if left.possible(label) else 'left'}"
    if node.matching.written or not (left.raw and right.raw) or _families(node.left) & _families(node.right):
        return ""
    odd = sorted(left.always ^ right.always)
    return f"{odd[0]} is demanded on one side alone" if odd else ""


def _unlike(node: Binary, left: Shape, right: Shape) -> str:
    """Tell of rates of different counters, series by series."""
    rates = all(calls(side) & RATES for side in (node.left, node.right))
    if node.op in SETS or node.matching.written or not (left.raw and right.raw and rates):
        return ""
    if _families(node.left) & _families(node.right):  # of one exporter, which gives both the same labels
        return ""
    first, second = _bases(node.left), _bases(node.right)
    return "" if first == second else f"{min(first)} and {min(second)} are different counters, joined series by series"


def _crowded(node: Binary, left: Shape, right: Shape) -> str:
    """Tell of arithmetic on labels of which many series of one side share the same values."""
    matching = node.matching
    if node.op in SETS or not matching.on or matching.many:
        return ""
    for one, side in ((left, "left"), (right, "right")):
        if one.raw and not _SCRAPED & set(matching.labels):
            shared = ", ".join(matching.labels) or "no label at all"
            return f"several series of the {side} side may share {shared}, and the evaluation then fails"
    return ""


def _families(node: Expr) -> frozenset[str]:
    return frozenset("_".join(one.name.split("_")[:2]) for one in selectors(node))


def _bases(node: Expr) -> frozenset[str]:
    found = set()
    for one in selectors(node):
        ending = next((end for end in COUNTER_ENDINGS if one.name.endswith(end)), "")
        found.add(one.name.removesuffix(ending))
    return frozenset(found)


def or_vector(case: Case) -> Met:
    """Find constants that are meant to fill gaps between series."""
    for node in walk(case.tree):
        if not isinstance(node, Binary) or node.op != "or":
            continue
        filler = bare(node.right)
        constants = isinstance(filler, Call) and filler.function == "vector" and constant(filler.args[0]) is not None
        shape = case.shape(node.left)
        if constants and (shape.may is None or shape.may):
            yield node, f"{write(node.right)} becomes a series of its own beside those of {write(node.left)}"


CHECKS: tuple[Look, ...] = (
    (LABELS_NEVER_MATCH, never),
    (LABELS_MAY_DIFFER, may_differ),
    (OR_VECTOR, or_vector),
)
