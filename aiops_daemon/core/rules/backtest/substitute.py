"""Recording rules put in the place of metrics that the server lacks.

Enters: an expression, the recording rules of the files, and which recorded metrics the server has over the whole
stretch. Leaves: an expression that the server can evaluate, and what was put in; or a reason why not. A recorded metric
over a range becomes a subquery at its group's interval, whose samples lie up to one interval apart from recorded ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.matcher import MatchOp
from aiops_daemon.core.promql import regexp
from aiops_daemon.core.promql.kinds import kind
from aiops_daemon.core.promql.lexer import PromqlError
from aiops_daemon.core.promql.parser import parse
from aiops_daemon.core.promql.tree import (
    NAME,
    Binary,
    Call,
    Condition,
    Expr,
    Kind,
    Matching,
    Number,
    Paren,
    Range,
    Selector,
    Span,
    Subquery,
    Text,
    selectors,
)
from aiops_daemon.core.rules.lint.reckoning import rebuilt
from aiops_daemon.core.rules.written import WrittenFile

_DEEPEST = 12  # recordings of recordings
_NOWHERE = Span(start=0, end=0)
_OWN = frozenset({"ALERTS", "ALERTS_FOR_STATE"})


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording rule."""

    name: str
    expr: str
    labels: Labels
    interval: float  # seconds between evaluations


@dataclass(frozen=True, slots=True)
class Substituted:
    """An expression without the metrics that the server lacks; `put_in` names them. `refused`: why it cannot be."""

    expr: Expr | None
    put_in: frozenset[str] = frozenset()
    refused: str = ""


class _RefusedError(ValueError):
    """Something cannot be substituted."""


def recordings_of(files: Sequence[WrittenFile], interval: float) -> dict[str, tuple[Recording, ...]]:
    """List the recording rules by name; `interval` is that of groups that give none."""
    found: dict[str, tuple[Recording, ...]] = {}
    for group in (group for file in files for group in file.groups):
        for rule in (rule for rule in group.rules if not rule.alert):
            one = Recording(rule.name, rule.expr, rule.labels, group.interval or interval)
            found[rule.name] = (*found.get(rule.name, ()), one)
    return found


def substitute(
    expr: Expr,
    recorded: Mapping[str, Sequence[Recording]],
    lacking: frozenset[str],
    alerts: frozenset[str] = frozenset(),
) -> Substituted:
    """Put recording rules in place of the metrics in `lacking`; `alerts` are names of alerts of the same files."""
    put_in: set[str] = set()
    try:
        _own_alerts(expr, alerts)
        return Substituted(_inside(expr, recorded, lacking, put_in, 0), frozenset(put_in))
    except (_RefusedError, PromqlError) as error:
        return Substituted(None, frozenset(put_in), str(error))


def _own_alerts(expr: Expr, alerts: frozenset[str]) -> None:
    for one in selectors(expr):
        if one.name in _OWN:
            names = {each.value for each in one.conditions if each.name == "alertname" and each.op is MatchOp.EQUAL}
            if not names or names & alerts:
                raise _RefusedError("it rests on ALERTS, which these very rules would have written")


def _inside(
    expr: Expr, recorded: Mapping[str, Sequence[Recording]], lacking: frozenset[str], put_in: set[str], depth: int
) -> Expr:
    if depth > _DEEPEST:
        raise _RefusedError("its recording rules rest on each other in a circle, or more than twelve deep")

    def change(node: Expr) -> Expr:
        found = node.selector if isinstance(node, Range) else node
        if not isinstance(found, Selector) or found.name not in lacking or found.name not in recorded:
            return node
        put_in.add(found.name)
        sources = _fitting(recorded[found.name], found)
        built = [_inside(_of_recording(one, found), recorded, lacking, put_in, depth + 1) for one in sources]
        joined = reduce(lambda left, right: Binary(_NOWHERE, "or", left, right), built)
        return _placed(Paren(_NOWHERE, joined), node, found, sources[0].interval)

    return rebuilt(expr, change)


def _fitting(sources: Sequence[Recording], asked: Selector) -> Sequence[Recording]:
    """Leave out rules whose own labels contradict the selector, else n SLOs chained d deep are n to the power of d."""
    demanded = {one.name: one.value for one in asked.conditions if one.op is MatchOp.EQUAL}
    fitting = [one for one in sources if all(demanded.get(name, value) == value for name, value in one.labels)]
    return fitting or sources[:1]


def _of_recording(one: Recording, asked: Selector) -> Expr:
    """Return what a rule records, with its labels, filtered as the selector asks."""
    found: Expr = Paren(_NOWHERE, parse(one.expr))
    if kind(found) is not Kind.VECTOR:
        found = Call(_NOWHERE, "vector", (found,))
    for name, value in one.labels:
        found = _labelled(found, name, value)
    for condition in asked.conditions:
        if condition.name != NAME and not _settled(condition, dict(one.labels)):
            found = _filtered(found, condition)
    return found


def _settled(condition: Condition, labels: Mapping[str, str]) -> bool:
    """Say whether a label of the rule fulfils a condition by itself."""
    return condition.op is MatchOp.EQUAL and labels.get(condition.name) == condition.value


def _filtered(found: Expr, condition: Condition) -> Expr:
    """Keep the series with some values of a label, by a join with vectors that carry them."""
    plain = condition.op in (MatchOp.EQUAL, MatchOp.NOT_EQUAL)
    values = [condition.value] if plain else condition.value.split("|")
    if not plain and any(regexp.fault(value) or not regexp.is_plain(value) for value in values):
        shown = f'{condition.name}{condition.op}"{condition.value}"'
        raise _RefusedError(f"{shown} selects among series of a recording rule that the server lacks")
    wanted = [_labelled(Call(_NOWHERE, "vector", (Number(_NOWHERE, 1.0),)), condition.name, one) for one in values]
    keep = condition.op in (MatchOp.EQUAL, MatchOp.REGEX)
    vectors = reduce(lambda left, right: Binary(_NOWHERE, "or", left, right), wanted)
    on = Matching(on=True, labels=(condition.name,), written=True)
    return Paren(_NOWHERE, Binary(_NOWHERE, "and" if keep else "unless", found, vectors, on))


def _labelled(found: Expr, name: str, value: str) -> Expr:
    texts = (name, value.replace("$", "$$"), "", "")
    return Call(_NOWHERE, "label_replace", (found, *(Text(_NOWHERE, text) for text in texts)))


def _placed(found: Expr, node: Expr, asked: Selector, interval: float) -> Expr:
    """Put an expression where a selector or a range of it stood."""
    seconds = node.seconds if isinstance(node, Range) else interval
    over = Subquery(_NOWHERE, found, seconds, interval, asked.offset, asked.anchor)
    if isinstance(node, Range):
        return over
    return found if asked.offset is asked.anchor is None else Call(_NOWHERE, "last_over_time", (over,))
