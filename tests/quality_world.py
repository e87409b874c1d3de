"""Episodes for the tests of quality: short to write, whole in what they say."""

from __future__ import annotations

from dataclasses import replace

from aiops_daemon.core.model.alert import Episode, EpisodeState, Mute
from aiops_daemon.core.model.alertmanager import QualitySpec
from aiops_daemon.core.model.labels import get, make
from aiops_daemon.core.model.labels import text as label_text
from aiops_daemon.core.quality.judge import Judge

NOON = 1_795_262_400.0  # 2026-11-21 12:00:00 UTC, a Saturday
MINUTE = 60.0


def episode(at: float = NOON, *, severity: str = "warning", heard: float | None = None, **labels: str) -> Episode:
    """Build an open episode that began at `at`; its fingerprint are its labels."""
    named = make({"alertname": "SlowCheckout", "severity": severity} | labels)
    return Episode(
        uid=f"{label_text(named)}@{at:.3f}",
        team=get(named, "team", "default"),
        source="main",
        fingerprint=label_text(named),
        labels=named,
        annotations=(),
        severity=severity,
        state=EpisodeState.FIRING,
        first_starts_at=at,
        starts_at=at,
        ends_at=None,
        heard_at=at if heard is None else heard,
        seen_at=at if heard is None else heard,
    )


def ended(alert: Episode, life: float) -> Episode:
    """Return the episode as it is after `life` seconds."""
    return replace(alert, state=EpisodeState.RESOLVED, ends_at=alert.first_starts_at + life)


def muted(alert: Episode, mute: Mute, by: str) -> Episode:
    """Return the episode as Alertmanager keeps it quiet."""
    return replace(alert, muted=((mute.value, by),))


def lived(judge: Judge, lives: list[float], *, every: float = 3600.0, severity: str = "warning") -> None:
    """Let a rule's alert live several times before noon, once each `every` seconds."""
    for back, life in zip(range(len(lives), 0, -1), lives, strict=True):
        alert = episode(NOON - back * every, severity=severity)
        judge.started(alert, alert.heard_at)
        judge.ended(ended(alert, life), alert.heard_at + life)


def flapping_spec(**more: object) -> QualitySpec:
    """Return a specification by which nothing is transient, so that only flapping delays."""
    return replace(QualitySpec(transient_episodes=1000), **more)  # type: ignore[arg-type]
