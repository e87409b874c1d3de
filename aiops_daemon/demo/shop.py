"""The web shop of the recorded world: its services, nodes and monitoring, as answers to the packs' queries.

Enters: the hours to record and a seeded generator. Leaves: for every query name the labels and values of its
series, and the request counters that objectives are measured on. Values follow the traffic, so services that share
a cause move together, as they do in life.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from aiops_daemon.demo import story
from aiops_daemon.demo.signals import STEP, Floats, jitter, traffic, trailing, wander

Labelled: TypeAlias = list[tuple[dict[str, str], Floats]]


@dataclass(frozen=True, slots=True)
class _Service:
    name: str
    instances: int
    rate: float  # requests a second on an average hour
    p99: float  # seconds
    memory: float  # of its limit
    share: float  # of the crawler's traffic that reaches it


_SERVICES = (
    _Service("frontend", 3, 240.0, 0.18, 0.58, 1.0),
    _Service("search", 2, 90.0, 0.32, 0.66, 0.1),
    _Service("cart", 2, 60.0, 0.09, 0.0, 0.05),
    _Service("checkout", 2, 14.0, 0.45, 0.44, 0.0),
    _Service("payment", 2, 12.0, 0.30, 0.37, 0.0),
)
_NODES = ("node-0", "node-1", "node-2")
_FAILING = 0.0002  # share of requests that fails on a healthy day


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests of one service in every minute."""

    total: Floats
    failed: Floats


class Shop:
    """One run of the shop; every method draws from the same generator, so their order is part of the world."""

    def __init__(self, hours: Floats, rng: np.random.Generator) -> None:
        self._hours = hours
        self._rng = rng
        self._rhythm = traffic(hours) * (1.0 + wander(rng, hours, 0.02))
        self._spike = story.frontend_spike(hours)
        self.counts = {service.name: self._count(service) for service in _SERVICES}

    def answers(self) -> dict[str, Labelled]:
        """Return the series of every query by query name."""
        return {**self._requests(), **self._containers(), **self._nodes(), **self._monitoring()}

    def counters(self, service: str, *, failed_only: bool = False) -> Labelled:
        """Return a service's request counters, per instance and status code, as whole numbers that only rise."""
        counts, instances = self.counts[service], next(s.instances for s in _SERVICES if s.name == service)
        codes = {"500": counts.failed} if failed_only else {"200": counts.total - counts.failed, "500": counts.failed}
        return [
            (
                {
                    "__name__": "http_request_duration_seconds_count",
                    "code": code,
                    "instance": f"{service}-{instance}:8080",
                    "job": "shop",
                    "namespace": "shop",
                    "service": service,
                },
                np.floor(np.cumsum(counted) / instances) + 1000.0 * instance,
            )
            for code, counted in codes.items()
            for instance in range(instances)
        ]

    def rates(self, service: str, *, failed_only: bool = False) -> Labelled:
        """Return by how much all of a service's counters rise a second, over five minutes, as one series."""
        counts = self.counts[service]
        return [({}, trailing(counts.failed if failed_only else counts.total) / STEP)]

    def _count(self, service: _Service) -> Counts:
        expected = service.rate * STEP * self._rhythm * (1.0 + service.share * (self._spike - 1.0))
        total = self._rng.poisson(expected * (1.0 + self._noise(0.02))).astype(np.float64)
        failing = _FAILING + (story.checkout_errors(self._hours) if service.name == "checkout" else 0.0)
        return Counts(total, np.minimum(self._rng.poisson(expected * failing), total))

    def _requests(self) -> dict[str, Labelled]:
        rates = {name: trailing(counts.total) / STEP for name, counts in self.counts.items()}
        failed = {name: trailing(counts.failed) / STEP for name, counts in self.counts.items()}
        return {
            "http_duration_requests": [(_service(name), rate) for name, rate in rates.items()],
            "http_duration_errors": [(_service(name), failed[name] / rate) for name, rate in rates.items()],
            "http_duration_p99": [(_service(service.name), self._p99(service)) for service in _SERVICES],
            "shop_orders": [({"currency": "EUR"}, 60.0 * 0.9 * (rates["payment"] - failed["payment"]))],
        }

    def _p99(self, service: _Service) -> Floats:
        slower = 1.0 + 0.2 * (self._rhythm - 1.0)
        seconds = service.p99 * slower * np.exp(wander(self._rng, self._hours, 0.03) + self._noise(0.05))
        if service.name == "payment":
            return seconds * (1.0 + story.payment_slowdown(self._hours))
        if service.name == "checkout":
            return seconds + 0.3 * story.payment_slowdown(self._hours)
        return seconds

    def _containers(self) -> dict[str, Labelled]:
        flat = np.zeros_like(self._hours)
        restarts = {"cart": story.cart_restarts(self._hours)}
        away = {"checkout": story.checkout_rollout(self._hours)}
        return {
            "kube_memory_of_limit": [(_container(service.name), self._memory(service)) for service in _SERVICES],
            "kube_cpu_throttled": [
                (_container(service.name), np.maximum(0.03 * self._rhythm + self._noise(0.01), 0.0))
                for service in _SERVICES
            ],
            "kube_container_restarts": [
                (_container(service.name), restarts.get(service.name, flat)) for service in _SERVICES
            ],
            "kube_deployment_unavailable": [
                ({"deployment": service.name, "namespace": "shop"}, away.get(service.name, flat))
                for service in _SERVICES
            ],
        }

    def _memory(self, service: _Service) -> Floats:
        level = story.cart_memory(self._hours) if service.name == "cart" else service.memory
        return np.minimum(level + 0.01 * (self._rhythm - 1.0) + wander(self._rng, self._hours, 0.004), 1.0)

    def _nodes(self) -> dict[str, Labelled]:
        busy = self._rhythm * (1.0 + 0.12 * (self._spike - 1.0))
        cpu = {node: 0.08 + 0.24 * busy + wander(self._rng, self._hours, 0.01) + self._noise(0.01) for node in _NODES}
        return {
            "node_cpu_utilisation": [(_node(node), used) for node, used in cpu.items()],
            "node_load_per_core": [
                (_node(node), np.maximum(1.1 * u + self._noise(0.02), 0)) for node, u in cpu.items()
            ],
            "node_memory_used": [(_node(node), 0.55 + wander(self._rng, self._hours, 0.01)) for node in _NODES],
            "node_network_receive": [(_node(node), self._network(6e6 * busy)) for node in _NODES],
            "node_network_transmit": [(_node(node), self._network(2.2e7 * busy)) for node in _NODES],
            "node_disk_space_used": self._disks(),
        }

    def _network(self, bytes_per_second: Floats) -> Floats:
        return bytes_per_second * np.exp(wander(self._rng, self._hours, 0.03) + self._noise(0.03))

    def _disks(self) -> Labelled:
        root = {"device": "/dev/nvme0n1p1", "mountpoint": "/"}
        data = {"device": "/dev/nvme1n1", "mountpoint": "/data"}
        week = self._hours / (7 * 24.0)
        series = [(_node(node) | root, 0.31 + 0.002 * week + wander(self._rng, self._hours, 0.0008)) for node in _NODES]
        filling = story.disk_in_use(self._hours) + wander(self._rng, self._hours, 0.0008)
        return [*series, (_node("node-2") | data, np.minimum(filling, 1.0))]

    def _monitoring(self) -> dict[str, Labelled]:
        jobs = {"shop": 0.012, "node": 0.03, "kubernetes": 0.11}
        return {
            "prometheus_targets_up": [({"job": job}, np.ones_like(self._hours)) for job in jobs],
            "prometheus_scrape_duration": [
                ({"job": job}, seconds * np.exp(self._noise(0.1))) for job, seconds in jobs.items()
            ],
        }

    def _noise(self, scale: float) -> Floats:
        return jitter(self._rng, self._hours, scale)


def _service(name: str) -> dict[str, str]:
    return {"job": "shop", "namespace": "shop", "service": name}


def _container(name: str) -> dict[str, str]:
    return {"container": name, "namespace": "shop"}


def _node(name: str) -> dict[str, str]:
    return {"instance": f"{name}:9100", "job": "node"}
