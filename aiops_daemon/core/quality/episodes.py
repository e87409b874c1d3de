"""What one statement about an alert makes of its episode: opened, repeated, ended, stale, late.

Enters: the alert's latest episode, an event or a repair, what its Prometheus says of it, and an answer of Alertmanager
where one was asked for. Leaves: the episode as it is now, which transition that was, and the words for the timeline.
Never judges or groups: team, severity, verdict and incident stay as the caller set them, a new episode has none and
no uid. Never takes absence for an end; that takes a repair with its proof.

An alert ends with a `resolved` whose endsAt is not before its latest firing's startsAt, whatever its own startsAt is.
A firing whose startsAt is not after the last endsAt may be an HA pair's second voice or old news: Alertmanager is
asked.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from operator import attrgetter

from aiops_daemon.core.model.alert import AlertEvent, AlertStatus, Episode, EpisodeState, Origin
from aiops_daemon.core.model.repair import Evaluation, Lookup, Repair, RepairClass

_NAMES = tuple(field.name for field in fields(Episode))
_VALUES = attrgetter(*_NAMES)
_SEEN_AT = _NAMES.index("seen_at")

SAME_START = 0.002
"""Seconds: `/api/v2/alerts` tells startsAt in milliseconds, cut off, webhooks in nanoseconds."""

PAST_SLACK = 60.0
"""Seconds by which a stretch read from samples may miss what webhooks told of it."""


class TransitionKind(StrEnum):
    """What became of the episode."""

    OPENED = "opened"  # a new episode
    REPEATED = "repeated"  # nothing new but that it was heard
    REFIRED = "refired"  # a later startsAt while open: it ended and began between two notices
    REVIVED = "revived"  # stale or unknown, and firing after all
    REOPENED = "reopened"  # it had not ended: the same episode goes on
    ENDED = "ended"
    STALE = "stale"  # told resolved, or gone, while its Prometheus is not evaluating
    UNKNOWN = "unknown"  # gone without proof of an end
    MUTED = "muted"
    UNMUTED = "unmuted"
    LATE = "late"  # news of the past; changes nothing
    RECORDED = "recorded"  # ended before we heard of it: a resolved episode that opens nothing
    ASK = "ask"  # look it up in Alertmanager, and call again with the answer


@dataclass(frozen=True, slots=True)
class Transition:
    """An episode as it is now. `changed`: more of it than `seen_at` differs from before (or it is new)."""

    kind: TransitionKind
    episode: Episode | None  # None: there is none, and none is wanted
    text: str = ""
    changed: bool = False


def observe(
    latest: Episode | None, event: AlertEvent, *, evaluation: Evaluation, lookup: Lookup | None = None
) -> Transition:
    """Apply one event to the alert's latest episode; ASK wants the same call again with `lookup`.

    What is not of a webhook needs no lookup: reconciliation saw it active, and findings and notices about this
    daemon come in order.
    """
    if latest is None:
        return _first(event)
    if event.status is AlertStatus.RESOLVED:
        return _resolved(latest, event, evaluation)
    if latest.state is EpisodeState.FIRING:
        return _again(latest, event)
    if event.origin is Origin.RECONCILIATION and event.received_at < latest.seen_at:
        return Transition(TransitionKind.LATE, latest, "There is newer news than this answer of Alertmanager.")
    if latest.ends_at is None or event.starts_at > latest.ends_at:
        return _revived(latest, event, "It fires again.") if latest.open else _first(event)
    if event.origin is not Origin.WEBHOOK:
        lookup = Lookup.ACTIVE
    return _looked_up(latest, event, lookup)


def repair(latest: Episode | None, found: Repair) -> Transition:
    """Apply one correction of reconciliation; what was heard since its answer was asked for wins over it."""
    if found.kind is RepairClass.MISSED_EPISODE and found.event is not None:
        return _past(latest, found.event, found.text)
    if found.event is not None:
        step = observe(latest, found.event, evaluation=Evaluation.NOT_OURS, lookup=Lookup.ACTIVE)
        return replace(step, text=found.text) if step.changed else step
    if latest is None or not latest.open:
        return Transition(TransitionKind.LATE, latest, "There is no open episode to repair.")
    if found.kind in (RepairClass.MUTED, RepairClass.UNMUTED):
        return _muted(latest, found)
    if found.asked_at is not None and found.asked_at < latest.seen_at:
        return Transition(TransitionKind.LATE, latest, "There is newer news than the answer that this rests on.")
    return _moved(latest, found)


def _first(event: AlertEvent) -> Transition:
    """Begin an episode; what is told resolved and was never seen firing is recorded only."""
    ended = event.status is AlertStatus.RESOLVED
    episode = Episode(
        uid="",
        team="",
        source=event.source,
        fingerprint=event.fingerprint,
        labels=event.labels,
        annotations=event.annotations,
        severity="",
        state=EpisodeState.RESOLVED if ended else EpisodeState.FIRING,
        first_starts_at=event.starts_at,
        starts_at=event.starts_at,
        ends_at=_end_of(event) if ended else None,
        heard_at=event.received_at,
        seen_at=event.received_at,
        generator_url=event.generator_url,
        receiver=event.receiver,
        external_url=event.external_url,
        origin=event.origin,
        extra=event.extra,
    )
    if ended:
        return Transition(TransitionKind.RECORDED, episode, "It had ended before we heard of it.", changed=True)
    return Transition(TransitionKind.OPENED, episode, f"It fires since {_at(event.starts_at)}.", changed=True)


def _past(latest: Episode | None, event: AlertEvent, text: str) -> Transition:
    """Record a stretch that only the history of `ALERTS` shows, unless it is known, or the alert is open now."""
    if latest is not None:
        begun = latest.ends_at is None or event.starts_at <= latest.ends_at + PAST_SLACK
        if latest.open or (begun and _end_of(event) >= latest.first_starts_at - PAST_SLACK):
            return Transition(TransitionKind.LATE, latest, "It is known already.")
    return Transition(TransitionKind.RECORDED, _first(event).episode, text, changed=True)


def _again(latest: Episode, event: AlertEvent) -> Transition:
    """Hear of an alert that fires and was known to fire; a repetition is the road that must be cheap."""
    if _outside(latest, event) and event.starts_at > latest.starts_at:
        text = f"It had ended and fires again since {_at(event.starts_at)}, unseen between two notices."
        return Transition(TransitionKind.REFIRED, _firing(latest, event), text, changed=True)
    if _outside(latest, event) or not _same_words(latest, event):
        episode = _firing(latest, event)
        return Transition(TransitionKind.REPEATED, episode, "", changed=True)
    return Transition(TransitionKind.REPEATED, _seen(latest, event.received_at))


def _looked_up(latest: Episode, event: AlertEvent, lookup: Lookup | None) -> Transition:
    """Tell the second voice of an HA pair from old news, by what Alertmanager shows now."""
    if lookup is None:
        return Transition(TransitionKind.ASK, latest)
    if lookup is Lookup.ABSENT:
        return Transition(TransitionKind.LATE, latest, "Alertmanager does not show it any more: old news.")
    if lookup is Lookup.ACTIVE:
        text = "Alertmanager shows it active: it had not ended."
    else:
        text = "Alertmanager cannot be asked whether it ended: taken as firing."
    return _revived(latest, event, text)


def _revived(latest: Episode, event: AlertEvent, text: str) -> Transition:
    """Let an open episode that was in doubt fire again, or a closed one go on."""
    kind = TransitionKind.REVIVED if latest.open else TransitionKind.REOPENED
    episode = _firing(latest, event)
    return Transition(kind, episode if latest.open else replace(episode, muted=()), text, changed=True)


def _resolved(latest: Episode, event: AlertEvent, evaluation: Evaluation) -> Transition:
    """End an open episode, or hear of an end that is known or of another one."""
    ends_at = _end_of(event)
    if not latest.open:
        return _after_the_end(latest, event, ends_at)
    if ends_at < latest.starts_at:
        text = f"An end at {_at(ends_at)}, before its latest start at {_at(latest.starts_at)}: old news."
        return Transition(TransitionKind.LATE, latest, text)
    if latest.ends_at is not None:
        ends_at = max(ends_at, latest.ends_at)
    episode = replace(
        _fresh(latest, event),
        ends_at=ends_at,
        state=EpisodeState.STALE if evaluation is Evaluation.NOT_EVALUATING else EpisodeState.RESOLVED,
    )
    if episode.state is EpisodeState.RESOLVED:
        return Transition(TransitionKind.ENDED, episode, f"Resolved at {_at(ends_at)}.", changed=True)
    if latest.state is EpisodeState.STALE:
        return Transition(TransitionKind.REPEATED, episode, "", changed=ends_at != latest.ends_at)
    text = "Told resolved while its Prometheus is not evaluating: nothing is known to be well."
    return Transition(TransitionKind.STALE, episode, text, changed=True)


def _after_the_end(latest: Episode, event: AlertEvent, ends_at: float) -> Transition:
    """Take the later of two ends; a resolve of a stretch that began after the end is one never seen firing."""
    known = latest.ends_at if latest.ends_at is not None else latest.starts_at
    if event.starts_at > known:
        return _first(event)
    if ends_at <= known:
        return Transition(TransitionKind.REPEATED, _seen(latest, event.received_at))
    return Transition(TransitionKind.REPEATED, replace(_fresh(latest, event), ends_at=ends_at), "", changed=True)


def _moved(latest: Episode, found: Repair) -> Transition:
    """Take an open episode into the state that was found."""
    if found.kind is RepairClass.MISSED_RESOLVE:
        ends_at = next(at for at in (found.ends_at, latest.ends_at, latest.seen_at) if at is not None)
        episode = replace(latest, state=EpisodeState.RESOLVED, ends_at=max(ends_at, latest.starts_at))
        return Transition(TransitionKind.ENDED, episode, found.text, changed=True)
    state, kind = _MOVES[found.kind]
    if latest.state is state:
        return Transition(TransitionKind.REPEATED, latest)
    ends_at_now = None if state is EpisodeState.FIRING else latest.ends_at
    return Transition(kind, replace(latest, state=state, ends_at=ends_at_now), found.text, changed=True)


_MOVES = {
    RepairClass.STALE: (EpisodeState.STALE, TransitionKind.STALE),
    RepairClass.UNKNOWN: (EpisodeState.UNKNOWN, TransitionKind.UNKNOWN),
    RepairClass.REVIVED: (EpisodeState.FIRING, TransitionKind.REVIVED),
}


def _muted(latest: Episode, found: Repair) -> Transition:
    if latest.muted == found.muted:
        return Transition(TransitionKind.REPEATED, latest)
    kind = TransitionKind.MUTED if found.muted else TransitionKind.UNMUTED
    return Transition(kind, replace(latest, muted=found.muted), found.text, changed=True)


def _firing(latest: Episode, event: AlertEvent) -> Episode:
    """Let the episode fire, with the earliest and the latest start heard of; a start outside them is one more."""
    outside = _outside(latest, event)
    return replace(
        _fresh(latest, event),
        state=EpisodeState.FIRING,
        first_starts_at=min(latest.first_starts_at, event.starts_at),
        starts_at=max(latest.starts_at, event.starts_at),
        starts=latest.starts + outside,
        ends_at=None,
    )


def _outside(latest: Episode, event: AlertEvent) -> bool:
    """Say whether it began earlier or later than any start that is known."""
    return not latest.first_starts_at - SAME_START <= event.starts_at <= latest.starts_at + SAME_START


def _fresh(latest: Episode, event: AlertEvent) -> Episode:
    """Take over the words of the newest event; receiver and address stay those of the first."""
    if event.received_at < latest.seen_at:
        return latest
    return replace(
        latest,
        annotations=event.annotations or latest.annotations,
        generator_url=event.generator_url or latest.generator_url,
        extra=event.extra or latest.extra,
        seen_at=event.received_at,
    )


def _same_words(latest: Episode, event: AlertEvent) -> bool:
    """Say whether the event has no words that are news; an older event never has."""
    return event.received_at < latest.seen_at or (
        event.annotations in (latest.annotations, ())
        and event.generator_url in (latest.generator_url, "")
        and event.extra in (latest.extra, "")
    )


def _seen(latest: Episode, at: float) -> Episode:
    """Move `seen_at` alone: 3 us, where dataclasses.replace takes 5."""
    if at <= latest.seen_at:
        return latest
    values = list(_VALUES(latest))
    values[_SEEN_AT] = at
    return Episode(*values)


def _end_of(event: AlertEvent) -> float:
    """Return when it ended; Alertmanager always says so, other senders may not."""
    return event.received_at if event.ends_at is None else event.ends_at


def _at(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return f"{seconds:g}"
