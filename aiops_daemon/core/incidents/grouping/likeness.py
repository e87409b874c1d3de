"""How alike an alert is to an incident: shared label values, weighted by how rare they are elsewhere.

Enters: an alert's values with their counts, a cluster. Leaves: nats. A value is held against the alerts outside the
incident, so that a large incident does not make its own values common.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from aiops_daemon.core.incidents.grouping.cluster import Cluster
from aiops_daemon.core.incidents.grouping.rarity import PRIOR

MOST = 4.0
COMMON = 2.0  # nats: a value in over 13 % of other alerts says nothing
_TELLING_SHARE = math.exp(-COMMON)
TELLING = 1.5  # nats from which a shared value makes up for all that is not shared
SAME_SERVICE = 0.3  # nats at least, however common a service is
RULE_MOST = 0.7  # the same rule elsewhere is no likeness of what it is about
_DRAWN_NEW = 12.5  # alerts by which the share of strangers within an incident is drawn to the usual one
_DRAWN = 2.0  # alerts by which the share within an incident is drawn to that elsewhere


class Value(NamedTuple):
    """One value of an alert with what is known of it."""

    token: str
    name: str
    seen: float  # alerts that had it
    prior: float  # share of alerts that is assumed to have it


class Shared(NamedTuple):
    """A value that an alert shares with an incident."""

    nats: float
    value: Value
    elsewhere: float  # share of other alerts that have it
    inside: int  # alerts of the incident that have it


def shared_values(values: tuple[Value, ...], cluster: Cluster, alerts: float) -> list[Shared]:
    """Return min(-log elsewhere - common, log(share here / share elsewhere)) of every shared value, where above 0."""
    found = []
    tokens, count = cluster.tokens, cluster.count
    others = alerts - count + PRIOR if alerts > count else PRIOR
    for value in values:
        inside = tokens.get(value.token)
        if inside is None:
            continue
        outside = value.seen - inside
        elsewhere = (max(0.0, outside) + PRIOR * value.prior) / others
        if elsewhere < _TELLING_SHARE:
            telling = -math.log(elsewhere) - COMMON
            nats = math.log((inside / elsewhere + _DRAWN) / (count + _DRAWN))
            if nats > 0.0:
                found.append(Shared(min(telling, nats), value, elsewhere, inside))
    return found


def likeness(values: tuple[Value, ...], cluster: Cluster, alerts: float, same_service: bool, strange: float) -> float:
    """Return what shared values say: the best one and a third of the next; a stranger is told by its incident."""
    best = second = rule = 0.0
    for nats, value, _, _ in shared_values(values, cluster, alerts):
        if value.name == "alertname":
            rule = min(RULE_MOST, nats)
        elif nats > best:
            best, second = nats, best
        elif nats > second:
            second = nats
    if best < TELLING and not same_service:
        return stranger(cluster, strange) * (1.0 - best / TELLING) + best + rule
    return min(MOST, max(best, SAME_SERVICE) + (second + rule) / 3.0)


def stranger(cluster: Cluster, usual: float) -> float:
    """Return the log of the share of an incident's alerts that brought a new service, drawn to what is usual.

    Without a service in it, it is what is usual: how many alerts it has then says nothing of strangers.
    """
    if not cluster.services:
        return math.log(usual)
    return math.log((len(cluster.services) - 1 + _DRAWN_NEW * usual) / (cluster.count + _DRAWN_NEW))
