"""Made streams of alerts with what each belongs to: several kinds of system, each from a seed.

Enters: a kind and a seed. Leaves: a Record. Nothing here knows how alerts are grouped. Faults begin at random
(Poisson); a rule fires when its group is next evaluated, so starts fall on the beat of the group. Each alert fires
once a fault.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from aiops_daemon.cli.alertfile import Record
from aiops_daemon.core.incidents.grouping.rehearsal import PastAlert
from aiops_daemon.core.model import labels as label_sets

BEGIN = 1_700_000_000.0
MINUTE = 60.0
_SERVICE_RULES = ("HighErrorRate", "HighLatencyP99", "SLOBurnFast", "RequestRateDropped")
_POD_RULES = ("KubePodCrashLooping", "KubePodNotReady", "CPUThrottlingHigh", "ContainerMemoryNearLimit")
_NODE_RULES = ("KubeNodeNotReady", "KubeNodeUnreachable", "KubeletDown", "NodeMemoryPressure")
_HOST_RULES = {
    "disk": ("DiskWillFill", "DiskIOSaturated", "DiskReadErrors", "HighIOWait"),
    "memory": ("HostOutOfMemory", "HostSwapping", "OOMKill", "HighLoad"),
    "network": ("InstanceDown", "HostNetworkErrors", "NTPOffset", "ProbeFailed"),
}
_SINGLE_RULES = ("CertificateExpiresSoon", "BackupMissed", "CronJobFailed", "QuotaNearLimit", "ConfigReloadFailed")


@dataclass
class Stream:
    """Alerts on their way into a record."""

    chance: random.Random
    alerts: list[tuple[float, dict[str, str], str]] = field(default_factory=list)
    _beats: dict[str, float] = field(default_factory=dict)

    def fire(self, at: float, fault: str, labels: dict[str, str], mean: float = 60.0) -> None:
        """Fire an alert some time after `at`, at the next evaluation of its rule's group."""
        at += self.chance.expovariate(1.0 / mean)
        beat = self._beats.setdefault(labels["alertname"], self.chance.uniform(0.0, 30.0))
        at += (beat - at) % 30.0
        self.alerts.append((round(at + self.chance.uniform(0.0, 0.05), 3), labels, fault))

    def record(self) -> Record:
        """Return what fired, in order, each alert once a fault."""
        found, seen = [], set()
        for at, labels, fault in sorted(self.alerts, key=lambda one: (one[0], one[2])):
            made = label_sets.make(labels)
            if (made, fault) not in seen:
                seen.add((made, fault))
                found.append((PastAlert(("", label_sets.text(made)), made, BEGIN + at), fault))
        return Record(tuple(one for one, _ in found), tuple(fault for _, fault in found))


@dataclass
class Cluster:
    """A Kubernetes cluster: services in namespaces, pods on nodes, and who calls whom."""

    chance: random.Random
    name: str = ""
    services: int = 40
    nodes: int = 10

    def __post_init__(self) -> None:
        """Draw the cluster."""
        words = ("cart", "pay", "ship", "mail", "auth", "search", "stock", "price", "user", "feed")
        tiers = ("api", "db", "worker", "gateway")
        self.names = [f"{words[n % 10]}-{tiers[n // 10 % 4]}" for n in range(self.services)]
        spaces = ("shop", "billing", "platform", "edge", "data")
        self.space = {name: self.chance.choice(spaces) for name in self.names}
        self.pods = {name: self._pods(name) for name in self.names}
        self.callers: dict[str, list[str]] = {name: [] for name in self.names}
        for number, caller in enumerate(self.names[:-1]):
            later = self.names[number + 1 :]
            for callee in self.chance.sample(later, min(len(later), self.chance.randint(1, 3))):
                self.callers[callee].append(caller)

    def _pods(self, name: str) -> list[tuple[str, str]]:
        letters = "bcdfghjklmnpqrstvwxz2456789"
        suffix = [
            "".join(self.chance.choices(letters, k=9)) + "-" + "".join(self.chance.choices(letters, k=5))
            for _ in range(self.chance.randint(2, 5))
        ]
        return [(f"{name}-{one}", f"node-{self.chance.randrange(self.nodes):02}") for one in suffix]

    def labels(self, rule: str, **labels: str) -> dict[str, str]:
        """Return the labels of an alert of this cluster."""
        where = {"cluster": self.name} if self.name else {}
        severity = self.chance.choice(("warning", "critical"))
        return {"alertname": rule, "severity": severity, **where, **labels}

    def of_service(self, stream: Stream, at: float, fault: str, name: str, most: int, mean: float = 60.0) -> None:
        """Fire rules about what a service answers."""
        for rule in stream.chance.sample(_SERVICE_RULES, stream.chance.randint(1, most)):
            stream.fire(at, fault, self.labels(rule, service=name, namespace=self.space[name]), mean)

    def of_pods(self, stream: Stream, at: float, fault: str, name: str) -> None:
        """Fire rules about a service's pods; they name no service, but the container is called as it is."""
        common = {"namespace": self.space[name], "container": name, "job": "kube-state-metrics"}
        for pod, _ in self.pods[name]:
            for rule in stream.chance.sample(_POD_RULES, stream.chance.randint(0, 3)):
                stream.fire(at, fault, self.labels(rule, pod=pod, **common))

    def service_fault(self, stream: Stream, at: float, fault: str) -> None:
        """Fail a service, with its pods and some of its callers."""
        name = stream.chance.choice(self.names)
        self.of_service(stream, at, fault, name, 4)
        self.of_pods(stream, at, fault, name)
        for caller in self.callers[name]:
            if stream.chance.random() < 0.5:
                self.of_service(stream, at + stream.chance.uniform(0, 60), fault, caller, 3)

    def node_fault(self, stream: Stream, at: float, fault: str) -> None:
        """Fail a node, with the pods on it and some of their services."""
        node = f"node-{stream.chance.randrange(self.nodes):02}"
        for rule in stream.chance.sample(_NODE_RULES, stream.chance.randint(2, 4)):
            stream.fire(at, fault, self.labels(rule, node=node, job="kube-state-metrics"), 30.0)
        for name, pods in self.pods.items():
            for pod, place in pods:
                if place == node and stream.chance.random() < 0.6:
                    labels = self.labels("KubePodNotReady", pod=pod, namespace=self.space[name], node=node)
                    stream.fire(at + 30.0, fault, {**labels, "job": "kube-state-metrics"})
                    if stream.chance.random() < 0.3:
                        self.of_service(stream, at + 60.0, fault, name, 2)

    def single(self, stream: Stream, at: float, fault: str) -> None:
        """Fire one alert that has nothing to do with others."""
        name = stream.chance.choice(self.names)
        rule = stream.chance.choice(_SINGLE_RULES)
        stream.fire(at, fault, self.labels(rule, service=name, namespace=self.space[name]))

    def cascade(self, stream: Stream, at: float, fault: str) -> None:
        """Fail a service; its callers follow after 30 to 300 s, then theirs."""
        front, reached = [(stream.chance.choice(self.names[len(self.names) // 2 :]), at)], set[str]()
        while front:
            name, when = front.pop(0)
            if name in reached:
                continue
            reached.add(name)
            self.of_service(stream, when, fault, name, 3, 20.0)
            if len(reached) == 1:
                self.of_pods(stream, when, fault, name)
            follow = [caller for caller in self.callers[name] if stream.chance.random() < 0.6]
            front += [(caller, when + stream.chance.uniform(30, 300)) for caller in follow[:2]]

    def any_fault(self, stream: Stream, at: float, fault: str) -> None:
        """Fail something: 6 in 10 a service, 2 in 10 a node, 2 in 10 one alert."""
        kinds = (self.service_fault, self.node_fault, self.single)
        stream.chance.choices(kinds, (6, 2, 2))[0](stream, at, fault)


@dataclass
class Fleet:
    """Hosts in racks, each with one application; node exporter and application are different jobs and ports."""

    chance: random.Random
    hosts: int = 120

    def __post_init__(self) -> None:
        """Draw the fleet."""
        roles = ("postgres", "kafka", "web", "redis", "build", "ldap")
        self.role = [self.chance.choice(roles) for _ in range(self.hosts)]

    def of_host(self, stream: Stream, at: float, fault: str, host: int, rule: str, mean: float = 60.0) -> None:
        """Fire a rule of the node exporter."""
        stream.fire(at, fault, self._labels(rule, host, "node-exporter", 9100), mean)

    def of_application(self, stream: Stream, at: float, fault: str, host: int) -> None:
        """Fire rules of the application of a host."""
        role = self.role[host]
        for suffix in stream.chance.sample(("Down", "Slow", "QueueLong", "ConnectionsHigh"), 2):
            stream.fire(at, fault, self._labels(f"{role.title()}{suffix}", host, role, 9187))

    def _labels(self, rule: str, host: int, job: str, port: int) -> dict[str, str]:
        where = {"instance": f"{self.role[host]}-{host:03}.example.net:{port}", "job": job, "rack": f"r{host // 15}"}
        return {"alertname": rule, "severity": self.chance.choice(("warning", "critical")), **where}

    def any_fault(self, stream: Stream, at: float, fault: str) -> None:
        """Fail a disk or a host's memory with its application, a rack's network, or a service with its hosts."""
        chance = stream.chance
        kind = chance.choices(("disk", "memory", "rack", "tier"), (4, 3, 2, 2))[0]
        host = chance.randrange(self.hosts)
        if kind == "rack":
            for each in range(host // 15 * 15, min(self.hosts, host // 15 * 15 + 15)):
                for rule in chance.sample(_HOST_RULES["network"], chance.randint(0, 2)):
                    self.of_host(stream, at, fault, each, rule)
        elif kind == "tier":
            same = [each for each, role in enumerate(self.role) if role == self.role[host]]
            for each in chance.sample(same, min(len(same), chance.randint(2, 8))):
                self.of_application(stream, at, fault, each)
        else:
            for rule in chance.sample(_HOST_RULES[kind], chance.randint(1, 4)):
                self.of_host(stream, at, fault, host, rule)
            if chance.random() < 0.6:
                self.of_application(stream, at + 60.0, fault, host)


_Fault = Callable[[Stream, float, str], None]


def _poisson(stream: Stream, count: int, mean: float, fault: _Fault, name: str = "f") -> None:
    at = 0.0
    for number in range(count):
        at += stream.chance.expovariate(1.0 / mean)
        fault(stream, at, f"{name}{number}")


def kubernetes(seed: int, every: float, count: int = 150) -> Record:
    """Return faults of a cluster of 40 services, one every so many seconds."""
    chance = random.Random(f"kubernetes {seed}")
    stream = Stream(chance)
    _poisson(stream, count, every, Cluster(chance).any_fault)
    return stream.record()


def fleet(seed: int, every: float, count: int = 150) -> Record:
    """Return faults of 120 hosts."""
    chance = random.Random(f"fleet {seed}")
    stream = Stream(chance)
    _poisson(stream, count, every, Fleet(chance).any_fault)
    return stream.record()


def clusters(seed: int, every: float, count: int = 60) -> Record:
    """Return faults of four clusters with the same services, each by itself; one in three begins as another does."""
    chance = random.Random(f"clusters {seed}")
    stream = Stream(chance)
    each = [Cluster(chance, name, 20, 6) for name in ("eu-1", "eu-2", "us-1", "ap-1")]
    at = 0.0
    for number in range(count * len(each)):
        at += chance.expovariate(len(each) / every)
        first, second = chance.sample(each, 2)
        first.any_fault(stream, at, f"f{number}")
        if chance.random() < 0.33:
            second.any_fault(stream, at + chance.uniform(0.0, 120.0), f"g{number}")
    return stream.record()


def cascades(seed: int, every: float, count: int = 120) -> Record:
    """Return faults that run from services to their callers, step by step."""
    chance = random.Random(f"cascades {seed}")
    stream = Stream(chance)
    _poisson(stream, count, every, Cluster(chance).cascade)
    return stream.record()


def noisy(seed: int, every: float, noise: float, count: int = 120) -> Record:
    """Return faults of a cluster among single alerts that have nothing to do with anything."""
    chance = random.Random(f"noisy {seed}")
    stream = Stream(chance)
    cluster = Cluster(chance)
    _poisson(stream, count, every, cluster.any_fault)
    last, at = max(at for at, _, _ in stream.alerts), chance.expovariate(1.0 / noise)
    while at < last:
        cluster.single(stream, at, f"n{at}")
        at += chance.expovariate(1.0 / noise)
    return stream.record()


def poor(seed: int, every: float, count: int = 150) -> Record:
    """Return faults of a cluster whose alerts carry a rule, a service and a severity, and no more."""
    chance = random.Random(f"poor {seed}")
    stream = Stream(chance)
    _poisson(stream, count, every, Cluster(chance).any_fault)
    kept = ("alertname", "service", "severity")
    stream.alerts = [
        (at, {"service": labels.get("container", labels.get("node", "")), **labels}, fault)
        for at, labels, fault in stream.alerts
    ]
    stream.alerts = [(at, {name: labels[name] for name in kept}, fault) for at, labels, fault in stream.alerts]
    return stream.record()


def short(record: Record, alerts: int) -> Record:
    """Return the beginning of a record."""
    return Record(record.alerts[:alerts], record.truth[:alerts])


def streams(seed: int) -> dict[str, list[Record]]:
    """Return the streams by name; several records under one name are scored together."""
    found = {
        "kubernetes, a fault every 30 min": [kubernetes(seed, 30 * MINUTE)],
        "kubernetes, every 5 min": [kubernetes(seed, 5 * MINUTE)],
        "kubernetes, every 2 min": [kubernetes(seed, 2 * MINUTE)],
        "service and rule only, every 30 min": [poor(seed, 30 * MINUTE)],
        "service and rule only, every 5 min": [poor(seed, 5 * MINUTE)],
        "hosts, every 30 min": [fleet(seed, 30 * MINUTE)],
        "hosts, every 5 min": [fleet(seed, 5 * MINUTE)],
        "four clusters, each every 2 h": [clusters(seed, 120 * MINUTE)],
        "four clusters, each every 20 min": [clusters(seed, 20 * MINUTE)],
        "cascades, every 60 min": [cascades(seed, 60 * MINUTE)],
        "cascades, every 10 min": [cascades(seed, 10 * MINUTE)],
        "30 min, noise every 10 min": [noisy(seed, 30 * MINUTE, 10 * MINUTE)],
        "30 min, noise every 2 min": [noisy(seed, 30 * MINUTE, 2 * MINUTE)],
    }
    each = [(name, records[0]) for name, records in found.items()]
    for alerts in (50, 150, 300):
        quiet = [short(record, alerts) for name, record in each if "30 min" in name or name[-1] == "h" or "60" in name]
        busy = [short(record, alerts) for name, record in each if name.endswith(("5 min", "20 min", " 10 min"))]
        found[f"first {alerts} of the quiet ones"] = quiet
        found[f"first {alerts} of the busy ones"] = busy
    return found
