"""What grouping reads from one alert: its values, its service, its rule, where it may never be mixed.

Enters: a candidate and the settings. Leaves: traits, made once an alert. Never decides anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aiops_daemon.core.model.grouping import Candidate, GroupingSpec, TopologySpec
from aiops_daemon.core.model.shared import Shared

BROAD = frozenset(
    (
        "severity",
        "priority",
        "level",
        "environment",
        "env",
        "stage",
        "cluster",
        "region",
        "zone",
        "datacenter",
        "dc",
        "tenant",
        "team",
        "owner",
        "namespace",
        "job",
        "prometheus",
        "replica",
        "receiver",
        "monitor",
    )
)
"""Labels that by custom say where or how bad and not what: their values are common until shown to be rare."""

EXPORTERS = frozenset(
    ("kube-state-metrics", "node-exporter", "node_exporter", "cadvisor", "kubelet", "blackbox", "blackbox-exporter")
)
"""Jobs that speak for other things: no service of their own."""

SCOPES = frozenset(("cluster", "tenant", "environment", "env", "stage", "region", "datacenter", "dc"))
"""Labels that by custom name a world of its own: the same service in another one is another service."""

_HOSTS = frozenset(("instance", "host", "hostname", "node", "target", "address", "server"))
_SUBJECTS = _HOSTS | {"workload"}  # what an alert without a service is about
_PORT = re.compile(r"([^:/]{3,}|\[.+\]):\d{1,5}")
_RANDOM = "[bcdfghjklmnpqrstvwxz2456789]"  # letters of Kubernetes' random suffixes
_POD = re.compile(rf"(.+?)(?:-{_RANDOM}{{5,10}})?-(?:{_RANDOM}{{5}}|\d{{1,4}})")
_BEAT_SECONDS = 60.0  # most rule groups are evaluated once or several times a minute
_SHORT = 3  # shorter values mean something only with their label's name: shard="3" is not replica="3"


@dataclass(frozen=True, slots=True)
class Traits:
    """One alert as grouping sees it. Values stand without their label's name: peer_service="x" is service="x"."""

    key: tuple[str, str]
    at: float
    tokens: tuple[str, ...]
    names: tuple[str, ...]  # label of each token
    rule: str
    services: tuple[str, ...]  # its own first, then its peers
    pair: str  # rule and service
    scopes: tuple[tuple[str, str], ...]  # labels that name a world of its own, with the token
    partition: tuple[str, ...]  # values of the labels that are never mixed

    @property
    def beat(self) -> int:
        """Return at which half second of the minute it began: alerts of one evaluation share it."""
        return int(self.at % _BEAT_SECONDS * 2.0)


class Reading:
    """Reads traits by the settings of one configuration; alerts that say the same share the words for it."""

    def __init__(self, spec: GroupingSpec, topology: TopologySpec) -> None:
        self._ignored = frozenset(spec.ignore_labels)
        self._apart = spec.never_across
        self._own = topology.service_labels
        self._peers = tuple(dict.fromkeys(name for pair in topology.label_pairs for name in pair))
        self._text = Shared[str]()
        self._several = Shared[tuple[str, ...]]()
        self._scopes = Shared[tuple[tuple[str, str], ...]]()

    def traits(self, candidate: Candidate) -> Traits:
        """Read one alert."""
        labels = dict(candidate.labels)
        told = {name: value for name, value in labels.items() if value and name not in self._ignored}
        named = {
            made if made is value else self._text(made): name
            for label, value in told.items()
            for made, name in tokens(label, value)
        }
        rule = labels.get("alertname", "")
        services = tuple(dict.fromkeys(self._values(labels, self._own) + self._values(labels, self._peers)))
        subject = services[0] if services else next((made for made, name in named.items() if name in _SUBJECTS), "")
        return Traits(
            key=candidate.key,
            at=candidate.at,
            tokens=tuple(named),
            names=self._several(tuple(named.values())),
            rule=rule,
            services=self._several(services),
            pair=self._text(f"{rule} {subject}") if subject else rule,
            scopes=self._scopes(tuple((name, token(name, told[name])) for name in told if name in SCOPES)),
            partition=self._several(tuple(labels.get(name, "") for name in self._apart)),
        )

    def _values(self, labels: dict[str, str], names: Sequence[str]) -> tuple[str, ...]:
        return tuple(value for value in map(labels.get, names) if value and value not in EXPORTERS)


def token(name: str, value: str) -> str:
    """Return what is compared of a label: its value; with the name where the value alone means nothing."""
    if name == "alertname" or len(value) < _SHORT or value.isdigit() or name in BROAD:
        return f"{name}={value}"
    return value


def tokens(name: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield what is compared of a label and its name: a host without its port, a pod also by its owner."""
    if name in _HOSTS and ":" in value and (host := _PORT.fullmatch(value)):
        value = host[1]
    if name == "pod" and (pod := _POD.fullmatch(value)):
        yield token("workload", pod[1]), "workload"
    yield token(name, value), name
