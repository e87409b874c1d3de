"""Traps in matchers, labels and texts of a rule, and in what versions of Prometheus take."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aiops_daemon.core.model.matcher import MatchOp
from aiops_daemon.core.promql import features, regexp
from aiops_daemon.core.promql.kinds import kind
from aiops_daemon.core.promql.tree import Condition, Kind, selectors
from aiops_daemon.core.rules.lint.model import Case, Check, Look, Met, Weight
from aiops_daemon.core.rules.lint.reckoning import CHANGES, calls

NO_VECTOR = Check(
    "no-vector",
    Weight.ERROR,
    "A rule gives no instant vector.",
    "Its evaluation fails every time, and the group stops short of the rules behind it.",
    "put a function around the range, or a number where a string stands",
)
VERSION = Check(
    "version",
    Weight.WARNING,
    "Not every Prometheus takes the expression.",
    "After an upgrade, a downgrade or on another server the whole file is refused.",
    "write it so that 2.42 and 3 take it, or turn this check off where the version is known",
)
REGEXP = Check(
    "regexp",
    Weight.WARNING,
    "A regular expression says less or more than it seems to.",
    "Prometheus anchors both ends, and a pattern that takes everything takes series without the label too.",
    "write `=` for a plain word, leave out ^ and $, and demand `.+` where the label must be there",
)
LE_FORM = Check(
    "le-form",
    Weight.WARNING,
    "A whole number is demanded of `le` or `quantile`.",
    "Prometheus 3 writes it as 1.0 where 2 writes what the target says: after the upgrade nothing matches.",
    'write le=~"1(\\\\.0)?"',
)
VALUE_IN_LABEL = Check(
    "value-in-label",
    Weight.ERROR,
    "A label of an alert holds its value.",
    "Whenever the value changes it is another alert: `for` is never over, or people are told again and again.",
    "put the value into an annotation",
)
UNKNOWN_LABEL = Check(
    "unknown-label",
    Weight.WARNING,
    "A text shows a label that the result does not have.",
    "It is empty when somebody reads it at night.",
    "keep the label in the aggregation, or leave it out of the text",
)
PLAIN_VALUE = Check(
    "plain-value",
    Weight.WARNING,
    "A text shows a rate or share with all its digits.",
    "0.012345678901 per second is hard to read at night.",
    "write `{{ $value | humanize }}` or `humanizePercentage`",
)
LABEL_CONFLICT = Check(
    "label-conflict",
    Weight.WARNING,
    "A label of the rule stands over one that the result has.",
    "Series that differ in it alone become one: the evaluation fails with duplicate labels, or says the wrong name.",
    "give the rule's label another name, or aggregate the other one away",
)

_VALUE = re.compile(r"\{\{[^}]*(?:\$value|\.Value)\b")
_BARE_VALUE = re.compile(r"\{\{-?\s*(?:\$value|\.Value)\s*-?\}\}")
_SHOWN = re.compile(r"\{\{[^}]*?(?:\$labels|\.Labels)\.([a-zA-Z_][a-zA-Z0-9_]*)")
_WHOLE = re.compile(r"[0-9]+(?:\.0)?")


def no_vector(case: Case) -> Met:
    """Find rules whose result is a string or a range."""
    if kind(case.tree) in (Kind.RANGE, Kind.STRING):
        yield case.tree, f"gives a {kind(case.tree)}"


def version(case: Case) -> Met:
    """Find functions and notations that some version lacks."""
    for note in features.risky(case.reading):
        yield None, note.words


def regexps(case: Case) -> Met:
    """Find patterns that are plain words, anchored by hand, or take everything."""
    for node in selectors(case.tree):
        for one in node.conditions:
            yield from ((node, words) for words in _odd(one))


def _odd(one: Condition) -> Iterator[str]:
    if one.op not in (MatchOp.REGEX, MatchOp.NOT_REGEX):
        return
    equal = "=" if one.op is MatchOp.REGEX else "!="
    shown = f'{one.name}{one.op}"{one.value}"'
    if regexp.is_plain(one.value):
        yield f'{shown} is {one.name}{equal}"{one.value}"'
    elif one.value.startswith("^") or (one.value.endswith("$") and not one.value.endswith("\\$")):
        yield f"{shown} is anchored anyway"
    elif one.value == ".*":
        yield f"{shown} takes {'everything' if one.op is MatchOp.REGEX else 'nothing'}"


def le_form(case: Case) -> Met:
    """Find buckets that are named by a whole number."""
    for node in selectors(case.tree):
        for one in node.conditions:
            if one.name in ("le", "quantile") and one.op is MatchOp.EQUAL and _WHOLE.fullmatch(one.value):
                yield node, f'{one.name}="{one.value}" is "{float(one.value):.1f}" in one version and not in the other'


def value_in_label(case: Case) -> Met:
    """Find labels with the value in them."""
    for name, text in case.rule.labels if case.rule.alert else ():
        if _VALUE.search(text):
            yield None, f"label {name} changes with the value"


def unknown_label(case: Case) -> Met:
    """Find labels that a text shows and the expression has taken away."""
    shape = case.shape(case.tree)
    for where, texts in (("annotation", case.rule.annotations), ("label", case.rule.labels)):
        for name, text in texts if case.rule.alert else ():
            lost = [label for label in dict.fromkeys(_SHOWN.findall(text)) if not shape.possible(label)]
            yield from ((None, f"{where} {name} shows {label}, which the result never has") for label in lost)


def plain_value(case: Case) -> Met:
    """Find rates and shares that are shown as they are."""
    ragged = calls(case.tree) & (CHANGES - {"changes", "resets"})
    for name, text in case.rule.annotations if case.rule.alert and ragged else ():
        if _BARE_VALUE.search(text):
            yield None, f"annotation {name} shows the value with all its digits"


def label_conflict(case: Case) -> Met:
    """Find labels of the rule that the result is known to have, with another value.

    A record that renames one value, the same in every series, makes no two series one: it was meant.
    """
    shape = case.shape(case.tree)
    known = shape.always | (shape.may or frozenset())
    fixed = dict(shape.fixed)
    for name, value in case.rule.labels:
        renamed = name in fixed and not case.rule.alert
        if name in known and fixed.get(name) != value and not renamed and "{{" not in value:
            yield None, f"{name} of the result becomes {value!r}"


CHECKS: tuple[Look, ...] = (
    (NO_VECTOR, no_vector),
    (VERSION, version),
    (REGEXP, regexps),
    (LE_FORM, le_form),
    (VALUE_IN_LABEL, value_in_label),
    (UNKNOWN_LABEL, unknown_label),
    (PLAIN_VALUE, plain_value),
    (LABEL_CONFLICT, label_conflict),
)
