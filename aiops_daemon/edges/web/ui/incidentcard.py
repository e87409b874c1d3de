"""One incident in words: facts, alerts, findings, why these are together, timeline, and what may be done.

Enters: the detail of an incident, the time. Leaves: frozen text for the template. Pure; text is escaped by the
template, never here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from aiops_daemon.core.model.action import ActionKind
from aiops_daemon.core.model.attachment import read_attachment
from aiops_daemon.core.model.incident import Entry, EntryKind, Incident, IncidentState, LinkedFinding, Outcome
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.listing import IncidentDetail
from aiops_daemon.edges.web.ui.alertrows import MOST_ALERTS, RuleGroup, rule_groups
from aiops_daemon.edges.web.ui.cards import Stamp, stamp, tone
from aiops_daemon.edges.web.ui.incidentlist import Row, firing_words, row
from aiops_daemon.edges.web.ui.plot import Sketch, draw

MOST_LINES = 200
BEGAN = "began this incident"  # the reason of the first alert, where nothing came near it
_MOST_REASONS = 20  # of one rule, besides the first

_IN_NUMBERS = ("joined", "repaired", "verdict")  # and what begins with "alert": of a storm there are thousands
_VERBS = {
    IncidentState.OPEN: (ActionKind.ACK, ActionKind.INVESTIGATE, ActionKind.MITIGATE),
    IncidentState.ACKNOWLEDGED: (ActionKind.INVESTIGATE, ActionKind.MITIGATE, ActionKind.UNACK),
    IncidentState.INVESTIGATING: (ActionKind.MITIGATE, ActionKind.UNACK),
    IncidentState.MITIGATED: (ActionKind.INVESTIGATE, ActionKind.UNACK),
    IncidentState.RESOLVED: (ActionKind.REOPEN,),
    IncidentState.MERGED: (),
}
_BUTTONS = {
    ActionKind.ACK: "Acknowledge",
    ActionKind.UNACK: "Take acknowledgement back",
    ActionKind.INVESTIGATE: "Investigating",
    ActionKind.MITIGATE: "Mitigated",
    ActionKind.REOPEN: "Reopen",
}


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding for people; the names are those that the plot's macro reads."""

    uid: str
    tone: str
    severity: str
    query: str
    sentence: str
    reason: str
    since: Stamp
    closed: Stamp | None
    labels: Labels
    sketch: Sketch | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline; `kind` is empty where the text begins with it."""

    uid: str
    at: Stamp
    kind: str
    actor: str
    origin: str
    text: str
    change: str
    by_person: bool
    before: tuple[Line, ...] = ()  # of the same kind right before this, folded away


@dataclass(frozen=True, slots=True)
class Together:
    """Why alerts of one rule are here: the first reason, how many alerts, and other reasons, folded away."""

    rule: str
    reason: str
    count: int
    others: tuple[str, ...]
    more: int  # reasons that are not among the others


@dataclass(frozen=True, slots=True)
class IncidentView:
    """Everything that the page of one incident shows."""

    row: Row
    service: str
    labels: Labels
    facts: tuple[tuple[str, str], ...]
    notify: str
    groups: tuple[RuleGroup, ...]
    more_alerts: int
    findings: tuple[FindingRow, ...]
    together: tuple[Together, ...]
    apart: tuple[Line, ...]
    lines: tuple[Line, ...]
    more_lines: int
    outcomes: tuple[tuple[Stamp, str, tuple[tuple[str, str], ...]], ...]
    merged: tuple[Row, ...]
    buttons: tuple[tuple[str, str], ...]  # verb, words
    closed: bool
    fires: bool
    can_merge: bool


def incident_view(detail: IncidentDetail, now: float) -> IncidentView:
    """Put one incident into words; the newest line of the timeline comes first."""
    incident = detail.incident
    lines = tuple(_line(each, now) for each in reversed(detail.timeline))
    merged = incident.state is IncidentState.MERGED
    return IncidentView(
        row=row(incident, now),
        service=incident.service,
        labels=incident.labels,
        facts=tuple(_facts(incident, now)),
        notify="" if incident.state.closed else notify_words(incident, now),
        groups=rule_groups(detail.episodes, now, left_out=detail.alerts_left_out),
        more_alerts=max(0, len(detail.episodes) - MOST_ALERTS) + detail.alerts_left_out,
        findings=tuple(_finding(each, now) for each in detail.findings),
        together=_together(detail),
        apart=tuple(_line(each, now) for each in detail.timeline if each.kind is EntryKind.APART),
        lines=_folded(lines[:MOST_LINES]),
        more_lines=max(0, len(lines) - MOST_LINES) + detail.lines_left_out,
        outcomes=tuple(_outcome(each, now) for each in detail.outcomes),
        merged=tuple(row(each, now) for each in detail.merged),
        buttons=tuple((kind.value.replace("_", "-"), _BUTTONS[kind]) for kind in _VERBS[incident.state]),
        closed=incident.state.closed,
        fires=incident.firing > 0,
        can_merge=not merged,
    )


def notify_words(incident: Incident, now: float) -> str:
    """Say when people are told, or why nobody is."""
    reason = f": {incident.notify_reason}" if incident.notify_reason else ""
    if incident.notify_at is None:
        return f"Nobody is told{reason}"
    when = stamp(incident.notify_at, now)
    if incident.notify_at > now:
        return f"People are told {when.relative} ({when.absolute}){reason}"
    return f"People are to be told since {when.absolute}{reason}"


def _facts(incident: Incident, now: float) -> list[tuple[str, str]]:
    facts = [("Alerts", firing_words(incident)), ("Who acts", _who(incident))]
    facts.append(("Teams" if len(incident.teams) > 1 else "Team", ", ".join(incident.teams) or incident.team))
    if incident.service:
        facts.append(("Service", incident.service))
    if incident.resolved_at is not None:
        by = f" by {incident.resolved_by}" if incident.resolved_by else ""
        facts.append(("Resolved", f"{stamp(incident.resolved_at, now).relative}{by}"))
    return facts


def _who(incident: Incident) -> str:
    if incident.assignee:
        return incident.assignee
    return f"{incident.acknowledged_by} acknowledged" if incident.acknowledged_by else "nobody yet"


def _finding(linked: LinkedFinding, now: float) -> FindingRow:
    attached = read_attachment(linked.body)
    level = None
    if attached.threshold:
        level = attached.upper if attached.lower is None else attached.lower
    sketch = None
    if attached.plot is not None:
        sketch = draw(attached.plot, attached.unit, threshold=level, breach_at=attached.breach_at)
    return FindingRow(
        uid=linked.uid,
        tone=tone(linked.severity),
        severity=linked.severity,
        query=linked.query,
        sentence=linked.sentence,
        reason=linked.reason,
        since=stamp(linked.since, now),
        closed=None if linked.closed_at is None else stamp(linked.closed_at, now),
        labels=linked.labels,
        sketch=sketch,
    )


def _together(detail: IncidentDetail) -> tuple[Together, ...]:
    """Say of each rule why its first alert joined; a storm joins for thousands of reasons that differ in numbers."""
    by_rule: dict[str, list[str]] = {}
    for episode in sorted(detail.episodes, key=lambda each: each.first_starts_at):
        if episode.joined_reason:
            by_rule.setdefault(episode.rule, []).append(episode.joined_reason)
    return tuple(_reasons(rule, reasons) for rule, reasons in by_rule.items())[:MOST_LINES]


def _reasons(rule: str, reasons: list[str]) -> Together:
    first, *others = dict.fromkeys(reasons)
    if others and first == BEGAN:
        first, others = f"{first}; then {others[0]}", others[1:]
    shown = tuple(others[:_MOST_REASONS])
    return Together(rule, first, len(reasons), shown, len(others) - len(shown))


def _line(entry: Entry, now: float) -> Line:
    kind = str(entry.kind).replace("_", " ")
    change = f"{entry.before} → {entry.after}" if entry.before and entry.after else ""
    return Line(
        uid=entry.uid,
        at=stamp(entry.at, now),
        kind="" if entry.text.lower().startswith(kind) else kind,
        actor=entry.actor,
        origin=entry.origin,
        text=entry.text,
        change=change,
        by_person=entry.origin in ("api", "page", "cli"),
    )


def _folded(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Fold what alerts did one after another behind the latest line of it: people's lines are found again."""
    told: list[Line] = []
    for kind, run in groupby(lines, key=lambda each: each.kind):
        first, *others = run
        told += (
            [replace(first, before=tuple(others))]
            if kind in _IN_NUMBERS or kind.startswith("alert ")
            else [first, *others]
        )
    return tuple(told)


def _outcome(outcome: Outcome, now: float) -> tuple[Stamp, str, tuple[tuple[str, str], ...]]:
    helped = {None: "", True: "yes", False: "no"}[outcome.helped]
    said = (("Cause", outcome.cause), ("What was done", outcome.action), ("Did it help", helped))
    return (stamp(outcome.at, now), outcome.actor, tuple(pair for pair in said if pair[1]))
