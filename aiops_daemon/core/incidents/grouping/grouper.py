"""The way in: places alerts in incidents one by one, remembers where they went, and learns from that.

Enters: alerts as they begin and end, incidents as they close, what people put together or took apart. Leaves:
placements with their reasons. Only earlier alerts count. `place` changes no decision to come; what happened is told by
`join`, which may name another incident than was proposed. Never looks at all incidents: the index names a dozen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from aiops_daemon.core.incidents.grouping import knowledge
from aiops_daemon.core.incidents.grouping.cluster import ENDED, FIRING, Cluster
from aiops_daemon.core.incidents.grouping.evidence import WAVES, Read, Weights, read, weigh
from aiops_daemon.core.incidents.grouping.gaps import odds
from aiops_daemon.core.incidents.grouping.index import Index
from aiops_daemon.core.incidents.grouping.knowledge import Learned
from aiops_daemon.core.incidents.grouping.traits import Reading, Traits
from aiops_daemon.core.incidents.grouping.wording import judgement
from aiops_daemon.core.incidents.topology import Graph
from aiops_daemon.core.model.grouping import Candidate, GroupingSpec, Judgement, Placement
from aiops_daemon.core.model.incident import Correction

_OLD_NEEDS = 2.0  # nats: evidence that an incident past its age needs, beside the threshold
_MERGE_SCORE = 0.94  # both incidents must fit the linking alert this well
_MERGE_LINK = 2.5  # nats beside time that each must have
_SAME_ALERTS = 3  # two incidents that both hold this many of the same alerts are two faults
_INSTANT = 0.05  # seconds: alerts of one evaluation, or of one request through many services
_INSTANT_NATS = 2.0
_REFUSED = 2  # refusals that are told of an alert that begins an incident
_NEAR_MISS = 0.25  # score of another incident from which an alert that joined tells of it

_Weighed = tuple[Cluster, Weights]


class _Met(NamedTuple):
    """How an alert stands to the incidents under way, whichever it joins."""

    odds: float  # that time alone gives
    strange: bool  # it shares nothing telling with any
    again: bool  # the same alert is in one


class Grouper:
    """Groups the alerts of one daemon."""

    def __init__(self, spec: GroupingSpec, graph: Graph, memory: bytes = b"") -> None:
        self.spec = spec
        self.graph = graph
        self._reading = Reading(spec, graph.spec)
        self._learned = Learned(graph)
        self._clusters: dict[str, Cluster] = {}
        self._episodes: dict[str, tuple[Traits, str]] = {}
        self._closed: dict[str, float] = {}  # incidents that may reopen, in the order in which they were closed
        self._index = Index()
        self._latest: tuple[Candidate, Traits] | None = None  # read last: `join` follows `place`
        self._could: tuple[str, tuple[Cluster, ...]] = ("", ())  # of the latest placement: who else could have had it
        self._met: tuple[str, _Met | None] = ("", None)  # of the latest placement: what it says whatever is decided
        self._known_until = knowledge.load(self._learned, memory)

    def place(self, candidate: Candidate, now: float) -> Placement:
        """Say which incident an alert belongs to; empty means a new one."""
        traits = self._traits(candidate, now)
        one = self._read(traits, now)
        weighed = self._weighed(one)
        fitting = [item for item in weighed if self._joins(item, traits)]
        self._could = (candidate.episode, tuple(cluster for cluster, _ in fitting[1:]))
        self._met = (candidate.episode, _met(weighed))
        if not fitting:
            return Placement("", None, self._refusals(one, weighed))
        (cluster, weights), others = fitting[0], fitting[1:]
        merges = self._merges(one, fitting[0], others)
        merged = {judged.incident for judged in merges}
        refused = [item for item in weighed[:3] if item[0] is not cluster and item[0].uid not in merged]
        refused = [item for item in refused[:1] if item[1].score >= _NEAR_MISS]
        told = judgement(one, cluster, weights, joined=True, threshold=self.spec.threshold)
        return Placement(cluster.uid, told, self._refusals(one, refused), merges)

    def join(self, candidate: Candidate, incident: str, now: float) -> None:
        """Note that an alert went to an incident, a known or a new one, and learn from it."""
        traits = self._traits(candidate, now)
        learn = now > self._known_until
        cluster = self._clusters.get(incident)
        if candidate.episode in self._episodes:
            self._take_out(candidate.episode)
        if cluster is None:
            cluster = Cluster(incident, traits.at, traits.at, traits.at, traits.partition)
            self._clusters[incident] = cluster
        else:
            gap = cluster.silent(traits.at)
            if (
                gap <= self.spec.max_window
            ):  # else something other than its pace brought it here: it came back, a digest
                if learn:
                    self._learned.gaps.learn(gap)
                cluster.wait(gap)
        if learn:
            met = self._met[1] if self._met[0] == candidate.episode else None
            crowding = self._learned.gaps.crowding(now)
            self._learned.gaps.arrive(now, again=met is not None and met.again)
            if met is not None:
                self._learned.strangers.learn(min(met.odds, crowding), strange=met.strange)
        if learn:
            self._learned.alert(candidate, traits, cluster, self.spec.max_window)
        cluster.add(traits)
        cluster.touch(traits.at)
        self._episodes[candidate.episode] = (traits, incident)
        cluster.episodes.add(candidate.episode)
        if cluster.closed_at is None:
            self._index.add(cluster, cluster.counted(traits))
        self._touch_others(candidate.episode, cluster, traits.at)

    def leave(self, episode: str, now: float) -> None:
        """Note that an alert ended; it stays evidence until its incident is forgotten."""
        known = self._episodes.get(episode)
        if known is None:
            return
        traits, incident = known
        cluster = self._clusters.get(incident)
        if cluster is not None and traits.key in cluster.keys:
            cluster.keys[traits.key] = ENDED
        self._learned.repeats.ended(traits.key)

    def merge(self, loser: str, winner: str) -> None:
        """Put everything of one incident into another."""
        lost = None if loser == winner else self._clusters.pop(loser, None)
        if lost is None:
            return
        self._index.remove(lost)
        self._closed.pop(loser, None)
        for episode in lost.episodes:
            self._episodes[episode] = (self._episodes[episode][0], winner)
        kept = self._clusters.get(winner)
        if kept is None:
            kept = self._clusters[winner] = Cluster(winner, lost.opened, lost.last, lost.near, lost.partition)
        kept.absorb(lost)
        if kept.closed_at is None:
            self._index.add(kept, kept.tokens)

    def move(self, episodes: Sequence[str], incident: str) -> None:
        """Put alerts into another incident, known or new, as people split them."""
        for episode in episodes:
            known = self._episodes.get(episode)
            if known is None or known[1] == incident:
                continue
            traits, _ = known
            firing = self._take_out(episode)
            cluster = self._clusters.get(incident)
            if cluster is None:
                cluster = self._clusters[incident] = Cluster(
                    incident, traits.at, traits.at, traits.at, traits.partition
                )
            cluster.add(traits)
            cluster.keys[traits.key] = firing
            cluster.opened = min(cluster.opened, traits.at)
            cluster.touch(traits.at)
            self._episodes[episode] = (traits, incident)
            cluster.episodes.add(episode)
            if cluster.closed_at is None:
                self._index.add(cluster, cluster.counted(traits))

    def close(self, incident: str, now: float) -> None:
        """Note that an incident was resolved: it takes no alert until it reopens."""
        cluster = self._clusters.get(incident)
        if cluster is not None and cluster.closed_at is None:
            cluster.closed_at = self._closed[incident] = now
            self._index.remove(cluster)

    def reopen(self, incident: str) -> None:
        """Note that a resolved incident takes alerts again."""
        cluster = self._clusters.get(incident)
        if cluster is not None and cluster.closed_at is not None:
            cluster.closed_at = None
            del self._closed[incident]
            self._index.add(cluster, cluster.tokens)

    def forget(self, before: float) -> None:
        """Drop incidents that were closed before a moment, and seen dependencies that faded."""
        while self._closed:
            uid, closed_at = next(iter(self._closed.items()))
            if closed_at >= before:
                break
            del self._closed[uid]
            for episode in self._clusters.pop(uid).episodes:
                del self._episodes[episode]
        self.graph.forget(before)

    def reconfigure(self, spec: GroupingSpec, graph: Graph) -> None:
        """Take over new settings; what was learned stays. Incidents keep the partition they began in."""
        graph.take(edge for edge in self.graph.dependencies if edge.origin != "config")
        self.spec, self.graph, self._learned.graph = spec, graph, graph
        self._reading, self._latest = Reading(spec, graph.spec), None

    def correct(self, correction: Correction) -> None:
        """Learn from people: such alerts belong together, or apart."""
        self._learned.correct(correction, self._reading)

    def export(self) -> bytes:
        """Return what was learned, bounded in size."""
        return knowledge.dump(self._learned)

    def _traits(self, candidate: Candidate, now: float) -> Traits:
        """Read an alert; none began later than now, whatever a clock elsewhere says."""
        if self._latest is None or self._latest[0] is not candidate:
            traits = self._reading.traits(candidate)
            self._latest = (candidate, traits if traits.at <= now else replace(traits, at=now))
        return self._latest[1]

    def _read(self, traits: Traits, now: float) -> Read:
        learned = self._learned
        return read(
            traits, learned.rarity, learned.gaps.rate(now), learned.repeats, learned.beats, learned.strangers.share
        )

    def _weighed(self, one: Read) -> list[_Weighed]:
        """Return the candidates with their evidence, best first."""
        at, learned, longest = one.traits.at, self._learned, self._longest()
        found = self._index.candidates(
            one.traits, (value.token for value in one.values), lambda cluster: cluster.gap(at) <= longest
        )
        weighed = [(cluster, weigh(one, cluster, learned.gaps, self.graph, learned.history)) for cluster in found]
        if self.spec.window is not None:
            weighed = [(cluster, weights._replace(time=max(0.0, weights.time))) for cluster, weights in weighed]
        if len(weighed) > 1:
            weighed.sort(key=lambda item: (-sum(item[1]) - self._fresh(item[0], one), -item[0].last, item[0].uid))
        return weighed

    def _fresh(self, cluster: Cluster, one: Read) -> float:
        """Return nats that rank a cluster by its latest alert, not by what it could have had; an instant most."""
        pace, at = cluster.pace(self._learned.gaps.pace), one.traits.at
        gap = cluster.gap(at)
        said = WAVES * math.log(odds(gap, pace, one.rate) / odds(cluster.silent(at), pace, one.rate))
        return said + (_INSTANT_NATS if gap < _INSTANT else 0.0)

    def _longest(self) -> float:
        return self.spec.max_window if self.spec.window is None else min(self.spec.window, self.spec.max_window)

    def _joins(self, item: _Weighed, traits: Traits) -> bool:
        cluster, weights = item
        if weights.score < self.spec.threshold:
            return False
        return traits.at - cluster.opened <= self.spec.max_age or weights.link >= _OLD_NEEDS

    def _refusals(self, one: Read, weighed: Sequence[_Weighed]) -> tuple[Judgement, ...]:
        told = [
            judgement(one, cluster, weights, joined=False, threshold=self.spec.threshold)
            for cluster, weights in weighed[:_REFUSED]
        ]
        if not told and self.spec.never_across:
            other = self._index.elsewhere(one.traits)
            if other is not None and other.gap(one.traits.at) <= self._longest():
                told.append(self._barred(one, other))
        return tuple(told)

    def _barred(self, one: Read, other: Cluster) -> Judgement:
        named = zip(self.spec.never_across, one.traits.partition, other.partition, strict=False)
        differing = next(((name, mine, theirs) for name, mine, theirs in named if mine != theirs), ("", "", ""))
        reason = f"never across {differing[0]}: {differing[1] or 'none'} here, {differing[2] or 'none'} there"
        weights = weigh(one, other, self._learned.gaps, self.graph, self._learned.history)
        return judgement(one, other, weights, joined=False, threshold=self.spec.threshold, reason=reason)

    def _merges(self, one: Read, chosen: _Weighed, others: Sequence[_Weighed]) -> tuple[Judgement, ...]:
        """Return the incidents that an alert links to the chosen one: both fit it well, and they are not two faults."""
        traits = one.traits
        if not _links(chosen, traits):
            return ()
        linked = [item for item in others if _links(item, traits) and not _both_hold_the_same(chosen[0], item[0])]
        return tuple(
            judgement(one, cluster, weights, joined=True, threshold=_MERGE_SCORE) for cluster, weights in linked
        )

    def _touch_others(self, episode: str, chosen: Cluster, at: float) -> None:
        placed, others = self._could
        if placed == episode:
            for cluster in others:
                if cluster is not chosen:
                    cluster.near = max(cluster.near, at)
        self._could = ("", ())

    def _take_out(self, episode: str) -> bool:
        traits, incident = self._episodes.pop(episode)
        cluster = self._clusters.get(incident)
        if cluster is None:
            return FIRING
        firing = cluster.keys.get(traits.key, ENDED)
        cluster.add(traits, -1)
        self._index.drop(cluster, set(traits.tokens).difference(cluster.tokens))
        cluster.episodes.discard(episode)
        return firing


def _met(weighed: Sequence[_Weighed]) -> _Met | None:
    """Return how an alert stands to the incidents under way, None when none is."""
    under_way = [weights for _, weights in weighed if weights.time > 0.0]
    if not under_way:
        return None
    return _Met(
        math.exp(max(weights.time for weights in under_way)),
        all(weights.labels < 0.0 for weights in under_way),
        any(weights.repeat != 0.0 for weights in under_way),
    )


def _links(item: _Weighed, traits: Traits) -> bool:
    """Say whether an alert fits so well that it may join incidents: by much evidence, or it names what one is about."""
    cluster, weights = item
    if weights.score < _MERGE_SCORE or weights.repeat < 0.0 or weights.link <= 0.0:
        return False
    named = any(2 * cluster.services.get(service, 0) >= cluster.count for service in traits.services)
    return named or weights.link >= _MERGE_LINK


def _both_hold_the_same(one: Cluster, other: Cluster) -> bool:
    """Say whether some of the same alerts fire in both: they are two faults."""
    smaller, larger = sorted((one.keys, other.keys), key=len)
    same = islice((key for key in smaller if key in larger), _SAME_ALERTS)
    return sum(1 for _ in same) >= min(_SAME_ALERTS, len(smaller))
