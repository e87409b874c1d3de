"""The end of every step: escalations are brought into step with their incidents, and messages are written.

Enters: what the step drafted, or incidents whose timers are due. Leaves: escalations, their timers and messages in the
same draft, so that an incident and what is to be sent of it are on disk together or not at all. Sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from aiops_daemon.core.incidents.lifecycle import entry, taken_back
from aiops_daemon.core.model.escalation import Escalation, Phase, Track
from aiops_daemon.core.model.incident import EntryKind, Incident
from aiops_daemon.core.model.notification import Notification
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.response.escalation import advance
from aiops_daemon.core.response.planning import begun
from aiops_daemon.core.response.routing import Matched
from aiops_daemon.core.response.standing import Asked, Page, Remark, Standing, Tell, Unacknowledge
from aiops_daemon.core.response.stepping import fall_back
from aiops_daemon.core.response.telling import Reaching
from aiops_daemon.core.response.timers import timers
from aiops_daemon.flows.alerts.breath import breathing
from aiops_daemon.flows.alerts.case import Case
from aiops_daemon.flows.alerts.draft import Draft
from aiops_daemon.flows.alerts.outgoing import Outgoing
from aiops_daemon.flows.alerts.surroundings import Surroundings
from aiops_daemon.flows.alerts.working import WorkingSet

_ANSWERED = (Phase.ACKNOWLEDGED, Phase.SNOOZED)


class Responding:
    """Advances escalations within one step of the desk."""

    def __init__(self, around: Surroundings, working: WorkingSet, draft: Draft, now: float) -> None:
        self._around = around
        self._working = working
        self._draft = draft
        self._now = now
        self._outgoing = Outgoing(around, working, draft, now)

    async def respond(self, due: Iterable[str] = ()) -> None:
        """Advance what this step changed, and what is due; with no routes nobody is told, and nothing is kept."""
        async for uid in breathing(dict.fromkeys((*self._draft.incidents, *due))):
            case = self._working.cases.get(uid)
            if case is not None and (self._around.telling.anybody or case.response.escalation is not None):
                self._advance(case)

    def fall_back(self, late: Notification, why: str, *, heard: bool) -> None:
        """Tell the fallback of what did not arrive, unless somebody answered meanwhile; `heard`: others were told."""
        case = self._working.cases.get(late.incident)
        state = case.response.escalation if case else None
        if case is None or state is None or state.phase is not Phase.RUNNING:
            return
        if late.step.endswith("fallback"):
            text = f"the fallback was not told either: {why}"
            self._remark(case.incident, Remark(text, "unreached", unheard=not heard))
            return
        reach = Reaching(self._around.telling, self._now, case.incident.severity)
        after, asked = fall_back(state, late.track, self._now, reach, why, step=late.step, heard=heard)
        self._settle(case, after, asked, reach)

    def _advance(self, case: Case) -> None:
        incident = case.incident
        reach = Reaching(self._around.telling, self._now, incident.severity)
        standing = Standing(incident, self._tracks(case), self._around.telling.muted)
        state, asked = advance(case.response.escalation, standing, self._now, reach)
        self._settle(case, state, asked, reach)

    def _settle(self, case: Case, state: Escalation, asked: tuple[Asked, ...], reach: Reaching) -> None:
        """Do what was asked for, and keep the state and its timers."""
        for one in asked:
            if isinstance(one, Unacknowledge):
                self._take_back(case, one.why)
        for one in asked:
            if isinstance(one, Page):
                state = self._outgoing.page(case, state, one, reach.found[one.destination])
            elif isinstance(one, Tell):
                self._outgoing.tell(case, one, state)
            elif isinstance(one, Remark):
                self._remark(case.incident, one)
        if not any(isinstance(one, Page | Tell) for one in asked) and self._changed(case.incident):
            self._outgoing.update(case, state)
        if case.response.escalation is not None:
            self._pass_on(case, case.response.escalation)
        self._keep(case, state)

    def _pass_on(self, case: Case, before: Escalation) -> None:
        """Write what people wrote in this step to whoever was told before it."""
        for line in self._draft.notes:
            if line.incident == case.incident.uid:
                self._outgoing.note(case, before, line)

    def _keep(self, case: Case, state: Escalation) -> None:
        uid, response = case.incident.uid, case.response
        recorded = _turned_to_shadow(response.escalation, state)
        if recorded:
            self._draft.withdrawn += [(uid, name, self._now) for name in recorded]
            self._outgoing.withdraw(uid, recorded)
        if state != response.escalation:
            self._draft.escalations[uid] = response.escalation = state
        waits = timers(state, case.incident)
        if waits != response.waits:
            self._draft.timers[uid] = response.waits = waits

    def _tracks(self, case: Case) -> tuple[Track, ...]:
        """Return the policies that its routes name, without those that only an edit named: what runs is frozen.

        Where nobody answered and all runs in shadow, nobody heard of it, so there an edit may name who does. A step
        that changes alerts too may let a policy join that an edit named: better a page too many than one lost.
        """
        response, state = case.response, case.response.escalation
        looked = response.routes is None and not self._stirred(case)
        tracks = self._around.telling.tracks(self._routes(case).values())
        if state is None or not begun(state) or not state.tracks:
            response.barred = frozenset()
        elif looked and (state.phase in _ANSWERED or any(one.mode is not Mode.SHADOW for one in state.positions)):
            response.barred = frozenset(one.name for one in tracks) - {one.name for one in state.tracks}
        elif looked:
            response.barred = frozenset()
        return tuple(one for one in tracks if one.name not in response.barred)

    def _stirred(self, case: Case) -> bool:
        """Say whether this step changed what routes look at: alerts of the incident, or its priority."""
        before = self._draft.before.get(case.incident.uid)
        moved = before is not None and before.priority is not case.incident.priority
        return moved or any(one.incident == case.incident.uid for one in self._draft.episodes.values())

    def _routes(self, case: Case) -> dict[str, Matched]:
        """Return the routes that took its alerts; only those that changed in this step are asked again."""
        response, before = case.response, self._draft.before.get(case.incident.uid)
        moved = before is not None and before.priority is not case.incident.priority
        if response.routes is None or moved:
            response.routes = response.routes or {}
            changed = list(case.open.values())
        else:
            uid = case.incident.uid
            changed = [one for one in self._draft.episodes.values() if one.incident == uid and one.open]
        for episode in changed:
            matched = self._around.telling.matched(episode, case.service_of(episode), str(case.incident.priority))
            for one in matched:
                response.routes.setdefault(one.route.path, one)
        return response.routes

    def _take_back(self, case: Case, why: str) -> None:
        before = case.incident
        case.incident, lines = taken_back(before, self._now, why)
        self._draft.put(before, case.incident)
        self._draft.write(lines)

    def _remark(self, incident: Incident, remark: Remark) -> None:
        line = entry(incident, EntryKind.ESCALATION, self._now, remark.text)
        self._draft.write([line])
        if remark.unheard:
            self._draft.unheard.append((incident, remark.text))

    def _changed(self, incident: Incident) -> bool:
        """Say whether what people saw of an incident is not what it is now."""
        before = self._draft.before.get(incident.uid)
        return before is not None and _seen(before) != _seen(incident)


def _turned_to_shadow(before: Escalation | None, after: Escalation) -> list[str]:
    """Name the policies that were live and are not any more; of what is muted the outbox takes care itself."""
    modes = {track.name: one.mode for track, one in zip(before.tracks, before.positions, strict=True)} if before else {}
    return [
        track.name
        for track, one in zip(after.tracks, after.positions, strict=True)
        if one.mode is Mode.SHADOW and modes.get(track.name) is Mode.LIVE
    ]


def _seen(incident: Incident) -> tuple[object, ...]:
    shown = (incident.title, incident.severity, incident.priority, incident.state, incident.firing, incident.assignee)
    return (*shown, incident.snoozed_until)
