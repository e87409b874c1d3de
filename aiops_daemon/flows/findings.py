"""The book of findings: what is open, what closed lately, counted and logged on change.

Enters: findings made by the detector, the forecaster and the burn watch. Leaves: frozen tuples for pages and
metrics. A finding opens once and closes once; updates in between change its numbers only. In a storm the first
changes of a cycle are logged one by one and the rest as a number: counters always tell all.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from aiops_daemon.core.model.finding import Finding, FindingKind
from aiops_daemon.logs import fields
from aiops_daemon.meter import Meter

log = logging.getLogger(__name__)

_RECENT = 50
_SPOKEN = 200  # changes logged one by one between two measurements


class Place(NamedTuple):
    """Where a finding stands; at most one is open in a place."""

    owner: tuple[str, str]  # query or SLO, source
    kind: FindingKind
    row: int = -1  # of the stream's table; -1 for an SLO
    detail: str = ""  # threshold of a breach, alert of a burn


class FindingBook:
    """Open findings by place."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._open: dict[tuple[str, str], dict[Place, Finding]] = {}  # by owner
        self._worst: dict[Place, Finding] = {}
        self._recent: deque[Finding] = deque(maxlen=_RECENT)
        self._counted: set[tuple[str, str]] = set()
        self._changes = 0

    def expect(self, kind: FindingKind, severity: str) -> None:
        """Begin the metrics of findings that may come at 0, so that the first one is an increase."""
        self._counted.add((str(kind), severity))
        self._meter.inc("aiops_findings_total", 0, kind=kind, severity=severity)

    def put(self, place: Place, finding: Finding) -> None:
        """Open a finding, or give an open one its new numbers."""
        own = self._open.setdefault(place.owner, {})
        if place not in own:
            self._meter.inc("aiops_findings_total", kind=finding.kind, severity=finding.severity)
            self._say("finding opened", finding)
        own[place] = finding
        worst = self._worst.get(place)
        if worst is None or finding.score >= worst.score:
            self._worst[place] = finding

    def close(self, place: Place, at: float, reason: str) -> None:
        """Close an open finding and say why; what is remembered of it is its worst moment."""
        if self._open.get(place.owner, {}).pop(place, None) is None:
            return
        finding = replace(self._worst.pop(place), updated_at=at)
        self._recent.appendleft(finding)
        self._say("finding closed", finding, reason=reason, seconds=round(at - finding.since))

    def rehouse(self, owner: tuple[str, str], house: Callable[[Place], Place | None], at: float, reason: str) -> None:
        """Give every finding of an owner the place that `house` says; close those that have none any more."""
        for place in self.places(owner):
            if house(place) is None:
                self.close(place, at, reason)
        moving = {place: house(place) or place for place in self.places(owner)}
        worst = [self._worst.pop(place) for place in moving]
        self._worst |= dict(zip(moving.values(), worst, strict=True))
        self._open[owner] = {moving[old]: finding for old, finding in self._open.get(owner, {}).items()}

    def get(self, place: Place) -> Finding | None:
        """Return the finding that stands in a place."""
        return self._open.get(place.owner, {}).get(place)

    def places(self, owner: tuple[str, str], kind: FindingKind | None = None) -> list[Place]:
        """List the open places of an owner, of one kind or all."""
        return [place for place in self._open.get(owner, {}) if kind in (None, place.kind)]

    def open(self) -> tuple[Finding, ...]:
        """Return the open findings, newest first."""
        return tuple(sorted(self._all(), key=lambda finding: -finding.since))

    def open_places(self) -> dict[Place, Finding]:
        """Return the open findings by place."""
        return {place: finding for own in self._open.values() for place, finding in own.items()}

    def recent(self) -> tuple[Finding, ...]:
        """Return the findings that closed lately, newest first."""
        return tuple(self._recent)

    def measure(self) -> None:
        """Set the gauges of open findings; a pair seen once stays, at 0."""
        if self._changes > _SPOKEN:
            log.info("more findings opened and closed", extra=fields(changes=self._changes - _SPOKEN))
        self._changes = 0
        counts = Counter((str(finding.kind), finding.severity) for finding in self._all())
        self._counted |= counts.keys()
        for kind, severity in self._counted:
            self._meter.set("aiops_findings_open", counts[kind, severity], kind=kind, severity=severity)

    def _all(self) -> list[Finding]:
        return [finding for own in self._open.values() for finding in own.values()]

    def _say(self, message: str, finding: Finding, **more: object) -> None:
        self._changes += 1
        if self._changes <= _SPOKEN:
            log.info(message, extra=_fields(finding, **more))


def _fields(finding: Finding, **more: object) -> dict[str, Any]:
    return fields(
        uid=finding.uid,
        kind=finding.kind,
        query=finding.query,
        severity=finding.severity,
        finding=finding.sentence,
        **more,
    )
