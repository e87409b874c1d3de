"""What every flow of the alert road needs: clock, meter, store, ids, settings, and what was learned."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aiops_daemon.clock import Clock
from aiops_daemon.core.incidents.grouping.grouper import Grouper
from aiops_daemon.core.incidents.owner import owner
from aiops_daemon.core.model.alert import AlertKey, Episode
from aiops_daemon.core.model.finding import Finding
from aiops_daemon.core.model.incident import Incident
from aiops_daemon.core.model.labels import Labels, get
from aiops_daemon.core.model.matcher import all_match
from aiops_daemon.core.model.notification import Notification
from aiops_daemon.core.model.query import OnFinding
from aiops_daemon.core.model.repair import Evaluation, Lookup
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.quality.judge import Judge
from aiops_daemon.core.response.telling import Telling
from aiops_daemon.ids import Mint
from aiops_daemon.meter import Meter
from aiops_daemon.ports.acts import ActStore
from aiops_daemon.ports.paging import PagingStore
from aiops_daemon.ports.store import AlertStore


class Evaluating(Protocol):
    """Says what the Prometheus of an alert knows of it."""

    async def refresh(self, max_age: float) -> None:
        """Ask again unless the last answer is younger than that many seconds."""

    def judge(self, labels: Labels) -> Evaluation:
        """Say what is known of one alert."""


class Remembers(Protocol):
    """Learns something that must outlive a restart."""

    def export(self) -> bytes:
        """Return what was learned."""

    def load(self, memory: bytes) -> None:
        """Go on with what was learned before; empty: begin anew."""


LookUp = Callable[[AlertKey], Awaitable[Lookup]]
"""Asks Alertmanager whether it shows an alert as active now."""


@dataclass(slots=True)
class Surroundings:
    """Shared by the flows of the road; `settings` is replaced by a reload, the rest stays."""

    clock: Clock
    meter: Meter
    store: AlertStore
    mint: Mint
    settings: Settings
    make_grouper: Callable[[bytes], Grouper]  # from what was learned
    make_judge: Callable[[bytes], Judge]
    grouper: Grouper
    judge: Judge
    evaluating: Evaluating
    look_up: LookUp
    on_finding: Callable[[Finding], OnFinding]
    paging: PagingStore
    acts: ActStore
    telling: Telling
    written: Callable[[Sequence[Notification], Sequence[tuple[Incident, str]]], None]  # told of messages on disk
    heard: list[Callable[[Episode], None]] = field(default_factory=list)  # told of every new episode
    memories: dict[str, Remembers] = field(default_factory=dict)  # what else is learned, by name

    def team_of(self, labels: Labels) -> str:
        """Return who owns an alert."""
        return owner(labels, self.settings.teams)

    def is_watchdog(self, labels: Labels) -> bool:
        """Say whether an alert is one that must keep firing."""
        return any(all_match(watchdog.matchers, labels) for watchdog in self.settings.watchdogs)


def told_of(labels: Labels) -> str:
    """Return the query or SLO that an alert of a rule of ours is about."""
    return get(labels, "aiops_query") or get(labels, "aiops_slo")


def is_own_rule(labels: Labels) -> bool:
    """Say whether an alert comes from a rule that we generated."""
    return any(name in ("aiops_query", "aiops_slo") for name, _ in labels)
