"""The tables of the landing page: SLOs, what is watched, packs.

Enters: parts of a view, the time. Leaves: frozen rows of text. Pure; what is wrong comes first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.quantity import speak, speak_duration
from aiops_daemon.core.model.slo import DataState, SloStatus
from aiops_daemon.core.model.view import StreamView
from aiops_daemon.edges.web.ui.cards import TONES, Stamp, stamp, tone

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
    """Say how SLOs stand, least budget first."""
    ordered = sorted(statuses, key=lambda status: (_budget(status), status.spec.name))
    return [_slo_row(status, now) for status in ordered]


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
    return SloRow(
        name=status.spec.name,
        labels=status.spec.labels,
        objective=speak(status.spec.objective_ratio, "ratio"),
        window=speak_duration(status.spec.window_seconds),
        budget="not known yet" if left is None else f"{speak(left, 'ratio', digits=2)} left",
        bar=round(min(1.0, max(0.0, left or 0.0)) * 100, 1),
        tone=_slo_tone(status),
        alerts=tuple((tone(severity), severity) for severity in sorted(status.active)),
        burns=tuple((window, speak(rate, digits=2)) for window, rate in status.burn_rate.items() if rate is not None),
        exhaustion="budget spent" if left is not None and left <= 0 else exhausted,
        note=_STATES[status.state],
    )


def _slo_tone(status: SloStatus) -> str:
    if status.active:
        return min((tone(severity) for severity in status.active), key=TONES.index)
    if status.budget_remaining_ratio is None:
        return "none"
    return "critical" if status.budget_remaining_ratio <= 0 else "good"
