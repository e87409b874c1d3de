"""Rule files of Prometheus as frozen values and as the plain documents they become.

Enters: groups of alert and recording rules. Leaves: dicts, lists, strings that any YAML writer can write; one
document a file, for Prometheus reads only the first. Never holds templates: texts are finished when they come here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.model.settings import PrometheusRuleSpec

Document: TypeAlias = dict[str, Any]
Texts: TypeAlias = tuple[tuple[str, str], ...]

MAX_GROUP_INTERVAL = 300.0  # beyond the lookback of five minutes, results have gaps


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One alerting rule; durations in seconds, 0 means not set."""

    alert: str
    expr: str
    labels: Texts
    annotations: Texts
    hold: float = 0.0  # `for`
    keep: float = 0.0  # `keep_firing_for`

    def document(self) -> Document:
        """Return the rule in Prometheus' order of keys."""
        written: Document = {"alert": self.alert, "expr": self.expr}
        if self.hold:
            written["for"] = prometheus_duration(self.hold)
        if self.keep:
            written["keep_firing_for"] = prometheus_duration(self.keep)
        return written | {"labels": dict(self.labels), "annotations": dict(self.annotations)}


@dataclass(frozen=True, slots=True)
class RecordingRule:
    """One recording rule."""

    record: str
    expr: str
    labels: Texts = ()

    def document(self) -> Document:
        """Return the rule in Prometheus' order of keys."""
        written: Document = {"record": self.record, "expr": self.expr}
        return written | ({"labels": dict(self.labels)} if self.labels else {})


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules evaluated one after the other, every `interval` seconds."""

    name: str
    rules: tuple[AlertRule | RecordingRule, ...]
    interval: float = 60.0

    def document(self) -> Document:
        """Return the group; its interval never exceeds MAX_GROUP_INTERVAL."""
        interval = prometheus_duration(min(self.interval, MAX_GROUP_INTERVAL))
        return {"name": self.name, "interval": interval, "rules": [rule.document() for rule in self.rules]}


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A rule file and the promtool unit test that proves it; `name` is without folder and ending.

    `slow`: the test tells of days and takes promtool ten seconds or more, so it is run when asked for.
    `source`: the one Prometheus that may load it; empty: any.
    """

    name: str
    document: Document
    test_document: Document
    slow: bool = False
    source: str = ""

    @property
    def rules(self) -> int:
        """Count the rules."""
        return sum(len(group["rules"]) for group in self.document["groups"])

    @property
    def file_name(self) -> str:
        """Name the rule file."""
        return f"{self.name}.yaml"

    @property
    def test_name(self) -> str:
        """Name the test file, in the folder `tests` beside the rules, where no glob for rules finds it."""
        return f"tests/{self.name}_test.yaml"


def prometheus_rule(file: RuleFile, spec: PrometheusRuleSpec) -> Document:
    """Return a rule file as an object for Prometheus' operator; what the settings add is what selectors ask for."""
    metadata: Document = {"name": file.name}
    if spec.namespace:
        metadata["namespace"] = spec.namespace
    for key, texts in (("labels", spec.labels), ("annotations", spec.annotations)):
        metadata |= {key: dict(texts)} if texts else {}
    kind = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule"}
    return {**kind, "metadata": metadata, "spec": file.document}


def groups_document(groups: tuple[RuleGroup, ...]) -> Document:
    """Return the one document of a rule file."""
    return {"groups": [group.document() for group in groups]}
