"""Rule files of anybody, read with the place of every rule.

Enters: a rule file, a PrometheusRule object, a List of such, or a folder of them. Leaves: WrittenFiles; what Prometheus
would refuse is a fault with its line, and the rest is read all the same. Raises InputError for what cannot be opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from aiops_daemon.core.model.durations import parse_duration
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.rules.written import Fault, WrittenFile, WrittenGroup, WrittenRule
from aiops_daemon.errors import InputError

ENDINGS = (".yaml", ".yml", ".rules")
# Beside Prometheus' own keys those of Thanos, Mimir and VictoriaMetrics, whose rulers read the same files.
_GROUP_KEYS = (
    *("name", "interval", "limit", "query_offset", "labels", "rules", "partial_response_strategy", "source_tenants"),
    *("evaluation_delay", "align_evaluation_time_on_interval", "concurrency", "tenant", "type", "params", "headers"),
    *("eval_offset", "eval_delay", "eval_alignment", "notifier_headers", "debug"),
)
_RULE_KEYS = ("record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations", "debug")
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_DISABLE = re.compile(r"#\s*aiops-daemon\s+disable\s+([a-z, -]+)")
_DEEPEST = 64


def find_files(path: Path) -> list[Path]:
    """List a file, or the rule files of a folder and below; unit tests and hidden folders are left out."""
    if not path.is_dir():
        return [path]
    found = sorted(one for one in path.rglob("*") if one.suffix in ENDINGS and one.is_file())
    return [one for one in found if not any(part.startswith(".") for part in one.relative_to(path).parts)]


def read_written(path: Path, *, of_folder: bool = False) -> WrittenFile | None:
    """Read one file; None for a file of a folder that holds no rules. Raises InputError."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {(error.strerror or type(error).__name__).lower()}") from None
    return parse_written(str(path), raw, of_folder=of_folder)


def parse_written(path: str, raw: bytes, *, of_folder: bool = False) -> WrittenFile | None:
    """Read the content of one file."""
    try:
        text = raw.decode("utf-8-sig")
        documents = [node for node in yaml.compose_all(text, Loader=yaml.SafeLoader) if node is not None]
    except UnicodeDecodeError:
        return WrittenFile(path, faults=(Fault(1, "not UTF-8; save the file as UTF-8"),))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return WrittenFile(path, faults=(Fault(mark.line + 1 if mark else 1, f"no valid YAML: {error.problem}"),))
    except (yaml.YAMLError, ValueError, RecursionError):
        return WrittenFile(path, faults=(Fault(1, "no valid YAML"),))
    if of_folder and not any(_holds_rules(node) for node in documents):
        return None
    return _Reader(text.splitlines()).file(path, documents)


def _holds_rules(node: yaml.Node) -> bool:
    keys = dict(_items(node))
    if "kind" in keys:
        return _word(keys["kind"]) in ("PrometheusRule", "PrometheusRuleList", "List")
    return "groups" in keys


@dataclass(slots=True)
class _Reader:
    """Reads one file; gathers faults on the way."""

    lines: list[str]
    faults: list[Fault] = field(default_factory=list)

    def file(self, path: str, documents: list[Any]) -> WrittenFile:
        """Read all documents, or the first alone where Prometheus reads no more."""
        if not documents:
            return WrittenFile(path)
        objects = [spec for node in documents for spec in self._specs(node, 0)]
        if objects:
            groups = tuple(group for spec in objects for group in self._groups(spec))
            return WrittenFile(path, groups, tuple(self.faults))
        groups = tuple(self._groups(documents[0]))
        dropped = _line(documents[1]) if len(documents) > 1 else None
        return WrittenFile(path, groups, tuple(self.faults), dropped)

    def _specs(self, node: Any, depth: int) -> Iterator[Any]:
        keys = dict(_items(node))
        kind = _word(keys["kind"]) if "kind" in keys else ""
        if kind == "PrometheusRule" and "spec" in keys:
            yield keys["spec"]
        elif kind in ("List", "PrometheusRuleList") and depth < _DEEPEST:
            for item in _sequence(keys.get("items")):
                yield from self._specs(item, depth + 1)

    def _fault(self, node: Any, words: str) -> None:
        self.faults.append(Fault(_line(node), words))

    def _known(self, node: Any, keys: tuple[str, ...], where: str) -> dict[str, Any]:
        if not isinstance(node, yaml.MappingNode):
            self._fault(node, f"a {where} must be a mapping")
            return {}
        found: dict[str, Any] = {}
        for key, value in _items(node):
            if key not in keys:
                close = get_close_matches(key, keys, 1)
                self._fault(node, f"{where} has an unknown key {key!r}" + (f"; write {close[0]!r}?" if close else ""))
            elif key in found:
                self._fault(value, f"{where} has the key {key!r} twice")
            found[key] = value
        return found

    def _groups(self, node: Any) -> Iterator[WrittenGroup]:
        keys = self._known(node, ("groups", "namespace"), "rule file")
        names: set[str] = set()
        if "groups" in keys and not isinstance(keys["groups"], yaml.SequenceNode) and _word(keys["groups"]):
            self._fault(keys["groups"], "groups must be a list")
        for item in _sequence(keys.get("groups")):
            group = self._group(item)
            if group.name in names:
                self._fault(item, f"group {group.name!r} stands there twice")
            names.add(group.name)
            yield group

    def _group(self, node: Any) -> WrittenGroup:
        keys = self._known(node, _GROUP_KEYS, "group")
        name = _word(keys.get("name"))
        if not name:
            self._fault(node, "a group needs a name")
        rules = tuple(rule for item in _sequence(keys.get("rules")) if (rule := self._rule(item)))
        interval = self._duration(keys.get("interval"), "interval")
        return WrittenGroup(name, rules, interval or None, _line(node), "limit" in keys)

    def _rule(self, node: Any) -> WrittenRule | None:
        keys = self._known(node, _RULE_KEYS, "rule")
        name, expr = _word(keys.get("alert")) or _word(keys.get("record")), keys.get("expr")
        if ("alert" in keys) == ("record" in keys) or not name:
            self._fault(node, "a rule needs a name, as one of alert and record")
            return None
        if expr is None or not _word(expr).strip():
            self._fault(node, f"{name} needs an expr")
            return None
        if "record" in keys:
            for key in ("for", "keep_firing_for", "annotations"):
                if key in keys:
                    self._fault(keys[key], f"{key} goes with alerts alone")
            if not _METRIC.fullmatch(name):
                self._fault(keys["record"], f"{name!r} is no name of a metric")
        block = expr.style in ("|", ">")
        return WrittenRule(
            name,
            "alert" in keys,
            _word(expr),
            self._texts(keys.get("labels"), "labels"),
            self._texts(keys.get("annotations"), "annotations"),
            self._duration(keys.get("for"), "for"),
            self._duration(keys.get("keep_firing_for"), "keep_firing_for"),
            _line(node),
            _line(expr) + block,
            expr.style == "|",
            self._disabled(node),
        )

    def _texts(self, node: Any, where: str) -> tuple[tuple[str, str], ...]:
        if node is not None and not isinstance(node, yaml.MappingNode) and _word(node):
            self._fault(node, f"{where} must be a mapping")
        found = {}
        for key, value in _items(node):
            if not isinstance(value, yaml.ScalarNode):
                self._fault(value, f"{where}.{key} must be a text")
            found[key] = _word(value)
        return make(found)

    def _duration(self, node: Any, key: str) -> float:
        text = _word(node)
        try:
            return parse_duration(text) if text else 0.0
        except ValueError as error:
            self._fault(node, f"{key} {text!r} is {error}")
            return 0.0

    def _disabled(self, node: Any) -> frozenset[str]:
        """Read the comments of a rule, and those right above it."""
        first = node.start_mark.line
        while first > 0 and self.lines[first - 1].lstrip().startswith("#"):
            first -= 1
        told = _DISABLE.findall("\n".join(self.lines[first : node.end_mark.line]))
        return frozenset(name for names in told for name in re.split(r"[,\s]+", names) if name)


def _items(node: Any) -> Iterator[tuple[str, Any]]:
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        yield _word(key), value


def _sequence(node: Any) -> list[Any]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _word(node: Any) -> str:
    if not isinstance(node, yaml.ScalarNode) or node.tag == "tag:yaml.org,2002:null":
        return ""
    return str(node.value)


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1
