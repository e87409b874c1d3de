"""The tables of the landing page: SLOs, what is watched, packs.

Enters: parts of a view, the time. Leaves: frozen rows of text. Pure; what is wrong comes first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from aiops_daemon.core.model.budget import Health, HealthPart
from aiops_daemon.core.model.labels import Labels, get
from aiops_daemon.core.model.quantity import speak, speak_duration
from aiops_daemon.core.model.slo import DataState, Rolling, SloStatus, Window, Withheld
from aiops_daemon.core.model.view import StreamView
from aiops_daemon.edges.web.ui.cards import TONES, Stamp, stamp, tone

MOST_SLOS = 200
_UNWELL = 0.5  # below, a service's bar is in the colour of a warning
_MOST_PARTS = 5
_GUARDS = {
    Withheld.FEW_ERRORS: "no {} on fewer than two errors",
    Withheld.UNCERTAIN: "no {} while so few events leave it uncertain",
}
_STATES = {DataState.OK: "", DataState.IDLE: "no traffic", DataState.GONE: "series gone"}


@dataclass(frozen=True, slots=True)
class SloRow:
    """One SLO; `bar` is the remaining budget in percent of the bar, 0 to 100."""

    name: str
    labels: Labels
    objective: str
    window: str
    budget: str
    bar: float
    tone: str
    alerts: tuple[tuple[str, str], ...]  # tone, severity
    burns: tuple[tuple[str, str], ...]
    exhaustion: str
    note: str
    policy: tuple[tuple[str, str, Stamp], ...]  # tone, what to do, since when


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """One service; `bar` is its health in percent."""

    name: str
    labels: Labels
    health: str
    bar: float
    tone: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StreamRow:
    """One query on one source; `anchor` stays the same while rows change places."""

    anchor: str
    query: str
    source: str
    expr: str
    pack: str
    series: str
    warming: str
    dropped: str
    answered: Stamp
    error: str


def slo_rows(statuses: Sequence[SloStatus], now: float) -> list[SloRow]:
    """Say how SLOs stand, at most `MOST_SLOS`: those that alert, then those with the least budget."""
    ordered = sorted(statuses, key=lambda status: (not status.active, _budget(status), status.spec.name))
    return [_slo_row(status, now) for status in ordered[:MOST_SLOS]]


def service_rows(services: Sequence[Health]) -> list[ServiceRow]:
    """Say how services are, the worst first."""
    return [
        ServiceRow(
            name=get(health.labels, "service"),
            labels=tuple(pair for pair in health.labels if pair[0] != "service"),
            health="not known yet" if health.ratio is None else f"{health.ratio * 100:.0f} of 100",
            bar=round((health.ratio or 0.0) * 100, 1),
            tone=_health_tone(health.ratio),
            parts=tuple(_part(part) for part in health.parts[:_MOST_PARTS]),
        )
        for health in services
    ]


def _part(part: HealthPart) -> str:
    return f"{' '.join([part.slo, *(value for _, value in part.labels)])}: {part.reason}"


def _health_tone(ratio: float | None) -> str:
    if ratio is None:
        return "none"
    return "critical" if ratio <= 0.0 else "warning" if ratio < _UNWELL else "good"


def stream_rows(streams: Sequence[StreamView], now: float) -> list[StreamRow]:
    """Say what is watched: failing ones first, then by source and query."""
    ordered = sorted(streams, key=lambda stream: (not stream.last_error, stream.source, stream.query))
    return [
        StreamRow(
            anchor=hashlib.blake2b(f"{stream.source}\0{stream.query}".encode(), digest_size=6).hexdigest(),
            query=stream.query,
            source=stream.source,
            expr=stream.expr,
            pack=stream.pack,
            series=f"{stream.series:,}",
            dropped=f"{stream.dropped:,}" if stream.dropped else "",
            warming=f"{stream.warming:,}" if stream.warming else "",
            answered=stamp(stream.last_success, now),
            error=stream.last_error,
        )
        for stream in ordered
    ]


def _budget(status: SloStatus) -> float:
    return 2.0 if status.budget_remaining_ratio is None else status.budget_remaining_ratio


def _slo_row(status: SloStatus, now: float) -> SloRow:
    left = status.budget_remaining_ratio
    exhausted = "" if status.exhaustion_at is None else f"ends {stamp(status.exhaustion_at, now).relative}"
    ends = "budget spent" if left is not None and left <= 0 else exhausted
    back = "" if status.returns_at is None or not ends else f", some is back {stamp(status.returns_at, now).relative}"
    notes = [_STATES[status.state], *(_GUARDS[why].format(severity) for severity, why in status.guard.items())]
    return SloRow(
        name=status.spec.name,
        labels=(*status.spec.labels, *status.group),
        objective=speak(status.spec.objective_ratio, "ratio"),
        window=_window(status.spec.window),
        budget="not known yet" if left is None else f"{speak(left, 'ratio', digits=2)} left",
        bar=round(min(1.0, max(0.0, left or 0.0)) * 100, 1),
        tone=_slo_tone(status),
        alerts=tuple((tone(severity), severity) for severity in sorted(status.active)),
        burns=tuple((window, speak(rate, digits=2)) for window, rate in status.burn_rate.items() if rate is not None),
        exhaustion=ends + back,
        note=", ".join(note for note in notes if note),
        policy=tuple(
            (tone(held.step.severity), held.step.action, stamp(held.since, now)) for held in status.policy[:1]
        ),
    )


def _window(window: Window) -> str:
    return speak_duration(window.seconds) if isinstance(window, Rolling) else f"the {window.unit}"


def _slo_tone(status: SloStatus) -> str:
    if status.active:
        return min((tone(severity) for severity in status.active), key=TONES.index)
    if status.budget_remaining_ratio is None:
        return "none"
    return "critical" if status.budget_remaining_ratio <= 0 else "good"
