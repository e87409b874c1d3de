"""The JSON shape of one incident with everything that belongs to it.

Enters: the detail that the store gives. Leaves: structs that msgspec encodes: the incident, its alerts, findings with
the points of their plots, why its alerts are together and what was kept apart, timeline, outcomes, and who was told.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from aiops_daemon.core.model.attachment import read_attachment
from aiops_daemon.core.model.incident import EntryKind, LinkedFinding
from aiops_daemon.core.model.listing import IncidentDetail
from aiops_daemon.core.model.view import Plot
from aiops_daemon.edges.web.api.escalationshapes import EscalationItem, escalation_item
from aiops_daemon.edges.web.api.incidentshapes import (
    AlertItem,
    EntryItem,
    IncidentItem,
    OutcomeItem,
    alert_item,
    entry_item,
    incident_item,
    outcome_item,
)
from aiops_daemon.edges.web.api.notificationshapes import NotificationItem, notification_item
from aiops_daemon.edges.web.api.response import Response
from aiops_daemon.edges.web.api.shapes import Moment, moment, number


class PointItem(msgspec.Struct, frozen=True):
    """One point of a plot; null where not known."""

    at: Moment | None
    value: float | None
    expected_lower: float | None
    expected_upper: float | None


class LinkedFindingItem(msgspec.Struct, frozen=True):
    """A finding in an incident, as it stood at its last change."""

    uid: str
    state: Literal["open", "closed"]
    kind: str
    query: str
    labels: dict[str, str]
    severity: str
    since: Moment | None
    closed_at: Moment | None
    sentence: str
    reason: str
    unit: str
    value: float | None
    expected_lower: float | None
    expected_upper: float | None
    breach_at: Moment | None
    plot: list[PointItem]


class JoinItem(msgspec.Struct, frozen=True):
    """Why an alert is in the incident."""

    alert: str
    rule: str
    reason: str


class ApartItem(msgspec.Struct, frozen=True):
    """An alert that did not join, and why."""

    at: Moment | None
    alert: str | None
    reason: str | None
    text: str


class TogetherItem(msgspec.Struct, frozen=True):
    """Why these alerts are one incident, and what was kept apart."""

    joined: list[JoinItem]
    apart: list[ApartItem]


class IncidentDetailItem(msgspec.Struct, frozen=True):
    """One incident with all that belongs to it; the timeline is oldest first, notifications latest."""

    incident: IncidentItem
    alerts: list[AlertItem]
    findings: list[LinkedFindingItem]
    together: TogetherItem
    timeline: list[EntryItem]
    outcomes: list[OutcomeItem]
    merged: list[IncidentItem]
    escalation: EscalationItem | None
    notifications: list[NotificationItem]


def detail_item(detail: IncidentDetail, response: Response) -> IncidentDetailItem:
    """Shape an incident with all that belongs to it."""
    return IncidentDetailItem(
        incident=incident_item(detail.incident),
        alerts=[alert_item(each) for each in detail.episodes],
        findings=[linked_finding_item(each) for each in detail.findings],
        together=_together(detail),
        timeline=[entry_item(each) for each in detail.timeline],
        outcomes=[outcome_item(each) for each in detail.outcomes],
        merged=[incident_item(each) for each in detail.merged],
        escalation=escalation_item(response),
        notifications=[notification_item(each) for each in response.messages],
    )


def linked_finding_item(linked: LinkedFinding) -> LinkedFindingItem:
    """Shape a finding in an incident; what its body does not tell is null."""
    attached = read_attachment(linked.body)
    return LinkedFindingItem(
        uid=linked.uid,
        state="open" if linked.closed_at is None else "closed",
        kind=linked.kind,
        query=linked.query,
        labels=dict(linked.labels),
        severity=linked.severity,
        since=moment(linked.since),
        closed_at=moment(linked.closed_at),
        sentence=linked.sentence,
        reason=linked.reason,
        unit=attached.unit,
        value=attached.value,
        expected_lower=attached.lower,
        expected_upper=attached.upper,
        breach_at=moment(attached.breach_at),
        plot=_points(attached.plot),
    )


def _points(plot: Plot | None) -> list[PointItem]:
    if plot is None:
        return []
    columns = zip(plot.times.tolist(), plot.values.tolist(), plot.lower.tolist(), plot.upper.tolist(), strict=True)
    return [PointItem(moment(at), number(value), number(lower), number(upper)) for at, value, lower, upper in columns]


def _together(detail: IncidentDetail) -> TogetherItem:
    joined = [JoinItem(each.uid, each.rule, each.joined_reason) for each in detail.episodes]
    apart = [
        ApartItem(moment(entry.at), entry.episode or None, entry.reason or None, entry.text)
        for entry in detail.timeline
        if entry.kind is EntryKind.APART
    ]
    return TogetherItem(joined, apart)
