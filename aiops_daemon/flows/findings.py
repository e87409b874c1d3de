"""The book of findings: what is open, what closed lately, counted and logged on change.

Enters: findings made by the detector, the forecaster and the burn watch. Leaves: frozen tuples for pages and
metrics. A finding opens once and closes once; updates in between change its numbers only.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from aiops_daemon.core.model.finding import Finding, FindingKind
from aiops_daemon.logs import fields
from aiops_daemon.meter import Meter

log = logging.getLogger(__name__)

_RECENT = 50


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
        self._open: dict[Place, Finding] = {}
        self._worst: dict[Place, Finding] = {}
        self._recent: deque[Finding] = deque(maxlen=_RECENT)
        self._counted: set[tuple[str, str]] = set()

    def put(self, place: Place, finding: Finding) -> None:
        """Open a finding, or give an open one its new numbers."""
        if place not in self._open:
            self._meter.inc("aiops_findings_total", kind=finding.kind, severity=finding.severity)
            log.info("finding opened", extra=_fields(finding))
        self._open[place] = finding
        worst = self._worst.get(place)
        if worst is None or finding.score >= worst.score:
            self._worst[place] = finding

    def close(self, place: Place, at: float, reason: str) -> None:
        """Close an open finding and say why; what is remembered of it is its worst moment."""
        if self._open.pop(place, None) is None:
            return
        finding = replace(self._worst.pop(place), updated_at=at)
        self._recent.appendleft(finding)
        log.info("finding closed", extra=_fields(finding, reason=reason, seconds=round(at - finding.since)))

    def get(self, place: Place) -> Finding | None:
        """Return the finding that stands in a place."""
        return self._open.get(place)

    def places(self, owner: tuple[str, str], kind: FindingKind | None = None) -> Iterator[Place]:
        """Yield the open places of an owner, of one kind or all."""
        for place in list(self._open):
            if place.owner == owner and kind in (None, place.kind):
                yield place

    def open(self) -> tuple[Finding, ...]:
        """Return the open findings, newest first."""
        return tuple(sorted(self._open.values(), key=lambda finding: -finding.since))

    def open_places(self) -> dict[Place, Finding]:
        """Return the open findings by place."""
        return dict(self._open)

    def recent(self) -> tuple[Finding, ...]:
        """Return the findings that closed lately, newest first."""
        return tuple(self._recent)

    def measure(self) -> None:
        """Set the gauges of open findings; a pair seen once stays, at 0."""
        counts = Counter((str(finding.kind), finding.severity) for finding in self._open.values())
        self._counted |= counts.keys()
        for kind, severity in self._counted:
            self._meter.set("aiops_findings_open", counts[kind, severity], kind=kind, severity=severity)


def _fields(finding: Finding, **more: object) -> dict[str, Any]:
    return fields(
        uid=finding.uid,
        kind=finding.kind,
        query=finding.query,
        severity=finding.severity,
        finding=finding.sentence,
        **more,
    )
