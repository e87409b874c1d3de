"""The weights of evidence that an alert belongs to an incident, in nats: their sum is the log of the odds.

Enters: an alert's traits, a cluster, what was learned. Leaves: one number a part. Words are in wording.py; which
incident is taken, in grouper.py. Numbers here are limits on what one part may say alone, so that no part decides
against two others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from aiops_daemon.core.incidents.grouping.cluster import ENDED, FIRING, Cluster
from aiops_daemon.core.incidents.grouping.gaps import Gaps
from aiops_daemon.core.incidents.grouping.history import History
from aiops_daemon.core.incidents.grouping.rarity import Rarity
from aiops_daemon.core.incidents.grouping.repeats import Repeats
from aiops_daemon.core.incidents.grouping.traits import Traits
from aiops_daemon.core.incidents.topology import Graph

TIME_MOST = 2.5  # faults that have nothing to do with each other do begin together
TIME_LEAST = -4.0
STRANGER = -3.0  # shares nothing telling: time alone does not join it
LABELS_MOST = 4.0
COMMON = 1.2  # nats: a value in over 30 % of alerts says nothing
TYPICAL = 1.0  # nats: a value as common in the incident as elsewhere still says a little
RULE_SHARE = 0.5  # the same alert elsewhere is half as telling as the same thing
TOPOLOGY_MOST = 3.0
HISTORY_MOST = 3.0
RETURNED = 3.0  # the same alert was here and had ended
REPEATED_LEAST = -7.0
BEAT_MOST = 3.0
BEAT_DOUBT = 10.0  # alerts before a beat means something
CORRECTION_MOST = 6.0
_CONCENTRATION = 2.0
_PAIRS_READ = 12


class Weights(NamedTuple):
    """Nats for and against, one a part."""

    time: float
    labels: float
    topology: float
    history: float
    repeat: float
    beat: float
    correction: float

    @property
    def score(self) -> float:
        """Return the probability that these odds are."""
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, sum(self)))))

    @property
    def link(self) -> float:
        """Return what does not come from time."""
        return self.labels + self.topology + self.history + self.correction


class Read(NamedTuple):
    """One alert with the numbers that are the same for every incident: informativeness of its values, the rates."""

    traits: Traits
    telling: Sequence[
        tuple[str, float, float]
    ]  # token, nats it can say at most, its share among all alerts; most first
    rate: float  # new incidents per second
    repeated: float  # nats when the same alert still fires there
    beat_share: float  # share of all alerts that begin at the same half second of a minute


def read(traits: Traits, rarity: Rarity, rate: float, repeats: Repeats, beats: Rarity) -> Read:
    """Return what is computed once for an alert, however many incidents are looked at."""
    telling = []
    for token, name in zip(traits.tokens, traits.names, strict=True):
        share = rarity.share(token, name)
        nats = -math.log(share) - COMMON
        if nats > 0.0:
            telling.append((token, nats * RULE_SHARE if name == "alertname" else nats, share))
    telling.sort(key=lambda item: -item[1])
    repeated = max(REPEATED_LEAST, math.log(repeats.share()))
    return Read(traits, telling, rate, repeated, beats.share(str(traits.beat), "beat"))


def weigh(one: Read, cluster: Cluster, gaps: Gaps, graph: Graph, history: History) -> Weights:
    """Return the evidence that an alert belongs to a cluster."""
    traits = one.traits
    past, correction = _history(traits, cluster, history)
    near = _topology(traits, cluster, graph)
    firing = cluster.keys.get(traits.key)
    return Weights(
        time=_time(one, cluster, gaps),
        labels=_labels(one, cluster),
        topology=near,
        history=past,
        repeat=0.0 if firing is None else one.repeated if firing is FIRING else RETURNED if firing is ENDED else 0.0,
        beat=_beat(one, cluster),
        correction=correction,
    )


def _time(one: Read, cluster: Cluster, gaps: Gaps) -> float:
    """log(hazard of an alert after this silence / rate of new incidents), within limits."""
    odds = gaps.hazard(cluster.silent(one.traits.at)) / one.rate
    return max(TIME_LEAST, min(TIME_MOST, math.log(odds)))


def _labels(one: Read, cluster: Cluster) -> float:
    """What shared values say: the best one, and a third of the next; nothing telling shared speaks against."""
    best = second = 0.0
    tokens, count = cluster.tokens, cluster.count
    for token, nats, share in one.telling:
        if nats <= second:
            break
        shared = tokens.get(token)
        if shared is None:
            continue
        ratio = (shared + _CONCENTRATION * share) / ((count + _CONCENTRATION) * share)
        said = min(nats, max(0.0, math.log(ratio) + TYPICAL))
        if said > best:
            best, second = said, best
        elif said > second:
            second = said
    same = one.traits.services and one.traits.services[0] in cluster.services
    if best < 1.0 and not same:
        return STRANGER * (1.0 - best) + best
    return min(LABELS_MOST, max(best, 0.3) + second / 3.0)


def _topology(traits: Traits, cluster: Cluster, graph: Graph) -> float:
    """Nearness of the nearest service in the incident, counted once."""
    best = 0.0
    for service in traits.services[:2]:
        for neighbour in graph.neighbours(service):
            if neighbour in cluster.services:
                best = max(best, graph.nearness(service, neighbour))
    return TOPOLOGY_MOST * best


def _history(traits: Traits, cluster: Cluster, history: History) -> tuple[float, float]:
    """Nats from what fired together in most incidents before, and from corrections."""
    best = correction = 0.0
    pair = traits.pair
    for number, other in enumerate(cluster.pairs):
        if number == _PAIRS_READ:
            break
        if other != pair:
            share = history.share(pair, other)
            best = max(best, share)
        if history.corrected:
            correction += history.correction(pair, other)
    return HISTORY_MOST * max(0.0, 2.0 * best - 1.0), max(-CORRECTION_MOST, min(CORRECTION_MOST, correction))


def _beat(one: Read, cluster: Cluster) -> float:
    """log of (share of the incident's alerts at this half second / share of all alerts at it), drawn towards 0."""
    here = cluster.beats.get(one.traits.beat, 0)
    ratio = (here / one.beat_share + BEAT_DOUBT) / (cluster.count + BEAT_DOUBT)
    return min(BEAT_MOST, math.log(ratio))
