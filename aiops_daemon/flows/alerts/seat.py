"""Which incident a new alert goes to, and the lines that say why.

Enters: an episode that begins. Leaves: its case, with what was written about it. An alert that comes back goes where
it was; one of our own rules goes to its finding; at first use, old alerts go to one digest; else grouping decides.
"""

from __future__ import annotations

from dataclasses import replace

from aiops_daemon.core.incidents.acts import merged
from aiops_daemon.core.incidents.facts import Facts
from aiops_daemon.core.incidents.lifecycle import opened, reopened
from aiops_daemon.core.model.action import Refusal
from aiops_daemon.core.model.alert import Episode
from aiops_daemon.core.model.grouping import Candidate, Judgement, Placement
from aiops_daemon.core.model.incident import EntryKind
from aiops_daemon.core.model.quantity import speak_duration
from aiops_daemon.core.model.scope import DAEMON
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.flows.alerts.case import Case
from aiops_daemon.flows.alerts.draft import Draft
from aiops_daemon.flows.alerts.surroundings import Surroundings, is_own_rule, told_of
from aiops_daemon.flows.alerts.working import WorkingSet

FIRST_USE = 600.0  # seconds after the first start in which old alerts count as found, not as news


class Seating:
    """Finds the case of an alert, within one step of the desk."""

    def __init__(self, around: Surroundings, working: WorkingSet, draft: Draft, now: float) -> None:
        self._around = around
        self._working = working
        self._draft = draft
        self._now = now

    def seat(self, episode: Episode, before: Episode | None) -> tuple[Case, str]:
        """Return the case that an alert goes to, and the reason; `before` is its last episode."""
        for choose in (self._returning, self._of_finding, self._digest):
            chosen = choose(episode, before)
            if chosen is not None:
                case, reason = chosen
                return self._join(case, candidate_of(episode), reason)
        return self._by_grouping(episode)

    def home(self, before: Episode | None) -> Case | None:
        """Return the case that an alert comes back to: of an incident that is open, or was resolved lately."""
        case = self._working.last(before.incident) if before is not None and before.incident else None
        if case is None or not case.incident.state.closed:
            return case
        return case if self._ago(case) <= self._around.settings.grouping.reopen_within else None

    def _returning(self, episode: Episode, before: Episode | None) -> tuple[Case, str] | None:
        case = self.home(before)
        if case is None:
            return None
        name = case.incident.name
        if not case.incident.state.closed:
            return case, f"the same alert fired in {name} before"
        why = f"{episode.rule or 'an alert'} came back {speak_duration(self._ago(case))} after {name} was resolved"
        self.reopen(case, why)
        return case, why

    def _ago(self, case: Case) -> float:
        return self._now - (case.incident.resolved_at or 0.0)

    def _of_finding(self, episode: Episode, before: Episode | None) -> tuple[Case, str] | None:
        if not is_own_rule(episode.labels):
            return None
        labels = set(episode.labels)
        query = told_of(episode.labels)
        for case in self._working.unresolved():
            for finding in case.findings.values():
                if finding.query == query and labels.issuperset(finding.labels) and finding.closed_at is None:
                    return case, f"alert of the rule on finding {finding.sentence}"
        return None

    def _digest(self, episode: Episode, before: Episode | None) -> tuple[Case, str] | None:
        first = self._working.first_started_at
        older = self._around.settings.quality.digest_older_than
        if first is None or self._now - first > FIRST_USE or episode.starts_at > first - older:
            return None
        why = f"had fired for {speak_duration(first - episode.starts_at)} when this daemon was first started"
        found = next((case for case in self._working.unresolved() if case.incident.digest), None)
        return found or self._open(episode, why, digest=True), why

    def _by_grouping(self, episode: Episode) -> tuple[Case, str]:
        candidate = candidate_of(episode)
        placement = self._around.grouper.place(candidate, self._now)
        case = self._working.last(placement.incident) if placement.incident else None
        if case is None or case.incident.state.closed:
            case = self._open(episode, f"opened by {episode.rule or 'an alert'}")
            self._tell_apart(case, episode, placement)
            reason = "began this incident" + (f": {placement.refused[0].text}" if placement.refused else "")
            return self._join(case, candidate, reason)
        self._merge(case, placement)
        survivor = self._working.last(case.incident.uid) or case
        return self._join(survivor, candidate, placement.judgement.text if placement.judgement else "")

    def _open(self, episode: Episode, why: str, *, digest: bool = False) -> Case:
        number = self._working.next_number
        facts = Facts(worst=Severity(episode.severity), rules=((episode.rule, 1),), teams=(episode.team,))
        incident, entries = opened(self._around.mint(), number, episode.team, facts, self._now, why=why, digest=digest)
        if digest:
            incident = replace(incident, title="Alerts that fired already when this daemon was first started")
        self._draft.write(entries)
        self._draft.opened.append(incident)
        return self._working.open_case(incident)

    def reopen(self, case: Case, why: str) -> None:
        """Open a resolved incident again because one of its alerts is news."""
        case.incident, entries = reopened(case.incident, self._now, why)
        self._draft.write(entries)
        self._around.grouper.reopen(case.incident.uid)
        self._around.meter.inc("aiops_grouping_decisions_total", decision="reopened")

    def _join(self, case: Case, candidate: Candidate, reason: str) -> tuple[Case, str]:
        self._around.grouper.join(candidate, case.incident.uid, self._now)
        return case, reason

    def _tell_apart(self, case: Case, episode: Episode, placement: Placement) -> None:
        for judgement in placement.refused:
            other = self._working.cases.get(judgement.incident)
            if other is not None:
                shared = episode.team in other.incident.teams
                name = other.incident.name if shared else "an incident of another team"
                text = f"kept apart from {name}: {judgement.text}"
                self._draft.tell(episode, case.incident, EntryKind.APART, self._now, text)

    def _merge(self, case: Case, placement: Placement) -> None:
        for judgement in placement.merges:
            other = self._working.last(judgement.incident)
            if other is not None and other is not case and not other.incident.state.closed:
                older, younger = sorted((case, other), key=lambda one: one.incident.number)
                self.merge(younger, older, judgement)
                case = older

    def merge(self, loser: Case, winner: Case, judgement: Judgement) -> None:
        """Put one case into another because an alert links them."""
        steps = merged(loser.incident, winner.incident, DAEMON, self._now, judgement.text)
        if not isinstance(steps, Refusal):
            (loser.incident, lost), (winner.incident, gained) = steps
            self._draft.write([*lost, *gained])
            move_all(loser, winner, self._working, self._draft)
            self._around.grouper.merge(loser.incident.uid, winner.incident.uid)
            self._around.meter.inc("aiops_grouping_decisions_total", decision="merged")


def move_all(loser: Case, winner: Case, working: WorkingSet, draft: Draft) -> None:
    """Give the winner every open alert and finding of the loser, and what flaps; others stay where they ended."""
    for episode in (loser.open | loser.flapping).values():
        loser.remove(episode)
        moved = replace(episode, incident=winner.incident.uid)
        winner.add(moved)
        working.keep(moved)
        draft.episodes[moved.uid] = moved
    for uid, finding in loser.findings.items():
        winner.findings[uid] = draft.findings[uid] = replace(finding, incident=winner.incident.uid)
    loser.findings.clear()
    loser.incident = replace(loser.incident, alerts=loser.facts().alerts)
    draft.put(loser.incident, loser.incident)
    draft.put(winner.incident, winner.incident)


def candidate_of(episode: Episode) -> Candidate:
    """Return what grouping sees of an alert."""
    return Candidate(episode.uid, episode.labels, episode.starts_at, episode.key)
