"""The JSON shapes of the API, and how the domain's values become them.

Enters: findings, streams and SLOs of one view. Leaves: structs that msgspec encodes; times are RFC 3339 UTC,
durations seconds. Never lets NaN or infinity out: both are null. openapi.py derives the schemas from here.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec

from aiops_daemon.core.model.budget import Health
from aiops_daemon.core.model.finding import Finding
from aiops_daemon.core.model.labels import get
from aiops_daemon.core.model.quantity import utc
from aiops_daemon.core.model.slo import SloStatus
from aiops_daemon.core.model.view import StreamView

Moment = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
State = Literal["open", "recent"]


class FindingItem(msgspec.Struct, frozen=True):
    """One finding, open or lately closed."""

    uid: str
    state: State
    kind: Literal["anomaly", "forecast_breach", "burn"]
    query: str
    source: str
    labels: dict[str, str]
    severity: str
    sentence: str
    value: float | None
    unit: str
    expected_lower: float | None
    expected_upper: float | None
    score: float | None
    confidence_ratio: float | None
    since: Moment | None
    updated_at: Moment | None
    duration_seconds: float | None
    threshold: str | None
    breach_at: Moment | None
    seconds_to_breach: float | None
    slope_per_second: float | None
    acceleration_per_second_squared: float | None


class StreamItem(msgspec.Struct, frozen=True):
    """One query on one source."""

    source: str
    query: str
    expr: str
    pack: str | None
    series: int
    warming: int
    dropped: int
    last_success: Moment | None
    age_seconds: float | None
    last_error: str | None


class SloAlertItem(msgspec.Struct, frozen=True):
    """A burn rate alert that holds."""

    severity: str
    since: Moment | None


class PolicyStepItem(msgspec.Struct, frozen=True):
    """A step of the error-budget policy that holds: what people agreed to do."""

    spent_ratio: float
    action: str
    severity: str | None
    since: Moment | None


class SloItem(msgspec.Struct, frozen=True):
    """One budget of a service level objective and how it stands; windows are keys like 5m and 1h."""

    name: str
    labels: dict[str, str]
    group: dict[str, str]
    source: str
    objective_ratio: float
    window: str
    window_seconds: float
    period_begin: Moment | None
    period_end: Moment | None
    state: Literal["ok", "idle", "gone"]
    at: Moment | None
    error_ratio: dict[str, float | None]
    burn_rate: dict[str, float | None]
    error_budget_remaining_ratio: float | None
    exhaustion_at: Moment | None
    seconds_to_exhaustion: float | None
    returns_at: Moment | None
    alerts: list[SloAlertItem]
    guard: dict[str, Literal["few_errors", "uncertain"]]
    policy: list[PolicyStepItem]


class HealthPartItem(msgspec.Struct, frozen=True):
    """What one SLO adds to the health of its service; null: it cannot be judged and does not count."""

    slo: str
    group: dict[str, str]
    ratio: float | None
    reason: str


class ServiceItem(msgspec.Struct, frozen=True):
    """A service and how well it is, from 0 to 1; its worst part decides and stands first."""

    name: str
    labels: dict[str, str]
    health_ratio: float | None
    parts: list[HealthPartItem]


def finding_item(finding: Finding, state: State, now: float) -> FindingItem:
    """Shape a finding; an open one lasts until now, a closed one until its last update."""
    return FindingItem(
        uid=finding.uid,
        state=state,
        kind=finding.kind.value,
        query=finding.query,
        source=finding.source,
        labels=dict(finding.labels),
        severity=finding.severity,
        sentence=finding.sentence,
        value=number(finding.value),
        unit=finding.unit,
        expected_lower=number(finding.lower),
        expected_upper=number(finding.upper),
        score=number(finding.score),
        confidence_ratio=number(finding.confidence_ratio),
        since=moment(finding.since),
        updated_at=moment(finding.updated_at),
        duration_seconds=_span(finding.since, now if state == "open" else finding.updated_at),
        threshold=finding.threshold or None,
        breach_at=moment(finding.breach_at),
        seconds_to_breach=_ahead(now, finding.breach_at),
        slope_per_second=number(finding.slope_per_second),
        acceleration_per_second_squared=number(finding.acceleration),
    )


def stream_item(stream: StreamView, now: float) -> StreamItem:
    """Shape a stream."""
    return StreamItem(
        source=stream.source,
        query=stream.query,
        expr=stream.expr,
        pack=stream.pack or None,
        series=stream.series,
        warming=stream.warming,
        dropped=stream.dropped,
        last_success=moment(stream.last_success),
        age_seconds=_span(stream.last_success, now),
        last_error=stream.last_error or None,
    )


def slo_item(status: SloStatus, now: float) -> SloItem:
    """Shape an SLO's standing."""
    return SloItem(
        name=status.spec.name,
        labels=dict(status.spec.labels),
        group=dict(status.group),
        source=status.source,
        objective_ratio=status.spec.objective_ratio,
        window=status.spec.window_name,
        window_seconds=status.spec.window_seconds,
        period_begin=moment(status.period[0] if status.period else None),
        period_end=moment(status.period[1] if status.period else None),
        state=status.state.value,
        at=moment(status.at),
        error_ratio={window: number(ratio) for window, ratio in status.error_ratio.items()},
        burn_rate={window: number(rate) for window, rate in status.burn_rate.items()},
        error_budget_remaining_ratio=number(status.budget_remaining_ratio),
        exhaustion_at=moment(status.exhaustion_at),
        seconds_to_exhaustion=_ahead(now, status.exhaustion_at),
        returns_at=moment(status.returns_at),
        alerts=[SloAlertItem(name, moment(status.since.get(name))) for name in sorted(status.active)],
        guard={severity: why.value for severity, why in status.guard.items()},
        policy=[
            PolicyStepItem(held.step.spent_ratio, held.step.action, held.step.severity or None, moment(held.since))
            for held in status.policy
        ],
    )


def service_item(health: Health) -> ServiceItem:
    """Shape a service's health."""
    return ServiceItem(
        name=get(health.labels, "service"),
        labels=dict(health.labels),
        health_ratio=number(health.ratio),
        parts=[HealthPartItem(part.slo, dict(part.labels), number(part.ratio), part.reason) for part in health.parts],
    )


def number(value: float | None) -> float | None:
    """Return a number that JSON can say, else None."""
    return value if value is not None and math.isfinite(value) else None


def moment(unix: float | None) -> str | None:
    """Write unix seconds as RFC 3339 UTC with milliseconds; None outside the years 1 to 9999."""
    stamp = utc(unix)
    return None if stamp is None else stamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _span(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else number(end - start)


def _ahead(now: float, then: float | None) -> float | None:
    """Return the seconds until `then`, 0 once it is reached."""
    span = _span(now, then)
    return None if span is None else max(0.0, span)
