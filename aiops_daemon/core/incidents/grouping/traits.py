"""What grouping reads from one alert: its values, its service, its rule, where it may never be mixed.

Enters: a candidate and the settings. Leaves: traits, made once an alert. Never decides anything.
"""

from __future__ import annotations

from collections.abc import Sequence
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

    def traits(self, candidate: Candidate) -> Traits:
        """Read one alert."""
        labels = dict(candidate.labels)
        named = {self._token(*item): item[0] for item in labels.items() if item[1] and item[0] not in self._ignored}
        rule = labels.get("alertname", "")
        services = tuple(dict.fromkeys(self._values(labels, self._own) + self._values(labels, self._peers)))
        return Traits(
            key=candidate.key,
            at=candidate.at,
            tokens=tuple(named),
            names=self._several(tuple(named.values())),
            rule=rule,
            services=self._several(services),
            pair=self._text(f"{rule} {services[0]}") if services else rule,
            partition=self._several(tuple(labels.get(name, "") for name in self._apart)),
        )

    def _token(self, name: str, value: str) -> str:
        found = token(name, value)
        return found if found is value else self._text(found)

    def _values(self, labels: dict[str, str], names: Sequence[str]) -> tuple[str, ...]:
        return tuple(value for value in map(labels.get, names) if value and value not in EXPORTERS)


def token(name: str, value: str) -> str:
    """Return what is compared of a label: its value; with the name where the value alone means nothing."""
    if name == "alertname" or len(value) < _SHORT or value.isdigit() or name in BROAD:
        return f"{name}={value}"
    return value
