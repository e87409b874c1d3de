"""The JSON shapes of incidents, alerts and rule quality, and how the domain's values become them.

Enters: values of core.model as the store gives them. Leaves: structs that msgspec encodes; times are RFC 3339 UTC,
durations seconds, what is not there null. Never lets NaN or infinity out. The OpenAPI document is derived from here.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from aiops_daemon.core.model.alert import Episode, Verdict
from aiops_daemon.core.model.incident import Entry, Incident, Outcome
from aiops_daemon.core.model.rulequality import Proposal, RuleQuality
from aiops_daemon.edges.web.api.shapes import Moment, moment, number

IncidentStateName = Literal["open", "acknowledged", "investigating", "mitigated", "resolved", "merged"]
SeverityName = Literal["critical", "warning", "info", "none"]
PriorityName = Literal["P1", "P2", "P3", "P4"]
AlertStateName = Literal["firing", "stale", "unknown", "resolved"]


class IncidentItem(msgspec.Struct, frozen=True):
    """One incident as it stands; `notify_at` null means: nobody is told while `notify_reason` holds."""

    name: str
    number: int
    uid: str
    title: str
    state: IncidentStateName
    severity: SeverityName
    priority: PriorityName
    priority_reason: str
    team: str
    teams: list[str]
    service: str | None
    labels: dict[str, str]
    opened_at: Moment | None
    updated_at: Moment | None
    acknowledged_at: Moment | None
    acknowledged_by: str | None
    resolved_at: Moment | None
    resolved_by: str | None
    merged_into: str | None
    assignee: str | None
    snoozed_until: Moment | None
    notify_at: Moment | None
    notify_reason: str
    alerts_total: int
    alerts_firing: int
    alerts_muted: int
    reopened: int
    false_positive: bool
    digest: bool


class VerdictItem(msgspec.Struct, frozen=True):
    """When people are told of an alert, and why; `parts` are what the score was made of."""

    kind: Literal["notify", "delay", "suppress", "record"]
    reason: str
    sentence: str
    notify_at: Moment | None
    until: Moment | None
    score: float | None
    parts: dict[str, float | None]


class MuteItem(msgspec.Struct, frozen=True):
    """What keeps an alert quiet: the id of a silence, or the fingerprint of the alert that inhibits it."""

    kind: str
    by: str


class AlertItem(msgspec.Struct, frozen=True):
    """One alert from first firing to its end; `incident` is the uid of its incident."""

    uid: str
    incident: str | None
    joined_reason: str
    team: str
    source: str
    fingerprint: str
    rule: str
    severity: SeverityName
    state: AlertStateName
    flapping: bool
    muted: list[MuteItem]
    labels: dict[str, str]
    annotations: dict[str, str]
    first_starts_at: Moment | None
    starts_at: Moment | None
    ends_at: Moment | None
    heard_at: Moment | None
    seen_at: Moment | None
    starts: int
    verdict: VerdictItem
    generator_url: str | None
    external_url: str | None
    receiver: str | None
    origin: Literal["webhook", "reconciliation", "finding", "self"]


class EntryItem(msgspec.Struct, frozen=True):
    """One line of a timeline."""

    uid: str
    incident: str
    team: str
    at: Moment | None
    kind: str
    actor: str
    origin: str
    text: str
    before: str | None
    after: str | None
    alert: str | None
    reason: str | None


class OutcomeItem(msgspec.Struct, frozen=True):
    """What people said of the cause, of what was done, and whether it helped."""

    at: Moment | None
    actor: str
    cause: str | None
    done: str | None
    helped: bool | None


class ProposalItem(msgspec.Struct, frozen=True):
    """A change of a rule and what it would have done; `before` and `after` count incidents."""

    change: str
    value: str
    before: int
    after: int
    lost: int
    sentence: str


class QualityItem(msgspec.Struct, frozen=True):
    """How good one alert rule of one team is; ratios are null where nothing was seen."""

    team: str
    rule: str
    alerts: int
    incidents: int
    self_resolved_ratio: float | None
    acted_ratio: float | None
    false_positive_ratio: float | None
    flaps: int
    median_life_seconds: float | None
    muted_ratio: float | None
    duplicate_of: str | None
    duplicate_ratio: float | None
    proposals: list[ProposalItem]


def incident_item(incident: Incident) -> IncidentItem:
    """Shape an incident."""
    return IncidentItem(
        name=incident.name,
        number=incident.number,
        uid=incident.uid,
        title=incident.title,
        state=incident.state.value,
        severity=incident.severity.value,
        priority=incident.priority.value,
        priority_reason=incident.priority_reason,
        team=incident.team,
        teams=list(incident.teams),
        service=incident.service or None,
        labels=dict(incident.labels),
        opened_at=moment(incident.opened_at),
        updated_at=moment(incident.updated_at),
        acknowledged_at=moment(incident.acknowledged_at),
        acknowledged_by=incident.acknowledged_by or None,
        resolved_at=moment(incident.resolved_at),
        resolved_by=incident.resolved_by or None,
        merged_into=incident.merged_into or None,
        assignee=incident.assignee or None,
        snoozed_until=moment(incident.snoozed_until),
        notify_at=moment(incident.notify_at),
        notify_reason=incident.notify_reason,
        alerts_total=incident.alerts,
        alerts_firing=incident.firing,
        alerts_muted=incident.muted,
        reopened=incident.reopened,
        false_positive=incident.false_positive,
        digest=incident.digest,
    )


def alert_item(episode: Episode) -> AlertItem:
    """Shape an episode of an alert."""
    return AlertItem(
        uid=episode.uid,
        incident=episode.incident or None,
        joined_reason=episode.joined_reason,
        team=episode.team,
        source=episode.source,
        fingerprint=episode.fingerprint,
        rule=episode.rule,
        severity=episode.severity,  # type: ignore[arg-type]  # one of Severity's values
        state=episode.state.value,
        flapping=episode.flapping,
        muted=[MuteItem(str(kind), by) for kind, by in episode.muted],
        labels=dict(episode.labels),
        annotations=dict(episode.annotations),
        first_starts_at=moment(episode.first_starts_at),
        starts_at=moment(episode.starts_at),
        ends_at=moment(episode.ends_at),
        heard_at=moment(episode.heard_at),
        seen_at=moment(episode.seen_at),
        starts=episode.starts,
        verdict=verdict_item(episode.verdict),
        generator_url=episode.generator_url or None,
        external_url=episode.external_url or None,
        receiver=episode.receiver or None,
        origin=episode.origin.value,
    )


def verdict_item(verdict: Verdict) -> VerdictItem:
    """Shape a verdict."""
    return VerdictItem(
        kind=verdict.kind.value,
        reason=verdict.reason.value,
        sentence=verdict.sentence,
        notify_at=moment(verdict.notify_at),
        until=moment(verdict.until),
        score=number(verdict.score),
        parts={name: number(value) for name, value in verdict.parts},
    )


def entry_item(entry: Entry) -> EntryItem:
    """Shape a line of the timeline."""
    return EntryItem(
        uid=entry.uid,
        incident=entry.incident,
        team=entry.team,
        at=moment(entry.at),
        kind=entry.kind.value,
        actor=entry.actor,
        origin=entry.origin,
        text=entry.text,
        before=entry.before or None,
        after=entry.after or None,
        alert=entry.episode or None,
        reason=entry.reason or None,
    )


def outcome_item(outcome: Outcome) -> OutcomeItem:
    """Shape what people said at the end."""
    return OutcomeItem(
        at=moment(outcome.at),
        actor=outcome.actor,
        cause=outcome.cause or None,
        done=outcome.action or None,
        helped=outcome.helped,
    )


def quality_item(quality: RuleQuality) -> QualityItem:
    """Shape the quality of a rule."""
    return QualityItem(
        team=quality.team,
        rule=quality.rule,
        alerts=quality.alerts,
        incidents=quality.incidents,
        self_resolved_ratio=number(quality.self_resolved_ratio),
        acted_ratio=number(quality.acted_ratio),
        false_positive_ratio=number(quality.false_positive_ratio),
        flaps=quality.flaps,
        median_life_seconds=number(quality.median_life_seconds),
        muted_ratio=number(quality.muted_ratio),
        duplicate_of=quality.duplicate_of or None,
        duplicate_ratio=number(quality.duplicate_ratio) if quality.duplicate_of else None,
        proposals=[_proposal_item(each) for each in quality.proposals],
    )


def _proposal_item(proposal: Proposal) -> ProposalItem:
    return ProposalItem(
        proposal.change, proposal.value, proposal.before, proposal.after, proposal.lost, proposal.sentence
    )
