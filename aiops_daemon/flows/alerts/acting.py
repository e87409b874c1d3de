"""What people do to incidents, within one step of the desk.

Enters: an action and who asks. Leaves: the incident after it, or a refusal in words. Whoever may not see an incident is
told that there is none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from aiops_daemon.core.incidents.acts import OVERTAKES, act, merged, overtaken
from aiops_daemon.core.incidents.facts import Facts
from aiops_daemon.core.incidents.lifecycle import awake, entry, opened, reopened
from aiops_daemon.core.model.action import Action, ActionKind, Done, Refusal, RefusalReason
from aiops_daemon.core.model.alert import Episode
from aiops_daemon.core.model.incident import Correction, EntryKind, Incident, IncidentState, Outcome
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.scope import DAEMON, Role, Scope
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.flows.alerts.case import Case
from aiops_daemon.flows.alerts.draft import Draft
from aiops_daemon.flows.alerts.follow import follow
from aiops_daemon.flows.alerts.seat import move_all
from aiops_daemon.flows.alerts.surroundings import Surroundings
from aiops_daemon.flows.alerts.working import WorkingSet

_REMEMBERED = 20  # label sets of each side that a correction keeps
_ENDS = frozenset((ActionKind.ACK, ActionKind.RESOLVE, ActionKind.FALSE_POSITIVE))


class Acting:
    """Carries out one action."""

    def __init__(self, around: Surroundings, working: WorkingSet, draft: Draft) -> None:
        self._around = around
        self._working = working
        self._draft = draft
        self._now = around.clock.now()

    async def act(self, action: Action, scope: Scope) -> Done | Refusal:
        """Do it, or say why not."""
        if not scope.may(Role.RESPONDER):
            return Refusal(RefusalReason.FORBIDDEN, f"role {scope.role} may look, not act")
        case = await self._case(action.incident, scope)
        if case is None:
            return _unknown(action.incident)
        if action.kind is ActionKind.MERGE:
            return await self._merge(case, action, scope)
        if action.kind is ActionKind.SPLIT:
            return await self._split(case, action, scope)
        return await self._overtaken(case, action, scope) or self._single(case, action, scope)

    def wake(self, now: float) -> list[Case]:
        """End the snoozes that are over, and return their cases."""
        woken = []
        for case in self._working.unresolved():
            after, entries = awake(case.incident, now)
            if entries:
                self._draft.put(case.incident, after)
                self._draft.write(entries)
                case.incident = after
                woken.append(case)
        return woken

    async def _overtaken(self, case: Case, action: Action, scope: Scope) -> Refusal | None:
        """Refuse what was done elsewhere about a time that is over."""
        if action.at is None or action.kind not in OVERTAKES:
            return None
        since = await self._around.store.entries_since(case.incident.uid, action.at, OVERTAKES[action.kind])
        return overtaken(case.incident, action, scope, since)

    def _single(self, case: Case, action: Action, scope: Scope) -> Done | Refusal:
        before = case.incident
        step = act(before, action, case.facts(), scope, self._now)
        if isinstance(step, Refusal):
            return step
        case.incident, entries = step
        self._draft.put(before, case.incident)
        self._draft.write(entries)
        self._outcome(case, action, scope)
        if before.acknowledged_at is None and case.incident.acknowledged_at is not None:
            self._acted(case)
        if case.incident.state.closed and not before.state.closed:
            self._around.grouper.close(before.uid, self._now)
        elif before.state.closed and not case.incident.state.closed:
            self._around.grouper.reopen(before.uid)
            follow([case] if case.open else [], self._around, self._draft, self._now)
        return Done(case.incident, changed=bool(entries))

    async def _merge(self, loser: Case, action: Action, scope: Scope) -> Done | Refusal:
        winner = await self._case(action.other, scope)
        if winner is None:
            return _unknown(action.other)
        why = action.text.strip() or f"{scope.actor} says that they belong together"
        before = (loser.incident, winner.incident)
        steps = merged(loser.incident, winner.incident, scope, self._now, why)
        if isinstance(steps, Refusal):
            return steps
        left, right = await self._held(loser), await self._held(winner)
        for one in before:
            self._draft.put(one, one)
        (loser.incident, lost), (winner.incident, gained) = steps
        self._draft.write([*lost, *gained])
        if loser.open and before[1].state.closed and not before[0].state.closed:
            self._reopen(winner, f"alerts of {loser.incident.name} fire", scope)
        move_all(loser, winner, self._working, self._draft)
        self._around.grouper.merge(loser.incident.uid, winner.incident.uid)
        self._correct(ActionKind.MERGE, loser.incident.team, scope, left, right)
        self._around.meter.inc("aiops_grouping_decisions_total", decision="merged")
        follow([winner], self._around, self._draft, self._now)
        return Done(winner.incident)

    def _reopen(self, case: Case, why: str, scope: Scope) -> None:
        case.incident, lines = reopened(case.incident, self._now, why, by=scope)
        self._draft.write(lines)
        self._around.grouper.reopen(case.incident.uid)

    async def _held(self, case: Case) -> tuple[Labels, ...]:
        """Return the labels of a case's alerts: of the open ones, or of all when none is."""
        return _labels(case.open.values() or await self._around.store.episodes_of(case.incident.uid))

    async def _split(self, case: Case, action: Action, scope: Scope) -> Done | Refusal:
        episodes = {one.uid: one for one in await self._around.store.episodes_of(case.incident.uid)}
        episodes |= {one.uid: one for one in case.open.values()}
        unknown = [uid for uid in action.episodes if uid not in episodes]
        if unknown or not action.episodes:
            words = f"{unknown[0]} is no alert of {case.incident.name}" if unknown else "say which alerts leave"
            return Refusal(RefusalReason.INVALID, words)
        leaving = [episodes[uid] for uid in dict.fromkeys(action.episodes)]
        staying = [one for uid, one in episodes.items() if uid not in set(action.episodes)]
        if not staying:
            return Refusal(RefusalReason.INVALID, "at least one alert must stay")
        if case.incident.state is IncidentState.MERGED:
            return Refusal(RefusalReason.CONFLICT, f"{case.incident.name} is merged; split the one it went into")
        created = self._begin(case.incident, leaving, action, scope)
        self._around.grouper.move([one.uid for one in leaving], created.incident.uid)
        self._correct(ActionKind.SPLIT, case.incident.team, scope, _labels(leaving), _labels(staying))
        for episode in leaving:
            case.remove(episode)
            moved = replace(episode, incident=created.incident.uid, joined_reason=f"split off by {scope.actor}")
            created.add(moved)
            self._working.keep(moved)
            self._draft.episodes[moved.uid] = moved
        gone = {one.team for one in leaving} - {one.team for one in staying} - {case.incident.team}
        case.incident = replace(case.incident, teams=tuple(team for team in case.incident.teams if team not in gone))
        follow([case, created], self._around, self._draft, self._now)
        return Done(case.incident, created.incident)

    def _begin(self, origin: Incident, leaving: list[Episode], action: Action, scope: Scope) -> Case:
        worst = max((Severity(one.severity) for one in leaving), key=lambda severity: severity.rank)
        teams = tuple(sorted({one.team for one in leaving}))
        facts = Facts(worst=worst, teams=teams, rules=((leaving[0].rule, 1),))
        why = f"split off {origin.name} by {scope.actor}" + (f": {action.text.strip()}" if action.text.strip() else "")
        uid, number = self._around.mint(), self._working.next_number
        incident, entries = opened(uid, number, leaving[0].team, facts, self._now, why=why)
        self._draft.write(entries)
        alerts = "1 alert was" if len(leaving) == 1 else f"{len(leaving)} alerts were"
        text = f"{alerts} split off into {incident.name} by {scope.actor}"
        self._draft.write([entry(origin, EntryKind.SPLIT, self._now, text, by=scope, after=incident.name)])
        self._draft.opened.append(incident)
        return self._working.open_case(incident)

    async def _case(self, reference: str, scope: Scope) -> Case | None:
        """Find a case; one that was closed long ago is read from the store."""
        case = self._working.find(reference)
        if case is None:
            detail = await self._around.store.find_incident(reference, DAEMON)
            if detail is None:
                return None
            case = self._working.open_case(detail.incident)
            for episode in await self._around.store.episodes_of(detail.incident.uid):
                case.add(episode)
            case.findings = {finding.uid: finding for finding in detail.findings}
        return case if scope.sees(case.incident.teams) else None

    def _outcome(self, case: Case, action: Action, scope: Scope) -> None:
        told = action.cause.strip() or action.done.strip() or action.helped is not None
        if not told or action.kind not in _ENDS:
            return
        incident = case.incident
        cause, done = action.cause.strip(), action.done.strip()
        self._draft.outcomes.append(
            Outcome(incident.uid, incident.team, self._now, scope.actor, cause, done, action.helped)
        )
        helped = {True: "; it helped", False: "; it did not help", None: ""}[action.helped]
        text = f"cause: {cause or 'not said'}; done: {done or 'nothing said'}{helped}"
        self._draft.write([entry(incident, EntryKind.OUTCOME, self._now, text, by=scope)])

    def _acted(self, case: Case) -> None:
        if case.opener is not None:
            self._around.judge.acted(case.opener, self._now)

    def _correct(
        self, kind: ActionKind, team: str, scope: Scope, left: tuple[Labels, ...], right: tuple[Labels, ...]
    ) -> None:
        if left and right:
            uid = self._around.mint()
            correction = Correction(uid, self._now, scope.actor, str(kind), team, left, right)
            self._draft.corrections.append(correction)
            self._around.grouper.correct(correction)


def _labels(episodes: Iterable[Episode]) -> tuple[Labels, ...]:
    return tuple(dict.fromkeys(episode.labels for episode in episodes))[:_REMEMBERED]


def _unknown(reference: str) -> Refusal:
    return Refusal(RefusalReason.NOT_FOUND, f"there is no incident {reference or '(none named)'}")
