"""The sections of the alert road as the specifications that core and flows know.

Enters valid sections and the folder that relative paths begin at. Nothing can fail here: matchers, ranges and names
were read once before, to see that they can be.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from aiops_daemon.config.alertmanagers import Alertmanager, Heartbeat, Watchdog
from aiops_daemon.config.build_http import http_spec
from aiops_daemon.config.grouping import Grouping, Topology
from aiops_daemon.config.intervals import Interval, Maintenance
from aiops_daemon.config.model import Document
from aiops_daemon.config.people import Preference
from aiops_daemon.config.quality import Severities, Suppression
from aiops_daemon.config.secret import HeldSecret, secret
from aiops_daemon.config.teams import Team, Token
from aiops_daemon.core.model import matcher, ranges
from aiops_daemon.core.model.alertmanager import (
    AlertmanagerSpec,
    HeartbeatSpec,
    MaintenanceSpec,
    QualitySpec,
    SuppressionSpec,
    TeamSpec,
    WatchdogSpec,
)
from aiops_daemon.core.model.durations import parse_duration
from aiops_daemon.core.model.grouping import Dependency, GroupingSpec, TopologySpec
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.matcher import Matchers
from aiops_daemon.core.model.oncall import PreferenceSpec
from aiops_daemon.core.model.scope import Role
from aiops_daemon.core.model.settings import TokenSpec
from aiops_daemon.core.model.severity import SeveritiesSpec, Severity
from aiops_daemon.core.model.timeinterval import NamedIntervals, TimeInterval


def alertmanager(section: Alertmanager, folder: Path) -> AlertmanagerSpec:
    """Build one Alertmanager."""
    return AlertmanagerSpec(
        name=section.name,
        urls=tuple(section.urls),
        receiver=section.receiver,
        interval=section.interval,
        timeout=section.timeout,
        http=http_spec(section, folder),
    )


def watchdog(section: Watchdog) -> WatchdogSpec:
    """Build one watchdog."""
    return WatchdogSpec(matchers(section.matchers), section.within, tuple(make(labels) for labels in section.expect))


def heartbeat(section: Heartbeat, folder: Path) -> HeartbeatSpec:
    """Build the outgoing heartbeat."""
    url = secret(section.url, section.url_file, folder)
    return HeartbeatSpec(url, section.interval, http_spec(section, folder))


def severities(section: Severities) -> SeveritiesSpec:
    """Build the words; those that the file gives come before the defaults, since the first that fits counts."""
    words = [
        (word.strip().lower(), severity, str(severity) not in section.model_fields_set)
        for severity in Severity
        for word in getattr(section, severity)
    ]
    ordered = sorted(words, key=lambda one: one[2])
    return SeveritiesSpec(tuple((word, severity) for word, severity, _ in ordered), Severity(section.unknown))


def quality(document: Document) -> QualitySpec:
    """Build how noise is held back, maintenance windows with their calendars included."""
    section = document.quality
    known = calendars(document)
    return QualitySpec(
        flapping_window=section.flapping.window,
        flapping_enter=section.flapping.enter,
        flapping_leave=section.flapping.leave,
        transient_hold=section.transient.hold,
        transient_share=section.transient.share,
        transient_episodes=section.transient.episodes,
        transient_critical=section.transient.critical,
        max_delay=section.max_delay,
        suppression=tuple(_suppression(one) for one in section.suppression),
        maintenance=tuple(_maintenance(one, known) for one in document.maintenance),
        digest_older_than=section.digest_older_than,
        volume=section.volume,
    )


def calendars(document: Document) -> dict[str, NamedIntervals]:
    """Build the named calendars."""
    return {
        named.name: NamedIntervals(named.name, tuple(_interval(one) for one in named.time_intervals))
        for named in document.time_intervals
    }


def grouping(section: Grouping) -> GroupingSpec:
    """Build how alerts are grouped."""
    return GroupingSpec(
        window=None if section.window == "auto" else parse_duration(section.window),
        max_window=section.max_window,
        max_age=section.max_age,
        never_across=tuple(section.never_across),
        ignore_labels=tuple(section.ignore_labels),
        reopen_within=section.reopen_within,
        threshold=section.threshold,
    )


def topology(section: Topology) -> TopologySpec:
    """Build where the dependency graph comes from."""
    return TopologySpec(
        service_labels=tuple(section.service_labels),
        dependencies=tuple(Dependency(one.service, need) for one in section.dependencies for need in one.needs),
        trace_metrics=section.trace_metrics,
        label_pairs=tuple((pair.caller, pair.callee) for pair in section.label_pairs),
    )


def team(section: Team) -> TeamSpec:
    """Build one team."""
    budget = section.page_budget
    return TeamSpec(
        name=section.name,
        members=tuple(section.members),
        matchers=matchers(section.matchers),
        page_budget_per=budget.per if budget else None,
        page_budget_max=budget.max if budget else None,
        preferences=preferences(section.preferences),
    )


def preferences(sections: Iterable[Preference]) -> tuple[PreferenceSpec, ...]:
    """Build what somebody prefers."""
    return tuple(PreferenceSpec(tuple(one.channels), frozenset(map(Severity, one.severities))) for one in sections)


def token(section: Token, folder: Path) -> TokenSpec:
    """Build one token."""
    held = secret(section.token, section.token_file, folder) or HeldSecret("")
    return TokenSpec(section.name, Role(section.role), held, frozenset(section.teams))


def matchers(texts: Iterable[str]) -> Matchers:
    """Read matchers that were read once before."""
    return tuple(one for text in texts for one in matcher.parse_all(text))


def _suppression(section: Suppression) -> SuppressionSpec:
    return SuppressionSpec(
        section.name, matchers(section.matchers), matchers(section.source_matchers), tuple(section.equal)
    )


def _maintenance(section: Maintenance, calendars: dict[str, NamedIntervals]) -> MaintenanceSpec:
    return MaintenanceSpec(
        name=section.name,
        matchers=matchers(section.matchers),
        intervals=tuple(calendars[name] for name in section.time_intervals or ()),
        starts_at=section.starts_at,
        ends_at=section.ends_at,
    )


def _interval(section: Interval) -> TimeInterval:
    return TimeInterval(
        times=tuple(ranges.times(one.start_time, one.end_time) for one in section.times),
        weekdays=tuple(ranges.weekdays(text) for text in section.weekdays),
        days_of_month=tuple(ranges.days_of_month(text) for text in section.days_of_month),
        months=tuple(ranges.months(text) for text in section.months),
        years=tuple(ranges.years(text) for text in section.years),
        location=section.location,
    )
