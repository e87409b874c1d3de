"""Whether rule files that were written are what Prometheus servers have loaded.

Enters: the files, and the groups that each source has. Leaves: for each file whether a source has loaded it as written,
how many of its rules fail, and why not in words. Servers write expressions in their own way, so those are compared as
they are read; what a server says in another language than PromQL counts as written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

from aiops_daemon.core.model.durations import parse_duration
from aiops_daemon.core.model.labels import Labels, make
from aiops_daemon.core.model.posted import LoadedGroup, LoadedRule
from aiops_daemon.core.promql.lexer import PromqlError
from aiops_daemon.core.promql.parser import parse
from aiops_daemon.core.promql.tree import Expr, Selector
from aiops_daemon.core.promql.writing import write
from aiops_daemon.core.rules.document import Document, RuleFile
from aiops_daemon.core.rules.lint.reckoning import rebuilt

_Identity = tuple[str, Labels, Labels]


@dataclass(frozen=True, slots=True)
class FileState:
    """One rule file: `reason` is empty when it is loaded as written and every rule of it is evaluated."""

    file: str
    loaded: bool
    failing: int
    reason: str


class Readings:
    """What expressions say however they are written, each read once as long as it is asked for in every round."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}
        self._asked: dict[str, str] = {}

    def next_round(self) -> None:
        """Forget what the last round did not ask for."""
        self._kept, self._asked = self._asked, {}

    def __call__(self, expr: str) -> str:
        """Return one way of writing it, matchers in the order of their labels; nothing where it is no PromQL."""
        found = self._kept.get(expr)
        self._asked[expr] = _read(expr) if found is None else found
        return self._asked[expr]


def file_states(
    files: Sequence[RuleFile], answers: Mapping[str, Sequence[LoadedGroup]], readings: Readings | None = None
) -> tuple[FileState, ...]:
    """Judge every file by the source that has most of it; `answers` are by the name of the source.

    A file that belongs to one source is judged by that alone, and not at all where it did not answer.
    `readings` of one's own spare reading the same expressions again.
    """
    known = readings or Readings()
    known.next_round()
    return tuple(_state(file, answers, known) for file in files if not file.source or file.source in answers)


def _state(file: RuleFile, answers: Mapping[str, Sequence[LoadedGroup]], readings: Readings) -> FileState:
    groups: list[Document] = file.document["groups"]
    names = {group["name"] for group in groups}
    elsewhere = [source for source, found in answers.items() if names & {group.name for group in found}]
    answers = {file.source: answers[file.source]} if file.source else answers
    known = {source: {group.name: group for group in found} for source, found in answers.items()}
    holds = {source: sum(group["name"] in have for group in groups) for source, have in known.items()}
    best = max(holds, key=lambda source: (not _lacking(groups, known[source], source, readings), holds[source]))
    broken = [
        f"rule {rule.name} of group {name} fails on {source}: {rule.error}"
        for source, have in known.items()
        for name in (group["name"] for group in groups)
        if name in have
        for rule in have[name].rules
        if rule.error
    ]
    if not holds[best]:
        lacking = f"no source has loaded it: is it among the rule_files of {' or of '.join(answers)}?"
        if elsewhere:
            lacking = f"{' and '.join(elsewhere)} has loaded it, and it belongs to {file.source} alone"
    else:
        lacking = _lacking(groups, known[best], best, readings)
    return FileState(file.file_name, not lacking, len(broken), lacking or next(iter(broken), ""))


def _lacking(groups: Sequence[Document], have: Mapping[str, LoadedGroup], source: str, readings: Readings) -> str:
    """Say what a source lacks of a file; nothing when it has all of it."""
    for group in groups:
        if group["name"] not in have:
            return f"{source} has not loaded its group {group['name']}: it was not reloaded, or it refused the file"
        older = f"{source} has an older group {group['name']}: it was not reloaded since the file was written"
        loaded = have[group["name"]].rules
        if Counter(map(_written, group["rules"])) != Counter(map(_loaded, loaded)):
            return older
        changed = _changed(group["rules"], loaded, readings)
        if changed:
            return f"{older} (other expression or `for`: {changed})"
    return ""


def _changed(written: Sequence[Mapping[str, Any]], loaded: Sequence[LoadedRule], readings: Readings) -> str:
    """Name a rule whose expression or `for` is another one on the server; nothing where there is none."""
    alike: dict[_Identity, list[LoadedRule]] = {}
    for rule in loaded:
        alike.setdefault(_loaded(rule), []).append(rule)
    for one in written:
        left = alike[_written(one)]
        found = next((rule for rule in left if _same(one, rule, readings)), None)
        if found is None:
            return left[0].name
        left.remove(found)
    return ""


def _same(written: Mapping[str, Any], rule: LoadedRule, readings: Readings) -> bool:
    hold = parse_duration(written["for"]) if "for" in written else 0.0
    if rule.hold is not None and rule.hold != hold:
        return False
    expr = str(written["expr"])
    if not rule.expr or expr == rule.expr:
        return True
    said = readings(rule.expr)
    return not said or readings(expr) == said


def _read(expr: str) -> str:
    try:
        return write(rebuilt(parse(expr), _ordered))
    except PromqlError:
        return ""


def _ordered(node: Expr) -> Expr:
    if isinstance(node, Selector):
        return replace(node, conditions=tuple(sorted(node.conditions, key=attrgetter("name", "op", "value"))))
    return node


def _written(rule: Mapping[str, Any]) -> _Identity:
    labels, annotations = rule.get("labels", {}), rule.get("annotations", {})
    return rule.get("alert") or rule["record"], make(labels), make(annotations)


def _loaded(rule: LoadedRule) -> _Identity:
    return rule.name, rule.labels, rule.annotations
