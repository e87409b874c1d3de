"""From what is said of an alert to what we hold of it: one event, one transition, its verdict and its incident.

Enters: events and repairs, with the latest episode of their alert. Leaves: changed rows in a draft, and the cases that
were touched. One step of the desk; nothing here waits.
"""

from __future__ import annotations

from dataclasses import replace

from aiops_daemon.core.incidents.lifecycle import entry
from aiops_daemon.core.model.alert import (
    AlertEvent,
    AlertKey,
    AlertStatus,
    Episode,
    Origin,
    Verdict,
    VerdictKind,
    VerdictReason,
)
from aiops_daemon.core.model.incident import EntryKind, IncidentState
from aiops_daemon.core.model.labels import get
from aiops_daemon.core.model.repair import Evaluation, Lookup, Repair
from aiops_daemon.core.model.scope import DAEMON
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.quality import episodes
from aiops_daemon.core.quality.episodes import Transition, TransitionKind
from aiops_daemon.flows.alerts.case import Case
from aiops_daemon.flows.alerts.draft import Draft
from aiops_daemon.flows.alerts.seat import Seating
from aiops_daemon.flows.alerts.surroundings import Surroundings
from aiops_daemon.flows.alerts.working import WorkingSet

SEEN_EVERY = 60.0  # seconds: a repetition alone is written this often

_T = TransitionKind
_LINES = {
    _T.ENDED: EntryKind.ALERT_RESOLVED,
    _T.STALE: EntryKind.ALERT_STALE,
    _T.UNKNOWN: EntryKind.ALERT_UNKNOWN,
    _T.REFIRED: EntryKind.ALERT_REFIRED,
    _T.REVIVED: EntryKind.ALERT_REFIRED,
    _T.MUTED: EntryKind.ALERT_MUTED,
    _T.UNMUTED: EntryKind.ALERT_UNMUTED,
}

_JUDGED_AGAIN = frozenset((_T.MUTED, _T.UNMUTED))
_NEWS = frozenset((_T.REFIRED, _T.REVIVED, _T.UNMUTED))  # reopen what a person closed although it fired


class Admission:
    """One step: events in, rows out. `latest` holds the last episodes of alerts that are not open."""

    def __init__(
        self, around: Surroundings, working: WorkingSet, latest: dict[AlertKey, Episode], draft: Draft
    ) -> None:
        self._around = around
        self._working = working
        self._latest = latest
        self.draft = draft
        self.now = around.clock.now()
        self.touched: dict[str, Case] = {}
        self._seating = Seating(around, working, draft, self.now)

    def latest(self, key: AlertKey) -> Episode | None:
        """Return what is held of an alert."""
        return self._working.open.get(key) or self._latest.get(key)

    def observe(self, event: AlertEvent, lookup: Lookup | None = None) -> bool:
        """Take one event; False when Alertmanager must be asked first."""
        self.draft.origin = str(event.origin)
        latest = self.latest(event.key)
        ended = event.status is AlertStatus.RESOLVED
        evaluation = self._around.evaluating.judge(event.labels) if ended else Evaluation.NOT_OURS
        transition = episodes.observe(latest, event, evaluation=evaluation, lookup=lookup)
        if transition.kind is _T.ASK:
            return False
        self._apply(transition, latest)
        return True

    def repair(self, repair: Repair) -> bool:
        """Put right what webhooks did not tell; False when there was nothing to change."""
        self.draft.origin = str(Origin.RECONCILIATION)
        latest = self.latest(repair.key)
        transition = episodes.repair(latest, repair)
        self._apply(transition, latest)
        case = self._case_of(repair.key)
        if transition.changed and repair.event is not None and case is not None:
            episode = case.open[repair.key]
            self.draft.tell(episode, case.incident, EntryKind.REPAIRED, self.now, repair.text, str(repair.kind))
        return transition.changed

    def _case_of(self, key: AlertKey) -> Case | None:
        episode = self._working.open.get(key)
        return self._working.cases.get(episode.incident) if episode is not None else None

    def _apply(self, transition: Transition, before: Episode | None) -> None:
        kind, episode = transition.kind, transition.episode
        if episode is None:
            return
        if kind is _T.OPENED:
            self._begin(episode, before)
        elif kind is _T.REOPENED:
            self._begin(episode, before, continued=True)
        elif kind in (_T.RECORDED, _T.LATE):
            self._record(kind, episode, before, transition.text)
        elif kind is _T.REPEATED:
            self._repeat(transition, episode, before)
        else:
            self._change(kind, episode, transition.text)

    def _begin(self, episode: Episode, before: Episode | None, *, continued: bool = False) -> None:
        """Open an episode: owner and severity, the verdict, the incident."""
        if continued and before is not None:
            continued = self._goes_on(before)
            if not continued:  # where it was is closed for good, and keeps its row
                episode = replace(episode, uid="", heard_at=self.now)
        episode = self._stamped(episode)
        flapping = self._around.judge.started(episode, self.now)
        if self._recorded_only(episode):
            return
        if not continued:
            for listener in self._around.heard:
                listener(episode)
        case, reason = self._seating.seat(episode, before)
        verdict, uid = self._verdict(episode, case), case.incident.uid
        episode = replace(episode, flapping=flapping, incident=uid, joined_reason=reason, verdict=verdict)
        joined = case.incident.alerts > 0 or uid in self.touched
        self._around.meter.inc("aiops_grouping_decisions_total", decision="joined" if joined else "opened")
        text = f"{_name(episode)}: {episode.joined_reason}"
        self.draft.tell(episode, case.incident, EntryKind.JOINED, self.now, text)
        self._tell_verdict(episode, case)
        if continued:
            case.change(episode)
        else:
            case.add(episode)
        self._keep(episode, case)
        if flapping and not (before is not None and before.flapping):
            self._tell_flapping(episode, case)

    def _goes_on(self, before: Episode) -> bool:
        case = self._seating.home(before)
        return case is not None and case.incident.uid == before.incident

    def _recorded_only(self, episode: Episode) -> bool:
        """Keep alerts that open nothing: Watchdogs and severity none."""
        if self._around.is_watchdog(episode.labels):
            verdict = Verdict(VerdictKind.RECORD, VerdictReason.WATCHDOG, "a Watchdog: it must keep firing")
        elif episode.severity == Severity.NONE:
            verdict = Verdict(VerdictKind.RECORD, VerdictReason.SEVERITY_NONE, "severity none opens no incident")
        else:
            return False
        self._count(verdict)
        self._keep(replace(episode, verdict=verdict), None)
        return True

    def _record(self, kind: TransitionKind, episode: Episode, before: Episode | None, text: str) -> None:
        """Keep news of the past; it opens nothing, but stands where the alert was before."""
        verdict = Verdict(VerdictKind.RECORD, VerdictReason.LATE, text)
        self._count(verdict)
        if kind is not _T.RECORDED:
            return
        episode = replace(self._stamped(episode), verdict=verdict)
        case = self._seating.home(before)
        if case is not None and before is not None and episode.starts_at >= before.starts_at:
            reason = f"the same alert fired in {case.incident.name} before; {text}"
            episode = replace(episode, incident=case.incident.uid, joined_reason=reason, flapping=before.flapping)
            self.draft.tell(episode, case.incident, EntryKind.JOINED, self.now, f"{_name(episode)}: {reason}")
            case.add(episode)
        self._keep(episode, case if episode.incident else None)

    def _repeat(self, transition: Transition, episode: Episode, before: Episode | None) -> None:
        """Note a repetition: it changes nothing, and is written now and then."""
        self._around.meter.inc(
            "aiops_alert_verdicts_total", verdict=str(VerdictKind.RECORD), reason=str(VerdictReason.DUPLICATE)
        )
        if before is None or not before.open:
            if transition.changed:  # a later end
                self._keep(episode, None)
            return
        if transition.changed or episode.seen_at - before.seen_at >= SEEN_EVERY:
            case = self._working.cases.get(episode.incident)
            if case is not None:
                case.change(episode)
            self._keep(episode, case)

    def _change(self, transition_kind: TransitionKind, episode: Episode, text: str) -> None:
        """Change an open episode, and say so in its incident."""
        case = self._working.cases.get(episode.incident)
        if transition_kind is _T.REFIRED:
            flapping = self._around.judge.started(episode, self.now)
            if flapping and not episode.flapping and case is not None:
                self._tell_flapping(episode, case)
            episode = replace(episode, flapping=flapping)
        elif not episode.open:
            self._around.judge.ended(episode, self.now)
            self._around.grouper.leave(episode.uid, self.now)
        if case is not None and case.incident.state is IncidentState.RESOLVED and transition_kind in _NEWS:
            self._seating.reopen(case, f"{_name(episode)}: {text}")
            episode = replace(episode, verdict=self._verdict(episode, case))
            self._tell_verdict(episode, case)
        elif episode.open and case is not None and (transition_kind in _JUDGED_AGAIN or episode.flapping):
            episode = replace(episode, verdict=_earlier(episode.verdict, self._verdict(episode, case)))
            self._tell_verdict(episode, case)
        if case is not None:
            kind = _LINES[transition_kind]
            self.draft.tell(episode, case.incident, kind, self.now, f"{_name(episode)}: {text}")
            case.change(episode)
        self._keep(episode, case)

    def tell(self, case: Case, kind: EntryKind, text: str) -> None:
        """Add a line to an incident's timeline, and bring it into step at the end."""
        self.draft.write([entry(case.incident, kind, self.now, text)])
        self.touched[case.incident.uid] = case

    def look_again(self, episode: Episode) -> None:
        """Judge an alert anew whose maintenance or suppression may have ended, or begun while it waited to be told."""
        self.draft.origin = DAEMON.origin
        case = self._working.cases.get(episode.incident)
        if case is None:
            return
        waited = episode.verdict.kind is VerdictKind.DELAY
        if waited and (episode.verdict.notify_at or 0.0) <= self.now:
            self._working.held.discard(episode.key)
            return
        verdict = self._around.judge.verdict(episode, self.now)
        if waited and verdict.kind is not VerdictKind.SUPPRESS:
            return
        if (verdict.kind, verdict.reason) != (episode.verdict.kind, episode.verdict.reason):
            self._count(verdict)
            after = replace(episode, verdict=verdict)
            text = f"{_name(after)}: {verdict.sentence}"
            self.draft.tell(after, case.incident, EntryKind.VERDICT, self.now, text, str(verdict.reason))
            case.change(after)
            self._keep(after, case)

    def steady(self, episode: Episode) -> None:
        """Say that an alert flaps no more."""
        self.draft.origin = DAEMON.origin
        case = self._working.cases.get(episode.incident)
        after = replace(episode, flapping=False)
        if case is not None:
            self.draft.tell(after, case.incident, EntryKind.STEADY, self.now, f"{_name(after)} flaps no more")
            case.change(after)
        self._keep(after, case)

    def _verdict(self, episode: Episode, case: Case) -> Verdict:
        corroboration = [(one.sentence, 0.5) for one in case.findings.values() if one.closed_at is None]
        verdict = self._around.judge.verdict(episode, self.now, corroboration=corroboration)
        self._count(verdict)
        return verdict

    def _tell_verdict(self, episode: Episode, case: Case) -> None:
        """Say why people are not told at once."""
        verdict = episode.verdict
        if verdict.kind is not VerdictKind.NOTIFY:
            text = f"{_name(episode)}: {verdict.sentence}"
            self.draft.tell(episode, case.incident, EntryKind.VERDICT, self.now, text, str(verdict.reason))

    def _tell_flapping(self, episode: Episode, case: Case) -> None:
        text = f"{_name(episode)} flaps; it counts as firing until it is steady"
        self.draft.tell(episode, case.incident, EntryKind.FLAPPING, self.now, text, str(VerdictReason.FLAPPING))

    def _count(self, verdict: Verdict) -> None:
        self._around.meter.inc("aiops_alert_verdicts_total", verdict=str(verdict.kind), reason=str(verdict.reason))

    def _stamped(self, episode: Episode) -> Episode:
        severity = self._around.settings.severities.of(get(episode.labels, "severity"))
        uid = episode.uid or self._around.mint()
        return replace(episode, uid=uid, team=self._around.team_of(episode.labels), severity=severity.value)

    def _keep(self, episode: Episode, case: Case | None) -> None:
        self._working.keep(episode)
        latest = self._latest.get(episode.key)
        if not episode.open and (latest is None or episode.starts_at >= latest.starts_at):
            self._latest[episode.key] = episode
        self.draft.episodes[episode.uid] = episode
        if case is not None:
            self.touched[case.incident.uid] = case


def _earlier(before: Verdict, after: Verdict) -> Verdict:
    """Keep the time at which people were or will be told, when the new verdict would tell them too, but later."""
    if before.notify_at is None or after.notify_at is None:
        return after
    return replace(after, notify_at=min(before.notify_at, after.notify_at))


def _name(episode: Episode) -> str:
    where = get(episode.labels, "instance") or get(episode.labels, "pod") or get(episode.labels, "service")
    return (episode.rule or "an alert") + (f" on {where}" if where else "")
