"""Whether rule files that were written are what Prometheus servers have loaded.

Enters: the files, and the groups that each source has. Leaves: for each file whether a source has loaded it as written,
how many of its rules fail, and why not in words. Expressions are not compared, for servers write them in their own way;
names, labels and annotations are, and a written band carries its date in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiops_daemon.core.model.labels import Labels, make
from aiops_daemon.core.model.posted import LoadedGroup, LoadedRule
from aiops_daemon.core.rules.document import Document, RuleFile

_Identity = tuple[str, Labels, Labels]


@dataclass(frozen=True, slots=True)
class FileState:
    """One rule file: `reason` is empty when it is loaded as written and every rule of it is evaluated."""

    file: str
    loaded: bool
    failing: int
    reason: str


def file_states(files: Sequence[RuleFile], answers: Mapping[str, Sequence[LoadedGroup]]) -> tuple[FileState, ...]:
    """Judge every file by the source that has most of it; `answers` are by the name of the source."""
    return tuple(_state(file, answers) for file in files)


def _state(file: RuleFile, answers: Mapping[str, Sequence[LoadedGroup]]) -> FileState:
    groups: list[Document] = file.document["groups"]
    known = {source: {group.name: group for group in found} for source, found in answers.items()}
    holds = {source: sum(group["name"] in have for group in groups) for source, have in known.items()}
    best = max(holds, key=lambda source: (not _lacking(groups, known[source], source), holds[source]))
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
    else:
        lacking = _lacking(groups, known[best], best)
    return FileState(file.file_name, not lacking, len(broken), lacking or next(iter(broken), ""))


def _lacking(groups: Sequence[Document], have: Mapping[str, LoadedGroup], source: str) -> str:
    """Say what a source lacks of a file; nothing when it has all of it."""
    for group in groups:
        if group["name"] not in have:
            return f"{source} has not loaded its group {group['name']}: it was not reloaded, or it refused the file"
        if Counter(map(_written, group["rules"])) != Counter(map(_loaded, have[group["name"]].rules)):
            return f"{source} has an older group {group['name']}: it was not reloaded since the file was written"
    return ""


def _written(rule: Mapping[str, Any]) -> _Identity:
    labels, annotations = rule.get("labels", {}), rule.get("annotations", {})
    return rule.get("alert") or rule["record"], make(labels), make(annotations)


def _loaded(rule: LoadedRule) -> _Identity:
    return rule.name, rule.labels, rule.annotations
