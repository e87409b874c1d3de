"""Findings as cards: every number already said in words, so that the template only lays out.

Enters: findings, their plots, the time. Leaves: frozen rows of text. Pure; text is escaped by the template,
never here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from aiops_daemon.core.model.finding import Finding, FindingKind
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.quantity import possible_lower, speak, speak_duration, speak_time, utc
from aiops_daemon.core.model.view import Plot
from aiops_daemon.edges.web.ui.plot import Sketch, draw

_TONES = {
    **dict.fromkeys(("critical", "page", "emergency", "p1"), "critical"),
    **dict.fromkeys(("warning", "ticket", "error", "p2"), "warning"),
}
TONES = ("critical", "warning", "info")
_KINDS = {
    FindingKind.ANOMALY: "Anomaly",
    FindingKind.FORECAST_BREACH: "Forecast",
    FindingKind.BURN: "SLO burn",
}


@dataclass(frozen=True, slots=True)
class Stamp:
    """A moment for a `<time>` element: machine form, absolute words, and how long ago or until."""

    machine: str
    absolute: str
    relative: str


@dataclass(frozen=True, slots=True)
class Card:
    """One finding for people."""

    uid: str
    tone: str
    severity: str
    kind: str
    sentence: str
    since: Stamp
    lasted: str
    facts: tuple[tuple[str, str], ...]
    query: str
    source: str
    labels: Labels
    sketch: Sketch | None


def card(finding: Finding, plot: Plot | None, now: float) -> Card:
    """Put one finding into words."""
    return Card(
        uid=finding.uid,
        tone=tone(finding.severity),
        severity=finding.severity,
        kind=_KINDS[finding.kind],
        sentence=finding.sentence,
        since=stamp(finding.since, now),
        lasted=speak_duration(max(0.0, finding.updated_at - finding.since)),
        facts=tuple(_facts(finding, now)),
        query=finding.query,
        source=finding.source,
        labels=finding.labels,
        sketch=_sketch(finding, plot),
    )


def urgency(finding: Finding) -> tuple[int, float, str]:
    """Order by tone, then newest first."""
    return (TONES.index(tone(finding.severity)), -finding.since, finding.uid)


def tone(severity: str) -> str:
    """Name the colour of a severity; words that we do not know are informational."""
    return _TONES.get(severity.lower(), "info")


def stamp(unix: float | None, now: float) -> Stamp:
    """Say a moment, absolute and relative to now."""
    moment = utc(unix)
    if unix is None or moment is None:
        return Stamp("", "never", "never")
    distance = now - unix
    length = abs(distance)
    said = speak_duration(round(length / 60) * 60 if length >= 600 else round(length))
    relative = f"in {said}" if distance < 0 else f"{said} ago"
    machine = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    return Stamp(machine, speak_time(unix), "just now" if length < 1 else relative)


def expected_range(finding: Finding) -> str:
    """Say the expected range, or the one edge that there is."""
    lower = None if finding.lower is None else possible_lower(finding.lower, finding.value, finding.unit)
    low, high = _finite(lower), _finite(finding.upper)
    if low is not None and high is not None:
        return f"{speak(low, finding.unit)} to {speak(high, finding.unit)}"
    if high is not None:
        return f"at most {speak(high, finding.unit)}"
    return "" if low is None else f"at least {speak(low, finding.unit)}"


def _facts(finding: Finding, now: float) -> list[tuple[str, str]]:
    likely = speak(finding.confidence_ratio, "ratio", digits=2)
    if finding.kind is FindingKind.BURN:
        return [("Burn rate", f"{speak(finding.value)}×"), ("Sustainable", "1×")]
    value = ("Value", speak(finding.value, finding.unit))
    if finding.kind is FindingKind.FORECAST_BREACH:
        level = ("Threshold", speak(_level(finding), finding.unit))
        return [value, level, ("Breach", _breach(finding, now)), ("Probability", likely)]
    score = f"{speak(finding.score, digits=2)} × band edge"
    return [value, ("Expected", expected_range(finding) or "unknown"), ("Score", score), ("Confidence", likely)]


def _breach(finding: Finding, now: float) -> str:
    if finding.breach_at is None:
        return "not dated"
    return "now" if finding.breach_at <= now else stamp(finding.breach_at, now).relative


def _level(finding: Finding) -> float | None:
    """Return the threshold of a breach: the only edge that it has."""
    return finding.upper if finding.lower is None else finding.lower


def _sketch(finding: Finding, plot: Plot | None) -> Sketch | None:
    if plot is None:
        return None
    if finding.kind is not FindingKind.FORECAST_BREACH:
        return draw(plot, finding.unit)
    return draw(plot, finding.unit, threshold=_level(finding), breach_at=finding.breach_at)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
