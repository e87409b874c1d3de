"""The document as the frozen specifications that core and flows know.

Enters a valid document and the folder that relative paths begin at; leaves Settings. Nothing can fail here: what
could is a fault before.
"""

from __future__ import annotations

from pathlib import Path

from aiops_daemon.config.build_alerts import (
    alertmanager,
    grouping,
    heartbeat,
    quality,
    severities,
    team,
    token,
    topology,
    watchdog,
)
from aiops_daemon.config.build_http import http_spec, resolve
from aiops_daemon.config.build_response import escalation, people, route, schedules
from aiops_daemon.config.build_slos import slo
from aiops_daemon.config.model import Document, Storage
from aiops_daemon.config.queries import Query
from aiops_daemon.config.receivers import receiver
from aiops_daemon.config.secret import secret
from aiops_daemon.config.sources import Prometheus
from aiops_daemon.core.model.durations import DAY, HOUR
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.query import Direction, Export, Fallback, OnFinding, QuerySpec, Season, Threshold
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.model.settings import (
    ExportSpec,
    HistorySpec,
    PrometheusRuleSpec,
    RetentionSpec,
    RulesSpec,
    Settings,
    SloRules,
    StorageSpec,
)
from aiops_daemon.core.model.source import SourceSpec


def build(document: Document, *, folder: Path, config_hash: int) -> Settings:
    """Build the settings."""
    packs = document.packs.enable
    return Settings(
        cluster=document.global_.cluster or "",
        external_url=document.global_.external_url or "",
        time_zone=document.global_.time_zone,
        sources=tuple(_source(source, folder) for source in document.prometheus),
        history=HistorySpec(document.history.range, document.history.max_samples),
        packs=None if isinstance(packs, str) else tuple(packs),
        export=ExportSpec(document.export.series, document.export.max_series),
        queries=tuple(_query(query, document.global_.time_zone) for query in document.queries),
        slos=tuple(slo(one, document.global_.time_zone, document.error_budget_policy) for one in document.slos),
        rules=_rules(document, folder),
        storage_directory=_storage_directory(document.storage),
        storage=_storage(document.storage, folder),
        alertmanagers=tuple(alertmanager(one, folder) for one in document.alertmanagers),
        watchdogs=tuple(watchdog(one) for one in document.watchdogs),
        heartbeat=heartbeat(document.heartbeat, folder),
        severities=severities(document.severities),
        quality=quality(document),
        grouping=grouping(document.grouping),
        topology=topology(document.topology),
        teams=tuple(team(one) for one in document.teams),
        tokens=tuple(token(one, folder) for one in document.web.tokens),
        mode=Mode(document.global_.mode),
        people=people(document),
        schedules=schedules(document),
        route=route(document),
        escalations=tuple(escalation(one) for one in document.escalations),
        receivers=tuple(receiver(one, folder) for one in document.receivers),
        template_directory=resolve(document.templates.directory, folder),
        config_hash=config_hash,
    )


def _source(source: Prometheus, folder: Path) -> SourceSpec:
    return SourceSpec(
        name=source.name,
        urls=tuple(source.urls),
        external_labels=make(source.external_labels),
        drop_labels=frozenset(source.drop_labels),
        interval=source.interval,
        timeout=source.timeout,
        concurrency=source.max_concurrency,
        max_body_bytes=source.max_body_size,
        compression=source.compression,
        http=http_spec(source, folder),
    )


def _query(query: Query, time_zone: str) -> QuerySpec:
    return QuerySpec(
        name=query.name,
        expr=query.expr,
        labels=make(query.labels),
        direction=Direction(query.direction),
        seasons=_seasons(query.season),
        time_zone=query.time_zone or time_zone,
        min_deviation_absolute=query.min_deviation.absolute,
        min_deviation_relative=query.min_deviation.relative,
        thresholds=_thresholds(query),
        severity=query.severity,
        fallback=Fallback(query.fallback),
        horizons=_horizons(query),
        forecast_linear=query.forecast is not None and query.forecast.method == "linear",
        on_finding=OnFinding(query.on_finding),
        export=Export(query.export),
        max_series=query.max_series,
        interval=query.interval,
        open_after=query.open_after,
        exclude=tuple((window.start, window.end) for window in query.exclude),
        sources=tuple(query.prometheus),
        unit=query.unit or "",
        title=query.title or "",
    )


def _seasons(season: str | list[str]) -> tuple[Season, ...] | None:
    if season == "auto":
        return None
    return () if isinstance(season, str) else tuple(Season(cycle) for cycle in season)


def _horizons(query: Query) -> tuple[float, ...]:
    """A threshold alone is a wish to know when it will be crossed."""
    if query.forecast is not None:
        return tuple(query.forecast.horizons)
    return (HOUR, DAY) if query.thresholds else ()


def _thresholds(query: Query) -> tuple[Threshold, ...]:
    made = []
    for name, bound in query.thresholds.items():
        if bound.above is not None:
            made.append(Threshold(name, bound.above))
        elif bound.below is not None:
            made.append(Threshold(name, bound.below, above=False))
    return tuple(made)


def _rules(document: Document, folder: Path) -> RulesSpec:
    rules = document.rules
    return RulesSpec(
        slo=SloRules(rules.slo),
        directory=resolve(rules.directory, folder),
        labels=make(rules.labels),
        annotations=make(rules.annotations),
        runbook_url=rules.runbook_url.rstrip("/") + "/",
        promtool=rules.promtool,
        fallback_series=rules.fallback_series,
        prometheus_rule=PrometheusRuleSpec(
            rules.prometheus_rule.namespace or "",
            make(rules.prometheus_rule.labels),
            make(rules.prometheus_rule.annotations),
        ),
    )


def _storage_directory(storage: Storage) -> str:
    """Put learned state beside the SQLite file unless told otherwise."""
    if storage.directory:
        return storage.directory
    if storage.url and storage.url.startswith("sqlite:"):
        return str(Path(storage.url.removeprefix("sqlite:///")).parent)
    return Settings().storage_directory


def _storage(storage: Storage, folder: Path) -> StorageSpec:
    return StorageSpec(
        url=storage.url or f"sqlite:///{_storage_directory(storage)}/aiops.db",
        password=secret(storage.password, storage.password_file, folder),
        retention=RetentionSpec(storage.retention.resolved_incidents, storage.retention.alerts),
        backups=storage.backups,
    )
