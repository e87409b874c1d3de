"""The whole running configuration as frozen specifications: what config builds and the app composes from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aiops_daemon.core.model.alertmanager import AlertmanagerSpec, HeartbeatSpec, QualitySpec, TeamSpec, WatchdogSpec
from aiops_daemon.core.model.durations import DAY, WEEK
from aiops_daemon.core.model.escalation import EscalationSpec
from aiops_daemon.core.model.grouping import GroupingSpec, TopologySpec
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.oncall import PersonSpec, ScheduleSpec
from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.core.model.receiver import ReceiverSpec
from aiops_daemon.core.model.route import Mode, RouteSpec
from aiops_daemon.core.model.scope import Role
from aiops_daemon.core.model.severity import SeveritiesSpec
from aiops_daemon.core.model.slo import SloSpec
from aiops_daemon.core.model.source import Secret, SourceSpec


@dataclass(frozen=True, slots=True)
class HistorySpec:
    """How far back to read at start; `max_samples` bounds what is read before ready."""

    range_seconds: float = WEEK
    max_samples: int = 10_000_000
    step_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class ExportSpec:
    """What the findings page carries; auto: all while the sum stays under `max_series`, then anomalous only."""

    series: str = "auto"
    max_series: int = 20_000


class SloRules(StrEnum):
    """What SLO alerts are built on: rules over the users' own metrics, or what the daemon exports. Never both."""

    NATIVE = "native"
    EXPORTED = "exported"


@dataclass(frozen=True, slots=True)
class PrometheusRuleSpec:
    """What PrometheusRule objects carry, so that an operator's selector picks them up."""

    namespace: str = ""
    labels: Labels = ()
    annotations: Labels = ()


@dataclass(frozen=True, slots=True)
class RulesSpec:
    """Continuous rule writing; an empty directory switches it off."""

    slo: SloRules = SloRules.EXPORTED
    prometheus_rule: PrometheusRuleSpec = PrometheusRuleSpec()

    directory: str = ""
    labels: Labels = ()
    annotations: Labels = ()
    runbook_url: str = "https://github.com/aiops-daemon/aiops-daemon/blob/main/docs/runbooks/"
    promtool: str = "promtool"
    fallback_series: int = 20  # of a query, whose bands are written

    def runbook(self, alert: str) -> str:
        """Return the address of an alert's runbook."""
        return f"{self.runbook_url.removesuffix('/')}/{alert}.md"


@dataclass(frozen=True, slots=True)
class RetentionSpec:
    """How long rows are kept, in seconds."""

    resolved_incidents: float = 400 * DAY
    alerts: float = 90 * DAY


@dataclass(frozen=True, slots=True)
class StorageSpec:
    """Where rows are kept: a SQLite file or a PostgreSQL URL; empty: `aiops.db` in the storage directory."""

    url: str = ""
    password: Secret | None = None
    retention: RetentionSpec = RetentionSpec()
    backups: int = 24  # hourly copies kept, SQLite only


@dataclass(frozen=True, slots=True)
class TokenSpec:
    """Who may call: a name (the actor of every change), a role, the teams they see (empty: all)."""

    name: str
    role: Role
    token: Secret
    teams: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the daemon needs to run; `packs` is None for automatic choice."""

    cluster: str = ""
    external_url: str = ""
    time_zone: str = "UTC"
    sources: tuple[SourceSpec, ...] = ()
    history: HistorySpec = HistorySpec()
    packs: tuple[str, ...] | None = None
    export: ExportSpec = ExportSpec()
    queries: tuple[QuerySpec, ...] = ()
    slos: tuple[SloSpec, ...] = ()
    rules: RulesSpec = RulesSpec()
    storage_directory: str = "aiops-data"
    storage: StorageSpec = StorageSpec()
    alertmanagers: tuple[AlertmanagerSpec, ...] = ()
    watchdogs: tuple[WatchdogSpec, ...] = ()
    heartbeat: HeartbeatSpec = HeartbeatSpec()
    severities: SeveritiesSpec = SeveritiesSpec()
    quality: QualitySpec = QualitySpec()
    grouping: GroupingSpec = GroupingSpec()
    topology: TopologySpec = TopologySpec()
    teams: tuple[TeamSpec, ...] = ()
    tokens: tuple[TokenSpec, ...] = ()
    mode: Mode = Mode.SHADOW  # of routes that set none; muted overrides all
    people: tuple[PersonSpec, ...] = ()
    schedules: tuple[ScheduleSpec, ...] = ()
    route: RouteSpec | None = None  # None: nobody is told of anything
    escalations: tuple[EscalationSpec, ...] = ()
    receivers: tuple[ReceiverSpec, ...] = ()
    template_directory: str = ""  # templates in it replace the built-in ones
    config_hash: int = 0
