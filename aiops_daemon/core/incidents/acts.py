"""What people may do to an incident, and what comes of it.

Pure: `(incident, action, facts, scope, now) -> (incident, entries)` or a refusal in words. Doing what is done already
changes nothing and is no error. Merge and split touch two incidents; their halves are here too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from aiops_daemon.core.incidents.facts import Facts
from aiops_daemon.core.incidents.lifecycle import Step, entry, reopened
from aiops_daemon.core.model.action import Action, ActionKind, Refusal, RefusalReason
from aiops_daemon.core.model.incident import Entry, EntryKind, Incident, IncidentState
from aiops_daemon.core.model.quantity import speak_duration
from aiops_daemon.core.model.scope import Scope

MOST_SNOOZE = 7 * 24 * 3600.0  # seconds
MOST_TEXT = 16_384  # characters of a note

_States = IncidentState
_HANDLED = {
    ActionKind.ACK: (_States.ACKNOWLEDGED, EntryKind.ACKNOWLEDGED),
    ActionKind.INVESTIGATE: (_States.INVESTIGATING, EntryKind.INVESTIGATING),
    ActionKind.MITIGATE: (_States.MITIGATED, EntryKind.MITIGATED),
}
_WORKED_ON = (_States.INVESTIGATING, _States.MITIGATED)
_ANSWERS = (EntryKind.ACKNOWLEDGED, EntryKind.INVESTIGATING, EntryKind.MITIGATED)

OVERTAKES: dict[ActionKind, tuple[EntryKind, ...]] = {
    ActionKind.ACK: (EntryKind.REOPENED, EntryKind.UNACKNOWLEDGED),
    ActionKind.RESOLVE: (EntryKind.REOPENED,),
    ActionKind.UNACK: _ANSWERS,
    ActionKind.REOPEN: (EntryKind.RESOLVED,),
}
"""After what an act that was done elsewhere before it is about a time that is over."""


def act(incident: Incident, action: Action, facts: Facts, scope: Scope, now: float) -> Step | Refusal:
    """Carry out every kind of action but merge and split."""
    refused = _checked(incident, action)
    if refused:
        return refused
    step = _ACTS[action.kind](incident, action, facts, scope, now)
    if isinstance(step, Refusal):
        return step
    after, entries = step
    entries = [*entries, *_note(after, action, scope, now)]
    return (replace(after, updated_at=now) if entries else after), entries


def overtaken(incident: Incident, action: Action, scope: Scope, since: Iterable[Entry]) -> Refusal | None:
    """Refuse what was done elsewhere before the incident took another turn here, and is heard of only now.

    `since`: the lines after it was done. What came from the same place is told in the order in which it was done there.
    """
    kinds = OVERTAKES.get(action.kind, ())
    turn = next((one for one in since if one.kind in kinds and one.origin != scope.origin), None)
    if turn is None:
        return None
    words = f"{incident.name} took another turn after {scope.actor} did that ({action.kind}): {turn.text}"
    return Refusal(RefusalReason.CONFLICT, words)


def merged(loser: Incident, winner: Incident, scope: Scope, now: float, why: str) -> tuple[Step, Step] | Refusal:
    """Put one incident into another: the loser's state, the winner's lines."""
    if loser.uid == winner.uid:
        return Refusal(RefusalReason.INVALID, f"{loser.name} cannot be merged into itself")
    for one in (loser, winner):
        if one.state is _States.MERGED:
            return Refusal(RefusalReason.CONFLICT, f"{one.name} is merged already; use the incident it went into")
    after = replace(
        loser,
        state=_States.MERGED,
        merged_into=winner.uid,
        resolved_at=now,
        resolved_by=scope.actor,
        updated_at=now,
        snoozed_until=None,
        notify_at=None,
        firing=0,
        muted=0,
    )
    lost = entry(after, EntryKind.MERGED, now, f"merged into {winner.name}: {why}", by=scope, before=str(loser.state))
    kept = replace(winner, updated_at=now)
    gained = entry(kept, EntryKind.MERGED, now, f"{loser.name} was merged into this one: {why}", by=scope)
    return (after, [replace(lost, after="merged")]), (kept, [gained])


def _checked(incident: Incident, action: Action) -> Refusal | None:
    if incident.state is _States.MERGED and action.kind is not ActionKind.NOTE:
        return Refusal(RefusalReason.CONFLICT, f"{incident.name} is merged; act on the incident it went into")
    if len(action.text) > MOST_TEXT:
        return Refusal(RefusalReason.INVALID, f"a note has at most {MOST_TEXT} characters")
    return None


def _handle(incident: Incident, action: Action, facts: Facts, scope: Scope, now: float) -> Step | Refusal:
    state, kind = _HANDLED[action.kind]
    if incident.state is _States.RESOLVED:
        return _closed(incident, action)
    if incident.state is state or (action.kind is ActionKind.ACK and incident.state in _WORKED_ON):
        return incident, []  # an acknowledgement of what somebody works on says nothing new
    answered_at = incident.acknowledged_at
    after = replace(
        incident,
        state=state,
        acknowledged_at=_done_at(incident, action, now) if answered_at is None else answered_at,
        acknowledged_by=incident.acknowledged_by or scope.actor,
        assignee=incident.assignee or scope.actor,
    )
    text = f"{state} by {scope.actor}"
    return after, [entry(after, kind, now, text, by=scope, before=str(incident.state), after=str(state))]


def _done_at(incident: Incident, action: Action, now: float) -> float:
    """Return when it was done: elsewhere it was done before it is heard of here."""
    return now if action.at is None else max(incident.opened_at, min(action.at, now))


def _unack(incident: Incident, action: Action, facts: Facts, scope: Scope, now: float) -> Step | Refusal:
    if incident.state is _States.RESOLVED:
        return _closed(incident, action)
    if incident.state is _States.OPEN:
        return incident, []
    after = replace(incident, state=_States.OPEN, acknowledged_at=None, acknowledged_by="")
    text = f"acknowledgement taken back by {scope.actor}"
    before = str(incident.state)
    return after, [entry(after, EntryKind.UNACKNOWLEDGED, now, text, by=scope, before=before, after="open")]


def _assign(incident: Incident, action: Action, facts: Facts, scope: Scope, now: float) -> Step | Refusal:
    if not action.assignee.strip():
        return Refusal(RefusalReason.INVALID, "say to whom: assignee is empty")
    if incident.assignee == action.assignee:
        return incident, []
    after = replace(incident, assignee=action.assignee)
    text = f"assigned to {action.assignee} by {scope.actor}"
    lines = entry(after, EntryKind.ASSIGNED, now, text, by=scope, before=incident.assignee, after=action.assignee)
    return after, [lines]


def _noted(incident: Incident, action: Action, facts: Facts, scope: Scope, now: float) -> Step | Refusal:
    if not action.text.strip():
        return Refusal(RefusalReason.INVALID, "the note is empty")
    return incident, []


def _snooze(incident: Incident, action: Action, facts: Facts, scope: Scope, now: float) -> Step | Refusal:
    if incident.state is _States.RESOLVED:
        return _closed(incident, action)
    if not 0 < action.seconds <= MOST_SNOOZE:
        return Refusal(RefusalReason.INVALID, "snooze for more than 0 seconds and at most 7 days")
    until = now + action.seconds
    after = replace(incident, snoozed_until=until, notify_at=until, notify_reason=f"snoozed by {scope.actor}")
    text = f"snoozed by {scope.actor} for {speak_duration(action.seconds)}"
    return after, [entry(after, EntryKind.SNOOZED, now, text, by=scope, after=f"{until:.0f}")]


def _resolve(incident: Incident, action: Action, facts: Facts, scope: Scope, now: float) -> Step | Refusal:
    if incident.state is _States.RESOLVED:
        return incident, []
    if facts.firing and not action.force:
        return _fires(incident, facts)
    after = replace(
        incident, state=_States.RESOLVED, resolved_at=now, resolved_by=scope.actor, snoozed_until=None, notify_at=None
    )
    still = f" although {_alerts(facts.firing)} fired" if facts.firing else ""
    text = f"resolved by {scope.actor}{still}"
    before = str(incident.state)
    return after, [entry(after, EntryKind.RESOLVED, now, text, by=scope, before=before, after="resolved")]


def _false_positive(incident: Incident, action: Action, facts: Facts, scope: Scope, now: float) -> Step | Refusal:
    if incident.false_positive:
        return incident, []
    step = _resolve(incident, action, facts, scope, now)
    if isinstance(step, Refusal):
        return step
    after = replace(step[0], false_positive=True)
    text = f"marked as a false positive by {scope.actor}"
    return after, [entry(after, EntryKind.FALSE_POSITIVE, now, text, by=scope), *step[1]]


def _reopen(incident: Incident, action: Action, facts: Facts, scope: Scope, now: float) -> Step | Refusal:
    if incident.state is not _States.RESOLVED:
        return incident, []
    return reopened(incident, now, f"reopened by {scope.actor}", by=scope)


def _note(incident: Incident, action: Action, scope: Scope, now: float) -> list[Entry]:
    text = action.text.strip()
    return [entry(incident, EntryKind.NOTE, now, text, by=scope)] if text else []


def _closed(incident: Incident, action: Action) -> Refusal:
    words = f"{incident.name} is resolved; reopen it before you {action.kind} it"
    return Refusal(RefusalReason.CONFLICT, words)


def _fires(incident: Incident, facts: Facts) -> Refusal:
    names = ", ".join(name for name, _ in facts.rules[:3])
    have, them = ("has", "it") if facts.firing == 1 else ("have", "them")
    words = (
        f"{_alerts(facts.firing)} of {incident.name} {have} not ended ({names}); silence {them}, or resolve with force"
    )
    return Refusal(RefusalReason.CONFLICT, words)


def _alerts(count: int) -> str:
    return f"{count} alert{'s' if count != 1 else ''}"


_Act = Callable[[Incident, Action, Facts, Scope, float], Step | Refusal]
_ACTS: dict[ActionKind, _Act] = {
    ActionKind.ACK: _handle,
    ActionKind.INVESTIGATE: _handle,
    ActionKind.MITIGATE: _handle,
    ActionKind.UNACK: _unack,
    ActionKind.ASSIGN: _assign,
    ActionKind.NOTE: _noted,
    ActionKind.SNOOZE: _snooze,
    ActionKind.RESOLVE: _resolve,
    ActionKind.FALSE_POSITIVE: _false_positive,
    ActionKind.REOPEN: _reopen,
}
