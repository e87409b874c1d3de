"""How alerts are grouped: what a user sets, what is asked for one alert, what is answered and why."""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.labels import Labels


@dataclass(frozen=True, slots=True)
class GroupingSpec:
    """Settings; durations in seconds. `window` None: learned from the gaps between alerts."""

    window: float | None = None
    max_window: float = 900.0  # an incident takes no alert later than this after its last one, whatever was learned
    max_age: float = 4 * 3600.0  # cap of the sliding window: an incident older than this takes only strong evidence
    never_across: tuple[str, ...] = ()  # labels in which two alerts of one incident may not differ
    ignore_labels: tuple[str, ...] = ()  # labels that say nothing about belonging together
    reopen_within: float = 1800.0  # a resolved incident whose alert comes back this soon reopens
    threshold: float = 0.5  # evidence (0..1) from which an alert joins


@dataclass(frozen=True, slots=True)
class Dependency:
    """`caller` needs `callee`; both are values of a service label."""

    caller: str
    callee: str
    origin: str = "config"  # config, trace, labels
    seen_at: float = 0.0


@dataclass(frozen=True, slots=True)
class TopologySpec:
    """Where the dependency graph comes from."""

    service_labels: tuple[str, ...] = ("service", "app", "job")
    dependencies: tuple[Dependency, ...] = ()
    trace_metrics: bool = True  # read traces_service_graph_request_total where it exists
    label_pairs: tuple[tuple[str, str], ...] = (("service", "peer_service"),)  # both on one alert: an edge


@dataclass(frozen=True, slots=True)
class Candidate:
    """One alert that looks for its incident."""

    episode: str  # uid
    labels: Labels
    at: float  # startsAt
    key: tuple[str, str]  # source and fingerprint


@dataclass(frozen=True, slots=True)
class Evidence:
    """One part of a judgement: what it looked at, its share of the sum, and the words with the numbers."""

    part: str  # time, labels, topology, history, correction
    weight: float
    text: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """How well an alert fits one incident."""

    incident: str
    score: float  # 0..1
    evidence: tuple[Evidence, ...]
    joined: bool
    text: str  # one sentence with the numbers: why it joined, or why not


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an alert goes. `incident` empty: a new one.

    `merges` are incidents that this alert links to the chosen one; `refused` the best ones it did not join.
    """

    incident: str
    judgement: Judgement | None
    refused: tuple[Judgement, ...] = ()
    merges: tuple[Judgement, ...] = ()
