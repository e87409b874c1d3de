"""Where the signal road meets the alert road: findings enrich incidents, or open them when their query says so.

Enters: the findings that are open now. Leaves: links in the draft, and events for findings that may open an incident.
A finding that only enriches is placed like an alert and stays outside when nothing fits; it is looked at again while
it is open, for the incident may come later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from aiops_daemon.core.model.alert import FINDING_SOURCE, AlertEvent, AlertStatus, Origin
from aiops_daemon.core.model.attachment import write_attachment
from aiops_daemon.core.model.finding import Finding
from aiops_daemon.core.model.grouping import Candidate
from aiops_daemon.core.model.incident import EntryKind, LinkedFinding
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.query import OnFinding
from aiops_daemon.core.model.view import Plot
from aiops_daemon.flows.alerts.admit import Admission
from aiops_daemon.flows.alerts.case import Case
from aiops_daemon.flows.alerts.surroundings import Surroundings
from aiops_daemon.flows.alerts.working import WorkingSet

_WORDS = {"page": "critical", "ticket": "warning"}  # severities of burn rate alerts
_LOOKED_AT = 200  # findings without an incident that are looked at in one step, newest first


class Linking:
    """Links findings within one step of the desk."""

    def __init__(self, around: Surroundings, working: WorkingSet, admission: Admission) -> None:
        self._around = around
        self._working = working
        self._admission = admission

    def take(self, findings: Sequence[Finding], plots: Mapping[str, Plot]) -> None:
        """Open, link, and close."""
        current = {finding.uid: finding for finding in findings}
        self._close(current)
        linked = {uid for case in self._working.cases.values() for uid in case.findings}
        for finding in [one for one in findings if one.uid not in linked][:_LOOKED_AT]:
            policy = self._around.on_finding(finding)
            if policy is not OnFinding.ENRICH:
                self._open(finding, policy, plots.get(finding.uid))
            elif any(True for _ in self._working.unresolved()):
                self._enrich(finding, plots.get(finding.uid))

    def _open(self, finding: Finding, policy: OnFinding, plot: Plot | None) -> None:
        event = _event(finding, policy, self._admission.now)
        self._admission.observe(event)
        episode = self._working.open.get(event.key)
        case = self._working.cases.get(episode.incident) if episode is not None else None
        if case is not None:
            self._link(case, finding, plot, "its query says that its findings open incidents")

    def _enrich(self, finding: Finding, plot: Plot | None) -> None:
        own = self._working.of_rule_on(finding.query, finding.labels)
        if own is not None:
            self._link(own, finding, plot, "the alert of the rule on it fires here")
            return
        labels = make({**dict(finding.labels), "alertname": finding.query})
        candidate = Candidate(finding.uid, labels, finding.since, (FINDING_SOURCE, finding.uid))
        placement = self._around.grouper.place(candidate, self._admission.now)
        case = self._working.cases.get(placement.incident)
        if case is not None and not case.incident.state.closed and placement.judgement is not None:
            self._link(case, finding, plot, placement.judgement.text)

    def _link(self, case: Case, finding: Finding, plot: Plot | None, reason: str) -> None:
        link = LinkedFinding(
            uid=finding.uid,
            incident=case.incident.uid,
            team=case.incident.team,
            query=finding.query,
            kind=str(finding.kind),
            labels=finding.labels,
            severity=finding.severity,
            since=finding.since,
            closed_at=None,
            sentence=finding.sentence,
            reason=reason,
            body=write_attachment(finding, plot),
        )
        case.findings[finding.uid] = self._admission.draft.findings[finding.uid] = link
        self._tell(case, EntryKind.FINDING, f"{finding.sentence} ({reason})")

    def _close(self, current: Mapping[str, Finding]) -> None:
        """End the links of findings that closed, and the alerts that they were."""
        now = self._admission.now
        for case in list(self._working.cases.values()):
            for uid, link in list(case.findings.items()):
                if link.closed_at is None and uid not in current:
                    closed = replace(link, closed_at=now)
                    case.findings[uid] = self._admission.draft.findings[uid] = closed
                    self._tell(case, EntryKind.FINDING_CLOSED, f"over: {link.sentence}")
        for episode in self._working.of_source(FINDING_SOURCE):
            if episode.fingerprint not in current:
                self._admission.observe(_ended(episode.labels, episode.fingerprint, episode.starts_at, now))

    def _tell(self, case: Case, kind: EntryKind, text: str) -> None:
        self._admission.tell(case, kind, text)


def _event(finding: Finding, policy: OnFinding, now: float) -> AlertEvent:
    severity = "critical" if policy is OnFinding.PAGE else _WORDS.get(finding.severity, finding.severity)
    labels = make({**dict(finding.labels), "alertname": finding.query, "severity": severity})
    return AlertEvent(
        source=FINDING_SOURCE,
        fingerprint=finding.uid,
        status=AlertStatus.FIRING,
        labels=labels,
        annotations=(("summary", finding.sentence),),
        starts_at=finding.since,
        ends_at=None,
        received_at=now,
        origin=Origin.FINDING,
    )


def _ended(labels: tuple[tuple[str, str], ...], uid: str, since: float, now: float) -> AlertEvent:
    return AlertEvent(
        FINDING_SOURCE, uid, AlertStatus.RESOLVED, labels, (), since, max(now, since), now, origin=Origin.FINDING
    )
