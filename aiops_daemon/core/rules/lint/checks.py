"""All checks that need the text alone, and the way through them.

Enters: rule files as read, and how often targets are scraped. Leaves: findings in the order of files, lines and checks.
A file that Prometheus would refuse is told, and the rest of it looked at all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.promql.lexer import PromqlError
from aiops_daemon.core.promql.parser import Reading, read
from aiops_daemon.core.promql.shape import Shape, fits, shape
from aiops_daemon.core.promql.tree import Expr, Selector
from aiops_daemon.core.rules.document import MAX_GROUP_INTERVAL
from aiops_daemon.core.rules.lint import absence, conditions, counters, divisions, joins, wording
from aiops_daemon.core.rules.lint.model import DEFAULT_SCRAPE, Case, Check, Finding, Look, Weight
from aiops_daemon.core.rules.written import WrittenFile, WrittenGroup, WrittenRule

SYNTAX = Check(
    "syntax",
    Weight.ERROR,
    "Prometheus would refuse the file.",
    "It keeps the old rules on a reload, and does not start with new ones.",
    "see what `promtool check rules` says",
)
SECOND_DOCUMENT = Check(
    "second-document",
    Weight.ERROR,
    "A rule file has a second YAML document.",
    "Prometheus reads the first alone and says nothing: half of the rules are not there.",
    "write one file for each document",
)
DUPLICATE = Check(
    "duplicate",
    Weight.WARNING,
    "A rule stands there twice.",
    "The alert comes twice, or two recordings write over each other.",
    "take one away, or tell them apart by a label",
)
GROUP_INTERVAL = Check(
    "group-interval",
    Weight.WARNING,
    "A group is evaluated more rarely than every five minutes.",
    "Prometheus looks back five minutes: between two evaluations its results are gone.",
    "write an interval of at most 5m",
)

RULE_CHECKS: tuple[Look, ...] = (
    *conditions.CHECKS,
    *divisions.CHECKS,
    *joins.CHECKS,
    *counters.CHECKS,
    *absence.CHECKS,
    *wording.CHECKS,
)
CHECKS: tuple[Check, ...] = (SYNTAX, SECOND_DOCUMENT, DUPLICATE, GROUP_INTERVAL, *(check for check, _ in RULE_CHECKS))


@dataclass(frozen=True, slots=True)
class Recordings:
    """What the rules of some files record: the labels of each recorded metric, one shape a rule."""

    shapes: Mapping[str, Sequence[Shape]]
    trees: Mapping[str, Sequence[Expr]]

    def __call__(self, selector: Selector) -> Shape | None:
        """Return the labels of what a selector takes, of all its name where nothing fits; None: no rule records it."""
        found = self.shapes.get(selector.name)
        if not found:
            return None
        return reduce(Shape.either, [one for one in found if fits(one, selector)] or found)


def cases(files: Sequence[WrittenFile], scrape_seconds: float = DEFAULT_SCRAPE) -> Iterator[Case | Finding]:
    """Yield every rule with its tree; those that cannot be read as findings."""
    recorded = recordings(files)
    for file in files:
        for group in file.groups:
            for rule in group.rules:
                reading = _read(file, rule)
                if isinstance(reading, Finding):
                    yield reading
                else:
                    yield Case(rule, group, file.path, reading, recorded, scrape_seconds, recorded.trees)


def lint(
    files: Sequence[WrittenFile], scrape_seconds: float = DEFAULT_SCRAPE, looks: Sequence[Look] = RULE_CHECKS
) -> tuple[Finding, ...]:
    """Find every trap that the text alone shows; comments that turn a check off are heeded."""
    found: list[Finding] = []
    for file in files:
        found += [Finding(SYNTAX, file.path, fault.line, "", fault.words) for fault in file.faults]
        if file.dropped is not None:
            found.append(Finding(SECOND_DOCUMENT, file.path, file.dropped, "", "nothing below this line is read"))
        found += (finding for group in file.groups for finding in _group(file, group))
    found += _duplicates(files)
    for case in cases(files, scrape_seconds):
        found += [case] if isinstance(case, Finding) else look(case, looks)
    return ordered(files, found)


def look(case: Case, looks: Sequence[Look]) -> Iterator[Finding]:
    """Yield what some checks find in one rule."""
    for check, find in looks:
        if check.name in case.rule.disabled:
            continue
        for node, sentence in find(case):
            line = case.rule.line if node is None else case.rule.line_of(node.span.start)
            yield Finding(check, case.path, line, case.rule.name, sentence)


def ordered(files: Sequence[WrittenFile], found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Put findings into the order of files and lines, each said once."""
    places = {file.path: index for index, file in enumerate(files)}
    return tuple(sorted(dict.fromkeys(found), key=lambda one: (places.get(one.path, 0), one.line)))


def recordings(files: Sequence[WrittenFile]) -> Recordings:
    """Work out what recorded metrics are made of and their labels, rule by rule: several may record one metric."""
    shapes: dict[str, list[Shape]] = {}
    trees: dict[str, list[Expr]] = {}
    known = Recordings(shapes, trees)
    for file in files:
        for rule in (rule for group in file.groups for rule in group.rules if not rule.alert):
            reading = _read(file, rule)
            if isinstance(reading, Reading):
                shapes.setdefault(rule.name, []).append(_labelled(shape(reading.expr, known), rule))
                trees.setdefault(rule.name, []).append(reading.expr)
    return known


def _labelled(found: Shape, rule: WrittenRule) -> Shape:
    for name, value in rule.labels:
        found = found.also(frozenset({name}), surely=True)
        found = Shape(found.may, found.always, found.never, (*found.fixed, (name, value)), found.raw)
    return found


def _read(file: WrittenFile, rule: WrittenRule) -> Reading | Finding:
    try:
        return read(rule.expr)
    except PromqlError as error:
        return Finding(SYNTAX, file.path, rule.line_of(error.at), rule.name, str(error))


def _group(file: WrittenFile, group: WrittenGroup) -> Iterator[Finding]:
    if group.interval is not None and group.interval > MAX_GROUP_INTERVAL:
        every = prometheus_duration(group.interval)
        yield Finding(GROUP_INTERVAL, file.path, group.line, "", f"group {group.name} is evaluated every {every}")


def _duplicates(files: Sequence[WrittenFile]) -> Iterator[Finding]:
    seen: dict[object, tuple[str, int]] = {}
    for file in files:
        for rule in (rule for group in file.groups for rule in group.rules):
            # Two recordings of one name and the same labels clash whatever they say.
            key = (rule.name, rule.labels, " ".join(rule.expr.split()) if rule.alert else None)
            if key in seen and DUPLICATE.name not in rule.disabled:
                path, line = seen[key]
                where = f"line {line}" if path == file.path else f"{path}:{line}"
                yield Finding(DUPLICATE, file.path, rule.line, rule.name, f"stands at {where} already")
            seen.setdefault(key, (file.path, rule.line))
