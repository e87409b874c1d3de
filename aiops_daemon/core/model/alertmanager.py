"""Alertmanagers, watchdogs, teams and the rules by which alerts are held back, as configured."""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.matcher import Matchers
from aiops_daemon.core.model.oncall import PreferenceSpec
from aiops_daemon.core.model.source import HttpSpec, Secret
from aiops_daemon.core.model.timeinterval import NamedIntervals


@dataclass(frozen=True, slots=True)
class AlertmanagerSpec:
    """One Alertmanager: `urls` are the peers of one gossip cluster, all asked."""

    name: str
    urls: tuple[str, ...] = ()
    receiver: str = "aiops"  # only what routes to it may open incidents
    interval: float = 30.0  # seconds between two reconciliations
    timeout: float = 10.0
    http: HttpSpec = HttpSpec()


@dataclass(frozen=True, slots=True)
class WatchdogSpec:
    """Alerts that must keep coming. `expect` lists label sets, one clock each."""

    matchers: Matchers
    within: float = 600.0  # seconds
    expect: tuple[Labels, ...] = ()


@dataclass(frozen=True, slots=True)
class HeartbeatSpec:
    """A URL that is told that we live."""

    url: Secret | None = None  # a secret as a whole; None: nobody is told
    interval: float = 60.0
    http: HttpSpec = HttpSpec()


@dataclass(frozen=True, slots=True)
class TeamSpec:
    """Who owns which alerts; the first team whose matchers hold. The label `team` wins when it names a team."""

    name: str
    members: tuple[str, ...] = ()
    matchers: Matchers = ()
    page_budget_per: float | None = None  # seconds
    page_budget_max: int | None = None
    preferences: tuple[PreferenceSpec, ...] = ()  # of members who have none of their own


@dataclass(frozen=True, slots=True)
class MaintenanceSpec:
    """A window in which matching alerts tell nobody: by intervals, or once from start to end."""

    name: str
    matchers: Matchers
    intervals: tuple[NamedIntervals, ...] = ()
    starts_at: float | None = None
    ends_at: float | None = None


@dataclass(frozen=True, slots=True)
class SuppressionSpec:
    """Alerts that tell nobody while `unless_source`'s alerts do not fire (or always): a rule of the configuration."""

    name: str
    matchers: Matchers
    source_matchers: Matchers = ()  # suppressed only while such an alert fires; empty: always
    equal: tuple[str, ...] = ()  # labels that both must have, with equal values


@dataclass(frozen=True, slots=True)
class QualitySpec:
    """How noise is held back; durations in seconds. Learned verdicts delay by at most `max_delay`."""

    flapping_window: float = 3600.0
    flapping_enter: int = 4  # starts within the window from which an alert flaps
    flapping_leave: int = 1  # starts within the window down to which it flaps no more
    transient_hold: float = 120.0  # hold alerts that usually end within this
    transient_share: float = 0.8  # usually: in this share of the past
    transient_episodes: int = 5  # past episodes that it takes to say usually
    transient_critical: bool = False
    max_delay: float = 300.0
    suppression: tuple[SuppressionSpec, ...] = ()
    maintenance: tuple[MaintenanceSpec, ...] = ()
    digest_older_than: float = 900.0  # on an empty store, alerts that fire this long arrive as one incident
    volume: bool = True  # watch how many alerts come
