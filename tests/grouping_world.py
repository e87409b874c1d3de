"""Alerts for tests of grouping: streams of two services, of a cluster, and a seeded stream of faults with truth."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from aiops_daemon.core.incidents.grouping.grouper import Grouper
from aiops_daemon.core.incidents.grouping.rehearsal import PastAlert, rehearse
from aiops_daemon.core.incidents.topology import Graph
from aiops_daemon.core.model import labels as label_sets
from aiops_daemon.core.model.grouping import Candidate, GroupingSpec, TopologySpec

NOON = 1_700_000_000.0


def grouper(spec: GroupingSpec | None = None, topology: TopologySpec | None = None, memory: bytes = b"") -> Grouper:
    """Return a new grouper."""
    return Grouper(spec or GroupingSpec(), Graph(topology or TopologySpec()), memory)


def alert(after: float, *, lasts: float | None = None, **labels: str) -> PastAlert:
    """Return an alert that begins so many seconds after noon."""
    made = label_sets.make(labels)
    at = NOON + after
    return PastAlert(("main", label_sets.text(made)), made, at, None if lasts is None else at + lasts)


def candidate(one: PastAlert, episode: str = "x") -> Candidate:
    """Return what the grouper is asked."""
    return Candidate(episode, one.labels, one.at, one.key)


def ids(alerts: Iterable[PastAlert], by: Grouper | None = None) -> list[str]:
    """Return the incident of each alert."""
    return list(rehearse(alerts, by or grouper()))


def feed(by: Grouper, alerts: Sequence[PastAlert], incident: str) -> None:
    """Put alerts into one incident as the desk does; episodes are named incident/number."""
    for number, one in enumerate(alerts):
        by.join(candidate(one, f"{incident}/{number}"), incident, one.at)


def two_faults() -> list[PastAlert]:
    """Return alerts of two services that fail at the same time, by turns."""
    found = []
    for number in range(5):
        rule = ("HighLatency", "HighErrorRate")[number % 2]
        found.append(alert(number * 10, alertname=rule, service="checkout", instance=f"c{number}", severity="critical"))
        rule = ("SlowQueries", "DiskFull")[number % 2]
        found.append(
            alert(number * 10 + 4, alertname=rule, service="warehouse", instance=f"w{number}", severity="critical")
        )
    return found


def faults(seed: int, count: int = 40) -> tuple[list[PastAlert], list[str]]:
    """Return alerts of faults of single services of a cluster, one in half an hour, with what each belongs to."""
    chance = random.Random(seed)
    services = [f"service-{number}" for number in range(20)]
    found: list[tuple[PastAlert, str]] = []
    begins = 0.0
    for fault in range(count):
        begins += chance.expovariate(1 / 1800)
        name = chance.choice(services)
        for pod in range(chance.randint(2, 6)):
            for rule in chance.sample(["PodNotReady", "HighErrorRate", "HighLatency", "CpuThrottled"], 2):
                labels = {"alertname": rule, "service": name, "pod": f"{name}-{pod}", "namespace": "shop"}
                labels["severity"] = chance.choice(["warning", "critical"])
                found.append((alert(begins + chance.expovariate(1 / 60), **labels), str(fault)))
    found.sort(key=lambda pair: pair[0].at)
    return [one for one, _ in found], [truth for _, truth in found]
