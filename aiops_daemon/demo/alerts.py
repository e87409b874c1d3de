"""The alert storm of the recorded world: what its Alertmanager sends, and when.

Enters: the moment at which the replay begins. Leaves: webhook bodies in the order of their times, as Alertmanager makes
them. Every fault of the story raises alerts where it strikes and where it is felt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from aiops_daemon.core.model.durations import HOUR
from aiops_daemon.core.model.grouping import Dependency
from aiops_daemon.core.model.labels import make, text
from aiops_daemon.demo import story

SOURCE = "shop"
DEPENDENCIES = (
    Dependency("frontend", "checkout"),
    Dependency("frontend", "cart"),
    Dependency("checkout", "payment"),
)

_ZERO = "0001-01-01T00:00:00Z"
_MINUTE = 1 / 60  # of an hour
_PODS = {"checkout": 6, "payment": 4, "frontend": 8, "cart": 3}


@dataclass(frozen=True, slots=True)
class Body:
    """One webhook body; `at` is unix seconds."""

    at: float
    alerts: int
    content: dict[str, object]


@dataclass(frozen=True, slots=True)
class _Wave:
    """Alerts that begin together: hours of beginning and end (None: still firing when the replay ends)."""

    begin: float
    end: float | None
    rule: str
    severity: str
    service: str
    summary: str
    per_pod: bool = False
    instance: str = ""


def bodies(begin: float, until: float) -> Iterator[Body]:
    """Yield what Alertmanager sends between `begin` and `until`, oldest first."""
    sent = [body for wave in _WAVES for body in _sent(wave, begin)]
    yield from sorted((body for body in sent if body.at < until), key=lambda body: body.at)


def _sent(wave: _Wave, begin: float) -> Iterator[Body]:
    """Yield a wave's bodies: when it begins, one repetition, and when it ends."""
    starts, ends = begin + wave.begin * HOUR, None if wave.end is None else begin + wave.end * HOUR
    yield _body(wave, starts, starts + 30, None)
    yield _body(wave, starts, starts + 330, None)
    if ends is not None:
        yield _body(wave, starts, ends + 30, ends)


def _body(wave: _Wave, starts: float, at: float, ends: float | None) -> Body:
    alerts = [_alert(labels, wave.summary, starts, ends) for labels in _labels(wave)]
    content: dict[str, object] = {
        "version": "4",
        "receiver": "aiops",
        "status": "firing" if ends is None else "resolved",
        "groupKey": f'{{}}:{{alertname="{wave.rule}", service="{wave.service}"}}',
        "groupLabels": {"alertname": wave.rule, "service": wave.service},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.shop.example",
        "truncatedAlerts": 0,
        "alerts": alerts,
    }
    return Body(at, len(alerts), content)


def _labels(wave: _Wave) -> Iterator[dict[str, str]]:
    labels = {"alertname": wave.rule, "severity": wave.severity, "namespace": "shop", "team": "shop"}
    if wave.service:
        labels["service"] = wave.service
    if wave.instance:
        labels |= {"instance": wave.instance, "team": "platform"}
    if not wave.per_pod:
        yield labels
        return
    for number in range(_PODS[wave.service]):
        yield labels | {"pod": f"{wave.service}-{number}"}


def _alert(labels: dict[str, str], summary: str, starts: float, ends: float | None) -> dict[str, object]:
    identity = text(make(labels))
    return {
        "status": "firing" if ends is None else "resolved",
        "labels": labels,
        "annotations": {"summary": summary},
        "startsAt": _iso(starts),
        "endsAt": _ZERO if ends is None else _iso(ends),
        "generatorURL": "http://prometheus.shop.example/graph",
        "fingerprint": hashlib.blake2b(identity.encode(), digest_size=8).hexdigest(),
    }


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


_D, _R, _L, _S = story.DEPLOY, story.REGRESSION, story.LEAK, story.SPIKE
_WAVES = (
    _Wave(_D + 2 * _MINUTE, _D + 0.3, "HighErrorRate", "critical", "checkout", "12 % of requests fail"),
    _Wave(_D + 2 * _MINUTE, _D + 0.3, "PodNotReady", "warning", "checkout", "a pod is not ready", per_pod=True),
    _Wave(_D + 3 * _MINUTE, _D + 0.35, "HighErrorRate", "warning", "frontend", "4 % of requests fail"),
    _Wave(_D + 4 * _MINUTE, _D + 0.2, "DeploymentReplicasMismatch", "warning", "checkout", "replicas are missing"),
    _Wave(_R + 4 * _MINUTE, None, "HighLatency", "critical", "payment", "p99 latency is over 500 ms"),
    _Wave(_R + 5 * _MINUTE, None, "CPUThrottling", "info", "payment", "a container is throttled", per_pod=True),
    _Wave(_R + 6 * _MINUTE, None, "HighLatency", "warning", "checkout", "p99 latency is over 800 ms"),
    _Wave(_R + 7 * _MINUTE, None, "RequestQueueLong", "warning", "checkout", "requests wait", per_pod=True),
    _Wave(_S + 3 * _MINUTE, _S + 0.8, "HighTraffic", "info", "frontend", "2.5 times the usual traffic"),
    _Wave(_S + 4 * _MINUTE, _S + 0.8, "CPUThrottling", "info", "frontend", "a container is throttled", per_pod=True),
    _Wave(_S + 5 * _MINUTE, _S + 0.8, "ConnectionsHigh", "warning", "frontend", "connections run out", per_pod=True),
    _Wave(_L + 4.6, None, "ContainerMemoryHigh", "warning", "cart", "memory is over 90 % of its limit", per_pod=True),
    _Wave(story.DISK + 5.5, None, "LogVolumeHigh", "warning", "", "node-2 logs too much", instance="node-2:9100"),
)
