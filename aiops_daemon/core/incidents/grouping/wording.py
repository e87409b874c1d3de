"""The sentences of grouping: why an alert joined an incident, or why not, with the numbers.

Enters: weights and what they were made from. Leaves: a Judgement for people. Made only for what is shown.
"""

from __future__ import annotations

from aiops_daemon.core.incidents.grouping.cluster import Cluster
from aiops_daemon.core.incidents.grouping.evidence import Read, Weights, other_scope
from aiops_daemon.core.incidents.grouping.likeness import shared_values
from aiops_daemon.core.model.grouping import Evidence, Judgement

_SAID = 0.05  # nats: less is not worth words


def judgement(
    one: Read, cluster: Cluster, weights: Weights, *, joined: bool, threshold: float, reason: str = ""
) -> Judgement:
    """Say how an alert fits an incident; `reason` is a hard refusal."""
    parts = _parts(one, cluster, weights)
    parts.sort(key=lambda part: -abs(part.weight))
    score = 0.0 if reason else weights.score
    if reason:
        text = reason
    else:
        said = ", ".join(part.text for part in parts[:4])
        text = f"{said}; score {score:.2f}, {'joins' if joined else 'would join'} from {threshold:g}"
    return Judgement(cluster.uid, round(score, 4), tuple(parts), joined, text)


def _parts(one: Read, cluster: Cluster, weights: Weights) -> list[Evidence]:
    found = [
        ("time", weights.time, _time(one, cluster)),
        ("labels", weights.labels, _labels(one, cluster)),
        ("labels", weights.scope, _scope(one, cluster)),
        ("topology", weights.topology, "depends on a service in it"),
        ("history", weights.history, "its rule fired together with rules in it before"),
        ("history", weights.repeat, _repeat(weights)),
        ("time", weights.beat, _beat(one, cluster)),
        ("correction", weights.correction, _correction(weights)),
    ]
    return [Evidence(part, round(weight, 3), text) for part, weight, text in found if abs(weight) >= _SAID]


def _time(one: Read, cluster: Cluster) -> str:
    at, gap = one.traits.at, seconds(cluster.gap(one.traits.at))
    if at < cluster.opened:
        said = f"{gap} before its first alert"
    else:
        said = f"{gap} after its last alert" if at >= cluster.last else "amid its alerts"
    return f"{said} (a new incident begins every {seconds(1.0 / one.rate)})"


def _labels(one: Read, cluster: Cluster) -> str:
    best = max(shared_values(one.values, cluster, one.alerts), default=None)
    own = next(iter(one.traits.services), "")
    if best is None:
        return f"same service {own}" if own and own in cluster.services else "shares no telling label value"
    said = best.value.token.removeprefix(f"{best.value.name}=")
    here = "its only alert" if cluster.count == 1 else f"{best.inside} of {cluster.count} alerts here"
    return f"same {best.value.name} {said} ({here}, {100.0 * best.elsewhere:.1f} % of others)"


def _scope(one: Read, cluster: Cluster) -> str:
    name = other_scope(one.traits, cluster)
    mine = dict(one.traits.scopes).get(name, "").removeprefix(f"{name}=")
    return f"{name} {mine} is no {name} of its alerts"


def _repeat(weights: Weights) -> str:
    if weights.repeat > 0.0:
        return "the same alert fired in it before"
    return "the same alert fires in it already, as in a second fault"


def _beat(one: Read, cluster: Cluster) -> str:
    here, count = cluster.beats.get(one.traits.beat, 0), cluster.count
    said = (
        f"{here} of its {count} alerts" if here < count else f"all {count} of its alerts" if count > 1 else "its alert"
    )
    return f"{said} began at second {one.traits.beat / 2:g} of a minute as this one"


def _correction(weights: Weights) -> str:
    return "people put such alerts together" if weights.correction > 0.0 else "people took such alerts apart"


def seconds(value: float) -> str:
    """Write a span for people: 12 s, 5 min, 3 h, 2 d."""
    for size, unit in ((86_400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if value >= 2 * size:
            return f"{value / size:.0f} {unit}"
    return f"{value:.0f} s" if value >= 1.0 or value < 0.05 else f"{value:.1f} s"
