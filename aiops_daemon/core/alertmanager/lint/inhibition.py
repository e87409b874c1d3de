"""Traps of inhibit rules: one alert that silences far more than was meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aiops_daemon.core.alertmanager.lint.model import Met, Rule, Subject, Weight
from aiops_daemon.core.alertmanager.reading import mapping, sequence, text, texts
from aiops_daemon.core.model import matcher
from aiops_daemon.core.model.matcher import Matchers, MatchOp

UNBOUND = Rule(
    "inhibit-equal-absent",
    Weight.ERROR,
    "Nothing makes sure that the alerts of an inhibit rule have any of its `equal` labels.",
    "Labels that both sides lack count as equal: one alert without them silences every target without them.",
    'add a matcher such as `cluster=~".+"` to source_matchers or target_matchers for each of them',
)
LOOSE = Rule(
    "inhibit-equal-loose",
    Weight.WARNING,
    "An `equal` label of an inhibit rule may be absent on both sides.",
    "Labels that both sides lack count as equal.",
    'add a matcher such as `namespace=~".+"` to source_matchers or target_matchers',
)
WITHOUT_EQUAL = Rule(
    "inhibit-without-equal",
    Weight.WARNING,
    "An inhibit rule has no `equal`.",
    "One source alert anywhere silences every target everywhere.",
    "name the labels that both must share",
)


def unbound(subject: Subject) -> Met:
    """Find rules that nothing binds: every label of `equal` may be absent, and any alert may be the source."""
    for place, rule in _rules(subject):
        absent, all_of_them = _may_be_absent(rule)
        if absent and len(absent) == len(all_of_them) and not _one_source(rule):
            yield f"{place}.equal", f"alerts without {' and '.join(absent)} silence each other"


def loose(subject: Subject) -> Met:
    """Find rules that are bound by some label, or by a source of one name, whose labels its author may know."""
    for place, rule in _rules(subject):
        absent, all_of_them = _may_be_absent(rule)
        if absent and (len(absent) < len(all_of_them) or _one_source(rule)):
            yield f"{place}.equal", f"{' and '.join(absent)} may be absent on both sides, and then count as equal"


def without_equal(subject: Subject) -> Met:
    """Find rules without `equal`; one without a source silences its targets always, which is meant."""
    for place, rule in _rules(subject):
        if not texts(rule.get("equal"), f"{place}.equal") and _side(rule, "source"):
            yield place, "one source alert anywhere silences every target"


def _rules(subject: Subject) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for index, item in enumerate(sequence(subject.config.get("inhibit_rules"), "inhibit_rules")):
        yield f"inhibit_rules[{index}]", mapping(item, f"inhibit_rules[{index}]")


def _may_be_absent(rule: Mapping[str, Any]) -> tuple[list[str], tuple[str, ...]]:
    """Return the labels that neither side demands, and all labels; every alert has an alertname."""
    labels = texts(rule.get("equal"), "equal")
    demanded = {one.name for side in ("source", "target") for one in _side(rule, side) if not one.matches({})}
    return [label for label in labels if label not in demanded | {"alertname"}], labels


def _one_source(rule: Mapping[str, Any]) -> bool:
    return any(one.name == "alertname" and one.op is MatchOp.EQUAL for one in _side(rule, "source"))


def _side(rule: Mapping[str, Any], side: str) -> Matchers:
    found: list[matcher.Matcher] = []
    for written in texts(rule.get(f"{side}_matchers"), f"{side}_matchers"):
        found += matcher.parse_all(written)
    for key, op in ((f"{side}_match", MatchOp.EQUAL), (f"{side}_match_re", MatchOp.REGEX)):
        found += [matcher.make(name, op, text(value, key)) for name, value in mapping(rule.get(key), key).items()]
    return tuple(found)


CHECKS = ((UNBOUND, unbound), (LOOSE, loose), (WITHOUT_EQUAL, without_equal))
