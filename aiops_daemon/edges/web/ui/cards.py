"""Findings as cards: every number already said in words, so that the template only lays out.

Enters: findings, their plots, the time. Leaves: frozen rows of text. Pure; text is escaped by the template,
never here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from aiops_daemon.core.model.finding import Finding, FindingKind
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.quantity import speak, speak_duration, speak_time, utc
from aiops_daemon.core.model.view import Plot
from aiops_daemon.edges.web.ui.plot import Sketch, draw

_TONES = {
    **dict.fromkeys(("critical", "page", "emergency", "p1"), "critical"),
    **dict.fromkeys(("warning", "ticket", "error", "p2"), "warning"),
}
_TONE_ORDER = ("critical", "warning", "info")
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
    return (_TONE_ORDER.index(tone(finding.severity)), -finding.since, finding.uid)


def tone(severity: str) -> str:
    """Name the colour of a severity; words that we do not know are informational."""
    return _TONES.get(severity.lower(), "info")


def stamp(unix: float | None, now: float) -> Stamp:
    """Say a moment, absolute and relative to now."""
    moment = utc(unix)
    if unix is None or moment is None:
        return Stamp("", "never", "never")
    distance = now - unix
    relative = f"in {speak_duration(-distance)}" if distance < -1 else f"{speak_duration(round(distance))} ago"
    machine = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    return Stamp(machine, speak_time(unix), "just now" if abs(distance) < 1 else relative)


def expected_range(finding: Finding) -> str:
    """Say the expected range, or the one edge that there is."""
    low, high = (_finite(edge) for edge in (finding.lower, finding.upper))
    if low is not None and high is not None:
        return f"{speak(low, finding.unit)} to {speak(high, finding.unit)}"
    if high is not None:
        return f"at most {speak(high, finding.unit)}"
    return "" if low is None else f"at least {speak(low, finding.unit)}"


def _facts(finding: Finding, now: float) -> list[tuple[str, str]]:
    facts = [("Burn rate" if finding.kind is FindingKind.BURN else "Value", speak(finding.value, finding.unit))]
    if wanted := expected_range(finding):
        facts.append(("Expected", wanted))
    if finding.kind is FindingKind.FORECAST_BREACH:
        breach = stamp(finding.breach_at, now)
        facts.append(("Breach", breach.relative if finding.breach_at is not None else "not dated"))
        facts.append(("Probability", speak(finding.confidence_ratio, "ratio", digits=2)))
    if finding.kind is FindingKind.ANOMALY:
        facts.append(("Score", f"{speak(finding.score, digits=2)} × band edge"))
        facts.append(("Confidence", speak(finding.confidence_ratio, "ratio", digits=2)))
    return facts


def _sketch(finding: Finding, plot: Plot | None) -> Sketch | None:
    if plot is None:
        return None
    if finding.kind is not FindingKind.FORECAST_BREACH:
        return draw(plot, finding.unit)
    threshold = finding.upper if finding.lower is None else finding.lower
    return draw(plot, finding.unit, threshold=threshold, breach_at=finding.breach_at)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
