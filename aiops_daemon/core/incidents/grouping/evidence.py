"""The weights of evidence that an alert belongs to an incident, in nats: their sum is the log of the odds.

Enters: an alert's traits, a cluster, what was learned. Leaves: one number a part. Words are in wording.py; which
incident is taken, in grouper.py. Numbers here are limits on what one part may say alone, so that no part decides
against two others.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from aiops_daemon.core.incidents.grouping.cluster import FIRING, Cluster
from aiops_daemon.core.incidents.grouping.gaps import Gaps, odds
from aiops_daemon.core.incidents.grouping.history import History
from aiops_daemon.core.incidents.grouping.likeness import Value, likeness
from aiops_daemon.core.incidents.grouping.rarity import PRIOR, Rarity, prior_share
from aiops_daemon.core.incidents.grouping.repeats import Repeats
from aiops_daemon.core.incidents.grouping.traits import BROAD, Traits
from aiops_daemon.core.incidents.topology import Graph

TIME_MOST = 3.5
KNEE = 1.0  # nats up to which time counts in full
WAVES = 0.5  # of what is beyond, for faults do not begin evenly over time: nearness says less than their mean rate
TIME_LEAST = -4.0
TOPOLOGY_MOST = 3.0
HISTORY_MOST = 3.0
TOLD_ALREADY = (
    0.25  # topology and history say little more where labels say it already: they are no independent witnesses
)
RETURNED = 3.0  # the same alert was here and had ended
REPEATED_LEAST = -7.0
BEAT_MOST = 1.0  # alerts of one rule group share the beat whatever their cause: never enough by itself
BEAT_LEAST = -0.7
BEAT_DOUBT = 60.0  # alerts that the share of all alerts is worth: some coincide by chance
SCOPE = -3.0  # one alert in twenty of an incident is of another cluster, tenant ...
_SCOPE_LABELS = 0.1  # what shared values say across scopes: the same service in another cluster is another service
CORRECTION_MOST = 6.0
_UNIVERSAL = 0.3  # share of alerts from which a value tells nothing apart
_PAIRS_READ = 12


class Weights(NamedTuple):
    """Nats for and against, one a part."""

    time: float
    labels: float
    scope: float
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
        return self.labels + self.scope + self.topology + self.history + self.correction


class Read(NamedTuple):
    """One alert with the numbers that are the same for every incident."""

    traits: Traits
    values: tuple[Value, ...]  # rarest first
    alerts: float  # that were counted
    rate: float  # new incidents per second
    repeated: float  # how likely a repetition is no second fault
    service_share: float  # share of all alerts that name its service
    strange: float  # share of an incident's alerts that share nothing telling with it
    beat_share: float  # share of all alerts that begin at the same half second of a minute


def read(traits: Traits, rarity: Rarity, rate: float, repeats: Repeats, beats: Rarity, strange: float) -> Read:
    """Return what is computed once for an alert, however many incidents are looked at."""
    counts = rarity.counts
    values = [
        Value(token, name, counts.get(token, 0.0), prior_share(name))
        for token, name in zip(traits.tokens, traits.names, strict=True)
    ]
    values.sort(key=_commonness)
    service = rarity.share(traits.services[0], "service") if traits.services else 0.0
    beat = beats.share(str(traits.beat), "beat")
    return Read(traits, tuple(values), rarity.alerts, rate, repeats.share(), service, strange, beat)


def _commonness(value: Value) -> float:
    return value.seen + PRIOR * value.prior


def weigh(one: Read, cluster: Cluster, gaps: Gaps, graph: Graph, history: History) -> Weights:
    """Return the evidence that an alert belongs to a cluster."""
    traits = one.traits
    labels = likeness(one.values, cluster, one.alerts, _same_thing(one, cluster), one.strange)
    past, correction = _history(traits, cluster, history)
    elsewhere = other_scope(traits, cluster)
    if elsewhere:
        labels = min(labels, labels * _SCOPE_LABELS)
    told = 1.0 if labels < 0.0 else TOLD_ALREADY
    found = Weights(
        time=_time(one, cluster, gaps),
        labels=labels,
        scope=SCOPE if elsewhere else 0.0,
        topology=told * _topology(traits, cluster, graph),
        history=told * past,
        repeat=0.0,
        beat=_beat(one, cluster),
        correction=correction,
    )
    firing = cluster.keys.get(traits.key)
    if firing is None:
        return found
    return (
        _repeated(found, min(1.0, one.repeated + (cluster.count + 1.0) ** -2))
        if firing is FIRING
        else found._replace(repeat=RETURNED)
    )


def _repeated(found: Weights, share: float) -> Weights:
    """Weigh an alert that fires there already; a second fault of its kind would look as alike."""
    return found._replace(
        labels=min(found.labels, found.labels * share),
        topology=found.topology * share,
        history=found.history * share,
        repeat=max(REPEATED_LEAST, math.log(share)),
    )


def _time(one: Read, cluster: Cluster, gaps: Gaps) -> float:
    """log of the odds that this incident raises an alert now and nothing new does, drawn in beyond the knee."""
    said = math.log(odds(cluster.silent(one.traits.at), cluster.pace(gaps.pace), one.rate))
    return max(TIME_LEAST, min(TIME_MOST, said if said < KNEE else KNEE + WAVES * (said - KNEE)))


def _same_thing(one: Read, cluster: Cluster) -> bool:
    """Say whether its service is at least half as common in the incident as among all alerts.

    An alert without a label of a service is judged by any value that says what it is about.
    """
    services = one.traits.services
    if services:
        return cluster.services.get(services[0], 0) >= 0.5 * one.service_share * cluster.count > 0.0
    least = 0.5 * cluster.count / (one.alerts + PRIOR)
    return any(
        cluster.tokens.get(value.token, 0) >= least * _commonness(value)
        for value in one.values
        if value.name != "alertname" and value.name not in BROAD and value.seen <= _UNIVERSAL * one.alerts
    )


def other_scope(traits: Traits, cluster: Cluster) -> str:
    """Return the label of a scope (cluster, tenant ...) that the incident has and never with this alert's value."""
    for name, token in traits.scopes:
        if name in cluster.scopes and token not in cluster.tokens:
            return name
    return ""


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
    return max(BEAT_LEAST, min(BEAT_MOST, math.log(ratio)))
