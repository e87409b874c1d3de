"""Traps of alerts on what is not there, and of alerts whose series change while they fire."""

from __future__ import annotations

from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.model.matcher import MatchOp
from aiops_daemon.core.promql.kinds import kind
from aiops_daemon.core.promql.tree import (
    NAME,
    Aggregation,
    Binary,
    Call,
    Expr,
    Kind,
    Range,
    Selector,
    bare,
    selectors,
    walk,
)
from aiops_daemon.core.promql.writing import write
from aiops_daemon.core.rules.lint.model import Case, Check, Look, Met, Weight

ABSENT_AGGREGATED = Check(
    "absent-aggregated",
    Weight.ERROR,
    "absent() is asked about more than a selector.",
    "It takes labels from a bare selector alone: the alert fires without job or cluster, and is routed wrong.",
    'ask about the selector itself: `absent(x{job="a"})`',
)
ABSENT_AT_ONCE = Check(
    "absent-at-once",
    Weight.WARNING,
    "absent() fires at once.",
    "One scrape that fails, or a restart of Prometheus, is enough.",
    "write `for` of at least two scrape intervals",
)
FRAGILE = Check(
    "fragile",
    Weight.WARNING,
    "The series of an alert change from one evaluation to the next.",
    "An alert that changes its labels is another alert: `for` starts anew, and people are told again.",
    "compare all series with a threshold instead of taking the first ones; give an alert over two jobs a `for`",
)

_FIRST = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})


def aggregated(case: Case) -> Met:
    """Find absent() around what has lost the labels that its selectors name."""
    for node in _absences(case.tree):
        inner = bare(node.args[0])
        if isinstance(inner, Selector | Range):
            continue
        lost = [one.name for found in selectors(inner) for one in found.conditions if one.op is MatchOp.EQUAL]
        lost = [name for name in lost if name != NAME]
        if lost:
            yield node, f"{write(node)} has no label {lost[0]}"


def at_once(case: Case) -> Met:
    """Find alerts on absence that wait for less than two scrapes; a look back over a stretch is a wait."""
    for node in _absences(case.tree) if case.rule.alert else ():
        stretch = bare(node.args[0])
        waits = case.rule.hold + (stretch.seconds if isinstance(stretch, Range) else 0.0)
        if waits < 2 * case.scrape_seconds:
            yield node, f"fires after {prometheus_duration(waits)}, scrapes come every {_every(case)}"


def _every(case: Case) -> str:
    return prometheus_duration(case.scrape_seconds)


def _absences(tree: Expr) -> list[Call]:
    return [one for one in walk(tree) if isinstance(one, Call) and one.function in ("absent", "absent_over_time")]


def fragile(case: Case) -> Met:
    """Find alerts on the first few, and on two jobs that are scraped at different moments."""
    if not case.rule.alert:
        return
    for node in walk(case.tree):
        if isinstance(node, Aggregation) and node.op in _FIRST and not node.grouped:  # of each group is another matter
            yield node, f"{node.op} takes other series from one evaluation to the next"
        elif isinstance(node, Binary) and node.op == "/" and kind(node.left) is kind(node.right) is Kind.VECTOR:
            jobs = [
                {dict(case.shape(one).fixed).get("job") for one in selectors(side)} for side in (node.left, node.right)
            ]
            told = [found - {None} for found in jobs]
            if all(told) and not told[0] & told[1] and not case.rule.hold:
                yield node, "divides series of two jobs, which are scraped at different moments, without `for`"


CHECKS: tuple[Look, ...] = ((ABSENT_AGGREGATED, aggregated), (ABSENT_AT_ONCE, at_once), (FRAGILE, fragile))
