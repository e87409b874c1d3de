"""Rule quality as people and programs read it: a table like amtool's, proposals as rules, JSON.

Enters: qualities. Leaves: text. Writes no control characters, whatever a rule is called.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.model.rulequality import RuleQuality
from aiops_daemon.core.rules.proposals import document
from aiops_daemon.edges.rulefiles.render import HEADER, render

_HEADS = ("TEAM", "RULE", "ALERTS", "INCIDENTS", "SELF-RESOLVED", "ACTED ON", "FLAPS", "MEDIAN", "MUTED", "DOUBLES")
_UNKNOWN = "-"


def table(rules: Sequence[RuleQuality]) -> str:
    """Return one line a rule, worst first as given."""
    rows = [_HEADS, *(_row(rule) for rule in rules)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines)


def proposed(rules: Sequence[RuleQuality]) -> str:
    """Return the proposals: sentences as comments, and under them the changed rules as one rule file."""
    proposals = [(rule, proposal) for rule in rules for proposal in rule.proposals]
    if not proposals:
        return "# nothing to propose: no change would spare incidents without losing alerts that people acted on"
    lines = [f"# {_plain(proposal.sentence)}" for _, proposal in proposals]
    unknown = sorted({_plain(rule.rule) for rule, _ in proposals if rule.definition is None})
    if unknown:
        lines.append(
            f"# not written below, as the rule is not known (give its file with --rules): {', '.join(unknown)}"
        )
    written = document(rules)
    return "\n".join([*lines, render(written).removeprefix(HEADER)] if written["groups"] else lines).rstrip()


def as_json(rules: Iterable[RuleQuality]) -> str:
    """Return the same as a JSON list."""
    return json.dumps([asdict(rule) for rule in rules], indent=2)


def _row(rule: RuleQuality) -> tuple[str, ...]:
    life = rule.median_life_seconds
    double = f"{_plain(rule.duplicate_of)} ({rule.duplicate_ratio:.0%})" if rule.duplicate_of else _UNKNOWN
    return (
        _plain(rule.team),
        _plain(rule.rule) or _UNKNOWN,
        str(rule.alerts),
        str(rule.incidents),
        _share(rule.self_resolved_ratio),
        _share(rule.acted_ratio),
        str(rule.flaps),
        _UNKNOWN if life is None else prometheus_duration(round(life)),
        _share(rule.muted_ratio),
        double,
    )


def _share(ratio: float | None) -> str:
    return _UNKNOWN if ratio is None else f"{ratio:.0%}"


def _plain(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
