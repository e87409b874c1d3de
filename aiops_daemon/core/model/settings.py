"""The whole running configuration as frozen specifications: what config builds and the app composes from."""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.durations import WEEK
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.core.model.slo import SloSpec
from aiops_daemon.core.model.source import SourceSpec


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


@dataclass(frozen=True, slots=True)
class RulesSpec:
    """Continuous rule writing; an empty directory switches it off."""

    directory: str = ""
    labels: Labels = ()
    annotations: Labels = ()
    runbook_url: str = "https://github.com/aiops-daemon/aiops-daemon/blob/main/docs/runbooks/"
    promtool: str = "promtool"


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
    config_hash: int = 0
