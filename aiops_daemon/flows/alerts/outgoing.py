"""Messages on their way into the outbox: one row for each destination; storms and digests fold many into one.

Enters: what an escalation asks for. Leaves: rows in the draft with their lines of the timeline and the deadlines by
which they must have arrived. What is not live is written all the same, and never sent.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from aiops_daemon.core.incidents.lifecycle import entry
from aiops_daemon.core.model.escalation import Escalation, Told
from aiops_daemon.core.model.incident import Entry, EntryKind
from aiops_daemon.core.model.message import Message, MessageEvent
from aiops_daemon.core.model.notification import NOTES, Notification, NotificationState, Storm
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.response.digest import digest, gathered, order_key
from aiops_daemon.core.response.folding import (
    PACE,
    REMEMBERED,
    Folding,
    Paged,
    counts,
    destination_of,
    fold,
    is_live,
    lane,
    may_fold,
)
from aiops_daemon.core.response.keys import dedup_key, digest_key, storm_key
from aiops_daemon.core.response.message import Gathered, Next, compose, named, storm, storm_over
from aiops_daemon.core.response.reach import Destination
from aiops_daemon.core.response.standing import Page, Tell
from aiops_daemon.core.response.timers import ARRIVES_WITHIN, deadline
from aiops_daemon.core.response.written import written
from aiops_daemon.flows.alerts.case import Case
from aiops_daemon.flows.alerts.draft import Draft
from aiops_daemon.flows.alerts.surroundings import Surroundings
from aiops_daemon.flows.alerts.working import WorkingSet

SETTLES = 10.0  # seconds in which changes of an incident are one update
_LISTED = 5  # alerts that a message may name

_STATES = {
    Mode.LIVE: NotificationState.WAITING,
    Mode.SHADOW: NotificationState.SHADOW,
    Mode.MUTED: NotificationState.MUTED,
}
_LEADS = {Mode.LIVE: "told", Mode.SHADOW: "would have told (shadow)", Mode.MUTED: "would have told (muted)"}


class Outgoing:
    """Writes messages into one draft."""

    def __init__(self, around: Surroundings, working: WorkingSet, draft: Draft, now: float) -> None:
        self._around = around
        self._working = working
        self._draft = draft
        self._now = now

    def page(self, case: Case, state: Escalation, page: Page, to: Destination) -> Escalation:
        """Tell one destination of an incident, by a message of its own, in a storm's or in a digest.

        Whoever has no message of its own about an incident is not told that it changes or ends.
        """
        message = self._message(case, MessageEvent.TRIGGER, page.why, _next(state))
        before = case.response.escalation.told if case.response.escalation else ()
        folding = self._folding(case, page, to, known=any(one.destination == to.id for one in before))
        text = f"{_LEADS[page.mode]} {page.destination}: {page.why}"
        if folding is not None:
            if folding.into is MessageEvent.DIGEST:
                self._digest(message, page, to, folding)
                text = f"{_LEADS[page.mode]} {page.destination} in a digest: {page.why}; {folding.why}"
            else:
                self._fold(message, page, to, folding)
                text = f"{text}; in one message with others: {folding.why}"
            told = tuple(one for one in state.told if one in before or not _of(one, page))
            state = replace(state, told=told, folded=(*state.folded, page.destination))
        else:
            row = self._row(case, page, to, message)
            self._draft.superseded.append(row.key)  # by changes that wait: the page shows them
            self._draft.notifications.append(row)
            if page.mode is Mode.LIVE:
                due_at = self._now + ARRIVES_WITHIN
                self._draft.deadlines.append(deadline(row.incident, row.team, row.uid, due_at))
        self._draft.write([entry(case.incident, EntryKind.NOTIFIED, self._now, text, after=str(page.mode))])
        return state

    def tell(self, case: Case, tell: Tell, state: Escalation, due_at: float | None = None) -> None:
        """Tell one destination that something changed, if it wants to hear of that."""
        to = self._around.telling.find(tell.destination)
        if to is None or not self._around.telling.takes(to, tell.event):
            return
        live = Mode.MUTED if self._around.telling.muted else Mode.LIVE
        mode = live if tell.live else Mode.SHADOW
        incident = case.incident
        key = dedup_key(self._around.telling.place.cluster, incident.uid, tell.generation)
        message = self._message(case, tell.event, tell.why, _next(state))
        row = self._written(key, to, message, mode, due_at or self._now)
        self._draft.notifications.append(replace(row, incident=incident.uid, team=incident.team))
        if tell.event is MessageEvent.UPDATE:
            self._draft.superseded.append(row.key)

    def update(self, case: Case, state: Escalation) -> None:
        """Say to whoever shows a living message that it changed; soon, and several changes as one."""
        for one in state.told:
            if one.generation == state.generation:
                tell = Tell(one.destination, MessageEvent.UPDATE, one.generation, one.live, one.why)
                self.tell(case, tell, state, self._now + SETTLES)

    def note(self, case: Case, state: Escalation, line: Entry) -> None:
        """Write what a person wrote to whoever keeps notes beside its page; in an order of its own, for it may wait."""
        for one in state.told:
            to = self._around.telling.find(one.destination)
            if to is None or not self._around.telling.takes_notes(to, line.origin):
                continue
            if not one.live and replace(one, live=True) in state.told:
                continue
            key = dedup_key(self._around.telling.place.cluster, case.incident.uid, one.generation)
            message = self._message(case, MessageEvent.UPDATE, "", Next())
            message = replace(message, actor=line.actor, note=line.text)
            live = Mode.MUTED if self._around.telling.muted else Mode.LIVE
            row = self._written(key, to, message, live if one.live else Mode.SHADOW, self._now)
            self._draft.notifications.append(
                replace(row, key=f"{row.key}{NOTES}", incident=case.incident.uid, team=case.incident.team)
            )

    def withdraw(self, incident: str, tracks: Collection[str]) -> None:
        """Name in no later version of a storm page what is only recorded from now on."""
        for told, one in self._working.storms.items():
            left = tuple(each for each in one.named if each.incident != incident or each.track not in tracks)
            if len(left) < len(one.named) and is_live(told):
                self._working.storms[told] = self._draft.storms[told] = replace(one, named=left)

    def end_storms(self) -> None:
        """End every storm page whose incidents have all ended; while all is muted it waits for that to be over."""
        for told, one in [] if self._around.telling.muted else list(self._working.storms.items()):
            cases = [self._working.last(each.incident) for each in one.named]
            if one.named and not any(case is not None and not case.incident.state.closed for case in cases):
                self._draft.storms[told] = replace(self._working.storms.pop(told), named=())
                case = next((case for case in reversed(cases) if case is not None), None)
                to = self._around.telling.find(destination_of(told))
                if case is not None and to is not None and is_live(told):
                    self._end(one, case, to)

    def _end(self, one: Storm, case: Case, to: Destination) -> None:
        if not self._around.telling.takes(to, MessageEvent.RESOLVE):
            return
        last = self._message(case, MessageEvent.RESOLVE, "", Next())
        key = storm_key(self._around.telling.place.cluster, one.uid)
        row = self._written(key, to, storm_over(last, one.uid, one.named, self._now), Mode.LIVE, self._now)
        self._draft.superseded.append(row.key)
        self._draft.notifications.append(row)

    def _message(self, case: Case, event: MessageEvent, why: str, next_: Next) -> Message:
        gathered = Gathered(case.facts(), case.sentences(), case.gravest(_LISTED))
        place = self._around.telling.place
        return compose(event, case.incident, gathered, place, self._now, why=why, next_=next_)

    def _row(self, case: Case, page: Page, to: Destination, message: Message) -> Notification:
        key = dedup_key(self._around.telling.place.cluster, case.incident.uid, page.generation)
        row = self._written(key, to, message, page.mode, self._now)
        return replace(row, incident=case.incident.uid, team=case.incident.team, track=page.track, step=page.step)

    def _written(self, key: str, to: Destination, message: Message, mode: Mode, due_at: float) -> Notification:
        return written(self._around.mint(), key, to, message, _STATES[mode], self._now, due_at)

    def _folding(self, case: Case, page: Page, to: Destination, *, known: bool) -> Folding | None:
        """Decide whether a page folds; one that does not is remembered."""
        if not counts(to.channel) or page.mode is Mode.MUTED:
            return None
        told = lane(to.id, page.mode)
        lately = [one for one in self._working.paged.get(told, []) if one.at > self._now - REMEMBERED]
        self._working.paged[told] = lately
        incident = case.incident
        spec = self._around.telling.storm(to.receiver)
        folding = None
        if may_fold(to.channel, page.step, known=known):
            folding = fold(spec, to.channel.integration, lately, incident.severity, incident.service, self._now)
        if folding is None:
            lately.append(Paged(self._now, incident.service))
        return folding

    def _digest(self, message: Message, page: Page, to: Destination, folding: Folding) -> None:
        """Name an incident in the digest of a destination; the store knows whether one still waits to be sent."""
        one = replace(named(message), track=page.track)
        key = digest_key(self._around.telling.place.cluster, self._around.mint())
        row = self._written(key, to, digest(message, (one,), self._now, folding.why), page.mode, folding.due_at)
        self._draft.digests = gathered(self._draft.digests, replace(row, key=order_key(to.id)))

    def _fold(self, message: Message, page: Page, to: Destination, folding: Folding) -> None:
        """Name an incident in the storm page of a destination; its versions go out a minute apart."""
        within = self._around.telling.storm(to.receiver).within
        told = lane(to.id, page.mode)
        before = self._working.storms.get(told)
        going_on = before is not None and before.named and self._now - before.last_at < max(within, PACE)
        if before is None or not going_on:
            if before is not None and before.named:  # it is still to be ended
                kept = replace(before, destination=f"{told}|{before.uid}")
                self._working.storms[kept.destination] = self._draft.storms[kept.destination] = kept
            before = Storm(told, self._around.mint(), message.team, self._now, folding.due_at - PACE)
        due_at = max(folding.due_at, before.last_at if before.last_at > self._now else before.last_at + PACE)
        key = storm_key(self._around.telling.place.cluster, before.uid)
        replaced = [one for one in self._draft.notifications if one.key == f"{to.id}|{key}"]
        due_at = min((due_at, *(one.due_at for one in replaced)))
        one = replace(named(message), track=page.track)
        after = replace(before, last_at=due_at, named=(*before.named, one))
        row = self._written(key, to, storm(message, after.uid, after.named, self._now, folding.why), page.mode, due_at)
        row = replace(row, uid=replaced[0].uid) if replaced else row  # it is what deadlines of this step wait for
        self._working.storms[told] = self._draft.storms[told] = after
        self._draft.superseded.append(row.key)
        self._draft.notifications = [one for one in self._draft.notifications if one.key != row.key]
        self._draft.notifications.append(row)
        if page.mode is Mode.LIVE and not page.step.endswith("fallback"):  # which has no fallback of its own
            late = max(due_at, self._now) + ARRIVES_WITHIN
            self._draft.deadlines.append(deadline(one.incident, row.team, row.uid, late))


def _of(one: Told, page: Page) -> bool:
    return one.destination == page.destination and one.generation == page.generation


def _next(state: Escalation) -> Next:
    """Return what comes next, after a turn."""
    waiting = [
        (position.due_at, track, position)
        for track, position in zip(state.tracks, state.positions, strict=True)
        if position.due_at is not None
    ]
    if not waiting:
        return Next()
    due_at, track, position = min(waiting, key=lambda one: one[0])
    steps = track.policy.steps
    who = ", ".join(steps[position.step].notify) if position.step < len(steps) else track.policy.fallback
    return Next(due_at, who)
