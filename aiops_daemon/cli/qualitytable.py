"""Rule quality as people and programs read it: a table like amtool's, proposals as rules.

Enters: qualities. Leaves: text. Writes no control characters, whatever a rule is called.
"""

from __future__ import annotations

from collections.abc import Sequence

from aiops_daemon.cli.table import plain, table
from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.model.rulequality import RuleQuality
from aiops_daemon.core.rules.proposals import document
from aiops_daemon.edges.rulefiles.render import HEADER, render

_HEADS = ("TEAM", "RULE", "ALERTS", "INCIDENTS", "SELF-RESOLVED", "ACTED ON", "FLAPS", "MEDIAN", "MUTED", "DOUBLES")
_UNKNOWN = "-"


def listing(rules: Sequence[RuleQuality]) -> str:
    """Return one line a rule, worst first as given."""
    return table(_HEADS, [_row(rule) for rule in rules])


def proposed(rules: Sequence[RuleQuality]) -> str:
    """Return the proposals: sentences as comments, and under them the changed rules as one rule file."""
    proposals = [(rule, proposal) for rule in rules for proposal in rule.proposals]
    if not proposals:
        return "# nothing to propose: no change would spare incidents without losing alerts that people acted on"
    lines = [f"# {plain(proposal.sentence)}" for _, proposal in proposals]
    unknown = sorted({plain(rule.rule) for rule, _ in proposals if rule.definition is None})
    if unknown:
        lines.append(
            f"# not written below, as the rule is not known (give its file with --rules): {', '.join(unknown)}"
        )
    written = document(rules)
    return "\n".join([*lines, render(written).removeprefix(HEADER)] if written["groups"] else lines).rstrip()


def _row(rule: RuleQuality) -> tuple[str, ...]:
    life = rule.median_life_seconds
    double = f"{rule.duplicate_of} ({rule.duplicate_ratio:.0%})" if rule.duplicate_of else _UNKNOWN
    return (
        rule.team,
        rule.rule or _UNKNOWN,
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
