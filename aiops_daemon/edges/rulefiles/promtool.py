"""Judges of rule files: promtool, and a structural check for where there is none.

Enters: paths of rule files and unit tests. Leaves: a verdict with the checker's own words. promtool runs as a
subprocess with an argument list, never through a shell, and not longer than its deadline.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from aiops_daemon.ports import RuleVerdict

DEADLINE = 300.0  # seconds for a check, and for each test file; the tests of a thousand queries take about a minute
_MOST_OUTPUT = 20_000  # characters of promtool's words that are kept
_RULE_KEYS = {"alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations"}
_GROUP_KEYS = {"name", "interval", "rules", "limit", "query_offset", "labels", "partial_response_strategy"}


class Promtool:
    """Asks promtool: `check rules`, then `test rules` where tests are given."""

    def __init__(self, path: str, *, deadline: float = DEADLINE) -> None:
        self._path = path
        self._deadline = deadline

    async def check(self, rules: Sequence[Path], tests: Sequence[Path] = ()) -> RuleVerdict:
        """Check files; a promtool that cannot be run or takes too long accepts nothing."""
        verdict = await self._run("check", "rules", rules)
        if not verdict.accepted or not tests:
            return verdict
        tested = await self._run("test", "rules", tests)
        return RuleVerdict(tested.accepted, checked=True, output=verdict.output + tested.output)

    async def _run(self, verb: str, noun: str, paths: Sequence[Path]) -> RuleVerdict:
        try:
            process = await asyncio.create_subprocess_exec(
                self._path,
                verb,
                noun,
                *(str(path) for path in paths),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
        except OSError as error:
            return RuleVerdict(accepted=False, checked=False, output=f"{self._path}: {error.strerror}")
        deadline = self._deadline * (max(1, len(paths)) if verb == "test" else 1)
        return await self._judge(process, f"{verb} {noun}", deadline)

    async def _judge(self, process: asyncio.subprocess.Process, command: str, deadline: float) -> RuleVerdict:
        try:
            async with asyncio.timeout(deadline):
                written, _ = await process.communicate()
        except TimeoutError:
            return RuleVerdict(False, checked=False, output=f"promtool {command} took over {deadline:g} s")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        output = written.decode(errors="replace")[:_MOST_OUTPUT]
        return RuleVerdict(accepted=process.returncode == 0, checked=True, output=output)


class StructuralCheck:
    """Checks what needs no PromQL: one document a file, known keys, texts where texts belong."""

    async def check(self, rules: Sequence[Path], tests: Sequence[Path] = ()) -> RuleVerdict:
        """Check the structure of rule files; tests are only read."""
        faults = [fault for path in rules for fault in await asyncio.to_thread(_faults_of, path)]
        faults += [fault for path in tests for fault in await asyncio.to_thread(_unreadable, path)]
        return RuleVerdict(accepted=not faults, checked=False, output="\n".join(faults))


def checker_for(path: str) -> Promtool | StructuralCheck:
    """Return promtool when `path` names a program (on PATH or as a path), the structural check otherwise."""
    found = shutil.which(path) if path else None
    return Promtool(found) if found else StructuralCheck()


def _documents(path: Path) -> list[Any]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def _unreadable(path: Path) -> list[str]:
    try:
        _documents(path)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return [f"{path.name}: {error}"]
    return []


def _faults_of(path: Path) -> list[str]:
    unreadable = _unreadable(path)
    if unreadable:
        return unreadable
    documents = _documents(path)
    if len(documents) != 1:
        return [f"{path.name}: {len(documents)} documents, but Prometheus reads only the first"]
    groups = documents[0].get("groups") if isinstance(documents[0], dict) else None
    if not isinstance(groups, list):
        return [f"{path.name}: no list of groups"]
    names = [group.get("name") if isinstance(group, dict) else None for group in groups]
    faults = [f"{path.name}: two groups are named {name}" for name in {name for name in names if names.count(name) > 1}]
    return faults + [f"{path.name}: {fault}" for group in groups for fault in _group_faults(group)]


def _group_faults(group: Any) -> list[str]:
    if not isinstance(group, dict) or not isinstance(group.get("name"), str):
        return ["a group without a name"]
    faults = [f"group {group['name']}: unknown key {key}" for key in group.keys() - _GROUP_KEYS]
    rules = group.get("rules")
    if not isinstance(rules, list):
        return [*faults, f"group {group['name']}: no list of rules"]
    return faults + [f"group {group['name']}: {fault}" for rule in rules for fault in _rule_faults(rule)]


def _rule_faults(rule: Any) -> list[str]:
    if not isinstance(rule, dict):
        return ["a rule that is no mapping"]
    name = rule.get("alert") or rule.get("record")
    faults = [f"rule {name}: unknown key {key}" for key in rule.keys() - _RULE_KEYS]
    if ("alert" in rule) == ("record" in rule):
        faults.append(f"rule {name}: exactly one of alert and record must be set")
    if not isinstance(rule.get("expr"), str) or not rule["expr"].strip():
        faults.append(f"rule {name}: no expression")
    for section in ("labels", "annotations"):
        texts = rule.get(section, {})
        if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
            faults.append(f"rule {name}: {section} must be texts")
    return faults
