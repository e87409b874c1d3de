"""What webhooks did not tell: differences between the open episodes of one Alertmanager and what it shows now.

Enters: the answer of its peers, its routing tree, what Prometheus says of each alert, the open episodes, and what polls
before saw. Leaves: repairs, one after another, each with its proof in words. Never ends an alert for absence alone, and
draws no conclusion from absence while a peer gives no answer.

Absence ends an alert when every peer has been up for over 5 minutes and Prometheus, evaluating its rule, shows it
inactive in two polls; or, where no Prometheus of ours evaluates it, after 2 x (repeat_interval + group_interval)
without news. Otherwise it is stale (its Prometheus is not evaluating) or unknown, and open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from aiops_daemon.core.alertmanager.tree import Route, RoutingTree
from aiops_daemon.core.model.alert import AlertEvent, AlertStatus, Episode, EpisodeState, Mute, Origin
from aiops_daemon.core.model.alertmanager import AlertmanagerSpec
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.posted import ClusterAnswer, PostedAlert
from aiops_daemon.core.model.quantity import speak_duration
from aiops_daemon.core.model.repair import Evaluation, Repair, RepairClass

SETTLED = 300.0
"""Seconds that every peer must have been up before absence proves anything: Prometheus resends within one or two."""

POLLS = 2
"""In so many polls, one after another, Prometheus must show an absent alert inactive."""

PATIENCE = 300.0
"""Seconds that a resolve may take to be told (Alertmanager's default group_interval), where no route is known."""

ACTIVE, UNPROCESSED = "active", "unprocessed"


@dataclass(frozen=True, slots=True)
class Poll:
    """One look at an Alertmanager, at the time it was asked; `tree` None: its configuration cannot be read."""

    asked_at: float
    answer: ClusterAnswer
    tree: RoutingTree | None
    evaluation: Callable[[Labels], Evaluation]

    @property
    def settled(self) -> bool:
        """Say whether absence from this answer proves something."""
        return self.answer.complete and all(self.asked_at - peer.up_since > SETTLED for peer in self.answer.peers)


@dataclass(slots=True)
class Memory:
    """What polls before saw of one Alertmanager's alerts, by fingerprint; lost in a restart, which costs time only."""

    present_at: dict[str, float] = field(default_factory=dict)
    absent_since: dict[str, float] = field(default_factory=dict)
    inactive: dict[str, tuple[float, int]] = field(default_factory=dict)  # since, in how many polls
    quiet_at: dict[str, float] = field(default_factory=dict)  # last seen suppressed, or on a muted route

    def keep(self, fingerprints: set[str]) -> None:
        """Forget all others."""
        for table in (self.present_at, self.absent_since, self.inactive, self.quiet_at):
            for gone in table.keys() - fingerprints:
                del table[gone]


class Comparison:
    """One poll against what is open; iterate to get repairs, and None where there is nothing to repair.

    Iterating does a small piece of work each time, so that the caller may let others have their turn.
    """

    def __init__(self, spec: AlertmanagerSpec, poll: Poll, episodes: Sequence[Episode], memory: Memory) -> None:
        self._spec = spec
        self._poll = poll
        self._open = {episode.fingerprint: episode for episode in episodes}
        self._memory = memory

    def __iter__(self) -> Iterator[Repair | None]:
        shown: dict[str, PostedAlert] = {}
        for peer in self._poll.answer.peers:
            for alert in peer.alerts:
                _take(shown, alert)
                yield None
        for alert in shown.values():
            episode = self._open.get(alert.fingerprint)
            if episode is None:
                yield self._missed(alert)
            else:
                yield from self._present(episode, alert)
        for episode in self._open.values():
            if episode.fingerprint not in shown:
                yield self._absent(episode)
        self._memory.keep(self._open.keys() | shown.keys())

    def _missed(self, alert: PostedAlert) -> Repair | None:
        """Find an alert that is active with our receiver for longer than Alertmanager waits, and was not told."""
        route = self._route_that_tells(alert)
        if route is None:
            self._memory.quiet_at[alert.fingerprint] = self._poll.asked_at
            return None
        since = max(alert.starts_at, self._memory.quiet_at.get(alert.fingerprint, 0.0))
        waited = self._poll.asked_at - since
        if waited <= route.group_wait + route.group_interval:
            return None
        text = (
            f"Alertmanager shows it active for {self._spec.receiver} for {speak_duration(waited)}, and no webhook told."
        )
        return self._repair(RepairClass.MISSED_FIRING, alert.fingerprint, text, event=self._event(alert))

    def _route_that_tells(self, alert: PostedAlert) -> Route | None:
        """Return the slowest route that leads to us and is not time-muted; none while anything keeps it quiet."""
        tree, receiver = self._poll.tree, self._spec.receiver
        if tree is None or alert.state != ACTIVE or alert.muted_by or receiver not in alert.receivers:
            return None
        routes = tree.routes_to(receiver, alert.labels)
        loud = [route for route in routes if not tree.time_muted(route, self._poll.asked_at)]
        return max(loud, key=lambda route: route.group_wait + route.group_interval, default=None)

    def _event(self, alert: PostedAlert) -> AlertEvent:
        return AlertEvent(
            source=self._spec.name,
            fingerprint=alert.fingerprint,
            status=AlertStatus.FIRING,
            labels=alert.labels,
            annotations=alert.annotations,
            starts_at=alert.starts_at,
            ends_at=None,
            received_at=self._poll.asked_at,
            generator_url=alert.generator_url,
            receiver=self._spec.receiver,
            origin=Origin.RECONCILIATION,
        )

    def _present(self, episode: Episode, alert: PostedAlert) -> Iterator[Repair | None]:
        """Compare what keeps it quiet; what is shown has not ended."""
        fingerprint = alert.fingerprint
        self._memory.present_at[fingerprint] = self._poll.asked_at
        self._memory.absent_since.pop(fingerprint, None)
        self._memory.inactive.pop(fingerprint, None)
        if alert.state == UNPROCESSED:
            return
        muted = _mutes(alert)
        if muted:
            self._memory.quiet_at[fingerprint] = self._poll.asked_at
        if muted != episode.muted:
            kind = RepairClass.MUTED if muted else RepairClass.UNMUTED
            yield self._repair(kind, fingerprint, _told_of(muted), muted=muted)
        if episode.state in (EpisodeState.STALE, EpisodeState.UNKNOWN):
            yield self._repair(RepairClass.REVIVED, fingerprint, "Alertmanager shows it: it fires after all.")
        yield None

    def _absent(self, episode: Episode) -> Repair | None:
        """Look for proof that an alert ended which Alertmanager does not show."""
        fingerprint = episode.fingerprint
        if not self._poll.answer.complete:
            self._memory.inactive.pop(fingerprint, None)
            return None
        self._memory.absent_since.setdefault(fingerprint, self._poll.asked_at)
        evaluation = self._poll.evaluation(episode.labels)
        polls = _count_inactive(self._memory, fingerprint, evaluation, self._poll.asked_at)
        if evaluation is Evaluation.FIRING:
            return None
        if evaluation is Evaluation.NOT_EVALUATING:
            return self._doubt(
                episode, EpisodeState.STALE, "Alertmanager shows it no more, but its Prometheus is silent."
            )
        if evaluation is Evaluation.INACTIVE and self._inactive_long_enough(episode, polls):
            text = f"Alertmanager shows it no more, and Prometheus showed its rule inactive in {polls} polls."
            return self._end(episode, text)
        if evaluation is Evaluation.NOT_OURS and self._expired(episode):
            text = "No news of it for twice repeat_interval and group_interval, and no Prometheus of ours evaluates it."
            return self._end(episode, text)
        if episode.state is EpisodeState.FIRING and self._overdue(episode):
            return self._doubt(
                episode, EpisodeState.UNKNOWN, "Alertmanager shows it no more, without proof of its end."
            )
        return None

    def _inactive_long_enough(self, episode: Episode, polls: int) -> bool:
        """Hold the end back while its notice may be on the way, unless an end was told already."""
        return self._poll.settled and polls >= POLLS and (episode.ends_at is not None or self._overdue(episode))

    def _overdue(self, episode: Episode) -> bool:
        """Say whether Alertmanager had the time to tell its end."""
        route = self._route_of(episode.labels)
        patience = PATIENCE if route is None else route.group_interval
        return self._poll.asked_at - self._memory.absent_since[episode.fingerprint] >= patience

    def _expired(self, episode: Episode) -> bool:
        """Say whether there was no news for so long that Alertmanager would have repeated it twice."""
        route = self._route_of(episode.labels)
        if route is None or not self._poll.settled:
            return False
        news = max(episode.seen_at, self._memory.present_at.get(episode.fingerprint, 0.0))
        return self._poll.asked_at - news > 2 * (route.repeat_interval + route.group_interval)

    def _route_of(self, labels: Labels) -> Route | None:
        """Return the slowest route that leads to us; of one that did and does no more, whichever takes it now."""
        tree = self._poll.tree
        if tree is None:
            return None
        routes = tree.routes_to(self._spec.receiver, labels) or tree.routes_of(labels)
        return max(routes, key=lambda route: route.repeat_interval + route.group_interval)

    def _doubt(self, episode: Episode, state: EpisodeState, text: str) -> Repair | None:
        kind = RepairClass.STALE if state is EpisodeState.STALE else RepairClass.UNKNOWN
        return None if episode.state is state else self._repair(kind, episode.fingerprint, text)

    def _end(self, episode: Episode, text: str) -> Repair:
        ends_at = self._memory.absent_since[episode.fingerprint] if episode.ends_at is None else episode.ends_at
        return self._repair(RepairClass.MISSED_RESOLVE, episode.fingerprint, text, ends_at=ends_at)

    def _repair(
        self,
        kind: RepairClass,
        fingerprint: str,
        text: str,
        *,
        event: AlertEvent | None = None,
        ends_at: float | None = None,
        muted: tuple[tuple[str, str], ...] = (),
    ) -> Repair:
        return Repair(kind, (self._spec.name, fingerprint), text, event, ends_at, muted, self._poll.asked_at)


def without_api(episode: Episode, evaluation: Evaluation, memory: Memory, now: float, silence: float) -> Repair | None:
    """Look for the end of an alert whose Alertmanager cannot be asked: Prometheus alone can prove it.

    Inactive in two polls and nothing heard for 5 minutes ends it. Where no Prometheus of ours evaluates it, nothing
    ever does: after `silence` seconds without news it is unknown, and open.
    """
    polls = _count_inactive(memory, episode.fingerprint, evaluation, now)
    if evaluation is Evaluation.INACTIVE and polls >= POLLS:
        if episode.ends_at is None and now - episode.seen_at < PATIENCE:
            return None
        ends_at = memory.inactive[episode.fingerprint][0] if episode.ends_at is None else episode.ends_at
        text = f"Prometheus showed its rule inactive in {polls} polls, and no webhook told."
        return Repair(RepairClass.MISSED_RESOLVE, episode.key, text, ends_at=ends_at, asked_at=now)
    if evaluation is Evaluation.FIRING and episode.state in (EpisodeState.STALE, EpisodeState.UNKNOWN):
        return Repair(RepairClass.REVIVED, episode.key, "Its Prometheus shows it active.", asked_at=now)
    quiet = evaluation is Evaluation.NOT_OURS and now - episode.seen_at > silence
    if quiet and episode.state is EpisodeState.FIRING:
        text = f"No news of it for {speak_duration(silence)}, and neither Alertmanager nor Prometheus can be asked."
        return Repair(RepairClass.UNKNOWN, episode.key, text, asked_at=now)
    return None


def _count_inactive(memory: Memory, fingerprint: str, evaluation: Evaluation, now: float) -> int:
    """Count the polls, one after another, in which Prometheus showed it inactive."""
    if evaluation is not Evaluation.INACTIVE:
        memory.inactive.pop(fingerprint, None)
        return 0
    since, polls = memory.inactive.get(fingerprint, (now, 0))
    memory.inactive[fingerprint] = (since, polls + 1)
    return polls + 1


def _take(shown: dict[str, PostedAlert], alert: PostedAlert) -> None:
    """Take all peers together; what one of them keeps quiet is quiet."""
    known = shown.get(alert.fingerprint)
    if known is None:
        shown[alert.fingerprint] = alert
    elif known != alert:
        shown[alert.fingerprint] = _merge(known, alert)


def _merge(one: PostedAlert, other: PostedAlert) -> PostedAlert:
    states = {one.state, other.state}
    return replace(
        one,
        state=next(state for state in ("suppressed", ACTIVE, one.state) if state in states),
        starts_at=min(one.starts_at, other.starts_at),
        receivers=tuple(dict.fromkeys(one.receivers + other.receivers)),
        silenced_by=tuple(dict.fromkeys(one.silenced_by + other.silenced_by)),
        inhibited_by=tuple(dict.fromkeys(one.inhibited_by + other.inhibited_by)),
        muted_by=tuple(dict.fromkeys(one.muted_by + other.muted_by)),
    )


def _mutes(alert: PostedAlert) -> tuple[tuple[str, str], ...]:
    silences = [(Mute.SILENCED.value, silence) for silence in alert.silenced_by]
    inhibitions = [(Mute.INHIBITED.value, by) for by in alert.inhibited_by]
    return (*sorted(silences), *sorted(inhibitions))


def _told_of(muted: tuple[tuple[str, str], ...]) -> str:
    if not muted:
        return "No silence and no inhibition holds it any more."
    words = {Mute.SILENCED.value: "silenced by silence", Mute.INHIBITED.value: "inhibited by alert"}
    return f"In Alertmanager it is {', '.join(f'{words[kind]} {by}' for kind, by in muted)}."
