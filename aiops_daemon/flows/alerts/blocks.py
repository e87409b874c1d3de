"""Open incidents as samples of the findings page.

Enters: incidents. Leaves: blocks, newest first and capped, so that a storm of incidents does not become one of series.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from aiops_daemon.core.model.findingspage import Block
from aiops_daemon.core.model.incident import Incident, IncidentState
from aiops_daemon.core.model.labels import make, text
from aiops_daemon.core.model.metrics import (
    INCIDENT_INFO,
    INCIDENT_OPENED,
    INCIDENT_SEVERITY,
    INCIDENT_STATE,
    MetricSpec,
)
from aiops_daemon.core.model.severity import Severity

MOST = 500  # incidents on the page

_STATES = tuple(state for state in IncidentState if not state.closed)
_SEVERITIES = tuple(severity for severity in Severity if severity is not Severity.NONE)


def incident_blocks(incidents: Iterable[Incident]) -> list[Block]:
    """Make the blocks of open incidents."""
    shown = sorted(incidents, key=lambda incident: -incident.number)[:MOST]
    if not shown:
        return []
    return [
        _block(INCIDENT_INFO, shown, lambda incident: [(_identity(incident), 1.0)]),
        _block(INCIDENT_OPENED, shown, lambda incident: [(_identity(incident), incident.opened_at)]),
        _block(INCIDENT_STATE, shown, lambda one: [(_label(one, "state", s), float(one.state is s)) for s in _STATES]),
        _block(
            INCIDENT_SEVERITY,
            shown,
            lambda one: [(_label(one, "severity", s), float(one.severity is s)) for s in _SEVERITIES],
        ),
    ]


def _block(
    metric: MetricSpec, incidents: list[Incident], samples: Callable[[Incident], list[tuple[str, float]]]
) -> Block:
    pairs = [pair for incident in incidents for pair in samples(incident)]
    return Block(metric, [labels for labels, _ in pairs], np.array([value for _, value in pairs]))


def _identity(incident: Incident) -> str:
    return text(make({"incident": incident.name, "team": incident.team, "service": incident.service}))


def _label(incident: Incident, name: str, value: str) -> str:
    return text(make({"incident": incident.name, name: str(value)}))
