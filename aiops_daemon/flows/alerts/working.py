"""The desk's working set: open alerts, and the cases of open and lately resolved incidents.

Enters: what the store holds. Leaves: the same, indexed. The store is the truth: after a failed commit this is
thrown away and made anew. Mutable; owned by the desk alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from aiops_daemon.core.model.alert import AlertKey, Episode, VerdictKind, VerdictReason
from aiops_daemon.core.model.incident import Incident, IncidentState
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.response.folding import Paged
from aiops_daemon.flows.alerts.breath import breathing
from aiops_daemon.flows.alerts.case import Case
from aiops_daemon.flows.alerts.surroundings import is_own_rule, told_of
from aiops_daemon.ports.store import DeskState

_LOOKED_AT_EACH_TICK = frozenset((VerdictReason.MAINTENANCE, VerdictReason.SUPPRESSION))


class WorkingSet:
    """Everything the desk must know to decide on the next event."""

    def __init__(self, state: DeskState, service_labels: tuple[str, ...]) -> None:
        self._service_labels = service_labels
        self.cases: dict[str, Case] = {}
        self.open: dict[AlertKey, Episode] = {}
        self.held: set[AlertKey] = set()
        self.own: dict[AlertKey, Episode] = {}  # open alerts of rules that we generated
        self.merged: dict[str, str] = {}  # incidents that are no case any more: into which one they were merged
        self.next_number = state.next_number
        self.first_started_at = state.first_started_at
        self.storms = {storm.destination: storm for storm in state.storms}
        self.paged: dict[str, list[Paged]] = {}  # what each lane got lately

    async def fill(self, state: DeskState) -> None:
        """Take in all rows, once; others have their turn meanwhile, for there may be many thousands."""
        async for incident in breathing(state.incidents):
            self.cases[incident.uid] = Case(incident, self._service_labels)
        async for episode in breathing(state.episodes):
            case = self.cases.get(episode.incident)
            if case is not None:
                case.add(episode)
            self.keep(episode)
        latest = {episode.key: episode.uid for episode in state.episodes}
        for case in self.cases.values():  # an alert flaps where it was last
            if case.flapping:
                case.flapping = {key: one for key, one in case.flapping.items() if latest[key] == one.uid}
        for escalation in state.escalations:
            if escalation.incident in self.cases:
                self.cases[escalation.incident].response.escalation = escalation
        for finding in state.findings:
            if finding.incident in self.cases:
                self.cases[finding.incident].findings[finding.uid] = finding

    def remember(self, pages: Iterable[tuple[str, str, float]]) -> None:
        """Take in what was paged lately: lane (see folding), service, time."""
        for told, service, at in pages:
            self.paged.setdefault(told, []).append(Paged(at, service))

    def open_case(self, incident: Incident) -> Case:
        """Begin the case of a new incident."""
        case = Case(incident, self._service_labels)
        self.cases[incident.uid] = case
        self.next_number = max(self.next_number, incident.number + 1)
        return case

    def last(self, uid: str) -> Case | None:
        """Return the case of an incident, or that of the one that it went into; None: it is long over."""
        case = self.cases.get(uid)
        while case is None or case.incident.state is IncidentState.MERGED:
            uid = self.merged.get(uid, "") if case is None else case.incident.merged_into
            if not uid:
                return None
            case = self.cases.get(uid)
        return case

    def keep(self, episode: Episode) -> None:
        """Remember an alert as it is now."""
        if not episode.open:
            held = self.open.get(episode.key)
            if held is not None and held.uid == episode.uid:
                del self.open[episode.key]
                self.held.discard(episode.key)
                self.own.pop(episode.key, None)
            return
        self.open[episode.key] = episode
        if is_own_rule(episode.labels):
            self.own[episode.key] = episode
        verdict = episode.verdict
        if verdict.reason in _LOOKED_AT_EACH_TICK or verdict.kind is VerdictKind.DELAY:
            self.held.add(episode.key)
        else:
            self.held.discard(episode.key)

    def find(self, reference: str) -> Case | None:
        """Return the case that a person names: INC-42, 42 or the uid."""
        if reference in self.cases:
            return self.cases[reference]
        number = reference.upper().removeprefix("INC-")
        return next((case for case in self.cases.values() if str(case.incident.number) == number), None)

    def of_source(self, source: str) -> list[Episode]:
        """List the open alerts of one source."""
        return [episode for episode in self.open.values() if episode.source == source]

    def of_rule_on(self, query: str, labels: Labels) -> Case | None:
        """Return the case of an open alert whose rule we generated for a query, and that has these labels."""
        wanted = set(labels)
        for episode in self.own.values():
            if told_of(episode.labels) == query and wanted.issubset(episode.labels):
                case = self.cases.get(episode.incident)
                if case is not None and not case.incident.state.closed:
                    return case
        return None

    def forget(self, before: float) -> list[str]:
        """Drop cases closed before then, and return their uids."""
        old = [uid for uid, case in self.cases.items() if _closed_before(case, before)]
        for uid in old:
            del self.cases[uid]
        self.merged.clear()
        return old

    def unresolved(self) -> Iterable[Case]:
        """List the cases of incidents that are not closed."""
        return (case for case in self.cases.values() if not case.incident.state.closed)


def _closed_before(case: Case, before: float) -> bool:
    incident = case.incident
    return incident.state.closed and not case.open and not case.owes and (incident.resolved_at or 0.0) < before
